"""A SpaceNet 6 folder of thousands of tiny tiles, written in seconds: for tests and benchmarks."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from affine import Affine
from rasterio.crs import CRS
from rasterio.io import MemoryFile

SIDE = 16
"""Side of a tile in pixels of 0.5 m."""
PASSES = 17
"""Tiles over each place."""

_AREA = "AOI_11_Rotterdam"
_WEST, _NORTH, _PIXEL = 591_000.0, 5_749_000.0, 0.5
_FORMATS = {
    "SAR-Intensity": (4, "float32"),
    "PS-RGB": (3, "uint8"),
    "PS-RGBNIR": (4, "uint16"),
    "RGBNIR": (4, "uint16"),
    "PAN": (1, "uint16"),
}


def write_tree(root: Path, tiles: int = 3400, products: Sequence[str] = ("SAR-Intensity",)) -> Path:
    """Write tiles with one building each, `PASSES` over every place, odd strips to be turned.

    Places lie apart; passes over one are up to a pixel off. Valid GeoTIFF files in EPSG:32631 with
    one random picture a product.

    Returns:
        `root`, which holds ``AOI_11_Rotterdam``.
    """
    home = root / _AREA
    for folder in (*products, "geojson_buildings", "SummaryData"):
        (home / folder).mkdir(parents=True)
    strips = [f"20190804{hour:02d}0000_20190804{hour:02d}0230" for hour in range(PASSES)]
    lines = [f"{strip} {number % 2}\n" for number, strip in enumerate(strips)]
    (home / "SummaryData" / "SAR_orientations.txt").write_text("".join(lines))
    templates = {product: _template(*_FORMATS[product]) for product in products}
    across = max(1, round((tiles / PASSES) ** 0.5))
    for number in range(tiles):
        place, turn = divmod(number, PASSES)
        row, column = divmod(place, across)
        west = _WEST + column * SIDE * 1.5 * _PIXEL + turn % 2 * _PIXEL
        north = _NORTH - row * SIDE * 1.5 * _PIXEL - turn % 3 // 2 * _PIXEL
        tile = f"{strips[turn]}_tile_{number}"
        for product, (start, end) in templates.items():
            path = home / product / f"SN6_Train_{_AREA}_{product}_{tile}.tif"
            path.write_bytes(start + struct.pack("<2d", west, north) + end)
        path = home / "geojson_buildings" / f"SN6_Train_{_AREA}_Buildings_{tile}.geojson"
        path.write_text(json.dumps(_building(west, north)))
    return root


def _template(bands: int, dtype: str) -> tuple[bytes, bytes]:
    """The bytes of a tile before and after the two numbers that say where it lies."""
    values = np.random.default_rng(0).uniform(1, 200, (bands, SIDE, SIDE))
    pixels = values / 4 if dtype == "float32" else values
    transform = Affine(_PIXEL, 0, _WEST, 0, -_PIXEL, _NORTH)
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff",
            width=SIDE,
            height=SIDE,
            count=bands,
            dtype=dtype,
            crs=CRS.from_epsg(32631),
            transform=transform,
        ) as dataset:
            dataset.write(pixels.astype(dtype))
        whole = memory.read()
    start, end = whole.split(struct.pack("<2d", _WEST, _NORTH))
    return start, end


def _building(west: float, north: float) -> dict[str, object]:
    """A hall of 10 × 10 pixels, three pixels from the upper left corner, 7 m high."""
    x, y = west + 3 * _PIXEL, north - 3 * _PIXEL
    side = 10 * _PIXEL
    ring = [[x, y], [x + side, y], [x + side, y - side], [x, y - side], [x, y]]
    geometry = {"type": "Polygon", "coordinates": [[[*corner, 7.0] for corner in ring]]}
    return {
        "type": "FeatureCollection",
        "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32631"}},
        "features": [{"type": "Feature", "properties": {}, "geometry": geometry}],
    }
