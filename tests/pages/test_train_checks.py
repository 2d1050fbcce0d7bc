"""The form of a training refuses what the command line refuses, beside the field it is about."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.datasets.audit.audit import audit
from core.datasets.dataset import Dataset
from core.datasets.recipes.splits import split_samples
from core.datasets.synthetic.dubai import write_demo
from core.training.checks import checks
from core.training.config import TrainConfig
from tests.pages.test_train import opened
from tests.training.checks.test_presence import drained
from ui.train.form import plan


def counted(monkeypatch: pytest.MonkeyPatch, space: Path, *, held_out: bool) -> Dataset:
    """An audited dataset with water in its validating scene alone, or in none."""
    root = write_demo(space / "datasets" / "demo", scenes=3, size=96, seed=7)
    whole = drained(root, "Tile 1", "Tile 2", "Tile 3")
    wet = split_samples(whole.samples, TrainConfig().recipe.split).val[0].partition("/")[0]
    dataset = drained(root, *([wet] if held_out else []))
    report = audit(dataset)
    monkeypatch.setattr(plan, "finished_audit", lambda key: report)
    return dataset


def test_a_class_that_is_held_out_is_an_error_with_a_split_that_has_it(
    monkeypatch: pytest.MonkeyPatch, space: Path
) -> None:
    counted(monkeypatch, space, held_out=True)
    at: AppTest = opened()
    assert any("no pixel of Water" in box.value for box in at.error)
    assert next(b for b in at.button if b.label == "Start training").disabled
    take = next(b for b in at.button if b.label.startswith("Take "))
    at = take.click().run()
    assert not at.error
    assert at.number_input(key="train.recipe.split.seed").value == int(take.label.split()[1])
    assert not next(b for b in at.button if b.label == "Start training").disabled


def test_a_class_that_no_sample_has_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, space: Path
) -> None:
    counted(monkeypatch, space, held_out=False)
    at = opened()
    assert not at.error
    assert any("No sample has a pixel of Water" in box.value for box in at.warning)
    assert not next(b for b in at.button if b.label == "Start training").disabled


def test_a_batch_that_does_not_fit_offers_one_that_does(
    monkeypatch: pytest.MonkeyPatch, space: Path
) -> None:
    write_demo(space / "datasets" / "demo", scenes=3, size=96, seed=7)
    at = opened()
    monkeypatch.setattr(checks, "has_gpu", lambda: False)
    monkeypatch.setattr(checks, "available_memory", lambda: 10**9)
    at = at.number_input(key="train.batch").set_value(256).run()
    assert any("A batch of 256 crops" in box.value for box in at.error)
    take = next(b for b in at.button if b.label.startswith("Take "))
    at = take.click().run()
    assert not at.error
    assert at.number_input(key="train.batch").value == int(take.label.split()[1]) > 0


def test_values_of_eleven_bits_divided_by_sixteen_are_a_warning_with_the_way_out(
    space: Path,
) -> None:
    root = space / "datasets" / "demo"
    for name in ("images", "masks"):
        (root / name).mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(5):
        pixels = rng.integers(100, 2048, (96, 96, 3), np.uint16)
        cv2.imwrite(str(root / "images" / f"t{number}.tif"), pixels)
        cv2.imwrite(str(root / "masks" / f"t{number}.png"), (pixels[..., 0] > 900).astype(np.uint8))
    (root / "classes.json").write_text('{"classes": [{"name": "low"}, {"name": "high"}]}')
    at = opened()
    at.session_state["train.draft"]["recipe"] |= {"normalisation": "imagenet"}
    at.session_state["train.draft"]["recipe"]["split"] |= {"kind": "random"}
    at = at.run()
    assert any("divided by 65,535" in box.value for box in at.warning)
    at = at.button(key="train.percentiles").click().run()
    assert not at.exception
    assert at.session_state["train.draft"]["recipe"]["normalisation"] == "percentile"
    assert not any("divided by" in box.value for box in at.warning)
