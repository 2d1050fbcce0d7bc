"""Every pixel of the viewer where it belongs: on the canvas, on the screen and in the readout."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from core.imagery.pyramid.levels import Levels
from tests.e2e.conftest import CHROMIUM, FLAGS
from tests.e2e.viewer_page import COLORS, Viewer, given, serve_tiles
from ui.viewer.layers import Layer

WIDTH, HEIGHT = 301, 203
ROWS, COLUMNS = np.indices((HEIGHT, WIDTH))
HIT = [150, 205, 255]
BOARD = ((ROWS + COLUMNS) % 2).astype(np.uint8)


@pytest.fixture(params=[1, 1.5, 2], scope="module")
def screen(request: pytest.FixtureRequest, chromium: Any) -> Iterator[Any]:
    """A browser on a screen of so many device pixels per CSS pixel.

    Not emulated, as a context's `device_scale_factor` is: the browser then lays out in CSS pixels
    and stretches the whole page.
    """
    flags = [*FLAGS, f"--force-device-scale-factor={request.param}"]
    browser = chromium.browser_type.launch(executable_path=CHROMIUM, args=flags)
    probe = browser.new_context(no_viewport=True)
    assert probe.new_page().evaluate("devicePixelRatio") == request.param
    probe.close()
    yield browser
    browser.close()


@pytest.fixture
def ratio_page(screen: Any) -> Iterator[Any]:
    """A page on such a screen, 1173 CSS pixels wide at first."""
    context = screen.new_context(no_viewport=True)
    page = context.new_page()
    serve_tiles(page)
    resize(page, 1173)
    yield page
    context.close()


def resize(page: Any, width: int) -> None:
    """Make the window so many CSS pixels wide."""
    devtools = page.context.new_cdp_session(page)
    window = devtools.send("Browser.getWindowForTarget")["windowId"]
    bounds = {"width": width, "height": 900}
    devtools.send("Browser.setWindowBounds", {"windowId": window, "bounds": bounds})
    page.wait_for_function("width => Math.abs(innerWidth - width) < 20", arg=width)


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 64 pixels a side, so that there are many."""
    monkeypatch.setattr(Levels.__init__, "__defaults__", (64,))


WHOLE_AND_TILED = pytest.mark.parametrize("tiled", [False, True], ids=["whole", "tiles"])


def board(mode: str, tiled: bool) -> dict[str, Any]:
    """A checkerboard of single pixels as image, and as mask; another mask for comparison."""
    image = np.repeat(BOARD[..., None] * 255, 3, axis=2)
    layers = [
        Layer("mask", "Mask", "labels", BOARD, opacity=1),
        Layer("other", "Other", "labels", 1 - BOARD, opacity=1),
    ]
    return given(np.ascontiguousarray(image), layers, tiled=tiled, mode=mode)


def labels_of(canvas: np.ndarray) -> np.ndarray:
    """Which class, or which value of the board, each device pixel shows; -1 beside the picture.

    Fails where a pixel shows a blend.
    """
    labels = np.full(canvas.shape[:2], -2)
    labels[canvas[..., 3] == 0] = -1
    for color, label in (([0] * 3, 0), ([255] * 3, 1), (COLORS[0], 0), (COLORS[1], 1)):
        labels[(canvas == [*color, 255]).all(axis=-1)] = label
    assert (labels != -2).all(), f"{(labels == -2).mean():.1%} of the pixels are blends"
    return labels


def zoom_somewhere(viewer: Viewer, page: Any) -> Iterator[str]:
    """Look in many ways, all of at least one device pixel per image pixel; says which."""
    viewer.part("canvas").first.focus()
    for key in ("0", "1"):
        page.keyboard.press(key)
        yield f"key {key}"
    page.mouse.move(*viewer.point(0.37, 0.61))
    for delta in (-137, -211):
        page.mouse.wheel(0, delta)
        yield f"wheel {delta}"
    x, y = viewer.point(0.37, 0.61)
    page.mouse.down()
    for step in (1, 3):
        page.mouse.move(x - 13 * step, y + 7 * step)
        yield f"drag {step}"
    page.mouse.up()


@WHOLE_AND_TILED
def test_a_checkerboard_lies_on_itself(ratio_page: Any, tiled: bool) -> None:
    viewer = Viewer(ratio_page, board("overlay", tiled))
    viewer.part("layer-other").uncheck()
    for how in zoom_somewhere(viewer, ratio_page):
        mask = labels_of(viewer.canvas("overlay"))
        ratio_page.keyboard.down("h")
        image = labels_of(viewer.canvas("overlay"))
        ratio_page.keyboard.up("h")
        np.testing.assert_array_equal(mask, image, err_msg=how)
        assert set(np.unique(mask)) >= {0, 1}


@WHOLE_AND_TILED
def test_a_checkerboard_lies_on_itself_side_by_side(ratio_page: Any, tiled: bool) -> None:
    viewer = Viewer(ratio_page, board("side", tiled))
    for how in zoom_somewhere(viewer, ratio_page):
        image, mask, other = (labels_of(viewer.canvas(key)) for key in ("image", "mask", "other"))
        np.testing.assert_array_equal(mask, image, err_msg=how)
        np.testing.assert_array_equal(other >= 0, image >= 0, err_msg=how)
        assert (other != image)[image >= 0].all(), how


@WHOLE_AND_TILED
def test_a_checkerboard_goes_on_beyond_the_divider(ratio_page: Any, tiled: bool) -> None:
    viewer = Viewer(ratio_page, board("swipe", tiled))
    viewer.part("swipe-right").select_option("mask")
    for how in zoom_somewhere(viewer, ratio_page):
        both = labels_of(viewer.canvas("swipe"))
        ratio_page.keyboard.down("h")
        image = labels_of(viewer.canvas("swipe"))
        ratio_page.keyboard.up("h")
        np.testing.assert_array_equal(both, image, err_msg=how)


@WHOLE_AND_TILED
def test_a_checkerboard_blinks_in_its_place(ratio_page: Any, tiled: bool) -> None:
    viewer = Viewer(ratio_page, board("blink", tiled))
    viewer.part("pause").click()
    viewer.part("blink-first").select_option("mask")
    viewer.part("blink-second").select_option("mask")
    for how in zoom_somewhere(viewer, ratio_page):
        mask = labels_of(viewer.canvas("blink"))
        ratio_page.keyboard.down("h")
        image = labels_of(viewer.canvas("blink"))
        ratio_page.keyboard.up("h")
        np.testing.assert_array_equal(mask, image, err_msg=how)


@WHOLE_AND_TILED
def test_the_difference_lies_on_the_checkerboard(ratio_page: Any, tiled: bool) -> None:
    viewer = Viewer(ratio_page, board("difference", tiled))
    viewer.part("difference-second").select_option("mask")
    viewer.part("opacity-difference").fill("100")
    viewer.part("only-1").click()
    for how in zoom_somewhere(viewer, ratio_page):
        hits = (viewer.canvas("difference") == [*HIT, 255]).all(axis=-1)
        ratio_page.keyboard.down("h")
        image = labels_of(viewer.canvas("difference"))
        ratio_page.keyboard.up("h")
        np.testing.assert_array_equal(hits, image == 1, err_msg=how)


def test_the_screen_shows_the_canvas(ratio_page: Any) -> None:
    """A canvas that is not as long as its place on the screen is stretched, and blends classes."""
    viewer = Viewer(ratio_page, board("side", tiled=False))
    for width in (1174, 1175):
        resize(ratio_page, width)
        ratio_page.wait_for_timeout(100)
        for pane in ("mask", "other"):
            canvas, screen = viewer.canvas(pane), viewer.screen(pane)
            assert canvas.shape == screen.shape, width
            inside = canvas[..., 3] == 255
            inside[:30] = inside[-30:] = inside[:, :30] = inside[:, -30:] = False  # round corners
            np.testing.assert_array_equal(screen[inside], canvas[inside], err_msg=str(width))


def test_shrunk_masks_show_no_colour_of_their_own(ratio_page: Any) -> None:
    large = np.kron(BOARD, np.ones((8, 8), np.uint8))
    layer = Layer("mask", "Mask", "labels", large, opacity=1)
    image = np.zeros((*large.shape, 3), np.uint8)
    viewer = Viewer(ratio_page, given(image, [layer], mode="side"))
    labels_of(viewer.canvas("mask"))


@WHOLE_AND_TILED
def test_the_readout_names_the_pixel_that_is_seen(ratio_page: Any, tiled: bool) -> None:
    page = ratio_page
    code = np.stack([COLUMNS % 256, ROWS % 256, COLUMNS // 256], axis=-1).astype(np.uint8)
    viewer = Viewer(page, given(code, [], tiled=tiled))
    random = np.random.default_rng(0)
    ratio = page.evaluate("devicePixelRatio")
    compared = 0
    for how in zoom_somewhere(viewer, page):
        if how.startswith("drag"):
            break
        canvas = viewer.canvas("overlay")
        box = viewer.part("canvas").bounding_box()
        for _ in range(70):
            x, y = (int(v) for v in viewer.point(*random.uniform(0.01, 0.99, 2)))
            page.mouse.move(x, y)
            column, row = (
                int(np.floor(at * ratio)) - round(start * ratio)
                for at, start in ((x, box["x"]), (y, box["y"]))
            )
            red, green, blue, alpha = (int(v) for v in canvas[row, column])
            words = viewer.part("readout").inner_text().split()
            if alpha:
                assert words[:4] == ["x", str(red + 256 * blue), "y", str(green)], (how, x, y)
                compared += 1
            else:
                assert words[0] != "x", how
        page.mouse.move(*viewer.point(0.37, 0.61))
    assert compared > 80
