"""How evenly the viewer draws: frames of a drag and a swipe over a picture with four layers.

    python -m bench.viewer [--side 2048] [--seconds 3] [--ratio 1 2] [--bundle DIR]

In headless Chromium without a GPU, at 1,400 × 1,000 CSS pixels: a photograph-like picture,
prediction and truth of five classes, and two layers of numbers, all shown. The pointer moves in
every frame. Printed are the gaps between frames (median, 95th percentile, share above 33 ms), and
the processor time of the page's main thread a frame, which holds on a busy machine too.
`--bundle` takes another `dist` folder, for before and after in one hour.
"""

from __future__ import annotations

import argparse
import base64
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ui.viewer.encode import sent_picture
from ui.viewer.layers import Layer, picture_payload
from ui.viewer.values import ValueLayer

_DIST = Path(__file__).resolve().parent.parent / "ui/viewer/frontend/dist"
_FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
_COLORS = [[60, 16, 152], [132, 41, 246], [110, 193, 228], [254, 221, 58], [226, 169, 41]]
_MOUNT = """async ([source, data]) => {
    const { default: mount } = await import(source);
    const parentElement = document.getElementById("here");
    mount({ data, parentElement, setTriggerValue: () => null, setStateValue: () => null });
}"""
# The pointer goes to and fro, a step a frame, as a browser hands its moves over.
_DRAG = """([selector, seconds]) => new Promise((done) => {
    const target = document.querySelector(selector);
    const box = target.getBoundingClientRect();
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    const send = (type, dx, dy) => target.dispatchEvent(new PointerEvent(type, { bubbles: true,
        pointerId: 1, button: 0, pointerType: 'mouse', clientX: x + dx, clientY: y + dy }));
    target.setPointerCapture = () => null;
    target.hasPointerCapture = () => true;
    send('pointerdown', 0, 0);
    const times = [];
    const start = performance.now();
    const step = (now) => {
        times.push(now);
        const t = (performance.now() - start) / 1000;
        if (t > seconds) { send('pointerup', 0, 0); return done(times); }
        send('pointermove', 250 * Math.sin(2.1 * t), 150 * Math.sin(3.3 * t));
        requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
})"""


def _data(side: int, mode: str) -> dict[str, Any]:
    random = np.random.default_rng(0)

    def smooth(cells: int, channels: int) -> np.ndarray:
        coarse = random.random((cells, cells, channels), np.float32)
        return cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC).reshape(
            side, side, channels
        )

    noise = random.normal(0, 12, (side, side, 1))
    image = np.clip(255 * smooth(60, 3) + noise, 0, 255).astype(np.uint8)
    labels = [smooth(80, 5).argmax(axis=2).astype(np.uint8) for _ in range(2)]
    codes = [np.clip(1 + 254 * smooth(120, 1)[..., 0], 1, 255).astype(np.uint8) for _ in range(2)]
    layers = [
        Layer("prediction", "Prediction", "labels", labels[0]),
        Layer("truth", "Ground truth", "labels", labels[1]),
        ValueLayer("confidence", "Confidence", codes[0], 0, 1, opacity=0.4),
        ValueLayer("entropy", "Entropy", codes[1], 0, 2, colors="inferno", opacity=0.4),
    ]
    return {
        "key": mode,
        "size": [side, side],
        "height": 720,
        "mode": mode,
        "clickable": False,
        "image": _inline(picture_payload(image, "image")),
        "layers": [_inline(layer.payload((side, side))) for layer in layers],
        "classes": [{"name": n, "color": c} for n, c in zip("ABCDE", _COLORS, strict=True)],
    }


def _inline(payload: dict[str, Any]) -> dict[str, Any]:
    sent = sent_picture(payload["digest"])
    if sent is None:  # large ones go as tiles, which need a server
        raise SystemExit("choose a --side that is sent whole, up to 2304")
    return payload | {"src": f"data:{sent.mime};base64,{base64.b64encode(sent.data).decode()}"}


@contextmanager
def _page(ratio: float) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        flags = [*_FLAGS, f"--force-device-scale-factor={ratio:g}"]
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        page = browser.new_context(no_viewport=True).new_page()
        devtools = page.context.new_cdp_session(page)
        window = devtools.send("Browser.getWindowForTarget")["windowId"]
        bounds = {"width": 1400, "height": 1000}
        devtools.send("Browser.setWindowBounds", {"windowId": window, "bounds": bounds})
        page.set_default_timeout(120_000)
        yield page
        browser.close()


def _mount(page: Any, bundle: Path, data: dict[str, Any]) -> None:
    theme = "--st-background-color: #fff; --st-text-color: #222; --st-primary-color: #06c"
    style = (bundle / "viewer.css").read_text(encoding="utf-8")
    page.set_content(f"<style>:root {{ {theme} }} {style}</style><div id=here></div>")
    script = base64.b64encode((bundle / "viewer.js").read_bytes()).decode()
    page.evaluate(_MOUNT, [f"data:text/javascript;base64,{script}", data])
    page.locator("[data-testid=viewer-root][data-ready='1']").wait_for()


def _busy(devtools: Any) -> float:
    """Seconds of the processor that the page's main thread has used."""
    metrics = {m["name"]: m["value"] for m in devtools.send("Performance.getMetrics")["metrics"]}
    return float(metrics["TaskDuration"])


def measure(page: Any, selector: str, seconds: float) -> dict[str, float]:
    """Drag from the middle of an element for so long.

    Returns:
        Frames, gaps between them in ms (median, 95th percentile), the share of gaps above 33 ms,
        and the main thread's ms a frame.
    """
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = _busy(devtools)
    times = np.array(page.evaluate(_DRAG, [selector, seconds]))
    work = _busy(devtools) - before
    gaps = np.diff(times)
    return {
        "frames": len(times),
        "p50": float(np.median(gaps)),
        "p95": float(np.percentile(gaps, 95)),
        "late": float((gaps > 33.4).mean()),
        "work": 1000 * work / len(times),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=2048)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--ratio", type=float, nargs="+", default=[1, 2])
    parser.add_argument("--bundle", type=Path, default=_DIST)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    canvas, divider = "[data-testid=viewer-canvas]", "[data-testid=viewer-divider]"
    rows = []
    for ratio in options.ratio:
        with _page(ratio) as page:
            for mode, zoom, selector, title in (
                ("overlay", "1", canvas, "pan 1:1"),
                ("overlay", "+++", canvas, "pan enlarged"),
                ("swipe", "0", divider, "divider, fitted"),
                ("swipe", "1", divider, "divider, 1:1"),
                ("swipe", "1", canvas, "pan, swipe, 1:1"),
                ("side", "1", canvas, "pan, 4 panes, 1:1"),
            ):
                _mount(page, options.bundle, _data(options.side, mode))
                page.locator(canvas).first.focus()
                for key in zoom:
                    page.keyboard.press(key)
                page.wait_for_timeout(500)
                rows.append(
                    {"ratio": ratio, "what": title} | measure(page, selector, options.seconds)
                )
    if options.json:
        print(json.dumps(rows))
        return
    print("ratio  what                 frames  p50 ms  p95 ms  >33 ms  work ms")
    for row in rows:
        print(
            f"{row['ratio']:5g}  {row['what']:20} {row['frames']:6.0f} {row['p50']:7.1f} "
            f"{row['p95']:7.1f} {100 * row['late']:6.1f}% {row['work']:8.2f}"
        )


if __name__ == "__main__":
    main()
