"""Blink, and panes side by side of which each shows what was chosen for it."""

from __future__ import annotations

from typing import Any

from tests.e2e.viewer_page import COLORS, GREY, Viewer, data


def test_blink_shows_two_layers_in_turn_until_it_is_paused(page: Any) -> None:
    viewer = Viewer(page, mode="blink")
    viewer.part("blink-second").select_option("truth")
    seen = """() => new Promise(done => {
        const canvas = document.querySelector("[data-pane=blink]"), colors = new Set();
        const look = () => {
            const at = [canvas.width * 0.55 | 0, canvas.height * 0.25 | 0];
            const [r, g, b] = canvas.getContext("2d").getImageData(...at, 1, 1).data;
            colors.add([r, g, b].join());
            if (colors.size === 2) done([...colors]); else requestAnimationFrame(look);
        };
        look();
    })"""
    expected = {",".join(map(str, color)) for color in (COLORS[0], COLORS[2])}
    assert set(page.evaluate(seen)) == expected
    viewer.part("canvas").focus()
    page.keyboard.press(" ")
    assert viewer.part("pause").get_attribute("aria-pressed") == "true"
    before = viewer.color("blink", 0.55, 0.25)
    page.wait_for_timeout(1700)
    assert viewer.color("blink", 0.55, 0.25) == before
    # The readout names what is seen, and nothing else.
    page.mouse.move(*viewer.point(0.55, 0.25))
    assert ("Prediction" in viewer.readout()) == (before == COLORS[0])
    assert ("Ground truth" in viewer.readout()) == (before == COLORS[2])
    viewer.part("mode-overlay").click()
    assert viewer.part("pause").is_hidden()


def panes(viewer: Viewer) -> list[str]:
    return [p.get_attribute("data-pane") for p in viewer.part("canvas").all()]


def test_two_to_four_panes_show_what_is_chosen_for_them(page: Any) -> None:
    viewer = Viewer(page, mode="side")
    assert panes(viewer) == ["image", "prediction"]
    viewer.part("side-pane0").select_option("truth")
    assert panes(viewer) == ["truth", "prediction"]
    assert viewer.color("truth", 0.55, 0.25) == COLORS[2]
    viewer.part("panes-4").click()
    assert panes(viewer) == ["truth", "prediction", "image", "image"]
    page.mouse.move(*viewer.point(0.55, 0.4))
    assert page.locator(".hair.vertical:visible").count() == 4
    # All have one view.
    before = viewer.zoom()
    viewer.part("zoom-in").click()
    assert viewer.zoom() > before
    viewer.part("panes-2").click()
    assert panes(viewer) == ["truth", "prediction"]
    # One that is switched off is not shown, and its pane does not name it.
    viewer.part("layer-truth").uncheck()
    assert panes(viewer) == ["image", "prediction"]
    assert viewer.part("side-pane0").input_value() == "image"
    page.evaluate("data => window.give(data)", data(mode="side"))
    assert panes(viewer) == ["image", "prediction"]


def test_the_panes_are_chosen_by_keyboard(page: Any) -> None:
    viewer = Viewer(page, mode="side")
    viewer.part("layer-truth").check()
    viewer.part("side-pane2").focus()
    page.keyboard.press("ArrowUp")
    assert panes(viewer) == ["image", "prediction", "prediction"]
    focus = "document.activeElement.dataset.testid"
    assert page.evaluate(focus) == "viewer-side-pane2"
    assert viewer.color("image", 0.5, 0.5) == GREY
