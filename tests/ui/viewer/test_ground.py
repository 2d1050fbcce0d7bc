"""What the browser is told of the ground: the places of an image's points in space."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from numpy.polynomial import chebyshev
from rasterio.crs import CRS
from rasterio.warp import transform

from core.imagery.ground_area import GroundAreas, ground_areas, space_series
from core.imagery.header import Georeference
from ui.viewer.ground import ground_payload

REFERENCE = Path(__file__).resolve().parents[3] / "ui/viewer/frontend/tools/geodesy.reference.json"
IMAGES = json.loads(REFERENCE.read_text())["images"]


def where(image: dict[str, Any]) -> Georeference:
    return Georeference(CRS.from_string(image["crs"]), Affine(*image["grid"]))


@pytest.mark.parametrize("image", IMAGES, ids=[image["crs"] for image in IMAGES])
def test_the_series_are_those_that_the_browser_is_tested_with(image: dict[str, Any]) -> None:
    sent = ground_payload(where(image), *image["surface"]["size"])
    assert sent and sent["surface"]["size"] == image["surface"]["size"]
    # Versions of PROJ may differ in the last digits.
    np.testing.assert_allclose(sent["surface"]["xyz"], image["surface"]["xyz"], atol=2e-3, rtol=0)


@pytest.mark.parametrize("image", IMAGES, ids=[image["crs"] for image in IMAGES])
def test_they_hold_to_a_millimetre(image: dict[str, Any]) -> None:
    width, height = image["surface"]["size"]
    place = where(image)
    series = space_series(place, width, height)
    assert series is not None
    x, y = np.random.default_rng(0).uniform(0, 1, (2, 500)) * [[width], [height]]
    east, north = place.transform @ (x, y)
    longitude, latitude = np.radians(transform(place.crs, "EPSG:4326", east, north)[:2])
    axis, e2 = 6378137.0, 6.69437999014e-3
    vertical = axis / np.sqrt(1 - e2 * np.sin(latitude) ** 2)
    truth = [
        vertical * np.cos(latitude) * np.cos(longitude),
        vertical * np.cos(latitude) * np.sin(longitude),
        vertical * (1 - e2) * np.sin(latitude),
    ]
    for own, expected in zip(series, truth, strict=True):
        value = chebyshev.chebval2d(2 * x / width - 1, 2 * y / height - 1, own)
        np.testing.assert_allclose(value, expected, atol=1e-3, rtol=0)


@pytest.mark.parametrize(
    "place",
    [
        Georeference(None, Affine(1, 0, 0, 0, -1, 0)),
        # Half of the image is beyond the edge of the Earth.
        Georeference(
            CRS.from_string("+proj=ortho +lat_0=0 +lon_0=0"),
            Affine(10_000, 0, 0, 0, -10_000, 500_000),
        ),
    ],
)
def test_without_a_known_place_there_are_none(place: Georeference) -> None:
    sent = ground_payload(place, 1000, 100)
    assert sent and sent["surface"] is None


def test_areas_of_pixels_are_of_the_same_surface() -> None:
    """The browser's areas of polygons and Python's of pixels are of one ellipsoid."""
    reference = json.loads(REFERENCE.read_text())
    for ring in reference["rings"]:
        image = reference["images"][ring["image"]]
        width, height = image["surface"]["size"]
        areas = ground_areas(where(image), width, height)
        if not isinstance(areas, GroundAreas) or "3031" in image["crs"] or width > 3000:
            continue
        x, y = np.array(ring["points"]).T
        pixels = abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
        middle = areas.of_part(np.zeros((1, 1), np.uint8), int(y.mean()), int(x.mean()), 1)[0]
        assert ring["squareMetres"] == pytest.approx(pixels * middle, rel=0.01)
