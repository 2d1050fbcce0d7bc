"""Slices that were planted stand out, and none does where there is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.classes import ClassTable, LandClass
from core.datasets.batches.labelled_image import LabelledImage
from core.evaluation.analysis import TRAITS, Analysis
from core.evaluation.confusion import confusion
from core.evaluation.kept.record import EvaluatedSample, EvaluationRecord
from core.evaluation.kept.results import OpenEvaluation
from core.evaluation.kept.slices import _holm, failure_slices
from core.evaluation.kept.store import KeptEvaluation

CLASSES = ClassTable(
    classes=(LandClass(name="Land", color="#102030"), LandClass(name="Water", color="#908070"))
)


def simulated(
    samples: int, *, seed: int = 0, worse_if_dark: float = 0.0, worse_in: str = "none"
) -> OpenEvaluation:
    """Samples in four scenes, half of them dark, of which a share of the pixels is wrong.

    Args:
        samples: a multiple of 8.
        seed: of the pixels.
        worse_if_dark: by how much the share of errors is higher in the dark.
        worse_in: scene in which it is 0.2 higher.
    """
    rng = np.random.default_rng(seed)
    analysis, listed = Analysis(2, 2), []
    for number in range(samples):
        scene = f"s{number % 4}"
        dark = number // 4 % 2 == 0
        labels = rng.integers(0, 2, (4, 4), np.uint8).repeat(4, 0).repeat(4, 1)
        share = 0.15 + 0.1 * rng.random() + worse_if_dark * dark + 0.2 * (scene == worse_in)
        wrong = rng.random(labels.shape) < share
        prediction = np.where(wrong, 1 - labels, labels).astype(np.uint8)
        pixels = rng.integers(10, 30, (16, 16, 3)) + (0 if dark else 100)
        image = LabelledImage("x", pixels.astype(np.uint8), labels, np.ones((16, 16), bool))
        analysis.on_image(image, prediction, confusion(labels, prediction, 2))
        listed.append(EvaluatedSample(id=str(number), scene=scene))
    record = EvaluationRecord(
        model="m", sha256="0" * 64, dataset="d", classes=CLASSES, samples=tuple(listed), made=0.0
    )
    return OpenEvaluation(KeptEvaluation(Path("none")), record, analysis)


def test_a_planted_slice_is_the_first() -> None:
    opened = simulated(40, worse_if_dark=0.15)
    first, *others = failure_slices(opened)
    assert first.name == "Dark images"
    assert first.p_value < 0.05
    assert all(other.p_value > 0.05 for other in others)
    dark = tuple(number for number in range(40) if number // 4 % 2 == 0)
    assert first.samples == dark
    right = [opened.analysis.matrix(numbers) for numbers in (dark, set(range(40)) - set(dark))]
    accuracies = [np.trace(matrix) / matrix.sum() for matrix in right]
    assert (first.score, first.others) == pytest.approx(tuple(accuracies))
    assert first.effect == pytest.approx(accuracies[0] - accuracies[1])


def test_a_scene_that_is_worse_is_named() -> None:
    first = failure_slices(simulated(40, worse_in="s2"))[0]
    assert (first.name, first.samples) == ("Scene s2", tuple(range(2, 40, 4)))
    assert first.p_value < 0.05
    by_class = failure_slices(simulated(40, worse_in="s2"), "iou", 1)[0]
    assert by_class.name == "Scene s2"


def test_where_nothing_differs_hardly_anything_stands_out() -> None:
    """The corrected p-value of the surest slice is below 0.05 in about one of 20 evaluations."""
    alarms = sum(
        failure_slices(simulated(32, seed=seed), permutations=400)[0].p_value < 0.05
        for seed in range(60)
    )
    assert alarms <= 8


def test_too_few_samples_have_no_slices() -> None:
    # No half has four.
    assert failure_slices(simulated(8)) != []
    opened = simulated(8)
    few = OpenEvaluation(opened.kept, opened.record, Analysis(2, 2))
    assert failure_slices(few) == []


def test_traits_by_hand() -> None:
    analysis = Analysis(3, 1)
    labels = np.zeros((4, 6), np.uint8)
    labels[:, 3:] = 2
    labels[0, 5] = 0
    pixels = np.zeros((4, 6, 2), np.uint16)
    pixels[..., 0], pixels[..., 1] = 300, 100
    pixels[0] = 1000
    valid = np.ones((4, 6), bool)
    valid[0] = False
    labels[0] = 255
    image = LabelledImage("a", pixels, labels, valid)
    analysis.on_image(image, labels, confusion(labels, labels, 3))
    # Pixels with data have a mean of 200; 6 of 18 are beside the edge; two parts of 9 pixels.
    assert dict(zip(TRAITS, analysis.traits()[0], strict=True)) == {
        "brightness": 200.0,
        "contrast": 0.0,
        "near edges": pytest.approx(6 / 18),
        "object size": 9.0,
    }


def test_p_values_are_corrected_by_holm() -> None:
    assert _holm([0.01, 0.04, 0.03, 0.5]) == pytest.approx([0.04, 0.09, 0.09, 0.5])
    assert _holm([0.6, 0.9]) == [1.0, 1.0]
    assert _holm([]) == []
