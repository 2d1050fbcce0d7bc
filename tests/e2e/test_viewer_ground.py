"""Map coordinates, scale bar, the sheet of keys, and a narrow screen with touch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rasterio.crs import CRS
from rasterio.transform import Affine, xy

from core.imagery.header import Georeference
from tests.e2e.viewer_page import GREY, Viewer, data, given
from ui.viewer.ground import ground_payload

UTM = Georeference(CRS.from_epsg(32631), Affine(0.5, 0, 590000, 0, -0.5, 5750000))


def mounted(page: Any, where: Georeference | None) -> Viewer:
    image = np.full((300, 400, 3), GREY, np.uint8)
    return Viewer(page, given(image, [], ground=ground_payload(where, 400, 300)))


def test_the_readout_has_the_coordinates_of_the_pixel(page: Any) -> None:
    viewer = mounted(page, UTM)
    for x, y in ((0.3, 0.3), (0.52, 0.81)):
        page.mouse.move(*viewer.point(x, y))
        words = viewer.readout().split()
        east, north = xy(UTM.transform, int(words[3]), int(words[1]))
        assert viewer.part("map").inner_text() == f"E {east:.2f} N {north:.2f} (EPSG:32631)"


def test_the_scale_bar_is_as_long_as_it_says(page: Any) -> None:
    viewer = mounted(page, UTM)
    viewer.part("canvas").focus()
    for _ in range(3):
        bar = viewer.part("scale")
        number, unit = bar.inner_text().split()
        metres = float(number) * {"m": 1, "km": 1000, "cm": 0.01}[unit]
        width = bar.locator("span").bounding_box()["width"]
        # In that zone a pixel of half a metre is 0.02 % more on the ground.
        assert width == pytest.approx(metres / 0.5 * viewer.zoom(), rel=0.005)
        page.keyboard.press("+")
        viewer.drawn()


@pytest.mark.parametrize("where", [None, Georeference(None, Affine.identity())])
def test_without_a_place_there_is_no_scale(page: Any, where: Georeference | None) -> None:
    viewer = mounted(page, where)
    assert viewer.part("scale").is_hidden()
    page.mouse.move(*viewer.point(0.5, 0.5))
    assert viewer.part("map").count() == (where is not None)  # a grid of its own has coordinates


def test_the_sheet_lists_the_keys_and_they_do_it(page: Any) -> None:
    viewer = Viewer(page, data())
    viewer.part("canvas").focus()
    page.keyboard.press("?")
    sheet = viewer.part("help-sheet")
    assert sheet.get_by_role("row", name="Space Pause").count() == 0
    assert sheet.get_by_role("row", name="D Difference").is_visible()
    page.keyboard.press("Escape")
    assert sheet.is_hidden()
    assert page.evaluate("document.activeElement.dataset.testid") == "viewer-canvas"
    for key, mode in (
        ("w", "swipe"),
        ("s", "side"),
        ("b", "blink"),
        ("d", "difference"),
        ("o", "overlay"),
    ):
        viewer.part("canvas").first.focus()
        page.keyboard.press(key)
        assert viewer.root.get_attribute("data-mode") == mode
    viewer.part("help").click()
    viewer.part("help-close").click()
    assert sheet.is_hidden()


def test_everything_fits_on_a_narrow_screen_and_answers_to_touch(chromium: Any) -> None:
    context = chromium.new_context(viewport={"width": 360, "height": 740}, has_touch=True)
    page = context.new_page()
    viewer = Viewer(page, data())
    wide = "document.documentElement.scrollWidth > innerWidth"
    for mode in ("swipe", "side", "blink", "difference", "overlay"):
        viewer.part(f"mode-{mode}").tap()
        assert viewer.root.get_attribute("data-mode") == mode
        viewer.drawn()
        assert not page.evaluate(wide), mode
        for button in page.locator(".toolbar button:visible").all():
            box = button.bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= 360, mode
            assert min(box["width"], box["height"]) >= 24, mode
    page.touchscreen.tap(*viewer.point(0.5, 0.5))
    assert viewer.readout().startswith("x 40 y 30")
    viewer.part("help").tap()
    box = viewer.part("help-sheet").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 360
    context.close()
