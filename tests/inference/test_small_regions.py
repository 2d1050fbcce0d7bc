"""What the smallest area leaves out of the polygons is counted as they are."""

from __future__ import annotations

import numpy as np
import pytest
from rasterio.crs import CRS
from rasterio.transform import from_origin

from core.imagery.header import Georeference
from core.imagery.output.outlines import OutlineSettings
from core.inference.small_regions import SmallRegions, small_regions
from tests.geojson import polygons

UTM = Georeference(CRS.from_epsg(32631), from_origin(500_000, 5_000_000, 10, 10))


@pytest.mark.parametrize(("grid", "pixel"), [(None, 1.0), (UTM, 100.0)])
def test_it_agrees_with_the_polygons(grid: Georeference | None, pixel: float) -> None:
    labels = np.random.default_rng(0).integers(0, 3, (60, 80)).astype(np.uint8)
    labels[10:30, 10:40] = 1
    labels[:5] = 255
    every = polygons(labels, ("a", "b", "c"), grid)["features"]
    for area in (1.5, 3.5, 10_000.0):
        kept = polygons(labels, ("a", "b", "c"), grid, OutlineSettings(area * pixel))["features"]
        counted = small_regions(labels, grid, area * pixel)
        assert counted.polygons == len(every) - len(kept) > 0
        pixels = [sum(f["properties"]["pixels"] for f in some) for some in (every, kept)]
        assert counted.pixels == pixels[0] - pixels[1]
    assert small_regions(labels, grid, 0) == (0, 0)


def test_its_words() -> None:
    words = "1 polygon of 1,200 pixels below the smallest area left out"
    assert str(SmallRegions(1, 1200)) == words
