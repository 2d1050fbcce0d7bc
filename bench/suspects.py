"""How well planted errors of labels come first among the suspect labels.

    python -m bench.suspects [--model NAME] [--scenes N] [--size PX] [--seed N]

A generated set gets a wrong square of 32 × 32 pixels in every second mask, most of which is of one
class, labelled as another. Printed: how many of them are among the regions that the model doubts
(with its class, and 400 pixels of the square at least), at which places of the list, and how long
the search takes beside the evaluation. The generated labels have no other errors.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from core.datasets.catalogue import find_dataset
from core.datasets.dataset import Dataset
from core.datasets.synthetic.dubai import write_demo
from core.evaluation.kept.plan import plan_again, plan_evaluation
from core.evaluation.kept.record import EvaluationOptions
from core.evaluation.kept.run import run_evaluation
from core.evaluation.kept.store import new_evaluation
from core.evaluation.suspects.record import SuspectList
from core.evaluation.suspects.search import search_suspects
from core.inference.predictor import Predictor
from core.models.store import find_model, load_model

_SIDE = 32
_PURE, _MET = 900, 400  # pixels of one class in a square, and of a square in a region
_TRIES = 200


class Planted(NamedTuple):
    """A square with a wrong label."""

    sample: str
    y: int
    x: int
    wrong: int
    true: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="demo-unet")
    parser.add_argument("--scenes", type=int, default=6)
    parser.add_argument("--size", type=int, default=256, metavar="PX")
    parser.add_argument("--seed", type=int, default=11)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DSI_WORKSPACE"] = folder
        root = Path(folder) / "datasets" / "planted"
        root.parent.mkdir()
        write_demo(root, scenes=args.scenes, size=args.size, seed=args.seed)
        planted = plant(find_dataset("planted"), np.random.default_rng(args.seed))
        model, card = load_model(find_model(args.model).folder)
        predictor = Predictor.of_card(model, card)
        dataset = find_dataset("planted")
        plan = plan_evaluation(find_model(args.model), dataset, "all", EvaluationOptions())
        kept = new_evaluation(plan.record, plan.card)
        start = time.perf_counter()
        run_evaluation(kept, plan, predictor)
        scored = time.perf_counter() - start
        start = time.perf_counter()
        listed = search_suspects(plan_again(kept), predictor)
        searched = time.perf_counter() - start
    places = ranks(listed, [sample.id for sample in plan.record.samples], planted)
    regions = len(listed.suspects) + listed.dropped
    print(
        f"{args.model}: {len(places)} of {len(planted)} planted squares among {regions:,} regions"
    )
    print(f"at the places {', '.join(map(str, places))}")
    print(f"search {searched:.1f} s, evaluation {scored:.1f} s: {searched / scored:.2f} times")


def plant(dataset: Dataset, rng: np.random.Generator) -> list[Planted]:
    """Write a wrong square into every second mask that has room for one."""
    planted = []
    count = len(dataset.classes)
    for sample in dataset.samples[::2]:
        labels = dataset.load_labels(sample)
        mask = cv2.imread(str(sample.mask))
        for _ in range(_TRIES):
            y, x = (int(rng.integers(0, side - _SIDE)) for side in labels.shape)
            pixels = np.bincount(labels[y : y + _SIDE, x : x + _SIDE].ravel(), minlength=256)
            true = int(pixels[:count].argmax())
            if pixels[true] < _PURE:
                continue
            wrong = int((true + rng.integers(1, count)) % count)
            mask[y : y + _SIDE, x : x + _SIDE] = dataset.classes.classes[wrong].rgb[::-1]
            cv2.imwrite(str(sample.mask), mask)
            planted.append(Planted(sample.id, y, x, wrong, true))
            break
    return planted


def ranks(listed: SuspectList, ids: list[str], planted: list[Planted]) -> list[int]:
    """Places, from 1, of the first region of each square that is met."""
    places: dict[Planted, int] = {}
    for place, suspect in enumerate(listed.suspects, 1):
        for each in planted:
            if (ids[suspect.sample], suspect.label, suspect.suggestion) != (
                each.sample,
                each.wrong,
                each.true,
            ):
                continue
            drawn = np.zeros((suspect.y + suspect.height, suspect.x + suspect.width), bool)
            suspect.draw(drawn)
            if drawn[each.y : each.y + _SIDE, each.x : each.x + _SIDE].sum() >= _MET:
                places.setdefault(each, place)
    return sorted(places.values())


if __name__ == "__main__":
    main()
