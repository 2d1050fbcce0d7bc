"""The compare viewer alone in a real browser: its bundle on a page without Streamlit."""

from __future__ import annotations

import math
from base64 import b64encode
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ui.viewer.layers import Layer, picture_payload

DIST = Path(__file__).resolve().parents[2] / "ui/viewer/frontend/dist"
COLORS = [[200, 0, 0], [0, 200, 0], [0, 0, 200]]
GREY = [100, 100, 100]
SIZE = (60, 80)
MOUNT = """async ([source, data]) => {
    const { default: mount } = await import(source);
    const parentElement = document.getElementById("here");
    window.clicks = [];
    window.give = (data) => mount({
        data, parentElement, setTriggerValue: (name, value) => window.clicks.push([name, value]),
    });
    window.give(data);
}"""
COLOR = """([pane, x, y]) => {
    const canvas = document.querySelector(`[data-pane="${pane}"]`);
    const at = [Math.floor(x * canvas.width), Math.floor(y * canvas.height)];
    return [...canvas.getContext("2d").getImageData(...at, 1, 1).data].slice(0, 3);
}"""


def data(**changes: Any) -> dict[str, Any]:
    """Class 0 all over, and class 1 at the left beside class 2 with void below; image is grey."""
    halves = np.full(SIZE, 1, np.uint8)
    halves[:, 40:] = 2
    halves[30:] = 255
    layers = [
        Layer("prediction", "Prediction", "labels", np.zeros(SIZE, np.uint8), opacity=1),
        Layer("truth", "Ground truth", "labels", halves, opacity=1, visible=False),
    ]
    classes = [{"name": name, "color": c} for name, c in zip("ABC", COLORS, strict=True)]
    image = np.full((*SIZE, 3), GREY, np.uint8)
    return {
        "key": "viewer",
        "size": [SIZE[1], SIZE[0]],
        "height": 480,
        "mode": "overlay",
        "clickable": True,
        "image": picture_payload(image, "image"),
        "layers": [layer.payload(SIZE) for layer in layers],
        "classes": classes,
    } | changes


class Viewer:
    """The mounted viewer, and what it shows."""

    def __init__(self, page: Any, **changes: Any) -> None:
        self.page = page
        style = (DIST / "viewer.css").read_text(encoding="utf-8")
        theme = "--st-background-color: #fff; --st-text-color: #222; --st-primary-color: #06c"
        page.set_content(
            f"<style>:root {{ {theme} }} {style}</style><div id=here></div>"
            "<div style='height: 3000px'></div>"
        )
        script = b64encode((DIST / "viewer.js").read_bytes()).decode()
        page.evaluate(MOUNT, [f"data:text/javascript;base64,{script}", data(**changes)])
        page.locator("[data-testid=viewer-root][data-ready='1']").wait_for()
        self.root = page.get_by_test_id("viewer-root")

    def part(self, name: str) -> Any:
        return self.page.get_by_test_id(f"viewer-{name}")

    def drawn(self) -> None:
        self.page.evaluate(
            "() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))"
        )

    def color(self, pane: str, x: float, y: float) -> list[int]:
        """The colour at fractions of a pane's width and height."""
        self.drawn()
        return self.page.evaluate(COLOR, [pane, x, y])

    def point(self, x: float, y: float, pane: int = 0) -> tuple[float, float]:
        box = self.part("canvas").nth(pane).bounding_box()
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    def zoom(self) -> float:
        self.drawn()
        return float(self.root.get_attribute("data-zoom"))

    def readout(self) -> str:
        self.drawn()
        return " ".join(self.part("readout").inner_text().split())

    def clicks(self) -> list[Any]:
        return self.page.evaluate("window.clicks")


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
