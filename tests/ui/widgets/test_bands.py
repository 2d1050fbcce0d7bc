"""Images of many bands on the pages: seen at once, and the bands and the stretch are chosen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from streamlit.testing.v1 import AppTest

from core.imagery.display import to_rgb
from core.imagery.raster import read_raster
from tests.pages.test_data import opened, settled
from ui.widgets.bands import Rendering

RNG = np.random.default_rng(4)


def raster(path: Path, dtype: str = "float32", bands: int = 4) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = RNG.normal(-12, 4, (bands, 24, 30)).astype(dtype)
    with rasterio.open(
        path, "w", driver="GTiff", width=30, height=24, count=bands, dtype=dtype
    ) as file:
        file.write(pixels)
    return path


def chosen(path: Path) -> AppTest:
    """A page of one image, with the look that came out in the session."""

    def page(name: str) -> None:
        from pathlib import Path

        import streamlit as st

        from core.imagery.raster import read_raster
        from ui.loaded.images import OpenImage
        from ui.widgets.bands import choose_rendering_for, render_as_chosen

        raster = read_raster(Path(name))
        image = OpenImage("a", f"digest of {name}", raster, raster.pixels[..., :3])
        st.session_state["image"] = render_as_chosen(image, "a")
        st.session_state["look"] = choose_rendering_for(raster, "b")

    return AppTest.from_function(page, kwargs={"name": str(path)}, default_timeout=60).run()


def test_radar_is_shown_as_hh_vv_hv(tmp_path: Path) -> None:
    at = chosen(raster(tmp_path / "a.tif"))
    assert not at.exception
    assert at.session_state["look"] == Rendering((0, 3, 1), (1.0, 99.0))


def test_bands_and_stretch_reach_the_picture(tmp_path: Path) -> None:
    path = raster(tmp_path / "a.tif", "float64", 6)
    at = chosen(path)
    key = "a-6-float64"
    at.selectbox(key=f"{key}-preset").select("Other bands").run()
    at.selectbox(key=f"{key}-Red").select(5).run()
    at.slider(key=f"{key}-clip").set_range(5.0, 95.0).run()
    assert not at.exception
    opened = read_raster(path)
    expected = to_rgb(opened.pixels, opened.valid, bands=(5, 1, 2), clip=(5, 95))
    np.testing.assert_array_equal(at.session_state["image"].rgb, expected)
    at.toggle(key=f"{key}-decibel").set_value(True).run()
    assert not at.exception


@pytest.mark.parametrize("bands", [1, 3])
def test_plain_pictures_have_no_choice(tmp_path: Path, bands: int) -> None:
    path = tmp_path / "a.tif"
    pixels = RNG.integers(0, 256, (bands, 24, 30), np.uint8)
    with rasterio.open(
        path, "w", driver="GTiff", width=30, height=24, count=bands, dtype="uint8"
    ) as file:
        file.write(pixels)
    at = chosen(path)
    assert not at.exception
    assert not at.selectbox
    assert not at.slider


def test_bands_alone_can_be_chosen() -> None:
    def page() -> None:
        import streamlit as st

        from ui.widgets.bands import choose_rendering

        st.session_state["look"] = choose_rendering(4, "uint16", "c", stretch=False)

    at = AppTest.from_function(page, default_timeout=60).run()
    assert not at.exception
    at.selectbox(key="c-4-uint16-preset").select("Near infrared (bands R, G, B, NIR)").run()
    assert at.session_state["look"] == Rendering((3, 0, 1), (1.0, 99.0))
    assert not at.slider and not at.toggle


@pytest.mark.parametrize(("dtype", "bands"), [("float32", 4), ("uint16", 1), ("complex64", 1)])
def test_a_deep_sample_opens_with_a_choice(space: Path, dtype: str, bands: int) -> None:
    root = space / "datasets/deep"
    path = root / "images/a.tif"
    raster(path, "float32" if dtype == "uint16" else dtype, bands)
    if dtype == "uint16":
        with rasterio.open(path, "w", driver="GTiff", width=9, height=9, count=1, dtype=dtype) as f:
            f.write(RNG.integers(300, 900, (1, 9, 9), np.uint16))
    at = opened(dataset="deep", view="Sample")
    assert not at.exception
    assert not at.error
    at.slider(key=f"sample-{bands}-{dtype}-clip").set_range(2.0, 98.0).run()
    assert not at.exception
    settled(root)
