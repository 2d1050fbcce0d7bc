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
    facts(page).get_by_text("2 problems").wait_for()
    settled(page)
    page.get_by_role("button", name="Add a dataset").click()
    scenes = page.get_by_role("dialog").get_by_label("Scenes")
    scenes.fill("1")
    scenes.press("Tab")
    # The dialog closes, and the page comes back by itself with the new set chosen.
    page.get_by_role("button", name="Write another demo set").click()
    page.get_by_role("dialog").wait_for(state="detached")
    page.wait_for_url("**/data?*dataset=demo-2*")
    facts(page).get_by_text("4 samples · 1 scene · 1 problem").wait_for()  # the scene is a mosaic
    settled(page)
    assert (server.workspace / "datasets/demo-2/Tile 1/masks/image_part_004.png").is_file()

    # Gallery: all pictures are drawn, with the class names beside their colours.
    pictures = page.locator("[data-testid=sample-grid] img.image")
    assert pictures.count() == 4
    page.wait_for_function(
        "() => [...document.querySelectorAll('*')].map(e => e.shadowRoot).filter(Boolean)"
        ".flatMap(r => [...r.querySelectorAll('img.image')])"
        ".every(i => i.complete && i.naturalWidth > 100)"
    )
    for name in ("Building", "Land", "Road", "Vegetation", "Water"):
        assert page.get_by_text(name, exact=True).first.is_visible()

    # Masks off.
    masks = page.locator("[data-testid=sample-grid] img.mask")
    opacity = "mask => getComputedStyle(mask).opacity"
    assert masks.first.evaluate(opacity) == "0.5"
    page.get_by_text("Masks", exact=True).click()
    settled(page)
    assert masks.first.evaluate(opacity) == "0"

    # One sample large, by its picture, and its address can be shared.
    page.get_by_role("button", name="Open Tile 1/image_part_003").click()
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


def test_arrow_keys_step_and_bars_filter(server: Server, page: Any) -> None:
    from core.datasets.synthetic.dubai import write_demo

    write_demo(server.workspace / "datasets/stepped", scenes=1, size=96, seed=6)
    page.goto(f"{server.url}/data?dataset=stepped&view=Sample&sample=Tile+1/image_part_003")
    page.locator("[data-testid=viewer-root][data-ready='1']").wait_for()
    facts(page).get_by_text("1 problem").wait_for()
    settled(page)
    # Not within a field.
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**/data?*sample=Tile+1%2Fimage_part_004*")
    settled(page)
    page.get_by_role("combobox", name="Sample").focus()
    page.keyboard.press("ArrowLeft")
    settled(page)
    assert "image_part_004" in page.url
    page.get_by_role("heading", name="Data").click()
    page.keyboard.press("ArrowLeft")
    page.wait_for_url("**/data?*sample=Tile+1%2Fimage_part_003*")
    settled(page)

    open_view(page, "Statistics")
    page.locator(".js-plotly-plot").nth(9).wait_for()
    for words in ("Which classes meet", "Where in the frame", "Values of the bands"):
        assert page.get_by_role("heading", name=words).is_visible()
    # A click on the bar of a class shows the samples that have it.
    bars = page.locator(".st-key-whole-shares .nsewdrag")
    height = bars.bounding_box()["height"]
    bars.click(position={"x": 4, "y": height * 2.5 / 6})
    page.get_by_text("4 of 4 samples").wait_for()
    page.wait_for_url("**/data?*class=Road*")
    settled(page)
    assert page.get_by_role("radio", name="Gallery").is_checked()
    assert not page.locator("[data-testid=stException]").count()


def test_samples_are_selected_and_left_out(server: Server, page: Any) -> None:
    from core.datasets.recipes.revisions import load_draft
    from core.datasets.synthetic.dubai import write_demo

    write_demo(server.workspace / "datasets/chosen", scenes=2, size=96, seed=5)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{server.url}/data?dataset=chosen")
    facts(page).get_by_text("2 problems").wait_for()
    settled(page)
    tiles = page.locator("[data-testid=sample-grid] .tile")
    assert tiles.count() == 8
    # Two a row on a telephone.
    tops = [tiles.nth(n).bounding_box()["y"] for n in range(4)]
    assert tops[0] == tops[1] < tops[2] == tops[3]
    page.get_by_role("checkbox", name="Select Tile 1/image_part_002").check()
    page.get_by_role("checkbox", name="Select Tile 1/image_part_004").click(modifiers=["Shift"])
    page.get_by_text("3 selected").wait_for()
    settled(page)
    page.get_by_role("button", name="Exclude").click()
    page.get_by_role("button", name="Open Tile 1/image_part_003, left out").wait_for()
    settled(page)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DSI_WORKSPACE", str(server.workspace))
        draft = load_draft("chosen")
    assert draft is not None
    assert draft.exclude == tuple(f"Tile 1/image_part_00{n}" for n in (2, 3, 4))
    page.get_by_role("button", name="Clear").click()
    page.get_by_text("3 selected").wait_for(state="detached")
    assert page.locator("[data-testid=sample-grid] .selected").count() == 0


def test_problems_of_a_damaged_set(server: Server, page: Any, tmp_path: Path) -> None:
    from core.datasets.synthetic.dubai import write_demo

    hurt = write_demo(server.workspace / "datasets/hurt", scenes=1, size=96, seed=2)
    (hurt / "Tile 1/images/image_part_002.jpg").write_bytes(b"not a picture")
    (hurt / "Tile 1/masks/image_part_003.png").unlink()
    page.goto(f"{server.url}/data?dataset=hurt")
    page.get_by_text("The image cannot be read").wait_for()
    facts(page).get_by_text("3 problems").wait_for()
    settled(page)
    open_view(page, "Problems")
    # A row is the click, by the pointer and by the keyboard, and the detail stands beside it.
    rows = page.get_by_role("option")
    assert rows.count() == 3
    rows.nth(1).click()
    page.get_by_text("an image without a mask").wait_for()
    settled(page)
    page.keyboard.press("ArrowDown")
    page.get_by_text("images that touch or overlap, within a scene").wait_for()
    settled(page)
    assert rows.nth(2).get_attribute("aria-selected") == "true"
    assert page.locator("[data-testid=stImage] img").count() == 2  # both samples of the seam
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


def test_a_chosen_problem_is_seen_on_a_telephone(server: Server, page: Any) -> None:
    """Its row, and below the list what is said of it, in one view."""
    from core.datasets.synthetic.dubai import write_demo

    hurt = write_demo(server.workspace / "datasets/hurt far", scenes=3, size=96, seed=2)
    for mask in hurt.glob("*/masks/*_00[123].png"):
        mask.unlink()
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{server.url}/data?dataset=hurt+far&view=Problems")
    rows = page.get_by_role("option")
    rows.nth(11).wait_for()
    settled(page)
    rows.nth(9).click()
    said = page.get_by_text("images that touch or overlap, within a scene")
    said.wait_for()
    settled(page)
    assert 0 < rows.nth(9).bounding_box()["y"] < said.bounding_box()["y"] < 500
    page.keyboard.press("ArrowUp")
    page.get_by_text("an image without a mask").wait_for()
    settled(page)
    assert page.get_by_text("an image without a mask").bounding_box()["y"] < 500


@pytest.mark.skipif(not REAL_DATA.is_dir(), reason="no real imagery beside the repository")
def test_the_real_dubai_set_from_a_server_folder(server: Server, page: Any) -> None:
    page.goto(f"{server.url}/data?dataset=server%2Fdata%2Fdubai&scene=Tile+8")
    page.get_by_text("classes.json disagrees with the masks").wait_for()
    settled(page)
    assert page.locator("[data-testid=sample-grid] .tile").count() == 8
    facts(page).get_by_text("16 samples").wait_for()


@pytest.mark.skipif(not REAL_DATA.is_dir(), reason="no real imagery beside the repository")
def test_filters_stand_in_the_address(server: Server, page: Any) -> None:
    page.goto(f"{server.url}/data?dataset=server%2Fdata%2Fdubai")
    facts(page).get_by_text("problem").wait_for(timeout=600_000)
    settled(page)  # all has been counted
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
    pictures = page.locator("[data-testid=sample-grid] .tile")
    pictures.nth(7).wait_for()
    settled(page)
    assert pictures.count() == 8
    page.get_by_role("button", name="Show all").click()
    page.wait_for_function("!location.search.includes('scene=')")
    # Small pictures are kept in the workspace.
    assert len(list((server.workspace / "cache/thumbnails").iterdir())) >= 16
