"""A GeoPackage of regions, read back by GDAL and compared with the pixels."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
from affine import Affine
from rasterio.crs import CRS
from rasterio.features import rasterize

from core.imagery.ground_area import ground_areas
from core.imagery.header import Georeference
from core.imagery.output.geopackage import write_geopackage
from core.imagery.output.polygons import outlines_of
from core.provenance import is_own_file

RNG = np.random.default_rng(6)
LABELS = np.kron(RNG.integers(0, 3, (20, 25), np.uint8), np.ones((3, 3), np.uint8))
LABELS[:7, :9] = 255
NAMES = ("Land & sea", "Rööf", "Road")


@pytest.mark.parametrize(
    "grid",
    [
        Georeference(CRS.from_epsg(32631), Affine(0.5, 0, 6e5, 0, -0.5, 5.7e6)),
        Georeference(CRS.from_epsg(32631), Affine(0.4, 0.3, 6e5, 0.3, -0.4, 5.7e6)),
        Georeference(None, Affine(2, 0, 0, 0, 2, 0)),
    ],
)
@pytest.mark.parametrize("min_area", [0, 5, 1e9])
def test_polygons_lie_on_the_pixels(tmp_path: Path, grid: Georeference, min_area: float) -> None:
    path = tmp_path / "x.gpkg"
    areas = ground_areas(grid, LABELS.shape[1], LABELS.shape[0])
    ((outlines, sizes),) = outlines_of(LABELS, areas, 0)
    half = len(outlines) // 2
    first = np.arange(len(outlines)) < half
    batches = [(outlines.select(part), sizes.select(part)) for part in (first, ~first)]
    write_geopackage(path, batches, NAMES, grid, min_area)
    meta, _, geometry, fields = pyogrio.raw.read(path)
    columns = dict(zip(meta["fields"], fields, strict=True))
    assert list(columns) == ["class", "label", "pixels", *(["area_m2"] if grid.crs else [])]
    kept = sizes.measure >= min_area
    np.testing.assert_array_equal(columns["pixels"], sizes.pixels[kept])
    np.testing.assert_array_equal(columns["label"], outlines.labels[kept])
    assert [NAMES[label] for label in columns["label"]] == columns["class"].tolist()
    if grid.crs:
        np.testing.assert_array_equal(columns["area_m2"], sizes.square_metres[kept])
        assert CRS.from_user_input(meta["crs"]) == grid.crs
    shapes = shapely.from_wkb(geometry)
    assert shapely.is_valid(shapes).all()
    assert shapely.is_ccw(shapely.get_exterior_ring(shapes)).all()
    pixel = abs(grid.transform.determinant)
    np.testing.assert_allclose(shapely.area(shapes), columns["pixels"] * pixel, rtol=1e-9)
    if not min_area:
        pairs = zip(shapes, columns["label"], strict=True)
        burnt = rasterize(pairs, LABELS.shape, fill=255, transform=grid.transform, dtype="uint8")
        np.testing.assert_array_equal(burnt, LABELS)
    assert is_own_file(path)


def test_an_edited_one_is_not_ours(tmp_path: Path) -> None:
    grid = Georeference(CRS.from_epsg(32631), Affine(0.5, 0, 6e5, 0, -0.5, 5.7e6))
    path = tmp_path / "x.gpkg"
    (batch,) = outlines_of(LABELS, ground_areas(grid, 75, 60), 0)
    write_geopackage(path, [batch], NAMES, grid)
    with sqlite3.connect(path) as database:
        # What the file's triggers call, and GDAL has.
        for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            database.create_function(name, 1, lambda _: 0)
        database.execute("UPDATE regions SET class = 'Water' WHERE fid = 1")
    assert not is_own_file(path)
    path.write_bytes(b"SQLite format 3\0" + bytes(100))
    assert not is_own_file(path)
