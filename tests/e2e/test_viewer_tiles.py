"""Tiled layers in the viewer: the true pixel is named, a coarser tile stands for one to come."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine

from tests.e2e.conftest import PATIENCE, Server
from tests.e2e.viewer_page import COLORS, Viewer, given, serve_tiles
from ui.viewer.layers import Layer, picture_payload
from ui.viewer.tiles.files import tiled_labels, tiled_picture
from ui.viewer.values import Threshold, ValueLayer

HEIGHT, WIDTH = 2600, 3100
ROWS, COLUMNS = np.indices((HEIGHT, WIDTH))
NAMES = "ABC"


def roads() -> np.ndarray:
    """Class 0 with roads of class 1 of one pixel's width, and class 2 in the right half below."""
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[1300:, 1550:] = 2
    labels[::40] = labels[:, ::40] = 1
    return labels


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    context = chromium.new_context(viewport={"width": 1200, "height": 900})
    yield context.new_page()
    context.close()


def with_roads(**changes: Any) -> dict[str, Any]:
    image = np.stack([COLUMNS // 13, ROWS // 11, 0 * ROWS + 90], axis=-1).astype(np.uint8)
    shifted = np.roll(roads(), 3, axis=1)
    layers = [
        Layer("mask", "Mask", "labels", roads(), opacity=1),
        Layer("other", "Other", "labels", shifted, opacity=1, visible=False),
    ]
    return given(image, layers, **changes)


def read_at(viewer: Viewer, x: float, y: float) -> tuple[int, int, list[str]]:
    """Where the readout says that the pointer is, and the words after that, when they have come."""
    viewer.page.mouse.move(*viewer.point(x, y))
    text = viewer.part("readout")
    viewer.page.wait_for_function(
        "element => !element.innerText.includes('…')", arg=text.element_handle()
    )
    words = text.inner_text().split()
    assert words[0] == "x" and words[2] == "y"
    return int(words[1]), int(words[3]), words[4:]


def test_the_readout_is_of_the_mask_itself(page: Any) -> None:
    asked = serve_tiles(page)
    viewer = Viewer(page, with_roads())
    assert viewer.zoom() < 0.5
    assert not any(place.startswith("0/") for place in asked)
    labels = roads()
    random = np.random.default_rng(0)
    seen = set()
    for _ in range(25):
        x, y, words = read_at(viewer, *random.uniform(0.2, 0.8, 2))
        assert words == ["Mask", NAMES[labels[y, x]]]
        seen.add(labels[y, x])
    assert len(seen) > 1
    assert any(place.startswith("0/") for place in asked)


def test_roads_of_one_pixel_are_seen_from_afar(page: Any) -> None:
    serve_tiles(page)
    viewer = Viewer(page, with_roads())
    canvas = viewer.canvas("overlay")
    shown = canvas[..., 3] == 255
    road = (canvas[..., :3] == COLORS[1]).all(axis=-1)
    known = sum((canvas[..., :3] == color).all(axis=-1) for color in COLORS)
    assert (known[shown] == 1).all()  # no blend
    # 78 across and 65 down, each at least a pixel wide.
    assert road.any(axis=0).mean() > 0.5 and road.all(axis=1).sum() == 0
    crossings = np.flatnonzero(np.diff(road[canvas.shape[0] // 2 + 3].astype(int)) == 1)
    assert 70 <= len(crossings) <= 78


def test_a_coarser_tile_stands_for_one_that_does_not_come(page: Any) -> None:
    serve_tiles(page, lost=[0])
    viewer = Viewer(page, with_roads())
    viewer.part("canvas").first.focus()
    page.keyboard.press("1")
    canvas = viewer.canvas("overlay")
    assert (canvas[..., 3] == 255).all()
    assert "That level is damaged." in page.locator(".notice").inner_text()
    page.mouse.move(*viewer.point(0.5, 0.5))
    assert viewer.readout().split()[4:] == ["Mask", "…"]  # and no class of a coarser one


def test_the_difference_is_counted_over_all_of_it(page: Any) -> None:
    serve_tiles(page)
    viewer = Viewer(page, with_roads(mode="difference"))
    hit = viewer.part("difference-hit")
    hit.wait_for()
    labels = roads()
    shifted = np.roll(labels, 3, axis=1)
    assert int(hit.get_attribute("data-pixels")) == int((labels == shifted).sum())
    x, y, words = read_at(viewer, 0.4, 0.4)
    assert words[:4] == ["Mask", NAMES[labels[y, x]], "Other", NAMES[shifted[y, x]]] or "≠" in words


def test_a_threshold_on_tiled_values(page: Any) -> None:
    """Hatched where the values are below it; the share is of all pixels."""
    serve_tiles(page)
    codes = np.where(COLUMNS < WIDTH // 4, 10, 250).astype(np.uint8)
    layers = [
        Layer("mask", "Mask", "labels", np.zeros((HEIGHT, WIDTH), np.uint8), opacity=1),
        ValueLayer(
            "sure", "Sure", codes, 0, 1, visible=False, threshold=Threshold("mask", "Limit", 0.5)
        ),
    ]
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    viewer = Viewer(page, given(image, layers))
    assert "25.0%" in viewer.part("unsure-sure").inner_text()
    canvas = viewer.canvas("overlay")
    places = np.flatnonzero(canvas[canvas.shape[0] // 2, :, 3])
    left, width = places[0], len(places)
    sure = (canvas[:, left + width // 3 : left + width - 2, :3] == COLORS[0]).all(axis=-1)
    assert sure[10:-10].all()
    unsure = canvas[10:-10, left + 2 : left + width // 5, :3]
    assert not (unsure == COLORS[0]).all(axis=-1).any()
    x, _, words = read_at(viewer, 0.2, 0.5)
    assert x < WIDTH // 4 and "(unsure)" in words
    assert "(unsure)" not in read_at(viewer, 0.7, 0.5)[2]


SIDE = 20_000
CORNER = 9_216  # of the part that holds data
PART = 2_048


def write_scene(folder: Path) -> dict[str, np.ndarray]:
    """A sparse scene of 20,000², its mask and another map of it; what they hold in the part."""
    rows, columns = np.indices((PART, PART))
    rgb = np.stack([columns % 251, rows % 241, (rows + columns) % 239], axis=-1)
    mask = ((rows // 30 + columns // 30) % 3).astype(np.uint8)
    parts = {"scene": rgb.astype(np.uint8), "mask": mask[..., None], "map": mask[:, ::-1, None]}
    for name, pixels in parts.items():
        with rasterio.open(
            folder / f"{name}.tif", "w", driver="GTiff", height=SIDE, width=SIDE, tiled=True,
            count=pixels.shape[-1], dtype="uint8", blockxsize=512, blockysize=512,
            compress="deflate", sparse_ok=True, crs="EPSG:32631",
            transform=Affine(0.5, 0, 400_000, 0, -0.5, 5_000_000),
        ) as file:  # fmt: skip
            window = rasterio.windows.Window(CORNER, CORNER, PART, PART)
            file.write(np.moveaxis(pixels, -1, 0), window=window)
    return parts


def test_a_scene_is_panned_and_swiped_with_two_maps(page: Any, tmp_path: Path, space: Path) -> None:
    serve_tiles(page)
    parts = write_scene(tmp_path)
    image = tiled_picture(tmp_path / "scene.tif").tiles
    maps = [
        Layer(name, name.title(), "labels", tiled_labels(tmp_path / f"{name}.tif").tiles, opacity=1)
        for name in ("mask", "map")
    ]
    sent = given(np.zeros((1, 1, 3), np.uint8), [])
    from tests.e2e.viewer_page import _inline

    sent |= {
        "size": [SIDE, SIDE],
        "image": _inline(picture_payload(image, "image")),
        "layers": [_inline(each.payload((SIDE, SIDE))) for each in maps],
        "mode": "swipe",
    }
    viewer = Viewer(page, sent)
    viewer.part("swipe-left").select_option("mask")
    viewer.part("swipe-right").select_option("map")
    viewer.part("canvas").first.focus()
    page.keyboard.press("1")
    middle = viewer.point(0.5, 0.5)
    for step in range(3):
        if step:  # dragged, to the left and up
            page.mouse.move(*middle)
            page.mouse.down()
            page.mouse.move(middle[0] - 150, middle[1] - 60, steps=5)
            page.mouse.up()
        canvas = viewer.canvas("swipe")
        for at in (0.25, 0.75):
            page.mouse.move(*viewer.point(at, 0.3))
            x, y, words = read_at(viewer, at, 0.3)
            row, column = y - CORNER, x - CORNER
            own = [int(parts[name][row, column, 0]) for name in ("mask", "map")]
            assert [words[1], words[-1]] == [NAMES[value] for value in own]
            seen = canvas[int(0.3 * canvas.shape[0]), int(at * canvas.shape[1]), :3]
            assert list(seen) == COLORS[own[0 if at < 0.5 else 1]]
    page.keyboard.press("0")
    assert viewer.zoom() < 0.1
    page.keyboard.down("h")
    canvas = viewer.canvas("swipe")
    page.keyboard.up("h")
    share = (canvas[..., 3] > 0).sum() / min(canvas.shape[:2]) ** 2
    assert share == pytest.approx((PART / SIDE) ** 2, rel=0.1)  # no data is transparent


def test_a_large_sample_is_looked_at_on_the_data_page(server: Server, chromium: Any) -> None:
    """Over HTTP, with its mask."""
    root = server.workspace / "datasets/large"
    (root / "images").mkdir(parents=True)
    (root / "masks").mkdir()
    parts = write_scene(root)
    (root / "scene.tif").rename(root / "images/a.tif")
    (root / "mask.tif").rename(root / "masks/a.tif")
    (root / "map.tif").unlink()
    classes = [f'{{"name": "{name}", "color": "#{name * 6}"}}' for name in NAMES]
    (root / "classes.json").write_text(f'{{"classes": [{", ".join(classes)}]}}')
    context = chromium.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    try:
        page.goto(f"{server.url}/data?dataset=large&view=Sample")
        ready = page.locator("[data-testid=viewer-root][data-ready='1'][data-pending='0']")
        ready.wait_for(timeout=PATIENCE)
        canvas = page.get_by_test_id("viewer-canvas").first
        box = canvas.bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2 + 3, box["y"] + box["height"] / 2 + 3)
        readout = page.get_by_test_id("viewer-readout")
        readout.get_by_text("Mask").wait_for(timeout=PATIENCE)
        page.wait_for_function(
            "element => !element.innerText.includes('…')", arg=readout.element_handle()
        )
        words = readout.inner_text().split()
        x, y = int(words[1]), int(words[3])
        assert words[5] == NAMES[parts["mask"][y - CORNER, x - CORNER, 0]]
    finally:
        context.close()
