"""From an empty workspace to a sample seen large, in the browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REAL_DATA
from tests.e2e.conftest import Server, settled


def facts(page: Any) -> Any:
    """What the title's row says of the dataset."""
    return page.locator(".st-key-frame-facts")


def open_view(page: Any, name: str) -> None:
    page.get_by_role("radio", name=name).click()
    settled(page)


def test_write_a_demo_set_and_look_at_it(server: Server, page: Any) -> None:
    """Beside one that is there, of one scene: the first, of four, takes 20 s of a processor."""
    from core.datasets.synthetic.dubai import write_demo

    write_demo(server.workspace / "datasets/demo", scenes=2, size=96, seed=3)  # 8 samples
    page.goto(f"{server.url}/data?dataset=demo")
    # It is being audited, and the page runs again when that ends.
    facts(page).get_by_text("% labelled").wait_for()
    settled(page)
    page.get_by_text("Add a dataset").click()
    scenes = page.get_by_label("Scenes")
    scenes.fill("1")
    scenes.press("Tab")
    # The page comes back by itself with the new set chosen.
    page.get_by_role("button", name="Write another demo set").click()
    page.wait_for_url("**/data?*dataset=demo-2*")
    facts(page).get_by_text("4 samples ·").wait_for()
    settled(page)
    assert (server.workspace / "datasets/demo-2/Tile 1/masks/image_part_004.png").is_file()

    # Gallery: all pictures are drawn, with the class names beside their colours.
    pictures = page.locator("[data-testid=stImage] img")
    assert pictures.count() == 4
    page.wait_for_function(
        "[...document.querySelectorAll('[data-testid=stImage] img')]"
        ".every(i => i.complete && i.naturalWidth > 100)"
    )
    for name in ("Building", "Land", "Road", "Vegetation", "Water"):
        assert page.get_by_text(name, exact=True).first.is_visible()

    # The counting ends by itself.
    facts(page).get_by_text("· 1 problem").wait_for()  # the scene is a mosaic

    # Masks off: the pictures are others.
    before = pictures.first.get_attribute("src")
    page.get_by_text("Masks", exact=True).click()
    page.wait_for_function(
        "before => document.querySelector('[data-testid=stImage] img')?.src.indexOf(before) < 0",
        arg=before,
    )
    settled(page)

    # One sample large, and its address can be shared.
    page.get_by_role("button", name="Tile 1/image_part_003", exact=True).click()
    page.locator("[data-testid=viewer-root][data-ready='1']").wait_for()
    settled(page)
    page.wait_for_url("**/data?*sample=Tile+1%2Fimage_part_003*")
    assert page.get_by_text("512 × 512 px, 0.26 megapixels").is_visible()
    address = page.url
    page.goto("about:blank")
    page.goto(address)
    page.locator("[data-testid=viewer-root][data-ready='1']").wait_for()
    settled(page)
    assert page.get_by_role("radio", name="Sample").is_checked()

    open_view(page, "Statistics")
    page.locator(".js-plotly-plot").nth(9).wait_for()
    for words in ("Which classes meet", "Where in the frame", "Values of the bands"):
        assert page.get_by_role("heading", name=words).is_visible()
    assert not page.locator("[data-testid=stException]").count()


def test_problems_of_a_damaged_set(server: Server, page: Any, tmp_path: Path) -> None:
    from core.datasets.synthetic.dubai import write_demo

    hurt = write_demo(server.workspace / "datasets/hurt", scenes=1, size=96, seed=2)
    (hurt / "Tile 1/images/image_part_002.jpg").write_bytes(b"not a picture")
    (hurt / "Tile 1/masks/image_part_003.png").unlink()
    page.goto(f"{server.url}/data?dataset=hurt")
    page.get_by_text("The image cannot be read").wait_for()
    facts(page).get_by_text("· 3 problems").wait_for()
    settled(page)
    open_view(page, "Problems")
    page.locator("[data-testid=stDataFrame]").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the audit as JSON").click()
    kept = tmp_path / "audit.json"
    download.value.save_as(kept)
    problems = json.loads(kept.read_text())["problems"]
    assert [(p["kind"], p["sample"]) for p in problems] == [
        ("unreadable", "Tile 1/image_part_002"),
        ("missing-mask", "Tile 1/image_part_003"),
        ("mosaic", "Tile 1/image_part_003"),
    ]


@pytest.mark.skipif(not REAL_DATA.is_dir(), reason="no real imagery beside the repository")
def test_the_real_dubai_set_from_a_server_folder(server: Server, page: Any) -> None:
    page.goto(f"{server.url}/data?dataset=server%2Fdata%2Fdubai&scene=Tile+8")
    page.get_by_text("classes.json disagrees with the masks").wait_for()
    settled(page)
    assert page.locator("[data-testid=stImage] img").count() == 8
    assert facts(page).inner_text().startswith("16 samples · ")


@pytest.mark.skipif(not REAL_DATA.is_dir(), reason="no real imagery beside the repository")
def test_filters_stand_in_the_address(server: Server, page: Any) -> None:
    page.goto(f"{server.url}/data?dataset=server%2Fdata%2Fdubai")
    page.get_by_text("16 samples · ").wait_for()
    facts(page).get_by_text("% labelled").wait_for(timeout=600_000)  # all has been counted
    settled(page)
    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("Sample name").fill("part_00")
    page.get_by_label("Sample name").press("Enter")
    page.wait_for_url("**/data?*find=part_00*")
    settled(page)  # a rerun would close the list of scenes under the click
    scenes = page.locator(".st-key-scene")
    # By typing: the list scrolls while it opens, and what is clicked in it is elsewhere by then.
    scenes.locator("input").fill("Tile 8")
    page.get_by_role("option", name="Tile 8").wait_for()
    scenes.locator("input").press("Enter")
    page.get_by_text("8 of 16 samples").wait_for()
    page.wait_for_url("**/data?*scene=Tile+8*")
    address = page.url
    page.goto("about:blank")
    page.goto(address)
    page.get_by_text("8 of 16 samples").wait_for()
    pictures = page.locator("[data-testid=stImage] img")
    pictures.nth(7).wait_for()
    settled(page)
    assert pictures.count() == 8
    page.get_by_role("button", name="Show all").click()
    page.get_by_text("16 samples · ").wait_for()
    page.wait_for_function("!location.search.includes('scene=')")
    # Small pictures are kept in the workspace.
    assert len(list((server.workspace / "cache/thumbnails").iterdir())) >= 16
