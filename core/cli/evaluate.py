"""``python -m core evaluate``: score a model on whole images."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from core.cli.argument_types import add_averaging
from core.cli.terminal import bar, note, print_json, table
from core.formats import count, score
from core.paths import check_writable, write_bytes

if TYPE_CHECKING:
    from core.datasets.dataset import Dataset
    from core.evaluation.evaluate import Evaluation
    from core.inference.predictor import Predictor
    from core.models.store import ModelRef

__all__ = ["add_arguments", "run"]


def add_arguments(parser: ArgumentParser) -> None:
    """The arguments of `evaluate`."""
    parser.add_argument("--model", required=True, metavar="MODEL")
    parser.add_argument("--dataset", required=True, metavar="DATASET")
    parser.add_argument("--split", choices=["all", "train", "val", "test"], default="all")
    add_averaging(parser)
    parser.add_argument("--json", action="store_true")
    parser.add_argument(
        "--report",
        type=Path,
        metavar="HTML",
        help="write scores with intervals, calibration and samples into one file",
    )


def run(options: Namespace) -> None:
    """Evaluate the model and print its scores."""
    from core.datasets.catalogue import find_dataset
    from core.datasets.identity import counted_samples
    from core.evaluation.evaluate import apply_card_recipe, evaluate, samples_of_split
    from core.evaluation.match_classes import match_classes
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
    if match_classes(dataset.classes, card.classes, str(dataset.root)) is not None:
        note("note: the dataset has the model's classes in another order: matched by name")
    model, card = load_model(ref.folder)
    for sample, difference in dataset_differences(ModelInput.of_card(card), dataset, samples):
        note(f"warning: {sample}: {difference}")
    ids = [sample.id for sample in samples]
    in_blocks = bool(dataset.windows) and card.training.in_blocks
    predictor = Predictor.of_card(model, card, tta=options.tta, scales=options.tta_scales)
    if not predictor.averaging.is_plain:
        note(f"note: {predictor.averaging.cost_text}")
    if options.report:
        check_writable(options.report)
    with bar("evaluating", "block" if in_blocks else "image") as progress:
        if options.report:
            result = _with_report(options, opened, ref, predictor, progress)
        else:
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


def _with_report(
    options: Namespace,
    dataset: Dataset,
    ref: ModelRef,
    predictor: Predictor,
    progress: Callable[[int, int], None],
) -> Evaluation:
    """Evaluate, write the report, and return what `evaluate` does."""
    from core.evaluation.evaluate import Evaluation
    from core.evaluation.kept.plan import plan_evaluation
    from core.evaluation.kept.record import EvaluationOptions
    from core.evaluation.kept.results import open_results
    from core.evaluation.kept.run import run_evaluation
    from core.evaluation.kept.store import KeptEvaluation
    from core.evaluation.report.report import evaluation_report
    from core.training.runs.report_curves import training_curves

    averaging = EvaluationOptions(symmetries=options.tta, scales=options.tta_scales)
    plan = plan_evaluation(ref, dataset, options.split, averaging)
    with TemporaryDirectory(prefix="deepspaceimaging-") as folder:
        kept = KeptEvaluation(Path(folder))
        kept.write_card(plan.card)
        run_evaluation(kept, plan, predictor, progress)
        results = open_results(kept)
        if results is None:
            raise RuntimeError("expected the counts of all samples")
        curves = training_curves(ref.name) if ref.source == "run" else ()
        write_bytes(options.report, evaluation_report(results, curves, plan=plan).encode())
    entropy = results.analysis.cross_entropy()
    return Evaluation(results.matrix, entropy or 0.0, len(plan.samples))
