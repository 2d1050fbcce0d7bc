"""Scenes that are predicted by windows, within a batch."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from core.classes import DUBAI_CLASSES, VOID
from core.evaluation.batch.pack import PackOptions, pack_batch
from core.evaluation.batch.plan import plan_samples
from core.evaluation.batch.record import BatchOptions, BatchSide
from core.evaluation.batch.store import (
    KeptBatch,
    new_batch,
)
from core.evaluation.confusion import confusion
from core.imagery.header import Georeference
from core.imagery.output.write import geotiff_bytes
from core.imagery.raster import read_raster
from core.models.store import find_model, load_model
from tests.evaluation.batch.made_batches import (
    RNG,
    Stop,
    located,
    picture,
    predicted,
)


def test_a_scene_by_windows_is_stopped_and_gone_on_with(
    tiny_model: str, space: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.imagery.scene.scene.WHOLE_BYTES", 100_000)
    tiff, _ = located(200, 300)
    root = space / "datasets/wide/images"
    root.mkdir(parents=True)
    (root / "scene.tif").write_bytes(tiff)
    (root / "small.png").write_bytes(picture())
    kept = new_batch()
    ref = find_model("tiny")
    kept.write_record(plan_samples(ref, BatchSide(dataset="wide"), BatchOptions()))
    kept.write_card(load_model(ref.folder)[1])
    assert [image.large for image in kept.record().images] == [True, False]
    details: list[str] = []

    def stop(done: int, total: int, *, share: float, detail: str) -> None:
        details.append(detail)
        if len(details) == 6:
            raise Stop

    settings = {"tile": 64, "large_pixels": 10_000}
    with pytest.raises(Stop):
        predicted(kept, stop, **settings)
    assert not kept.results()
    assert list(kept.scene_folder(0).glob(".dsi-*"))  # what is done is kept
    predicted(kept, **settings)
    result = kept.results()[0]
    assert not result.failed and (result.width, result.height) == (300, 200)
    assert sum(result.counts) == 60_000 and sum(result.areas) == pytest.approx(15_000, rel=0.01)
    labels = read_raster(kept.scene_path(0), values="indices").pixels
    assert np.bincount(labels.ravel(), minlength=5)[:5].tolist() == list(result.counts[:5])
    with zipfile.ZipFile(pack_batch(kept, PackOptions())) as archive:
        names = archive.namelist()
    assert "images/scene_labels.tif" in names and "images/small_labels.png" in names


def wide_scene(space: Path, labels: np.ndarray, grid: Georeference | None = None) -> KeptBatch:
    """A batch of a scene that counts as large, with a mask; the dataset's classes are reversed."""
    root = space / "datasets/wide"
    for folder in ("images", "masks"):
        (root / folder).mkdir(parents=True)
    tiff, own = located(200, 300)
    (root / "images/scene.tif").write_bytes(tiff)
    (root / "masks/scene.tif").write_bytes(geotiff_bytes(labels[..., None], grid or own))
    classes = [{"name": c.name, "color": c.color} for c in reversed(DUBAI_CLASSES.classes)]
    (root / "classes.json").write_text(json.dumps({"classes": classes}))
    kept = new_batch()
    ref = find_model("tiny")
    kept.write_record(plan_samples(ref, BatchSide(dataset="wide"), BatchOptions()))
    kept.write_card(load_model(ref.folder)[1])
    return kept


def test_a_scene_by_windows_is_scored_against_its_mask(
    tiny_model: str, space: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.imagery.scene.scene.WHOLE_BYTES", 100_000)
    labels = RNG.integers(0, 5, (200, 300), np.uint8)
    labels[:20] = VOID
    kept = wide_scene(space, labels)
    predicted(kept, tile=64, large_pixels=10_000)
    result = kept.results()[0]
    made = read_raster(kept.scene_path(0), values="indices").pixels[..., 0]
    truth = np.where(labels == VOID, VOID, 4 - labels)  # by name: the dataset's order is reversed
    np.testing.assert_array_equal(result.matrix, confusion(truth, made, 5))
    assert sum(map(sum, result.matrix)) == 180 * 300


def test_a_mask_elsewhere_is_not_compared_with_a_scene(
    tiny_model: str, space: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.imagery.scene.scene.WHOLE_BYTES", 100_000)
    labels = RNG.integers(0, 5, (200, 300), np.uint8)
    away = Georeference(CRS.from_epsg(32631), Affine(0.5, 0, 590_100, 0, -0.5, 5_750_000))
    kept = wide_scene(space, labels, away)
    predicted(kept, tile=64, large_pixels=10_000)
    result = kept.results()[0]
    assert not result.failed and not result.matrix
    assert "No scores" in result.note and "another grid" in result.note
