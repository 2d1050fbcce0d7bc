"""What a map holds within a rectangle: by hand, and whatever the browser says the rectangle is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import streamlit as st
from affine import Affine
from rasterio.crs import CRS

from core.classes import ClassTable, LandClass
from core.imagery.ground_area import GroundAreas, ground_areas
from core.imagery.header import Georeference
from ui.viewer.places import Place, Rectangle, drawn_rectangle, outlines, rectangle_payload
from ui.widgets.rectangle import MappedPlace, rectangle_summary

CLASSES = ClassTable(
    classes=(LandClass(name="Water", color="#0B3C5D"), LandClass(name="Ice", color="#FFFFFF"))
)
UTM = Georeference(CRS.from_epsg(32631), Affine(10, 0, 590000, 0, -10, 5750000))


def test_it_is_counted_by_hand() -> None:
    labels = np.zeros((20, 30), np.uint8)
    labels[5:, 10:] = 1
    labels[:, 29] = 255
    place = MappedPlace(labels, None, CLASSES, UTM)
    summary = rectangle_summary(place, Rectangle(8, 3, 30, 7))
    # 4 rows of 22 columns; of the last two rows 19 columns are ice, and the last column is void.
    assert (summary["width"], summary["height"], summary["void_pixels"]) == (22, 4, 4)
    water, ice = summary["classes"]["Water"], summary["classes"]["Ice"]
    assert (water["pixels"], ice["pixels"]) == (4 * 21 - 2 * 19, 2 * 19)
    assert ice["share"] == pytest.approx(38 / 84)
    areas = ground_areas(UTM, 30, 20)
    assert isinstance(areas, GroundAreas)
    assert ice["area_m2"] == pytest.approx(38 * areas.mean, rel=1e-6)
    alone = rectangle_summary(MappedPlace(labels, None, CLASSES, None), Rectangle(0, 0, 1, 1))
    assert "no_area" in alone and "area_m2" not in alone["classes"]["Ice"]


def test_a_rectangle_is_one_of_the_picture_that_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    session: dict[str, Any] = {}
    monkeypatch.setattr(st, "session_state", session)
    size = (20, 30)

    def drawn(box: Any, image: str = "image-1") -> Rectangle | None:
        session["v"] = {"rectangle": {"image": image, "box": box}}
        return drawn_rectangle("v")

    assert rectangle_payload("v", "image-1", size) == {"box": None}
    assert drawn([1, 2, 30, 20]) == (1, 2, 30, 20)
    assert rectangle_payload("v", "image-1", size) == {"box": [1, 2, 30, 20]}
    hostile: list[Any] = [
        [1, 2, 31, 20],
        [1, 2, 30, 21],
        [-1, 2, 30, 20],
        [3, 2, 3, 20],
        [5, 2, 3, 20],
        [1, 2, 30],
        [1, 2, 30, "20"],
        [1, 2, 30, 19.5],
        [True, 2, 30, 20],
        "abcd",
        None,
        {"0": 1},
    ]
    for box in hostile:
        assert drawn(box) is None, box
    assert drawn([1, 2, 30, 20], image="image-2") is None
    for value in (None, "x", [1, 2, 3, 4]):
        session["v"] = {"rectangle": value}
        assert drawn_rectangle("v") is None
    assert rectangle_payload("v", "image-2", size) == {"box": None}
    assert drawn_rectangle("never made") is None


def test_outlines_go_along_the_edges_of_pixels() -> None:
    here = np.zeros((6, 7), bool)
    here[2:5, 1:4] = True
    (ring,) = outlines(here)
    assert set(ring) == {(1, 2), (4, 2), (4, 5), (1, 5)}
    here[3, 2] = False  # a hole
    assert {frozenset(ring) for ring in outlines(here)} == {
        frozenset({(1, 2), (4, 2), (4, 5), (1, 5)}),
        frozenset({(2, 3), (3, 3), (3, 4), (2, 4)}),
    }
    assert outlines(np.ones((1, 1), bool)) == [[(0, 0), (0, 1), (1, 1), (1, 0)]]
    assert outlines(np.zeros((4, 4), bool)) == []


def test_a_place_around_a_box() -> None:
    assert Place.around((100, 50, 200, 20)).payload() == {
        "x": 200,
        "y": 60,
        "width": 600,
        "height": 128,
    }
    assert Place(1, 2, zoom=3).payload() == {"x": 1, "y": 2, "zoom": 3}
