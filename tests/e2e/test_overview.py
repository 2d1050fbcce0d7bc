"""The Overview page in a real browser."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.e2e.conftest import dashboard, settled


def test_one_click_from_an_empty_workspace_to_a_map_beside_its_truth(
    tmp_path_factory: pytest.TempPathFactory, page: Any
) -> None:
    """A server of its own: it begins without a dataset."""
    with dashboard(tmp_path_factory.mktemp("first") / "workspace") as server:
        page.goto(server.url)
        page.get_by_role("button", name="Try it: map a generated scene").click()
        page.wait_for_url("**/predict?*")
        page.get_by_text("Labelled pixels compared").wait_for()
        settled(page)
        query = parse_qs(urlsplit(page.url).query)
        assert query["model"] == ["demo-unet"]
        assert query["compare"] == ["side"]
        assert "Tile 1/image_part_001" in query["predicted"][0]
        page.get_by_text("never seen in training").wait_for()
        for pane in ("Prediction", "Ground truth"):
            page.locator("figcaption, .caption, span", has_text=pane).first.wait_for()
        # The address opens the same in another session.
        page.reload()
        page.get_by_text("Labelled pixels compared").wait_for()
        settled(page)
        page.get_by_role("link", name="Overview").first.click()
        card = page.locator(".st-key-card-prediction-0")
        card.wait_for()
        settled(page)
        first = page.locator("[data-testid=stImage] img").first.bounding_box()
        assert first["y"] < 250
        # Any place of a card is its link, not only its title.
        box = card.bounding_box()
        page.mouse.click(box["x"] + box["width"] - 6, box["y"] + box["height"] - 6)
        page.wait_for_url("**/predict?*")
        page.get_by_text("Labelled pixels compared").wait_for()
