"""What goes out comes back."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS
from rasterio.features import rasterize
from rasterio.io import MemoryFile

from core.classes import DUBAI_CLASSES
from core.imagery.header import Georeference
from core.imagery.output.write import label_geotiff, png_bytes, polygons

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


def test_polygons_burn_back_to_the_same_labels() -> None:
    collection = polygons(BLOBS, DUBAI_CLASSES.names, None)
    burnt = rasterize(
        [(f["geometry"], f["properties"]["label"]) for f in collection["features"]],
        out_shape=BLOBS.shape,
        fill=255,
        dtype="uint8",
    )
    np.testing.assert_array_equal(burnt, BLOBS)
    for index, name in enumerate(DUBAI_CLASSES.names):
        mine = [
            f["properties"] for f in collection["features"] if f["properties"]["label"] == index
        ]
        assert all(p["class"] == name for p in mine)
        assert sum(p["pixels"] for p in mine) == (index == BLOBS).sum()


def test_polygons_of_a_located_image_are_in_degrees() -> None:
    place = Georeference(CRS.from_epsg(32631), Affine(0.5, 0, 594000, 0, -0.5, 5749000))
    for feature in polygons(BLOBS, DUBAI_CLASSES.names, place)["features"]:
        assert feature["properties"]["area_m2"] == pytest.approx(
            feature["properties"]["pixels"] * 0.25, rel=1e-3
        )
        corners = np.array(feature["geometry"]["coordinates"][0])
        assert ((corners > [4, 51]) & (corners < [5, 53])).all()  # Rotterdam


def test_a_region_across_the_date_line_is_cut_there() -> None:
    place = Georeference(CRS.from_epsg(4326), Affine(0.1, 0, 179, 0, -0.1, 10))
    labels = np.zeros((10, 20), np.uint8)
    (feature,) = polygons(labels, ("land",), place)["features"]
    assert feature["geometry"]["type"] == "MultiPolygon"
    east, west = (np.array(part[0]) for part in feature["geometry"]["coordinates"])
    assert (east[:, 0].min(), east[:, 0].max()) == pytest.approx((179, 180))
    assert (west[:, 0].min(), west[:, 0].max()) == pytest.approx((-180, -179))
    assert feature["properties"]["pixels"] == 200
