"""Measuring, rectangles and places in the viewer: by mouse, by keyboard and by touch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from core.imagery.header import Georeference
from tests.e2e.viewer_page import GREY, Viewer, given
from ui.viewer.ground import ground_payload
from ui.viewer.places import Place

# Of pyproj 3.7.2, Geod(ellps="WGS84"), for 100 pixels of the image below: 1,000.297 m to the east
# from (100, 100); from its middle 1,000.295 m, and of a square 1,000,590.157 m² and 4,001.180 m.
SIDE = 1000.3
UTM = Georeference(CRS.from_epsg(32631), Affine(10, 0, 590000, 0, -10, 5750000))
SIZE = (300, 400)
BOX = {"box": None}


def mounted(page: Any, where: Georeference | None = UTM, **changes: Any) -> Viewer:
    image = np.full((*SIZE, 3), GREY, np.uint8)
    ground = ground_payload(where, SIZE[1], SIZE[0])
    return Viewer(page, given(image, [], ground=ground, rectangle=BOX, **changes))


def at(viewer: Viewer, x: float, y: float) -> tuple[float, float]:
    """Where a point of the fitted image is on the screen."""
    box, zoom = viewer.part("canvas").first.bounding_box(), viewer.zoom()
    left = box["x"] + (box["width"] - zoom * SIZE[1]) / 2
    top = box["y"] + (box["height"] - zoom * SIZE[0]) / 2
    return left + x * zoom, top + y * zoom


def words(viewer: Viewer) -> str:
    viewer.drawn()
    return viewer.part("tool-text").inner_text()


def view(viewer: Viewer) -> tuple[str, bytes]:
    viewer.drawn()
    return viewer.root.get_attribute("data-zoom"), viewer.canvas("overlay").tobytes()


def metres(text: str) -> float:
    number, unit = text.split()[1:3]
    return float(number.replace(",", "")) * {"m": 1, "km": 1000}[unit.rstrip(",")]


def test_a_distance_is_that_on_the_ellipsoid_and_drawing_does_not_pan(page: Any) -> None:
    viewer = mounted(page)
    before = view(viewer)
    viewer.part("tool-distance").click()
    for corner in ((100, 100), (200, 100), (200, 200)):
        page.mouse.click(*at(viewer, *corner))
        page.wait_for_timeout(300)  # or it is a double click
    # Pixels of 10 m are pointed at to about one.
    assert metres(words(viewer)) == pytest.approx(2 * SIDE, abs=20)
    page.keyboard.press("Escape")
    assert "Finished" in viewer.part("status").inner_text()
    page.mouse.move(*at(viewer, 300, 50))
    assert metres(words(viewer)) == pytest.approx(2 * SIDE, abs=20)  # it has ended
    # A drag draws another, and nothing has moved.
    page.mouse.move(*at(viewer, 100, 100))
    page.mouse.down()
    page.mouse.move(*at(viewer, 200, 100), steps=5)
    page.mouse.up()
    assert metres(words(viewer)) == pytest.approx(SIDE, abs=20)
    assert view(viewer) == before
    assert viewer.clicks() == []


def test_quick_clicks_set_points_and_a_double_click_ends(page: Any) -> None:
    viewer = mounted(page)
    viewer.part("tool-area").click()
    for corner in ((100, 100), (200, 100), (200, 200)):
        page.mouse.click(*at(viewer, *corner))
    page.mouse.dblclick(*at(viewer, 100, 200))
    assert viewer.part("status").inner_text().startswith("4 points. Area")
    assert viewer.part("status").inner_text().endswith("Finished")
    page.mouse.move(*at(viewer, 300, 50))
    hectares = float(words(viewer).split()[1])
    assert hectares == pytest.approx(100.06, abs=3)
    page.mouse.dblclick(*at(viewer, 300, 50))  # a point alone is nothing
    assert words(viewer) == "Measure an area"
    assert viewer.root.get_attribute("data-tool") == "area"


def test_with_the_keyboard_it_is_exact(page: Any) -> None:
    viewer = mounted(page)
    viewer.part("canvas").focus()
    page.keyboard.press("m")
    page.keyboard.press("Enter")
    for _ in range(9):
        page.keyboard.press("Shift+ArrowRight")
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert words(viewer) == "Length 1 km"
    page.keyboard.press("Backspace")
    page.keyboard.press("ArrowLeft")
    assert words(viewer) == "Length 990.3 m"
    page.keyboard.press("Enter")
    assert viewer.part("status").inner_text() == "2 points. Length 990.3 m"
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    assert viewer.root.get_attribute("data-tool") == ""
    viewer.part("tool-text").wait_for(state="hidden")  # drawn with the next frame
    assert page.evaluate("document.activeElement.dataset.testid") == "viewer-canvas"


def test_an_area_is_that_on_the_ellipsoid(page: Any) -> None:
    viewer = mounted(page)
    viewer.part("canvas").focus()
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    for key in ("Right", "Down", "Left"):
        for _ in range(10):
            page.keyboard.press(f"Shift+Arrow{key}")
        page.keyboard.press("Enter")
    assert words(viewer) == "Area 100.1 ha, outline 4.001 km"
    page.keyboard.press("ArrowUp")
    page.mouse.dblclick(*viewer.point(0.5, 0.5))
    assert "Finished" in viewer.part("status").inner_text()


def test_without_a_place_it_is_in_pixels(page: Any) -> None:
    viewer = mounted(page, None)
    viewer.part("canvas").focus()
    page.keyboard.press("m")
    page.keyboard.press("Enter")
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    assert words(viewer) == "Length 5 px"


def test_a_rectangle_is_reported(page: Any) -> None:
    viewer = mounted(page)
    viewer.part("tool-rectangle").click()
    page.mouse.move(*at(viewer, 250.5, 180.5))
    page.mouse.down()
    page.mouse.move(*at(viewer, 120.5, 60.5), steps=4)
    page.mouse.up()
    (name, drawn), *more = viewer.clicks()
    assert not more and name == "rectangle"
    assert drawn["box"] == [120, 60, 251, 181]
    assert drawn["image"].startswith("image-")
    # Two clicks do as well as a drag, and so do keys.
    page.wait_for_timeout(300)
    page.mouse.click(*at(viewer, 10.5, 20.5))
    page.wait_for_timeout(300)
    page.mouse.click(*at(viewer, 30.5, 50.5))
    assert viewer.clicks()[-1][1]["box"] == [10, 20, 31, 51]
    page.keyboard.press("Enter")
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert viewer.clicks()[-1][1]["box"] == [30, 50, 36, 51]
    assert words(viewer) == "6 × 1 px from x 30, y 50"
    page.keyboard.press("Backspace")
    assert viewer.clicks()[-1][1]["box"] is None
    assert [kind for kind, _ in viewer.clicks()] == ["rectangle"] * 4


def test_a_page_without_use_for_a_rectangle_has_none(page: Any) -> None:
    viewer = Viewer(page, given(np.full((*SIZE, 3), GREY, np.uint8), []))
    assert viewer.part("tool-rectangle").is_hidden()
    viewer.part("canvas").focus()
    page.keyboard.press("r")
    assert viewer.root.get_attribute("data-tool") == ""


def test_two_fingers_zoom_and_one_draws(chromium: Any) -> None:
    context = chromium.new_context(viewport={"width": 360, "height": 740}, has_touch=True)
    page = context.new_page()
    viewer = mounted(page)
    viewer.part("tool-distance").tap()
    for corner in ((100, 100), (200, 100)):
        page.touchscreen.tap(*at(viewer, *corner))
        page.wait_for_timeout(300)
    assert metres(words(viewer)) == pytest.approx(SIDE, abs=40)
    zoom = viewer.zoom()
    x, y = at(viewer, 150, 150)
    touch = page.context.new_cdp_session(page)

    def send(kind: str, *xs: float) -> None:
        points = [{"x": at_x, "y": y, "id": i} for i, at_x in enumerate(xs)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    send("touchStart", x - 20)
    send("touchStart", x - 20, x + 20)
    for step in range(1, 6):
        send("touchMove", x - 20 - 6 * step, x + 20 + 6 * step)
    send("touchEnd")
    assert viewer.zoom() > 1.5 * zoom
    assert "2 points" in viewer.part("status").inner_text()
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    context.close()


def test_the_viewer_opens_at_a_place_and_goes_on_from_there(page: Any) -> None:
    place = Place(300, 100, width=40, height=20).payload()
    ring = [[[290, 95], [310, 95], [310, 105], [290, 105]]]
    viewer = mounted(page, at=place, outlines=ring)
    box = viewer.part("canvas").bounding_box()
    assert viewer.zoom() == pytest.approx(min(box["width"] / 40, box["height"] / 20), rel=0.001)
    page.mouse.move(*viewer.point(0.5, 0.5))
    words = viewer.readout().split()
    assert int(words[1]) in (299, 300) and int(words[3]) in (99, 100)
    edges = page.locator(".sketch .over").bounding_box()
    assert edges["width"] == pytest.approx(20 * viewer.zoom(), abs=6)
    assert edges["x"] + edges["width"] / 2 == pytest.approx(viewer.point(0.5, 0.5)[0], abs=2)
    # Another run of the script with the same place leaves what the user looks at.
    viewer.part("zoom-fit").click()
    whole = viewer.zoom()
    image = np.full((*SIZE, 3), GREY, np.uint8)
    again = given(image, [], ground=ground_payload(UTM, SIZE[1], SIZE[0]), at=place, outlines=ring)
    page.evaluate("data => window.give(data)", again)
    assert viewer.zoom() == whole
    page.evaluate("data => window.give(data)", again | {"at": Place(50, 50, zoom=7).payload()})
    page.locator("[data-zoom='7.0000']").wait_for()


def test_the_address_of_a_place_is_copied(page: Any) -> None:
    page.goto("data:text/html,<title>Here</title>")
    viewer = mounted(page, linked=True, at=Place(300, 100, zoom=12).payload())
    page.evaluate("window.prompt = (text, url) => (window.copied = url)")
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    viewer.part("link").click()
    box = viewer.part("canvas").bounding_box()
    url = page.wait_for_function("window.copied").json_value()
    x, y, width, height = map(float, url.rpartition("at=")[2].split("%2C"))
    assert (x, y) == pytest.approx((300, 100), abs=1)
    assert (width, height) == pytest.approx((box["width"] / 12, box["height"] / 12), abs=0.5)
