"""How far labels and their borders bound every score on a labelled set.

    python -m bench.ceiling [--model dubai-unet] [--dataset ../shared/data/dubai] [--split val]

Three views of it, none of which is the truth: what the labels score against themselves drawn a few
pixels aside; what the model scores without the pixels beside a border; and how many labels the
model is sure are of another class, with its score if it were right about all of them. The model
must not have trained on the images; what is chosen by it is chosen on the val side.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from core.classes import VOID
from core.datasets.batches.labelled_image import load_samples
from core.datasets.catalogue import open_dataset
from core.evaluation.confusion import confusion, scores
from core.evaluation.evaluate import apply_card_recipe, samples_of_split
from core.evaluation.label_quality import border_scores, suspect_labels
from core.inference.predictor import Predictor
from core.models.store import find_model, load_model

_DUBAI = Path(__file__).parents[2] / "shared" / "data" / "dubai"
_DIRECTIONS = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="dubai-unet")
    parser.add_argument("--dataset", type=Path, default=_DUBAI)
    parser.add_argument("--split", default="val", choices=("val", "test", "all"))
    parser.add_argument("--certainty", type=float, default=0.9)
    args = parser.parse_args()
    network, card = load_model(find_model(args.model).folder)
    predictor = Predictor.of_card(network, card)
    dataset = apply_card_recipe(open_dataset(args.dataset), card, args.split)
    samples = samples_of_split(dataset, card, args.split)
    classes = len(card.classes.names)
    truths, maps, probabilities = [], [], []
    for sample in samples:
        image = load_samples(dataset, [sample])[0]
        soft = predictor.probabilities(image.pixels, image.valid)
        truths.append(image.labels)
        maps.append(soft.argmax(-1).astype(np.uint8))
        probabilities.append(soft.astype(np.float16))
    print(f"{args.model} on {len(samples)} images of {args.dataset.name}, side {args.split}\n")

    print("| labels against themselves, drawn aside by | mean IoU | pixel accuracy |")
    print("| --- | --- | --- |")
    for distance in (1, 2, 3):
        matrices = [confusion(t, o, classes) for t in truths for o in shifted(t, distance)]
        _row(f"{distance} px", np.sum(matrices, axis=0))

    print("\n| the model's map, without pixels so near a border | mean IoU | pixel accuracy |")
    print("| --- | --- | --- |")
    for distance in (0, 1, 2, 3, 5):
        result = border_scores(zip(truths, maps, strict=True), classes, distance)
        share = f" ({result.near_share:.1%} of the pixels)" if result.near_share else ""
        _row(f"{distance} px{share}", result.away)

    suspects = suspect_labels(
        zip((s.scene for s in samples), truths, probabilities, strict=True),
        classes,
        args.certainty,
    )
    print(
        f"\n| labels that the model takes for another class with p ≥ {args.certainty:g} | share |"
    )
    print("| --- | --- |")
    for scene, labelled, suspect in zip(
        suspects.scenes, suspects.labelled, suspects.suspect, strict=True
    ):
        print(f"| {scene} | {suspect.sum() / labelled.sum():.1%} |")
    total = suspects.suspect.sum(0)
    for name, labelled, suspect in zip(
        card.classes.names, suspects.labelled.sum(0), total, strict=True
    ):
        print(f"| {name} | {suspect.sum() / max(1, labelled.sum()):.1%} |")
    print(f"| all | {total.sum() / suspects.labelled.sum():.1%} |")
    sure = sum(
        int(((p.max(-1) >= args.certainty) & (t != VOID)).sum())
        for p, t in zip(probabilities, truths, strict=True)
    )
    right = sum(
        int(((p.max(-1) >= args.certainty) & (m == t)).sum())
        for p, m, t in zip(probabilities, maps, truths, strict=True)
    )
    labelled_pixels = int(suspects.labelled.sum())
    print(
        f"\nOf all labelled pixels it is so sure of {sure / labelled_pixels:.1%}; "
        f"of those {right / sure:.1%} are as labelled."
    )
    matrix = np.sum([confusion(t, m, classes) for t, m in zip(truths, maps, strict=True)], axis=0)
    # A suspect pixel of class i that the model calls j would be a hit of class j.
    relabelled = matrix - total + np.diag(total.sum(0))
    print("\n| the model's map | mean IoU | pixel accuracy |")
    print("| --- | --- | --- |")
    _row("against the labels", matrix)
    _row("if all suspect labels were wrong", relabelled)


def shifted(labels: np.ndarray, distance: int) -> Iterator[np.ndarray]:
    """The labels moved by so many pixels in each of eight directions; what is beyond is void.

    Args:
        labels: (H, W) uint8.
        distance: pixels along each axis that moves.
    """
    height, width = labels.shape
    for down, right in _DIRECTIONS:
        y, x = down * distance, right * distance
        moved = np.full_like(labels, VOID)
        moved[max(0, y) : height + min(0, y), max(0, x) : width + min(0, x)] = labels[
            max(0, -y) : height + min(0, -y), max(0, -x) : width + min(0, -x)
        ]
        yield moved


def _row(name: str, matrix: np.ndarray) -> None:
    result = scores(matrix)
    print(f"| {name} | {result.mean_iou:.3f} | {result.pixel_accuracy:.3f} |")


if __name__ == "__main__":
    main()
