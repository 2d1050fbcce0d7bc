"""Charts of a dataset: the numbers in them, against numbers counted by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.classes import ClassTable, LandClass
from ui.data.statistics import bands, places

CLASSES = ClassTable(
    classes=(
        LandClass(name="Land", color="#8429F6"),
        LandClass(name="Road", color="#6EC1E4"),
        LandClass(name="Water", color="#E2A929"),
    )
)


@pytest.fixture
def drawn() -> Callable[..., list[dict[str, Any]]]:
    """Call a chart function inside a page and give what it would send to the browser."""

    def draw(show: Callable[..., None], *args: Any, **named: Any) -> list[dict[str, Any]]:
        def page(show, args, named):  # its source is run on its own, without our imports
            show(*args, **named)

        at = AppTest.from_function(page, args=(show, args, named), default_timeout=60).run()
        assert not at.exception
        return [json.loads(chart.proto.spec) for chart in at.get("plotly_chart")]

    return draw


def values(encoded: Any) -> np.ndarray:
    """Numbers of a figure: plain lists, or Plotly's base64 arrays."""
    if not isinstance(encoded, dict):
        return np.array(encoded, float)
    import base64

    flat = np.frombuffer(base64.b64decode(encoded["bdata"]), encoded["dtype"])
    shape = encoded.get("shape")
    return flat.reshape([int(n) for n in shape.split(",")]) if shape else flat


def test_histograms_are_shares_of_each_band(drawn: Callable[..., list[dict[str, Any]]]) -> None:
    edges = np.array([0.0, 1, 2, 3])
    (chart,) = drawn(
        bands.band_histograms, edges, np.array([[1, 1, 2], [0, 30, 10]]), ["Red", "HV"], "dB"
    )
    red, hv = chart["data"]
    np.testing.assert_allclose(values(red["y"]), [25, 25, 50])
    np.testing.assert_allclose(values(hv["y"]), [0, 75, 25])
    np.testing.assert_allclose(values(red["x"]), [0.5, 1.5, 2.5])
    assert chart["layout"]["xaxis"]["title"]["text"] == "dB"
    assert (red["name"], hv["name"]) == ("Red", "HV")


def test_far_values_do_not_squeeze_the_histogram(
    drawn: Callable[..., list[dict[str, Any]]],
) -> None:
    counts = np.zeros((1, 100), int)
    counts[0, 10:20] = 10_000
    counts[0, 99] = 3
    (chart,) = drawn(bands.band_histograms, np.arange(101.0), counts, ["HH"])
    assert chart["layout"]["xaxis"]["range"] == [10, 20]
    counts[0, 99] = 3_000  # too many to leave out
    (chart,) = drawn(bands.band_histograms, np.arange(101.0), counts, ["HH"])
    assert chart["layout"]["xaxis"]["range"] == [0, 100]


def test_correlation_as_numpy_has_it(drawn: Callable[..., list[dict[str, Any]]]) -> None:
    rng = np.random.default_rng(0)
    first, noise = rng.normal(5, 2, 400), rng.normal(0, 1, 400)
    data = np.stack([first, -3 * first + noise, noise])
    (chart,) = drawn(bands.band_correlation, np.cov(data), ["a", "b", "c"])
    (cells,) = chart["data"]
    np.testing.assert_allclose(values(cells["z"]), np.corrcoef(data), atol=1e-9)
    np.testing.assert_allclose(values(cells["text"]), np.cov(data), rtol=0.005)
    assert "%{text}" in cells["texttemplate"]
    (chart,) = drawn(bands.band_correlation, np.diag([3907.2, 4.0]), ["a", "b"])
    assert chart["data"][0]["text"][0][0] == "3,910"  # and not 3.91e+03


def test_a_constant_band_correlates_with_nothing(
    drawn: Callable[..., list[dict[str, Any]]],
) -> None:
    (chart,) = drawn(bands.band_correlation, np.diag([4.0, 0.0]), ["a", "b"])
    heights = values(chart["data"][0]["z"])
    assert heights[0, 0] == 1
    assert np.isnan(heights[1]).all()
    assert np.isnan(heights[0, 1])


def test_edges_of_a_class_add_up_to_a_hundred(
    drawn: Callable[..., list[dict[str, Any]]],
) -> None:
    """Land meets road 30 times and water 10 times; road and water never meet."""
    matrix = np.array([[999, 30, 10], [30, 500, 0], [10, 0, 7]])
    (chart,) = drawn(places.class_adjacency, matrix, CLASSES)
    heights = values(chart["data"][0]["z"])
    np.testing.assert_allclose(
        heights, [[np.nan, 75, 25], [100, np.nan, 0], [100, 0, np.nan]], equal_nan=True
    )


def test_a_class_without_edges_is_empty(drawn: Callable[..., list[dict[str, Any]]]) -> None:
    matrix = np.array([[0, 4, 0], [4, 0, 0], [0, 0, 0]])
    (chart,) = drawn(places.class_adjacency, matrix, CLASSES)
    assert np.isnan(values(chart["data"][0]["z"])[2]).all()


def test_positions_are_relative_to_the_class(drawn: Callable[..., list[dict[str, Any]]]) -> None:
    """Road only in the left half; land elsewhere; water nowhere; the last row is not labelled."""
    maps = np.zeros((3, 4, 4))
    maps[1, :3, :2] = 1
    maps[0, :3, 2:] = 1
    maps[0, :3, :2] = 3
    land_class, road = drawn(places.class_positions, maps, CLASSES)
    # Road is a sixth of all that is labelled here; in the left half it is a quarter.
    usual = 6 / maps.sum()
    ratio = values(road["data"][0]["customdata"])
    np.testing.assert_allclose(ratio[:3, :2], 0.25 / usual)
    np.testing.assert_array_equal(ratio[:3, 2:], 0)
    assert np.isnan(ratio[3]).all()
    shown = values(road["data"][0]["z"])
    np.testing.assert_allclose(shown[:3, :2], np.log2(0.25 / usual))
    np.testing.assert_array_equal(shown[:3, 2:], -2)  # the end of the scale, not minus infinity
    assert "Land" in land_class["layout"]["title"]["text"]
    assert CLASSES.classes[1].color in road["layout"]["title"]["text"]


def test_of_very_many_classes_the_commonest_are_shown(
    drawn: Callable[..., list[dict[str, Any]]],
) -> None:
    many = ClassTable(
        classes=tuple(LandClass(name=f"c{n}", color=f"#0000{n:02X}") for n in range(40))
    )
    maps = np.ones((40, 2, 2)) * np.arange(40)[:, None, None]
    charts = drawn(places.class_positions, maps, many)
    assert len(charts) == 24
    assert "c16" in charts[0]["layout"]["title"]["text"]


def test_tags_in_names_are_no_tags_in_charts(drawn: Callable[..., list[dict[str, Any]]]) -> None:
    """Plotly makes links and bold text of what looks so, in any text."""
    name = "<a href='https://elsewhere.example'>Land</a>"
    classes = ClassTable(
        classes=(LandClass(name=name, color="#8429F6"), LandClass(name="Road", color="#6EC1E4"))
    )
    figures = [
        *drawn(places.class_adjacency, np.ones((2, 2)), classes),
        *drawn(places.class_positions, np.ones((2, 4, 4)), classes),
        *drawn(bands.band_correlation, np.eye(2), [name, "b"]),
        *drawn(bands.band_histograms, np.arange(3.0), np.ones((2, 2)), [name, "b"], "dB"),
    ]
    text = json.dumps(figures)
    assert "elsewhere.example" in text
    assert "<a" not in text
