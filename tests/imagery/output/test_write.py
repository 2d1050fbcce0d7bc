"""What goes out comes back."""

from __future__ import annotations

import cv2
import numpy as np
from affine import Affine
from rasterio.crs import CRS
from rasterio.io import MemoryFile

from core.classes import DUBAI_CLASSES
from core.imagery.header import Georeference
from core.imagery.output.write import label_geotiff, png_bytes

RNG = np.random.default_rng(3)
BLOBS = cv2.resize(RNG.integers(0, 5, (6, 6), np.uint8), (60, 60), interpolation=cv2.INTER_NEAREST)
BLOBS[:4, :9] = 255


def test_png_is_exact_and_in_rgb_order() -> None:
    color = DUBAI_CLASSES.colorize(BLOBS)
    back = cv2.imdecode(np.frombuffer(png_bytes(color), np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(back[..., ::-1], color)


def test_geotiff_keeps_grid_crs_and_colours() -> None:
    # A turned grid: anything that rebuilds the transform from bounds would lose the turn.
    place = Georeference(CRS.from_epsg(32631), Affine(0.5, 0.1, 6e5, 0.1, -0.5, 5.7e6))
    data = label_geotiff(BLOBS, place, DUBAI_CLASSES.colors)
    with MemoryFile(data) as memory, memory.open() as dataset:
        assert dataset.crs == place.crs
        assert dataset.transform == place.transform
        assert dataset.nodata == 255
        np.testing.assert_array_equal(dataset.read(1), BLOBS)
        table = dataset.colormap(1)
    assert tuple(table[i][:3] for i in range(5)) == DUBAI_CLASSES.colors
