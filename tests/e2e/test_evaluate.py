"""A model evaluated, a confusion looked at in its place, two models compared, a report opened."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.e2e.conftest import Server, settled

ROW = 35  # CSS pixels of a row of Streamlit's tables


@pytest.fixture(scope="module")
def harbour(server: Server) -> str:
    """A generated set of two scenes in the server's workspace."""
    from core.datasets.synthetic.dubai import write_demo

    write_demo(server.workspace / "datasets" / "eval-set", scenes=2, size=96, seed=4)
    return "eval-set"


def evaluate(server: Server, page: Any, model: str, dataset: str) -> str:
    """Evaluate a model with the page's button; returns the id of the evaluation."""
    page.goto(f"{server.url}/evaluate?model={model}&dataset={dataset}")
    settled(page)
    page.get_by_role("button", name="Evaluate", exact=True).click()
    facts = page.locator(".st-key-frame-facts")
    facts.get_by_text(f"{model} on {dataset}, all samples · 8 samples · 2 scenes").wait_for()
    page.get_by_text("Mean boundary IoU").wait_for()
    settled(page)
    [name] = parse_qs(urlsplit(page.url).query)["evaluation"]
    return name


def look_at_a_confusion(page: Any) -> None:
    """From a click on a cell of the matrix to a region in the viewer."""
    # A click on a cell of the matrix: Road (third row) taken for Land (second column).
    page.get_by_role("radio", name="Confusion").click()
    page.get_by_text("Rows are true classes").wait_for()
    settled(page)
    table = page.get_by_test_id("stDataFrame").first.locator("canvas").first.bounding_box()
    page.mouse.click(table["x"] + table["width"] * 2.5 / 6, table["y"] + ROW * 3.5)
    page.get_by_role("heading", name="Road taken for Land").wait_for()
    settled(page)
    query = parse_qs(urlsplit(page.url).query)
    assert (query["true"], query["predicted"]) == (["Road"], ["Land"])
    viewer = page.locator("[data-testid=viewer-root][data-ready='1']")
    viewer.wait_for()
    assert viewer.get_attribute("data-mode") == "side"
    caption = page.get_by_text("its box begins at column")
    before = caption.inner_text()
    page.get_by_role("button", name="Increment").click()
    settled(page)
    assert caption.inner_text() != before
    # The address opens the same region anew.
    page.goto(page.url)
    settled(page)
    assert page.get_by_label("Region, 1 to").input_value() == "2"
    assert caption.inner_text() != before


def compare(server: Server, page: Any, first: str, second: str) -> None:
    """Two evaluations, pixel by pixel."""
    page.goto(f"{server.url}/evaluate?view=Compare&evaluation={second}&other={first}")
    page.get_by_role("heading", name="demo-unet less dubai-unet").wait_for()
    settled(page)
    page.get_by_role("button", name="Count who is right where").click()
    page.get_by_role("columnheader", name="Only demo-unet right").wait_for()
    settled(page)
    panes = page.locator("[data-testid=viewer-canvas]")
    assert panes.count() == 4
    assert page.get_by_text("demo-unet has the higher mean IoU").is_visible()


def open_report(page: Any, path: Path, title: str) -> str:
    """Download the report and open it as a file; returns its first figure."""
    with page.expect_download() as download:
        page.get_by_role("button", name="Report (HTML)").click()
    download.value.save_as(path)
    reader = page.context.new_page()
    asked: list[str] = []
    reader.on("request", lambda request: asked.append(request.url))
    reader.goto(path.as_uri())
    assert reader.get_by_role("heading", name=title).is_visible()
    assert all(url.startswith(("file:", "data:")) for url in asked)
    sizes = reader.evaluate("[...document.images].map(i => i.naturalWidth)")
    assert len(sizes) == 4 * 8 and all(width > 0 for width in sizes)
    headline = reader.locator(".numbers b").first.inner_text()
    reader.close()
    return str(headline)


def test_from_an_evaluation_to_a_place_a_comparison_and_a_report(
    server: Server, page: Any, harbour: str, tmp_path: Path
) -> None:
    first = evaluate(server, page, "dubai-unet", harbour)
    second = evaluate(server, page, "demo-unet", harbour)
    assert first != second

    look_at_a_confusion(page)
    compare(server, page, first, second)
    title = f"demo-unet on {harbour}, all samples"
    headline = open_report(page, tmp_path / "report.html", title)
    page.goto(f"{server.url}/evaluate?evaluation={second}&view=Scores")
    page.get_by_text("Mean boundary IoU").wait_for()
    settled(page)
    assert page.get_by_test_id("stMetricValue").first.inner_text() == headline
    kept = server.workspace / "evaluations" / second / "evaluation.json"
    assert json.loads(kept.read_text())["model"] == "demo-unet"
