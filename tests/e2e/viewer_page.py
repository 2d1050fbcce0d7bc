"""The compare viewer alone: its bundle on a page without Streamlit, and what it shows."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import Any

import cv2
import numpy as np

from ui.viewer.encode import sent_picture
from ui.viewer.layers import Layer, picture_payload
from ui.viewer.tiles.pair_counts import pairs_of
from ui.viewer.tiles.sources import find_source

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
        setStateValue: (name, value) => window.clicks.push([name, value]),
    });
    window.give(data);
}"""
COLOR = """([pane, x, y]) => {
    const canvas = document.querySelector(`[data-pane="${pane}"]`);
    const at = [Math.floor(x * canvas.width), Math.floor(y * canvas.height)];
    return [...canvas.getContext("2d").getImageData(...at, 1, 1).data].slice(0, 3);
}"""


def given(
    image: np.ndarray, layers: Sequence[Any], *, tiled: bool = False, **changes: Any
) -> dict[str, Any]:
    """What the browser is sent for an image (H, W, 3) and layers over it, with three classes."""
    size = image.shape[:2]
    return {
        "key": "viewer",
        "size": [size[1], size[0]],
        "height": 480,
        "mode": "overlay",
        "clickable": True,
        "image": _inline(picture_payload(image, "image", tiled)),
        "layers": [_inline(layer.payload(size, tiled)) for layer in layers],
        "classes": [{"name": name, "color": c} for name, c in zip("ABC", COLORS, strict=True)],
    } | changes


TILES = "http://tiles.test"


def serve_tiles(page: Any, lost: Sequence[int] = ()) -> list[str]:
    """Answer what the page asks for as `ui.routes.tiles` does; returns what was asked for.

    Args:
        page: of the browser.
        lost: levels of which nothing comes.
    """
    asked: list[str] = []
    headers = {"Access-Control-Allow-Origin": "*"}

    def answer(route: Any) -> None:
        parts = route.request.url.removeprefix(f"{TILES}/tiles/").split("/")
        asked.append("/".join(parts[1:]))
        source = find_source(parts[0])
        assert source
        if parts[1] == "pairs":
            other = find_source(parts[2])
            assert other
            counts = pairs_of(source, other, Event()).result()
            route.fulfill(status=200, body=json.dumps(counts), headers=headers)
            return
        level, row, column = (int(part) for part in parts[1:])
        if level in lost:
            route.fulfill(status=422, body="That level is damaged.", headers=headers)
            return
        tile = source.tile(level, row, column).result()
        kind = {"content_type": tile.mime, "headers": headers}
        route.fulfill(status=200 if tile.data else 204, body=tile.data, **kind)

    page.route(f"{TILES}/**", answer)
    return asked


def _inline(payload: dict[str, Any]) -> dict[str, Any]:
    """The picture itself instead of its address: here is no server."""
    if tiles := payload.get("tiles"):
        return payload | {"tiles": tiles | {"src": TILES + tiles["src"]}}
    sent = sent_picture(payload["digest"])
    assert sent
    return payload | {"src": f"data:{sent.mime};base64,{b64encode(sent.data).decode()}"}


def data(**changes: Any) -> dict[str, Any]:
    """Class 0 all over, and class 1 at the left beside class 2 with void below; image is grey."""
    halves = np.full(SIZE, 1, np.uint8)
    halves[:, 40:] = 2
    halves[30:] = 255
    layers = [
        Layer("prediction", "Prediction", "labels", np.zeros(SIZE, np.uint8), opacity=1),
        Layer("truth", "Ground truth", "labels", halves, opacity=1, visible=False),
    ]
    return given(np.full((*SIZE, 3), GREY, np.uint8), layers) | changes


class Viewer:
    """The mounted viewer, and what it shows."""

    def __init__(self, page: Any, sent: dict[str, Any] | None = None, **changes: Any) -> None:
        self.page = page
        style = (DIST / "viewer.css").read_text(encoding="utf-8")
        theme = "--st-background-color: #fff; --st-text-color: #222; --st-primary-color: #06c"
        page.set_content(
            f"<style>:root {{ {theme} }} {style}</style><div id=here></div>"
            "<div style='height: 3000px'></div>"
        )
        script = b64encode((DIST / "viewer.js").read_bytes()).decode()
        sent = sent or data(**changes)
        page.evaluate(MOUNT, [f"data:text/javascript;base64,{script}", sent])
        page.locator("[data-testid=viewer-root][data-ready='1']").wait_for()
        self.root = page.get_by_test_id("viewer-root")

    def part(self, name: str) -> Any:
        return self.page.get_by_test_id(f"viewer-{name}")

    def drawn(self) -> None:
        """Wait until all that is wanted is on the screen."""
        frames = "() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))"
        ready = "root => root.dataset.pending === '0'"
        self.page.evaluate(frames)
        self.page.wait_for_function(ready, arg=self.root.element_handle())
        self.page.evaluate(frames)

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

    def canvas(self, pane: str) -> np.ndarray:
        """The canvas of a pane in device pixels, (H, W, 4) uint8."""
        self.drawn()
        address = self.page.evaluate(
            "pane => document.querySelector(`[data-pane='${pane}']`).toDataURL()", pane
        )
        return _picture(b64decode(address.partition(",")[2]))

    def screen(self, pane: str) -> np.ndarray:
        """What of the screen shows a pane, in device pixels, (h, w, 4) uint8."""
        self.drawn()
        ratio = self.page.evaluate("devicePixelRatio")
        box = self.page.locator(f"[data-pane='{pane}']").bounding_box()
        left, top = (round(box[side] * ratio) for side in "xy")
        right = round((box["x"] + box["width"]) * ratio)
        bottom = round((box["y"] + box["height"]) * ratio)
        return _picture(self.page.screenshot())[top:bottom, left:right]


def _picture(png: bytes) -> np.ndarray:
    pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    return cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGBA if pixels.shape[2] == 4 else cv2.COLOR_BGR2RGBA)
