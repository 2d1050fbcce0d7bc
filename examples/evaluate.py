"""Score a model on whole images of a dataset, class by class.

python examples/evaluate.py my-first workspace/datasets/demo --split test
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a clone need not be installed

from core import (
    DSIError,
    Predictor,
    apply_card_recipe,
    evaluate,
    find_dataset,
    find_model,
    load_model,
    samples_of_split,
)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("model", help="a bundled name, a run's name, or a folder")
    parser.add_argument("dataset", help="folder, or name in the workspace")
    parser.add_argument("--split", choices=["all", "train", "val", "test"], default="all")
    options = parser.parse_args(arguments)

    model, card = load_model(find_model(options.model).folder)
    # Bands, product, windows and exclusions as in the training, or the scores mean something else.
    dataset = apply_card_recipe(find_dataset(options.dataset), card)
    samples = samples_of_split(dataset, card, options.split)
    result = evaluate(Predictor.of_card(model, card), card, dataset, samples)

    summary = result.summary(card.classes.names)
    print(f"{summary['images']} images, {summary['pixels']:,} labelled pixels")
    ious = {name: scores["iou"] for name, scores in summary["per_class"].items()}
    for name, iou in {**ious, "mean": summary["mean_iou"]}.items():
        # None: the class is neither in the masks nor predicted.
        print(f"{name:<20} IoU {'–' if iou is None else format(iou, '.3f')}")


if __name__ == "__main__":
    try:
        main()
    except DSIError as error:
        sys.exit(f"error: {error}")
