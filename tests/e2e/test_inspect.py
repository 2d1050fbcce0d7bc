"""Inspect in a real browser: a layer, one of its channels over the image, and the graph."""

from __future__ import annotations

import pytest

from tests.conftest import REAL_DATA
from tests.e2e.conftest import settled
from tests.tiny import save_tiny_model

VIEWER = "[data-testid=viewer-root][data-ready='1']"
SOURCE = "Dataset&dataset=server%2Fdata%2Fdubai" if REAL_DATA.is_dir() else "Demo scene"


@pytest.fixture(scope="module")
def inspect(server):
    save_tiny_model(server.workspace / "models" / "tiny")
    return f"{server.url}/inspect?model=tiny"


def _pressed(page):
    return page.locator("[data-testid=map-grid] button[aria-pressed=true]")


def _picture(page):
    return page.get_by_test_id("viewer-canvas").first.evaluate("canvas => canvas.toDataURL()")


def test_a_channel_is_enlarged_over_the_image(page, inspect):
    page.goto(f"{inspect}&image_from={SOURCE}")
    page.wait_for_selector(VIEWER)
    settled(page)

    box = page.get_by_role("combobox", name="Layer")
    box.click()
    box.fill("bridge_relu2")
    page.get_by_role("option", name="bridge_relu2").click()
    page.wait_for_url("**layer=bridge_relu2**")
    page.get_by_text("Channels 1 to 24 of 32").wait_for()
    settled(page)
    tiles = page.locator("[data-testid=map-grid] button")
    assert tiles.count() == 24
    assert tiles.first.get_attribute("aria-pressed") == "true"  # the strongest

    channel = tiles.nth(5).get_attribute("data-channel")
    before = _picture(page)
    tiles.nth(5).click()
    page.wait_for_url(f"**channel={channel}**")
    page.get_by_text(f"Channel {channel} of bridge_relu2").wait_for()
    settled(page)
    assert _pressed(page).get_attribute("data-channel") == channel
    page.wait_for_selector(VIEWER)
    over = _picture(page)
    assert over != before

    layer = page.get_by_test_id("viewer-layer-heat")
    assert layer.is_checked()
    layer.uncheck()
    page.wait_for_timeout(100)  # a frame, in which the viewer draws
    assert _picture(page) != over

    page.reload()  # the address holds what was chosen
    page.get_by_text(f"Channel {channel} of bridge_relu2").wait_for()
    assert _pressed(page).get_attribute("data-channel") == channel


def test_the_graph_appears_and_the_maps_stay(page, inspect):
    page.goto(f"{inspect}&image_from={SOURCE}&layer=dec1_relu2")
    page.wait_for_selector(VIEWER)
    settled(page)
    page.get_by_role("tab", name="Graph").click()
    graph = page.frame_locator("iframe[src*='/netron/']")
    graph.locator("g.node").first.wait_for()
    for kind, count in (("Conv2DTranspose", 2), ("Concatenate", 2), ("ReLU", 10)):
        assert graph.locator("g.node", has_text=kind).count() == count
    page.get_by_role("tab", name="Feature maps").click()
    page.wait_for_selector(VIEWER)
    page.get_by_text("of dec1_relu2").wait_for()


def test_the_graph_follows_the_theme(page, inspect):
    page.goto(f"{inspect}&image_from={SOURCE}&view=Graph")
    settled(page)
    graph = page.frame_locator("iframe[src*='/netron/']")
    graph.locator("g.node").first.wait_for()
    page.get_by_test_id("stMainMenu").click()
    page.get_by_test_id("stMainMenuPopover").get_by_text("Dark").last.click()
    page.wait_for_function(
        "() => [...document.querySelectorAll('iframe')]"
        ".some(one => one.contentWindow.location.search.includes('theme=dark'))"
    )
    graph.locator("g.node").first.wait_for()
