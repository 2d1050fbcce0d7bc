"""Whether a run left classes out, or all but one."""

from __future__ import annotations

import numpy as np

from core.training.session.collapse import never_predicted

NAMES = ("Land", "Roof", "Water")
COUNTS = np.array([100, 20, 5])


def scores(*rows: list[int]) -> dict[str, object]:
    return {"confusion": [list(row) for row in rows]}


def test_nothing_is_said_of_a_run_that_predicts_what_there_is() -> None:
    assert never_predicted(NAMES, scores([9, 1, 0], [2, 3, 1], [0, 1, 4]), COUNTS) == ""
    # Water occurs nowhere: there was nothing to learn.
    assert never_predicted(NAMES, scores([9, 1, 0], [2, 3, 0], [0, 0, 0]), COUNTS * [1, 1, 0]) == ""
    assert never_predicted(NAMES, scores([0] * 3, [0] * 3, [0] * 3), COUNTS) == ""


def test_classes_without_a_pixel_are_named() -> None:
    text = never_predicted(NAMES, scores([9, 1, 0], [2, 3, 0], [4, 1, 0]), COUNTS)
    assert text == "Never predicted on the validation images: Water."
    # It occurs in the training images alone, and is named all the same.
    text = never_predicted(NAMES, scores([9, 1, 0], [2, 3, 0], [0, 0, 0]), COUNTS)
    assert text == "Never predicted on the validation images: Water."


def test_one_class_for_everything_is_a_collapse() -> None:
    text = never_predicted(NAMES, scores([9, 0, 0], [2, 0, 0], [4, 0, 0]), COUNTS)
    assert text.startswith("The run collapsed: it calls every pixel Land.")
    assert "Never predicted on the validation images: Roof, Water." in text
