"""A sample too large to be read whole, on the Data page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from affine import Affine
from rasterio.enums import Resampling
from streamlit.testing.v1 import AppTest

from core.imagery.pyramid import scene_tiles
from core.imagery.scene import overview
from tests.conftest import REPOSITORY
from tests.imagery.pyramid.test_tiles import write
from ui.data import large_sample
from ui.shell.jobs import find_job
from ui.viewer.tiles import files
from ui.viewer.tiles.files import tiled_picture
from ui.viewer.tiles.sources import Tiled, find_source

SIDE = 1500
RNG = np.random.default_rng(2)
PIXELS = RNG.integers(1, 255, (SIDE, SIDE, 3), np.uint8)
LABELS = RNG.integers(0, 2, (SIDE, SIDE, 1), np.uint8)


@pytest.fixture
def scene(space: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dataset of one GeoTIFF with its mask, which counts as too large here."""
    root = space / "datasets/big"
    for name, pixels in (("images", PIXELS), ("masks", LABELS)):
        (root / name).mkdir(parents=True)
        write(root / name / "scene.tif", pixels)
    classes = [{"name": "A", "color": "#112233"}, {"name": "B", "color": "#445566"}]
    (root / "classes.json").write_text(json.dumps({"classes": classes}))
    for limit in ("WHOLE_BYTES", "MAX_BYTES"):
        monkeypatch.setattr(f"core.imagery.scene.scene.{limit}", 1_000_000)
    return root / "images/scene.tif"


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Tiled, Any]]:
    """What the viewer is given."""
    given: list[tuple[Tiled, Any]] = []
    monkeypatch.setattr(
        large_sample, "viewer", lambda image, layers, *_, **__: given.append((image, layers))
    )
    return given


def opened() -> AppTest:
    at = AppTest.from_file(str(REPOSITORY / "ui/shell/router.py"), default_timeout=120)
    at.switch_page(str(REPOSITORY / "pages/data.py"))
    at.query_params["dataset"], at.query_params["view"] = "big", "Sample"
    at.run()
    assert not at.exception
    return at


def tile(tiled: Tiled, level: int, row: int, column: int) -> np.ndarray:
    source = find_source(tiled.id)
    assert source
    data = source.tile(level, row, column).result().data
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)


def test_it_is_shown_as_tiles_with_its_mask(scene: Path, shown: list[tuple[Tiled, Any]]) -> None:
    assert not opened().error
    image, (mask,) = shown[-1]
    assert (image.width, image.height, image.sharp) == (SIDE, SIDE, True)
    rgb = tile(image, 0, 1, 2)[..., ::-1]  # OpenCV has blue first
    assert np.abs(rgb.astype(int) - PIXELS[512:1024, 1024:]).mean() < 8  # a JPEG of noise
    np.testing.assert_array_equal(tile(mask.pixels, 0, 1, 2), LABELS[512:1024, 1024:, 0])


def test_a_mask_on_another_grid_is_not_laid_over(
    scene: Path, shown: list[tuple[Tiled, Any]]
) -> None:
    mask = scene.parent.parent / "masks/scene.tif"
    for pixels, transform, word in (
        (LABELS[1:], Affine(1, 0, 0, 0, -1, 0), "1,499 pixels"),
        (LABELS, Affine(1, 0, 70, 0, -1, 0), "elsewhere on the ground"),
    ):
        write(mask, pixels, transform=transform)
        at = opened()
        assert any(word in warning.value for warning in at.warning)
        assert shown[-1][1] == []


def test_a_mask_of_a_format_without_windows_is_read_whole(
    scene: Path, shown: list[tuple[Tiled, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    mask = scene.parent.parent / "masks/scene.tif"
    mask.unlink()
    cv2.imwrite(str(mask.with_suffix(".png")), LABELS)
    opened()
    (layer,) = shown[-1][1]
    np.testing.assert_array_equal(layer.pixels, LABELS[..., 0])
    monkeypatch.setattr(large_sample, "_MASK_PIXELS", 1000)
    at = opened()
    assert any("gdal\\_translate" in warning.value for warning in at.warning)
    assert shown[-1][1] == []


def test_what_is_coarse_is_said_and_made_when_asked(
    scene: Path, shown: list[tuple[Tiled, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scene_tiles.SceneTiles.__init__, "__defaults__", (None, 1_000_000))
    monkeypatch.setattr(overview, "_SECONDS", 0.0)
    monkeypatch.setattr(large_sample, "_AT_ONCE_BYTES", 0)
    at = opened()
    assert any("coarse" in warning.value for warning in at.warning)
    coarse = shown[-1][0]
    assert not coarse.sharp and tile(coarse, 2, 0, 0).shape == (375, 375, 3)
    at.button(key="whole-image").click().run()
    file = tiled_picture(scene)
    job = find_job(file.job)
    assert job is not None
    job.join()
    at.run()
    assert not at.exception and not at.error
    sharp = shown[-1][0]
    assert sharp.sharp and sharp.id != coarse.id
    assert tile(coarse, 2, 0, 0).std() > 40  # places of noise
    assert tile(sharp, 2, 0, 0).std() < 40  # means of noise


def test_what_is_read_fast_enough_is_made_at_once(
    scene: Path, shown: list[tuple[Tiled, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scene_tiles.SceneTiles.__init__, "__defaults__", (None, 1_000_000))
    at = opened()
    job = find_job(tiled_picture(scene).job)
    assert job is not None
    job.join()
    at.run()
    assert shown[-1][0].sharp


def test_overviews_make_it_sharp(
    scene: Path, shown: list[tuple[Tiled, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scene_tiles.SceneTiles.__init__, "__defaults__", (None, 1_000_000))
    write(scene, PIXELS, (Resampling.average, (2, 4)))
    opened()
    assert shown[-1][0].sharp


def test_old_upper_levels_make_room(
    scene: Path, space: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_MOST_KEPT", 500)
    for name in ("a", "b", "c"):
        folder = space / "cache/tiles" / name
        folder.mkdir(parents=True)
        (folder / "1-0-0.png").write_bytes(bytes(400))
    files._remove_old(space / "cache/tiles", "a")
    assert [f.name for f in (space / "cache/tiles").iterdir()] == ["a"]


def test_a_format_that_is_not_read_by_windows_says_what_to_do(
    scene: Path, shown: list[tuple[Tiled, Any]]
) -> None:
    cv2.imwrite(str(scene.with_suffix(".png")), PIXELS)
    scene.unlink()
    at = opened()
    assert any("gdal\\_translate" in error.value for error in at.error)
