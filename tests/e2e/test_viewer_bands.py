"""The readout names the image's own values: those of the file, at the pixel that is pointed at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from tests.e2e.conftest import CHROMIUM, FLAGS, PATIENCE, Server, settled
from tests.e2e.test_predict import upload

WIDTH, HEIGHT = 331, 223
NAMES = ["Blue", "Green", "Red", "NIR"]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    """Four bands of 16 bit, named, with a hole without data; no two pixels are alike."""
    path = tmp_path_factory.mktemp("bands") / "four.tif"
    pixels = np.random.default_rng(3).integers(1, 65_535, (4, HEIGHT, WIDTH), dtype=np.uint16)
    pixels[:, 60:140, 80:200] = 0
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=WIDTH,
        height=HEIGHT,
        count=4,
        dtype="uint16",
        nodata=0,
        crs="EPSG:32631",
        transform=from_origin(590_000, 5_750_000, 10, 10),
        photometric="minisblack",
    ) as file:
        file.write(pixels)
        for band, name in enumerate(NAMES, 1):
            file.set_band_description(band, name)
    return path, pixels


@pytest.fixture(params=[1, 2], scope="module")
def sharp_page(request: pytest.FixtureRequest, chromium: Any) -> Iterator[Any]:
    """A page on a screen of so many device pixels per CSS pixel."""
    flags = [*FLAGS, f"--force-device-scale-factor={request.param}"]
    browser = chromium.browser_type.launch(executable_path=CHROMIUM, args=flags)
    page = browser.new_context(no_viewport=True).new_page()
    page.set_default_timeout(PATIENCE)
    yield page
    browser.close()


def read(page: Any) -> tuple[int, int, list[str], str]:
    """The pixel that the readout names, its values, and what it says of them."""
    words = page.get_by_test_id("viewer-readout").inner_text().split()
    x, y = int(words[1]), int(words[3])
    bands = page.locator(f"[data-testid=viewer-bands][data-at='{x},{y}']")
    bands.wait_for()
    values = bands.locator("dd").all_inner_texts()
    assert bands.locator("dt").all_inner_texts()[:4] == NAMES
    return x, y, values[:-1], values[-1]


def test_the_readout_names_the_values_of_the_file(
    server: Server, sharp_page: Any, scene: tuple[Path, np.ndarray]
) -> None:
    page, (path, pixels) = sharp_page, scene
    page.goto(f"{server.url}/predict")
    page.get_by_text("Upload an image to map it").wait_for()
    settled(page)
    upload(page, 0, str(path))
    canvas = page.get_by_test_id("viewer-canvas")
    canvas.wait_for()
    settled(page)
    random = np.random.default_rng(0)
    asked: list[str] = []
    page.on("request", lambda request: "/values/" in request.url and asked.append(request.url))
    seen, holes = set(), 0
    for zoom in ("0", "1", "+", "+", "+"):
        canvas.focus()
        page.keyboard.press(zoom)
        box = canvas.bounding_box()
        for _ in range(10):
            while True:
                at = [
                    float(np.floor(box[start] + part * box[length]))
                    for start, length, part in zip(
                        "xy", ("width", "height"), random.uniform(0.02, 0.98, 2), strict=True
                    )
                ]
                page.mouse.move(*at)
                if page.get_by_test_id("viewer-readout").inner_text().startswith("x"):
                    break
            x, y, values, flag = read(page)
            assert values == [str(value) for value in pixels[:, y, x]], (zoom, x, y)
            empty = not pixels[:, y, x].any()
            assert flag == ("no data" if empty else ""), (x, y)
            seen.add((x, y))
            holes += empty
    assert len(seen) > 40
    assert holes
    # Passing over pixels asks nothing.
    before = len(asked)
    # From one place that was seen to be the picture to another.
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.4 * box["height"])
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.6 * box["height"], steps=60)
    read(page)
    assert len(asked) - before < 30
    page.evaluate("localStorage.clear()")
