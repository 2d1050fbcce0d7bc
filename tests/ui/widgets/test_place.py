"""A place in the address: for the picture that the page was opened with, and no other."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.test_addresses import opened, said
from tests.ui.components import component_data
from ui.viewer.places import Place
from ui.widgets.place import parse_place


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("120,40.5,300,200", Place(120, 40.5, 300, 200)),
        ("0,0,1,1", Place(0, 0, 1, 1)),
        ("120,40", None),
        ("120,40,300,200,5", None),
        ("120,40,0,200", None),
        ("-1,40,10,200", None),
        ("nan,40,10,200", None),
        ("1,inf,10,200", None),
        ("1e300,0,1,1", None),
        ("1;2;3;4", None),
        ("<b>,1,1,1", None),
        ("", None),
    ],
)
def test_an_address_is_a_place_or_none(text: str, place: Place | None) -> None:
    assert parse_place(text) == place


def shown(at: AppTest) -> object:
    data = component_data(at, "dsi_compare_viewer")
    assert data and data["linked"]
    return data["at"]


def test_a_sample_opens_at_it_and_another_does_not(space: Path, demo_dataset: Path) -> None:
    shutil.copytree(demo_dataset, space / "datasets" / "demo")
    query = {"dataset": "demo", "view": "Sample", "at": "30,40,20,10"}
    at = opened("data", {**query})
    place = {"x": 30, "y": 40, "width": 20, "height": 10}
    assert shown(at) == place
    at.run()
    assert shown(at) == place
    box = next(each for each in at.selectbox if each.key == "sample")
    box.set_value(box.options[1]).run()
    assert shown(at) is None
    assert "at" not in at.query_params


def test_what_is_no_place_is_said(space: Path, demo_dataset: Path) -> None:
    shutil.copytree(demo_dataset, space / "datasets" / "demo")
    at = opened("data", {"dataset": "demo", "view": "Sample", "at": "here"})
    assert shown(at) is None
    (text,) = said(at)
    assert "place “here”" in text and "X,Y,WIDTH,HEIGHT" in text
