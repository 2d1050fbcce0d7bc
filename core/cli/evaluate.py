"""``python -m core evaluate``: score a model on whole images."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from core.cli.argument_types import add_averaging
from core.cli.terminal import bar, note, print_json, table
from core.formats import count, score

__all__ = ["add_arguments", "run"]


def add_arguments(parser: ArgumentParser) -> None:
    """The arguments of `evaluate`."""
    parser.add_argument("--model", required=True, metavar="MODEL")
    parser.add_argument("--dataset", required=True, metavar="DATASET")
    parser.add_argument("--split", choices=["all", "train", "val", "test"], default="all")
    add_averaging(parser)
    parser.add_argument("--json", action="store_true")


def run(options: Namespace) -> None:
    """Evaluate the model and print its scores."""
    from core.datasets.catalogue import find_dataset
    from core.datasets.identity import counted_samples
    from core.evaluation.evaluate import apply_card_recipe, evaluate, samples_of_split
    from core.inference.likeness import dataset_differences
    from core.inference.predictor import Predictor
    from core.models.model_input import ModelInput
    from core.models.store import find_model, load_model, read_card

    # Wrong names are reported before TensorFlow is loaded.
    ref = find_model(options.model)
    card = read_card(ref.folder)
    opened = find_dataset(options.dataset)
    dataset = apply_card_recipe(opened, card, options.split)
    samples = samples_of_split(dataset, card, options.split)
    for each in dataset.notes:
        if each not in opened.notes:
            note(each.text)
    model, card = load_model(ref.folder)
    for sample, difference in dataset_differences(ModelInput.of_card(card), dataset, samples):
        note(f"warning: {sample}: {difference}")
    ids = [sample.id for sample in samples]
    in_blocks = bool(dataset.windows) and card.training.in_blocks
    predictor = Predictor.of_card(model, card, tta=options.tta, scales=options.tta_scales)
    if not predictor.averaging.is_plain:
        note(f"note: {predictor.averaging.cost_text}")
    with bar("evaluating", "block" if in_blocks else "image") as progress:
        result = evaluate(predictor, card, dataset, samples, progress)
    report = {"model": ref.name, "dataset": dataset.name, "split": options.split}
    report |= predictor.averaging.record()
    report |= result.summary(card.classes.names)
    if options.json:
        print_json(report)
        return
    print(f"{ref.name} on {dataset.name}, {options.split}: {counted_samples(ids, in_blocks)}")
    mean_iou, accuracy = score(report["mean_iou"]), score(report["pixel_accuracy"])
    print(f"mean IoU {mean_iou}, pixel accuracy {accuracy}\n")
    rows = [
        (
            name,
            score(scores["iou"]),
            score(scores["f1"]),
            score(scores["precision"]),
            score(scores["recall"]),
            count(scores["support"]),
        )
        for name, scores in report["per_class"].items()
    ]
    table(rows, ("class", "IoU", "F1", "precision", "recall", "pixels"))
