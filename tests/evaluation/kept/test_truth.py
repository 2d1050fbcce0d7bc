"""Masks of another size or grid: asked about, left out, or brought to the image's grid."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from rasterio.transform import from_origin

from core.classes import DUBAI_CLASSES
from core.datasets.catalogue import open_dataset
from core.errors import DatasetError
from core.evaluation.kept.plan import EvaluationPlan, plan_evaluation
from core.evaluation.kept.record import EvaluationOptions, Misfits
from core.evaluation.kept.truth import MisfitMasks, list_misfits, scored_image
from core.imagery.output.write import png_bytes
from core.models.store import find_model
from tests.imagery.test_raster import tiff

RNG = np.random.default_rng(6)


def write_pair(root: Path, name: str, labels: np.ndarray, **georeference: object) -> None:
    """A grey image of 40 × 60 pixels, and a mask; on a grid where one is given for it."""
    pixels = RNG.integers(0, 255, (40, 60, 3), np.uint8)
    for folder in ("images", "masks"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    names = enumerate(DUBAI_CLASSES.names)
    table = {"classes": [{"name": name, "value": value} for value, name in names]}
    (root / "classes.json").write_text(json.dumps(table))
    if georeference:
        own = {"crs": "EPSG:32631", "transform": from_origin(0, 400, 10, 10)}
        (root / f"images/{name}.tif").write_bytes(tiff(pixels, **own))
        mask = own | georeference
        (root / f"masks/{name}.tif").write_bytes(tiff(labels[..., None], **mask))
    else:
        (root / f"images/{name}.png").write_bytes(png_bytes(pixels))
        (root / f"masks/{name}.png").write_bytes(png_bytes(labels))


def plan(root: Path, misfits: Misfits) -> EvaluationPlan:
    options = EvaluationOptions(misfits=misfits)
    return plan_evaluation(find_model("tiny"), open_dataset(root), "all", options)


def labels_of(made: EvaluationPlan, number: int) -> np.ndarray:
    sample = made.samples[number]
    return scored_image(made.dataset, sample, None, made.record.options.misfits).labels


def test_another_size_is_asked_about(tmp_path: Path, tiny_model: str) -> None:
    small = np.arange(5, dtype=np.uint8).repeat(6)[None].repeat(20, 0)
    write_pair(tmp_path, "a", RNG.integers(0, 5, (40, 60), np.uint8))
    write_pair(tmp_path, "b", small)
    with pytest.raises(MisfitMasks, match="60 × 40 pixels, its mask 30 × 20") as caught:
        plan(tmp_path, "ask")
    assert [misfit.sample for misfit in caught.value.misfits] == ["b"]
    assert "left out" in caught.value.remedy
    without = plan(tmp_path, "leave-out")
    assert [sample.id for sample in without.samples] == ["a"]
    assert without.record.left_out == ("b",)
    assert "1 mask of another size or grid was left out." in without.record.remarks
    resampled = plan(tmp_path, "resample")
    assert "brought to the image's grid by nearest neighbour" in resampled.record.remarks[0]
    # Twice as large: every pixel four times.
    np.testing.assert_array_equal(labels_of(resampled, 1), small.repeat(2, 0).repeat(2, 1))


def test_no_sample_may_be_left(tmp_path: Path, tiny_model: str) -> None:
    write_pair(tmp_path, "a", np.zeros((8, 8), np.uint8) + np.eye(8, dtype=np.uint8))
    with pytest.raises(DatasetError, match="no sample is left"):
        plan(tmp_path, "leave-out")


def test_another_grid_is_asked_about(tmp_path: Path, tiny_model: str) -> None:
    labels = RNG.integers(0, 5, (40, 60), np.uint8)
    write_pair(tmp_path, "a", labels, transform=from_origin(0, 400, 10, 10))
    # A margin of 10 pixels around the image, and 8 pixels to the west and north of it.
    wide = RNG.integers(0, 5, (60, 80), np.uint8)
    write_pair(tmp_path, "b", wide, transform=from_origin(-80, 480, 10, 10))
    # Of the image's size, three pixels to the east: a part of the image has no truth.
    write_pair(tmp_path, "c", labels, transform=from_origin(30, 400, 10, 10))
    # On the image's grid without saying in which system; in another system.
    write_pair(tmp_path, "d", labels, crs=None)
    write_pair(tmp_path, "e", labels, crs="EPSG:32632")
    dataset = open_dataset(tmp_path)
    listed = {m.sample: m.text for m in list_misfits(dataset, dataset.samples)}
    assert set(listed) == {"b", "c", "e"}
    assert "different reference systems" in listed["e"]
    assert "up to 3.0 pixels off" in listed["c"]
    with pytest.raises(MisfitMasks, match="3 masks of another size or grid"):
        plan(tmp_path, "ask")
    resampled = plan(tmp_path, "resample")
    np.testing.assert_array_equal(labels_of(resampled, 0), labels)
    np.testing.assert_array_equal(labels_of(resampled, 1), wide[8:48, 8:68])
    np.testing.assert_array_equal(labels_of(resampled, 3), labels)
    for number in (2, 4):
        with pytest.raises(DatasetError, match="does not cover its image"):
            labels_of(resampled, number)
