"""Turned and cut rasters: their pixels, and where on Earth these lie."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
from affine import Affine

from core.imagery.raster import read_raster
from core.imagery.window import cropped, turned


def located(path: Path) -> Path:
    pixels = np.arange(2 * 4 * 6, dtype=np.uint16).reshape(2, 4, 6) + 1
    grid = Affine(0.5, 0, 1000, 0, -0.5, 2000)
    profile = {"driver": "GTiff", "width": 6, "height": 4, "count": 2, "dtype": "uint16"}
    with rasterio.open(path, "w", crs="EPSG:32631", transform=grid, **profile) as file:
        file.write(pixels)
    return path


def test_every_pixel_keeps_its_place(tmp_path: Path) -> None:
    raster = read_raster(located(tmp_path / "a.tif"))
    assert raster.georeference is not None
    for other in (turned(raster), cropped(raster, (2, 1, 3, 2), "a"), turned(turned(raster))):
        assert other.georeference is not None
        height, width = other.pixels.shape[:2]
        for row in range(height):
            for column in range(width):
                place = other.georeference.transform @ (column + 0.5, row + 0.5)
                x, y = ~raster.georeference.transform @ place
                np.testing.assert_array_equal(
                    other.pixels[row, column], raster.pixels[int(y), int(x)]
                )


def test_turned_twice_is_as_before(tmp_path: Path) -> None:
    raster = read_raster(located(tmp_path / "a.tif"))
    again = turned(turned(raster))
    np.testing.assert_array_equal(again.pixels, raster.pixels)
    assert again.georeference is not None
    assert raster.georeference is not None
    assert again.georeference.transform.almost_equals(raster.georeference.transform)
