"""Back, forward and addresses: each step is one entry, and leads to what was seen there."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.conftest import Server, settled


@pytest.fixture(scope="module")
def datasets(server: Server) -> tuple[str, str]:
    """Two datasets that no other test uses; neither is the first of the list."""
    from core.datasets.synthetic.dubai import write_demo

    names = ("way a", "way b")
    for seed, name in enumerate(("first of all", *names)):
        write_demo(server.workspace / "datasets" / name, scenes=2, size=96, seed=seed)
    return names


def open_page(page: Any, name: str) -> None:
    page.get_by_test_id("stTopNavLink").filter(has_text=name).first.click()
    at(page, name)


def at(page: Any, name: str) -> None:
    page.get_by_role("heading", name=name, level=1, exact=True).wait_for()
    settled(page)


def chosen(page: Any, label: str) -> str:
    box = page.get_by_test_id("stSelectbox").filter(has_text=label)
    return str(box.locator("input").first.input_value() or box.inner_text())


def entries(page: Any) -> int:
    return int(page.evaluate("history.length"))


@pytest.mark.usefixtures("own_tab")  # a history ends at fifty entries
def test_each_step_is_one_entry_with_the_address_of_what_is_shown(
    server: Server, page: Any, datasets: tuple[str, str]
) -> None:
    """Measured before: two to five entries for a click on a page, among them ``/inspect?`` with the
    view of another page."""
    second = datasets[1]
    page.goto(f"{server.url}/data?dataset={second.replace(' ', '+')}")
    at(page, "Data")
    seen = [(page.url, "Data")]

    def step(name: str) -> None:
        assert entries(page) == start + len(seen), (name, page.url)
        seen.append((page.url, name))

    start = entries(page)
    open_page(page, "Predict")
    step("Predict")
    page.get_by_role("radio", name="Dataset").click()
    settled(page)
    assert entries(page) == start + 1  # the same place, described more closely
    seen[-1] = (page.url, "Predict")
    assert "source=Dataset" in page.url
    assert chosen(page, "Dataset").endswith(second)
    open_page(page, "Inspect")
    step("Inspect")
    page.get_by_role("tab", name="Graph").click()
    settled(page)
    step("Inspect")
    open_page(page, "Data")
    step("Data")
    page.get_by_role("radio", name="Statistics").click()
    settled(page)
    step("Data")
    open_page(page, "Train")
    step("Train")

    for url, name in reversed(seen[:-1]):
        page.go_back()
        at(page, name)
        assert page.url == url
    for url, name in seen[1:]:
        page.go_forward()
        at(page, name)
        assert page.url == url
        if name in ("Data", "Inspect"):
            assert chosen(page, "Dataset").endswith(second), url
    assert entries(page) == start + len(seen) - 1


@pytest.mark.usefixtures("own_tab")
def test_a_sample_opened_in_the_gallery_is_one_step(
    server: Server, page: Any, datasets: tuple[str, str]
) -> None:
    page.goto(f"{server.url}/data?dataset={datasets[0].replace(' ', '+')}")
    at(page, "Data")
    before, gallery = entries(page), page.url
    page.get_by_role("button", name="Open Tile 1/image_part_002").click()
    page.get_by_test_id("viewer-root").wait_for()
    settled(page)
    assert entries(page) == before + 1
    assert "view=Sample" in page.url
    assert "image_part_002" in page.url
    page.go_back()
    page.get_by_role("button", name="Open Tile 1/image_part_002").wait_for()
    settled(page)
    assert page.url == gallery


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("data?dataset=gone", "asks for the dataset “gone”"),
        ("data?dataset=way+a&view=Nowhere", "asks for the view “Nowhere”"),
        ("data?dataset=way+a&view=Sample&sample=gone", "asks for the sample “gone”"),
        ("train?view=Nowhere", "asks for the view “Nowhere”"),
        ("predict?model=gone", "asks for the model “gone”"),
        ("inspect?dataset=way+a&sample=gone", "asks for the sample “gone”"),
        ("inspect?dataset=way+a&layer=gone", "asks for the layer “gone”"),
        ("inspect?view=Nowhere", "asks for the view “Nowhere”"),
        ("data?dataset=way+a&mask=Nowhere", "asks for the mask to filter by “Nowhere”"),
        ("predict?overlap=900&source=Dataset&dataset=way+a", "asks for the overlap “900”"),
        ("inspect?dataset=way+a&channel=9999", "asks for the channel “9999”"),
    ],
)
def test_an_unknown_name_in_an_address_is_said(
    server: Server, page: Any, datasets: tuple[str, str], address: str, said: str
) -> None:
    before = entries(page)
    page.goto(f"{server.url}/{address}")
    box = page.get_by_test_id("stAlert").filter(has_text=said)
    box.wait_for()
    settled(page)
    assert "There is: " in box.inner_text()
    assert "Shown is “" in box.inner_text()
    assert entries(page) <= before + 1  # none of the address that was asked for by mistake


def test_the_tab_is_named_by_what_is_shown(
    server: Server, page: Any, datasets: tuple[str, str]
) -> None:
    page.goto(f"{server.url}/data?dataset=way+a")
    at(page, "Data")
    assert page.title() == "Data · way a – DeepSpaceImaging"
    open_page(page, "Train")
    assert page.title() == "Train · way a – DeepSpaceImaging"
    page.goto(server.url)
    settled(page)
    assert page.title() == "Overview – DeepSpaceImaging"
