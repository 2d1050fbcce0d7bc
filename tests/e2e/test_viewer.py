"""The compare viewer alone in a real browser: its bundle on a page without Streamlit."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.e2e.viewer_page import COLORS, GREY, Viewer, data


def test_overlay_layers_opacity_and_classes(page: Any) -> None:
    viewer = Viewer(page)
    assert viewer.color("overlay", 0.5, 0.5) == COLORS[0]
    viewer.part("layer-truth").check()
    assert viewer.color("overlay", 0.45, 0.25) == COLORS[1]
    assert viewer.color("overlay", 0.55, 0.25) == COLORS[2]
    assert viewer.color("overlay", 0.45, 0.75) == COLORS[0]  # void shows what is below
    viewer.part("class-1").click()
    assert viewer.color("overlay", 0.45, 0.25) == COLORS[0]
    viewer.part("opacity-prediction").fill("0")
    assert viewer.color("overlay", 0.45, 0.25) == GREY
    viewer.part("only-2").click()
    assert viewer.root.get_attribute("data-classes-off") == "0,1"
    assert viewer.color("overlay", 0.55, 0.25) == COLORS[2]
    viewer.part("classes-none").click()
    assert viewer.color("overlay", 0.55, 0.25) == GREY


def test_swipe_and_its_divider(page: Any) -> None:
    viewer = Viewer(page, mode="swipe")
    viewer.part("layer-truth").check()
    assert viewer.part("swipe-right").input_value() == "truth"
    assert viewer.color("swipe", 0.45, 0.25) == GREY
    assert viewer.color("swipe", 0.55, 0.25) == COLORS[2]
    viewer.part("swipe-left").select_option("prediction")
    assert viewer.color("swipe", 0.45, 0.25) == COLORS[0]
    box = viewer.part("divider").bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(*viewer.point(0.4, 0.5), steps=3)
    page.mouse.up()
    assert viewer.color("swipe", 0.45, 0.25) == COLORS[1]
    viewer.part("divider").press("End")
    assert viewer.color("swipe", 0.55, 0.25) == COLORS[0]
    assert viewer.part("divider").get_attribute("aria-valuenow") == "100"
    # Elsewhere there is none, and back it stands where it was left.
    viewer.part("mode-overlay").click()
    assert viewer.part("divider").count() == 0
    viewer.part("mode-swipe").click()
    assert viewer.part("divider").get_attribute("aria-valuenow") == "100"


def test_side_by_side_with_one_pointer(page: Any) -> None:
    viewer = Viewer(page, mode="side")
    viewer.part("layer-truth").check()
    panes = [p.get_attribute("data-pane") for p in viewer.part("canvas").all()]
    assert panes == ["image", "prediction", "truth"]
    colors = [viewer.color(pane, 0.55, 0.4) for pane in panes]
    assert colors == [GREY, COLORS[0], COLORS[2]]
    page.mouse.move(*viewer.point(0.55, 0.4, pane=1))
    assert page.locator(".hair.vertical:visible").count() == 3
    assert viewer.readout().endswith("Prediction A Ground truth ≠ C")


def test_wheel_drag_and_keys(page: Any) -> None:
    viewer = Viewer(page)
    whole = viewer.zoom()
    page.mouse.move(*viewer.point(0.5, 0.5))
    page.mouse.wheel(0, -300)  # without the focus it scrolls the page
    assert viewer.zoom() == whole
    page.get_by_text("to zoom with the wheel").wait_for()
    page.mouse.down()
    page.mouse.up()
    page.mouse.wheel(0, -400)
    assert viewer.zoom() == pytest.approx(whole * math.exp(0.54), abs=1e-3)  # 300 px at most
    for _ in range(3):  # larger than the pane both ways, or panning stops at the edge
        page.mouse.wheel(0, -300)
        viewer.drawn()
    before = viewer.readout()
    page.mouse.down()
    page.mouse.move(*viewer.point(0.4, 0.4), steps=4)
    page.mouse.up()
    assert viewer.readout() == before  # the pixel comes along
    page.keyboard.press("0")
    assert viewer.zoom() == whole
    page.keyboard.press("1")
    assert viewer.zoom() == 1
    for key, factor in (("+", 1.5), ("-", 1 / 1.5)):
        before_key = viewer.zoom()
        page.keyboard.press(key)
        assert viewer.zoom() == pytest.approx(before_key * factor, abs=1e-3)
    page.keyboard.down("h")
    assert viewer.color("overlay", 0.5, 0.5) == GREY
    page.keyboard.up("h")
    assert viewer.color("overlay", 0.5, 0.5) == COLORS[0]
    page.keyboard.press("ArrowLeft")
    assert viewer.readout().startswith("x 40 y 30")


def test_a_click_is_sent_and_a_double_click_zooms(page: Any) -> None:
    viewer = Viewer(page)
    whole = viewer.zoom()
    page.mouse.click(*viewer.point(0.5, 0.5))
    page.wait_for_function("window.clicks.length")
    page.mouse.dblclick(*viewer.point(0.5, 0.5))
    assert viewer.zoom() == pytest.approx(2 * whole, abs=1e-3)
    page.keyboard.press("Enter")
    assert viewer.clicks() == [["click", {"x": 40, "y": 30}]] * 2
    # The same data again changes nothing that the user set.
    viewer.part("mode-side").click()
    page.evaluate("data => window.give(data)", data())
    assert viewer.root.get_attribute("data-mode") == "side"
    assert viewer.zoom() > whole
    assert page.locator(".pin:visible").count() == 2


def test_a_pinch_zooms(chromium: Any) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 800}, has_touch=True)
    page = context.new_page()
    viewer = Viewer(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    whole = viewer.zoom()
    touch = context.new_cdp_session(page)
    x, y = viewer.point(0.5, 0.5)
    for kind, spread in (("Start", 30), ("Move", 50), ("Move", 90), ("End", None)):
        fingers = [] if spread is None else [(x - spread, 1), (x + spread, 2)]
        points = [{"x": left, "y": y, "id": id} for left, id in fingers]
        touch.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})
    assert viewer.zoom() == pytest.approx(3 * whole, rel=0.05)
    context.close()


def test_a_picture_that_cannot_be_read_is_reported(page: Any) -> None:
    viewer = Viewer(page)
    broken = {"digest": "broken", "src": "data:image/png;base64,bm90IGEgcGljdHVyZQ=="}
    page.evaluate("data => window.give(data)", data(image=broken))
    page.get_by_text("could not read this picture").wait_for()
    page.evaluate("data => window.give(data)", data())
    page.get_by_text("could not read this picture").wait_for(state="hidden")
    assert viewer.color("overlay", 0.5, 0.5) == COLORS[0]
