"""A sample too large to be read whole, on the Data page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from streamlit.testing.v1 import AppTest

from core.imagery.scene import overview
from tests.conftest import REPOSITORY
from ui.data import large_sample
from ui.loaded import scenes
from ui.shell.jobs import find_job
from ui.viewer.layers import ViewerClick

SIDE = 1500


@pytest.fixture
def scene(space: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dataset of one GeoTIFF, which counts as too large here."""
    path = space / "datasets/big/images/scene.tif"
    path.parent.mkdir(parents=True)
    pixels = np.random.default_rng(2).integers(1, 255, (3, SIDE, SIDE), np.uint8)
    with rasterio.open(
        path, "w", driver="GTiff", height=SIDE, width=SIDE, count=3, dtype="uint8", tiled=True,
        transform=Affine(1, 0, 0, 0, -1, 0), crs="EPSG:32631",
    ) as file:  # fmt: skip
        file.write(pixels)
    monkeypatch.setattr(scenes, "MAX_BYTES", 1_000_000)
    return path


@pytest.fixture
def pictures(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """What the viewers are given; the first one is clicked at its middle."""
    given: list[np.ndarray] = []

    def viewer(rgb: np.ndarray, *_: object, key: str, **__: object) -> ViewerClick | None:
        given.append(rgb)
        clicked = key == "scene-viewer"
        return ViewerClick(rgb.shape[1] // 2, rgb.shape[0] // 2) if clicked else None

    monkeypatch.setattr(large_sample, "viewer", viewer)
    return given


def opened() -> AppTest:
    at = AppTest.from_file(str(REPOSITORY / "ui/shell/router.py"), default_timeout=120)
    at.switch_page(str(REPOSITORY / "pages/data.py"))
    at.query_params["dataset"], at.query_params["view"] = "big", "Sample"
    at.run()
    assert not at.exception and not at.error
    return at


def test_it_is_shown_small_and_the_clicked_part_at_full_detail(
    scene: Path, pictures: list[np.ndarray]
) -> None:
    opened()
    small, part = pictures[-2:]
    with rasterio.open(scene) as file:
        pixels = np.moveaxis(file.read(), 0, -1)
    assert (small == pixels).all()  # nothing is enlarged
    assert (part == pixels[238:1262, 238:1262]).all()


def test_a_coarse_picture_is_said_and_all_of_it_read_when_asked(
    scene: Path, pictures: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenes, "_SIDE", 300)
    monkeypatch.setattr(
        scenes, "read_overview", lambda s, limit: overview.read_overview(s, limit, most_bytes=1)
    )
    monkeypatch.setattr(overview, "_SECONDS", 0.0)
    at = opened()
    assert any("coarse" in warning.value for warning in at.warning)
    assert (8, 8, 3) in {picture.shape for picture in pictures}
    at.button(key="scene-whole").click().run()
    job = find_job(scenes.scene_key(scene))
    assert job is not None
    job.join()
    at.run()
    assert not at.exception and not at.error
    assert not any("coarse" in warning.value for warning in at.warning)
    assert pictures[-2].shape == (300, 300, 3)


def test_a_format_that_is_not_read_by_windows_says_what_to_do(
    scene: Path, pictures: list[np.ndarray]
) -> None:
    import cv2

    with rasterio.open(scene) as file:
        cv2.imwrite(str(scene.with_suffix(".png")), np.moveaxis(file.read(), 0, -1))
    scene.unlink()
    at = AppTest.from_file(str(REPOSITORY / "ui/shell/router.py"), default_timeout=120)
    at.switch_page(str(REPOSITORY / "pages/data.py"))
    at.query_params["dataset"], at.query_params["view"] = "big", "Sample"
    at.run()
    assert not at.exception
    assert any("gdal\\_translate" in error.value for error in at.error)
