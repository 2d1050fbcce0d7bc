"""The frame of every page: pictures near the top, choices that stay, notes, a phone's menu."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.conftest import Server, settled
from tests.e2e.test_history import at, chosen, open_page

# Top of the highest picture of the main area, canvases of components included.
FIRST_PICTURE = """() => {
    const tops = [];
    const look = root => {
        for (const e of root.querySelectorAll('*')) {
            if (e.shadowRoot) look(e.shadowRoot);
            if (e.tagName !== 'IMG' && e.tagName !== 'CANVAS') continue;
            const box = e.getBoundingClientRect();
            if (box.width > 60 && box.height > 60) tops.push(box.top);
        }
    };
    look(document.querySelector('[data-testid=stMain]'));
    return tops.length ? Math.min(...tops) : null;
}"""
PICTURES = {
    "gallery": "data?dataset=frame+a",
    "sample": "data?dataset=frame+a&view=Sample",
    "predict": "predict?source=Dataset&dataset=frame+a",
    "inspect": "inspect?dataset=frame+a",
}
PAGES = ["Overview", "Data", "Train", "Predict", "Evaluate", "Inspect"]


@pytest.fixture(scope="module", autouse=True)
def datasets(server: Server) -> None:
    from core.datasets.synthetic.dubai import write_demo

    for seed, name in enumerate(("frame a", "frame b")):
        write_demo(server.workspace / "datasets" / name, scenes=2, size=96, seed=seed)


def first_picture(page: Any) -> float:
    page.wait_for_function(f"({FIRST_PICTURE})() !== null")
    settled(page)
    return float(page.evaluate(FIRST_PICTURE))


def open_drawer(page: Any) -> None:
    page.get_by_test_id("stExpandSidebarButton").click()


@pytest.mark.parametrize("place", PICTURES)
@pytest.mark.parametrize(("width", "limit"), [(1400, 250), (390, 400)])
def test_the_first_picture_is_near_the_top(
    server: Server, page: Any, place: str, width: int, limit: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{server.url}/{PICTURES[place]}")
    assert first_picture(page) < limit
    if place != "predict":
        return
    if width < 700:
        open_drawer(page)
    page.get_by_role("button", name="Predict", exact=True).click()
    page.locator("[data-testid=viewer-root][data-layers*=prediction]").wait_for()
    if width < 700:
        page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
    assert first_picture(page) < limit


def test_what_is_chosen_stays_from_page_to_page(server: Server, page: Any) -> None:
    page.goto(f"{server.url}/data?dataset=frame+a")
    at(page, "Data")
    box = page.get_by_test_id("stSelectbox").filter(has_text="Dataset")
    box.locator("input").click()
    page.get_by_role("option", name="frame b", exact=True).click()
    settled(page)
    open_page(page, "Predict")
    page.get_by_role("radio", name="Dataset").click()
    settled(page)
    model = chosen(page, "Model")
    assert chosen(page, "Dataset").endswith("frame b")
    open_page(page, "Inspect")
    assert chosen(page, "Dataset").endswith("frame b")
    assert chosen(page, "Model") == model
    open_page(page, "Data")
    assert chosen(page, "Dataset").endswith("frame b")
    assert "dataset=frame+b" in page.url


def test_a_note_that_was_put_away_is_under_the_button(server: Server, page: Any) -> None:
    page.goto(f"{server.url}/data?dataset=gone")
    said = page.get_by_text("asks for the dataset “gone”")
    said.wait_for()
    settled(page)
    page.get_by_role("button", name="Put away").click()
    said.wait_for(state="hidden")
    settled(page)
    page.locator(".st-key-frame-heading").get_by_role("button", name="note").click()
    said.wait_for()
    page.get_by_role("button", name="Keep in view").first.click()
    page.get_by_role("button", name="Put away").wait_for()


def test_on_a_telephone_all_pages_are_named_without_the_drawer(server: Server, page: Any) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{server.url}/data?dataset=frame+a")
    at(page, "Data")
    below = page.get_by_test_id("stHeader").bounding_box()
    links = page.locator(".st-key-narrow-menu a")
    assert [text.split()[-1] for text in links.all_inner_texts()] == PAGES
    for link in links.all():
        box = link.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        assert box["y"] >= below["y"] + below["height"]  # its icon is not under the header
        label = link.locator("p")
        assert label.evaluate("e => e.scrollWidth <= e.parentElement.clientWidth + 1")
    links.filter(has_text="Inspect").click()
    at(page, "Inspect")
