"""The compare viewer: how soon a scene of any size is seen, and how evenly it pans.

    python -m bench.viewer_tiles [--side 100000] [--port 8711]

Two tables. The first opens a sparse GeoTIFF of that side with its mask on the Data page of a server
that is warm, and says when the first tile, and when all of them, are on the screen; and what the
server alone takes. The second pans a picture of 2,048² with four label layers in Chromium, sent
whole and as tiles, and gives the time between frames. Leave the machine alone.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from playwright.sync_api import sync_playwright
from rasterio.windows import Window

from tests.e2e.conftest import CHROMIUM, FLAGS
from tests.e2e.viewer_page import Viewer, given, serve_tiles
from ui.viewer.layers import Layer

_REPOSITORY = Path(__file__).resolve().parent.parent
_BLOCKS = 100  # of 512² that hold data
_FRAMES = 240
# Moves the pointer as a hand does, once a frame, and notes when frames come.
_PAN = """async ([count]) => {
    const root = document.querySelector('[data-testid=viewer-root]')
    const canvas = root.querySelector('canvas')
    const box = canvas.getBoundingClientRect()
    const send = (kind, x, y) => canvas.dispatchEvent(new PointerEvent(kind, {
        clientX: x, clientY: y, pointerId: 1, button: 0, bubbles: true, pointerType: 'mouse' }))
    canvas.setPointerCapture = () => {}
    const [x0, y0] = [box.left + box.width / 2, box.top + box.height / 2]
    send('pointerdown', x0, y0)
    const times = []
    for (let i = 0; i < count; i++) {
        await new Promise(requestAnimationFrame)
        times.push(performance.now())
        send('pointermove', x0 + 200 * Math.sin(i / 20), y0 + 150 * Math.sin(i / 13))
    }
    send('pointerup', x0, y0)
    return times
}"""


def _write(folder: Path, side: int) -> None:
    rng = np.random.default_rng(0)
    for name, bands in (("images", 3), ("masks", 1)):
        (folder / name).mkdir(parents=True)
        with rasterio.open(
            folder / name / "scene.tif", "w", driver="GTiff", height=side, width=side, count=bands,
            dtype="uint8", tiled=True, blockxsize=512, blockysize=512, compress="deflate",
            sparse_ok=True, bigtiff="yes", crs="EPSG:32631",
            transform=Affine(0.3, 0, 500_000, 0, -0.3, 5_000_000),
        ) as file:  # fmt: skip
            for n in range(_BLOCKS):
                row, column = (
                    512 * int(side // 512 * part) for part in ((n // 10) / 10, n % 10 / 10)
                )
                part = rng.integers(0, 3 if bands == 1 else 255, (bands, 512, 512), np.uint8)
                file.write(part, window=Window(column, row, 512, 512))
    names = ", ".join(f'{{"name": "{n}", "color": "#{n * 6}"}}' for n in "ABC")
    (folder / "classes.json").write_text(f'{{"classes": [{names}]}}')


@contextmanager
def _server(workspace: Path, port: int) -> Iterator[None]:
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true"]
    process = subprocess.Popen(
        [*command, f"--server.port={port}"],
        cwd=_REPOSITORY,
        env=os.environ | {"DSI_WORKSPACE": str(workspace), "DSI_DATA_ROOTS": str(workspace)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=2).close()
                break
            except OSError:
                time.sleep(0.3)
        yield
    finally:
        process.terminate()
        process.wait()


def _open_scene(chromium: Any, side: int, port: int) -> None:
    from ui.viewer.tiles.files import tiled_labels, tiled_picture
    from ui.viewer.tiles.sources import find_source

    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        _write(workspace / "datasets/huge", side)
        _write(workspace / "datasets/small", 1024)
        root = workspace / "datasets/huge"
        for what, make in (("image", tiled_picture), ("mask", tiled_labels)):
            start = time.perf_counter()
            tiles = make(root / f"{what}s/scene.tif").tiles
            opened = time.perf_counter() - start
            source = find_source(tiles.id)
            assert source
            last = source.content.levels.count - 1
            source.tile(last, 0, 0).result()
            first = time.perf_counter() - start
            print(f"server, {what}: opened {opened:.2f} s, smallest tile {first:.2f} s")
        with _server(workspace, port):
            page = chromium.new_page(viewport={"width": 1400, "height": 1000})
            root_part = "[data-testid=viewer-root][data-ready='1']"
            for name in ("small", "huge", "huge"):
                tiles_seen: list[float] = []
                page.on(
                    "response", lambda r, s=tiles_seen: "/tiles/" in r.url and s.append(time.time())
                )
                start = time.time()
                page.goto(f"http://localhost:{port}/data?dataset={name}&view=Sample")
                page.locator(root_part).wait_for(timeout=180_000)
                shown = time.time() - start
                page.locator(f"{root_part}[data-pending='0']").wait_for(timeout=180_000)
                first = min(tiles_seen) - start if tiles_seen else float("nan")
                print(
                    f"page with {name}: viewer {shown:.2f} s, first tile {first:.2f} s, "
                    f"all tiles {time.time() - start:.2f} s after the address was entered"
                )
            page.close()


def _pan(playwright: Any) -> None:
    rng = np.random.default_rng(1)
    image = rng.integers(0, 255, (2048, 2048, 3), np.uint8)
    maps = [
        np.kron(rng.integers(0, 3, (64, 64), np.uint8), np.ones((32, 32), np.uint8)) for _ in "abcd"
    ]
    print("\nms between frames  ratio  mode     p50   p95   longest")
    for ratio in (1, 2):
        flags = [*FLAGS, f"--force-device-scale-factor={ratio}"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        for tiled in (False, True):
            for mode in ("overlay", "swipe"):
                context = browser.new_context(no_viewport=True)
                page = context.new_page()
                serve_tiles(page)
                layers = [Layer(f"m{i}", f"Map {i}", "labels", m) for i, m in enumerate(maps)]
                viewer = Viewer(page, given(image, layers, tiled=tiled, mode=mode))
                viewer.part("canvas").first.focus()
                page.keyboard.press("1")
                for _ in range(2):  # the first time brings the tiles
                    times = page.evaluate(_PAN, [_FRAMES])
                    viewer.drawn()
                steps = np.diff(times)
                what = "tiles" if tiled else "whole"
                p50, p95 = np.percentile(steps, (50, 95))
                print(f"{what:18} {ratio:>3}    {mode:8} {p50:5.1f} {p95:5.1f} {steps.max():6.1f}")
                context.close()
        browser.close()


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--side", type=int, default=100_000, help="pixels along a side of the scene"
    )
    parser.add_argument("--port", type=int, default=8711, help="of the server that is measured")
    asked = parser.parse_args()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        _open_scene(chromium, asked.side, asked.port)
        chromium.close()
        _pan(playwright)


if __name__ == "__main__":
    main()
