"""A ZIP comes in, what is wrong with it goes into a recipe, and Train takes the recipe."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import cv2

from core.datasets.recipes.recipe import load_recipe
from tests.e2e.conftest import Server, settled
from tests.e2e.test_data import facts, open_view

BROKEN, ODD = "Tile 2/image_part_002", "Tile 1/image_part_001"


def zipped(folder: Path) -> Path:
    """A demo set with a truncated image and a mask with a colour of no class."""
    from core.datasets.synthetic.dubai import write_demo

    root = write_demo(folder / "city", scenes=3, size=96, seed=5)
    image = root / f"{BROKEN.replace('/', '/images/')}.jpg"
    image.write_bytes(image.read_bytes()[:900])
    mask = root / f"{ODD.replace('/', '/masks/')}.png"
    pixels = cv2.imread(str(mask))
    pixels[:8, :8] = (3, 2, 1)  # BGR
    cv2.imwrite(str(mask), pixels)
    return Path(shutil.make_archive(str(folder / "city"), "zip", folder, "city"))


def test_from_a_zip_to_a_recipe_that_train_offers(
    server: Server, page: Any, tmp_path: Path
) -> None:
    page.goto(f"{server.url}/data")
    settled(page)
    if page.get_by_role("button", name="Add a dataset").count():
        page.get_by_role("button", name="Add a dataset").click()
    page.get_by_role("tab", name="Upload a ZIP").click()
    page.locator(".st-key-zip input[type=file]").set_input_files(zipped(tmp_path))
    page.get_by_role("button", name="Unpack", exact=True).click()
    facts(page).get_by_text("12 samples ·").wait_for()
    facts(page).get_by_text("problems").wait_for()  # it was audited
    settled(page)

    # The audit, worst first: two errors, each with a fix.
    open_view(page, "Problems")
    for row, fix in enumerate(("Read #010203 as void", f"Exclude {BROKEN}")):
        page.get_by_role("option").nth(row).click()
        settled(page)
        page.get_by_role("button", name=fix, exact=True).click()
        page.get_by_role("button", name=f"{fix} (in the recipe)").wait_for()
        settled(page)

    # Both are in the recipe, which is saved.
    open_view(page, "Prepare")
    page.get_by_label("#010203 is read as").wait_for()
    page.locator(".st-key-save-recipe").get_by_role("button").click()
    page.get_by_text("Saved as revision 1.").wait_for()
    settled(page)
    kept = load_recipe(server.workspace / "recipes/city/0001.json")
    assert kept.exclude == (BROKEN,)
    assert kept.mask_values == {"#010203": "void"}

    # Train offers it, filled in.
    page.get_by_role("link", name="Train with it").click()
    page.get_by_text(f"Leaves out 1 sample: {BROKEN}").wait_for()
    settled(page)
    for box in (".st-key-train-recipe", ".st-key-dataset"):
        assert page.locator(f"{box} input").first.input_value() == "city"
    assert not page.locator("[data-testid=stException]").count()
    assert not page.locator("[data-testid=stAlert]").filter(has_text="does not").count()
