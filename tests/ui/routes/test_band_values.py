"""The values of an image over HTTP: by token and pixel, and nothing else."""

from __future__ import annotations

import gc
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.responses import Response

from core.imagery.header import Header
from core.imagery.raster import Raster
from tests.imagery.test_raster import tiff
from tests.ui.routes.ask_route import ask_route
from ui.loaded.images import file_stamp
from ui.routes.band_values import routes
from ui.viewer.band_values import (
    MemoryBands,
    SceneBands,
    band_names,
    bands_of_raster,
    bands_payload,
    value_text,
)


def answer(path: str) -> Response | None:
    return ask_route(routes(), path)


def said(path: str) -> Any:
    response = answer(path)
    assert response and response.status_code == 200, path
    return json.loads(response.body)


@pytest.fixture
def raster() -> Raster:
    pixels = np.random.default_rng(0).normal(0, 900, (7, 9, 5)).astype(np.float32)
    pixels[2, 3, 1] = np.nan
    header = Header(9, 7, 5, "float32", "GTiff", None, None, band_names=("Coast", "", "", "", ""))
    return Raster(pixels, np.isfinite(pixels).all(axis=-1), header)


def test_every_value_is_that_of_the_file(raster: Raster) -> None:
    sent = bands_payload(bands_of_raster(raster))
    assert sent and sent["names"] == ["Coast", "Band 2", "Band 3", "Band 4", "Band 5"]
    for (y, x), data in np.ndenumerate(raster.valid):
        answered = said(f"{sent['url']}/{x}/{y}")
        assert answered["data"] == data
        back = np.array([float(v) for v in answered["values"]], np.float32)
        np.testing.assert_array_equal(back, raster.pixels[y, x])
    assert said(f"{sent['url']}/3/2") | {} == {
        "data": False,
        "values": [str(v) if np.isfinite(v) else "NaN" for v in raster.pixels[2, 3]],
    }


def test_a_part_counts_from_its_own_corner(raster: Raster) -> None:
    whole = bands_payload(bands_of_raster(raster))
    part = bands_payload(bands_of_raster(raster, (slice(2, 5), slice(3, 9))))
    assert whole and part and whole["url"] != part["url"]
    assert said(f"{part['url']}/1/2") == said(f"{whole['url']}/4/4")
    for x, y in ((6, 0), (0, 3)):
        response = answer(f"{part['url']}/{x}/{y}")
        assert response and response.status_code == 404


def test_a_scene_is_read_where_it_is_asked(tmp_path: Path) -> None:
    pixels = np.random.default_rng(1).integers(1, 60_000, (80, 90, 4), dtype=np.uint16)
    pixels[10, 20] = 0
    path = tmp_path / "scene.tif"
    path.write_bytes(tiff(pixels, nodata=0, tiled=True, blockxsize=16, blockysize=16))
    sent = bands_payload(SceneBands(path, file_stamp(path)))
    assert sent and len(sent["names"]) == 4 and sent["digits"] == 5
    for x, y in ((0, 0), (89, 79), (20, 10), (33, 44)):
        values = [str(value) for value in pixels[y, x]]
        assert said(f"{sent['url']}/{x}/{y}") == {"values": values, "data": (x, y) != (20, 10)}
    for x, y in ((90, 0), (0, 80)):
        response = answer(f"{sent['url']}/{x}/{y}")
        assert response and response.status_code == 404
    path.write_bytes(tiff(pixels[:40], tiled=True, blockxsize=16, blockysize=16))
    response = answer(f"{sent['url']}/0/0")  # the page shows the file that was there before
    assert response and response.status_code == 404
    path.unlink()
    response = answer(f"{sent['url']}/0/0")
    assert response and response.status_code == 404


def test_what_is_not_there_is_not_there(raster: Raster) -> None:
    sent = bands_payload(bands_of_raster(raster))
    assert sent
    token = sent["url"].rpartition("/")[2]
    hostile = [
        f"/values/{'0' * 32}/1/1",
        f"/values/{token[:-1]}/1/1",
        f"/values/{token.upper()}x/1/1",
        f"/values/{token}/9/0",
        f"/values/{token}/0/7",
        f"/values/{token}/-1/0",
        f"/values/{token}/1e2/0",
        f"/values/{token}/٣/0",
        f"/values/{token}/{'9' * 400}/0",
        f"/values/{token}/0x1/0",
        f"/values/{token}/ 1/0",
        f"/values/{token}\n/1/0",
    ]
    for path in hostile:
        response = answer(path)
        assert response is None or response.status_code == 404, path
    assert answer("/values/../../etc/passwd/1/1") is None


def test_an_image_is_not_kept_for_it(raster: Raster) -> None:
    pixels = raster.pixels.copy()
    sent = bands_payload(MemoryBands(pixels, raster.valid, ["A"] * 5))
    again = bands_payload(MemoryBands(pixels, raster.valid, ["A"] * 5))
    assert sent and sent == again
    said(f"{sent['url']}/0/0")
    del pixels
    gc.collect()
    response = answer(f"{sent['url']}/0/0")
    assert response and response.status_code == 404
    another = bands_payload(MemoryBands(raster.pixels.copy(), raster.valid, ["A"] * 5))
    assert another and another["url"] != sent["url"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.uint16(65535), "65535"),
        (np.int8(-3), "-3"),
        (np.float32(0.1), "0.1"),
        (np.float32(-9999), "-9999"),
        (np.float32(3.4028235e38), "3.4028235e+38"),
        (np.float32(2.5e-6), "2.5e-06"),
        (np.float64(np.nan), "NaN"),
        (np.float32(-np.inf), "−∞"),
        (np.complex64(3 - 4j), "3-4i"),
        (np.bool_(True), "1"),
    ],
)
def test_a_value_in_words(value: Any, text: str) -> None:
    assert value_text(value) == text


def test_bands_are_called_what_the_file_calls_them() -> None:
    header = Header(
        1, 1, 4, "uint8", "PNG", None, None, color_interpretation=("red", "green", "blue", "alpha")
    )
    assert band_names(header, 3) == ("Red", "Green", "Blue")
    grey = Header(1, 1, 2, "uint8", "GTiff", None, None, color_interpretation=("gray", "undefined"))
    assert band_names(grey, 2) == ("Gray", "Band 2")
    palette = Header(1, 1, 1, "uint8", "PNG", None, None, color_interpretation=("palette",))
    assert band_names(palette, 3) == ("Red", "Green", "Blue")
