"""Generated scenes in the layout of SpaceNet 6: radar and optical tiles with building footprints.

Layout, file names, formats and reference system are those of the real set (`core.datasets.layouts.
spacenet6`); what is in the pictures comes from `core.datasets.synthetic.port`. Each place is seen
by several passes, half of them from the other side, whose tiles overlap but for a few pixels.
Licence: as this project.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.io import MemoryFile

from core.datasets.layouts.spacenet6 import AREA, ORIENTATIONS
from core.datasets.synthetic.port import PIXEL, Port, draw_port
from core.errors import DatasetError
from core.imagery.resample import resample_labels
from core.paths import new_folder

__all__ = ["MIN_SIZE", "PASSES", "write_spacenet6"]

MIN_SIZE = 64
PASSES = 3
"""Passes over each place, out of the four strips there are."""

# Start and end as in the real set's names; 1 is turned by 180°.
_STRIPS = {
    "20190804111224_20190804111453": 1,
    "20190804111851_20190804112030": 0,
    "20190822070610_20190822070846": 1,
    "20190823073552_20190823073822": 0,
}
_CRS = 32631
_WEST, _NORTH = 591_000.0, 5_749_000.0  # near the port of Rotterdam
_A_ROW = 6  # places side by side
_CALIBRATION = np.array((43.3, 58.15, 55.85, 40.7), np.float32)
"""From backscatter in dB to the values of the real files, whose means are 28.6, 36.1, 33.8, 26.2
and whose maxima are about 92 (as solutions of the challenge publish them)."""
_LEAST = 1.0  # 0 is no data: what is darker than the receiver's noise is not below it
_COUNTS = 2000  # of a sensor of 11 bits for a white surface

_README = """Generated scenes, not satellite imagery: a port as drawn by a program.

Command: {command}
Seed: {seed}; {scenes} places, {passes} passes over each, tiles of {size} x {size} pixels of 0.5 m.
Layout and formats are those of SpaceNet 6 (AOI_11_Rotterdam).
"""


@dataclass(frozen=True)
class _Tile:
    """One pass over one place.

    Attributes:
        left, top: where it lies in the port that was drawn, in pixels.
        west, north: its corner in m.
        valid: (H, W) bool, False beyond the edge of the swath.
        gap: what the radar image has there; NaN is written without a nodata tag.
    """

    number: int
    strip: str
    left: int
    top: int
    west: float
    north: float
    valid: NDArray[np.bool_]
    gap: float

    @property
    def id(self) -> str:
        return f"{self.strip}_tile_{self.number}"


def write_spacenet6(
    root: Path,
    *,
    scenes: int = 4,
    size: int = 900,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write generated tiles as a folder in the layout of SpaceNet 6.

    A tile of 900 pixels takes about 20 MB in its five products.

    Args:
        root: the folder to make. It is written beside, and put in place at the end.
        scenes: number of places; each is seen by `PASSES` passes.
        size: side of a tile in pixels of 0.5 m, at least 64.
        seed: the same seed gives the same files.
        progress: called with (tiles done, tiles in all) after each tile.

    Returns:
        `root`.

    Raises:
        DatasetError: if `root` exists and is no empty folder, or a number is out of its range.
        WorkspaceError: if the folder cannot be written.
    """
    _check(root, scenes, size, seed)
    with new_folder(root.resolve()) as partial:
        home = partial / AREA
        summary = home / "SummaryData"
        summary.mkdir(parents=True)
        turns = "".join(f"{strip} {turn}\n" for strip, turn in _STRIPS.items())
        (summary / ORIENTATIONS).write_text(turns, encoding="utf-8")
        table = summary / f"SN6_Train_{AREA}_Buildings.csv"
        with table.open("w", newline="", encoding="utf-8") as file:
            heights = [f"{what}_Building_Height" for what in ("Mean", "Median", "StdDev")]
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(["ImageId", "TileBuildingId", "PolygonWKT_Pix", *heights])
            for place in range(scenes):
                _write_place(home, place, size, seed, scenes, rows, progress)
        command = (
            f"python -m core demo DIR --layout spacenet6 --scenes {scenes} --size {size} "
            f"--seed {seed}"
        )
        text = _README.format(command=command, seed=seed, scenes=scenes, passes=PASSES, size=size)
        (partial / "README.txt").write_text(text, encoding="utf-8")
    return root


def _check(root: Path, scenes: int, size: int, seed: int) -> None:
    for what, value, least in (("scenes", scenes, 1), ("size", size, MIN_SIZE), ("seed", seed, 0)):
        if value < least:
            raise DatasetError(
                f"expected {what} of at least {least}, received {value}", remedy=f"raise --{what}"
            )
    if root.exists() and not (root.is_dir() and not any(root.iterdir())):
        raise DatasetError(
            "the folder for the demo scenes is not empty",
            where=str(root),
            remedy="name a new folder or empty this one",
        )


def _write_place(
    home: Path,
    place: int,
    size: int,
    seed: int,
    scenes: int,
    rows: Any,
    progress: Callable[[int, int], None] | None,
) -> None:
    margin = max(2, size // 40)
    state = np.random.SeedSequence([seed, place]).generate_state(1)
    port = draw_port(size + 2 * margin, int(state[0]))
    light = port.optical()
    rng = np.random.default_rng([seed, place, 1])
    row, column = divmod(place, _A_ROW)
    # Half a tile apart: no two places share ground.
    spacing = 1.5 * size * PIXEL
    west, north = _WEST + column * spacing, _NORTH - row * spacing
    for number in range(PASSES):
        left, top = (int(v) for v in rng.integers(0, 2 * margin + 1, 2))
        tile = _Tile(
            number=place * PASSES + number,
            strip=list(_STRIPS)[(place + number) % len(_STRIPS)],
            left=left,
            top=top,
            west=west + left * PIXEL,
            north=north - top * PIXEL,
            valid=_swath(size, number, rng),
            gap=float("nan") if number % 2 else 0.0,
        )
        _write_images(home, tile, port, light, size)
        _write_footprints(home, tile, port, size, rows)
        if progress:
            progress(place * PASSES + number + 1, scenes * PASSES)


def _swath(size: int, number: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Where the pass has data: the first of a place has all, the others end at a slanted edge."""
    y, x = np.mgrid[0:size, 0:size] / size
    edge = rng.uniform(0.08, 0.25) + rng.uniform(0.1, 0.2) * (y - 0.5)
    if number == 0:
        return np.ones((size, size), bool)
    beside: NDArray[np.bool_] = (x if number % 2 else 1 - x) >= edge
    return beside


def _write_images(
    home: Path, tile: _Tile, port: Port, light: NDArray[np.float32], size: int
) -> None:
    window = np.s_[tile.top : tile.top + size, tile.left : tile.left + size]
    gap = ~tile.valid
    # Radar of a turned strip looked the other way; turned by 180° it looks as the others.
    radar = port.radar("up" if _STRIPS[tile.strip] else "down", tile.number)[window]
    radar = np.maximum(radar + _CALIBRATION, np.float32(_LEAST))
    radar[gap] = tile.gap
    seen = light[window]
    bright = np.clip(seen[..., :3] * 255 / 0.6, 1, 255)
    counts = np.clip(seen * _COUNTS, 1, 65535)
    half = (size + 1) // 2
    coarse = cv2.resize(counts, (half, half), interpolation=cv2.INTER_AREA)
    coarse_gap = resample_labels(gap, half, half)
    tagged = None if np.isnan(tile.gap) else 0.0
    for product, pixels, empty, dtype in (
        ("SAR-Intensity", radar, None, np.float32),
        ("PS-RGB", bright, gap, np.uint8),
        ("PS-RGBNIR", counts, gap, np.uint16),
        ("RGBNIR", coarse, coarse_gap, np.uint16),
        ("PAN", counts[..., :3].mean(axis=-1, keepdims=True), gap, np.uint16),
    ):
        whole = (pixels if dtype == np.float32 else np.rint(pixels)).astype(dtype)
        if empty is not None:
            whole[empty] = 0
        path = home / product / f"SN6_Train_{AREA}_{product}_{tile.id}.tif"
        _write_tiff(path, whole, tile, size * PIXEL / whole.shape[0], tagged)


def _write_tiff(
    path: Path, pixels: np.ndarray, tile: _Tile, pixel: float, nodata: float | None
) -> None:
    # Encoded in memory and written by Python: GDAL may say nothing of a disk that is full.
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff",
            width=pixels.shape[1],
            height=pixels.shape[0],
            count=pixels.shape[2],
            dtype=pixels.dtype.name,
            crs=CRS.from_epsg(_CRS),
            transform=Affine(pixel, 0, tile.west, 0, -pixel, tile.north),
            nodata=nodata,
            compress="deflate",
            zlevel=1,
            # Without it GDAL calls the fourth band alpha.
            photometric="RGB" if path.parent.name == "PS-RGB" else "MINISBLACK",
        ) as dataset:
            dataset.write(np.moveaxis(pixels, -1, 0))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(memory.read())


def _write_footprints(home: Path, tile: _Tile, port: Port, size: int, rows: Any) -> None:
    import shapely

    frame = shapely.box(0, 0, size, size)
    features: list[dict[str, Any]] = []
    for building in port.buildings:
        part = shapely.Polygon(building.outline - (tile.left, tile.top)).intersection(frame)
        if part.geom_type != "Polygon" or part.area < 1:
            continue
        # Map coordinates to the millimetre, and pixels from these: both files say the same.
        edge = np.array(part.exterior.coords)[:, :2]
        east = np.round(tile.west + edge[:, 0] * PIXEL, 3)
        north = np.round(tile.north - edge[:, 1] * PIXEL, 3)
        height = building.height
        ring = [[float(x), float(y), height] for x, y in zip(east, north, strict=True)]
        number = len(features) + 1
        properties = {
            "ImageId": tile.id,
            "TileBuildingId": number,
            "Mean_Building_Height": height,
            "Median_Building_Height": height,
            "StdDev_Building_Height": 0.0,
        }
        geometry = {"type": "Polygon", "coordinates": [ring]}
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
        columns, lines = (east - tile.west) / PIXEL, (tile.north - north) / PIXEL
        ends = ", ".join(f"{x:.4f} {y:.4f}" for x, y in zip(columns, lines, strict=True))
        rows.writerow([tile.id, number, f"POLYGON (({ends}))", height, height, 0.0])
    if not features:
        rows.writerow([tile.id, -1, "POLYGON EMPTY", "", "", ""])
    name = f"SN6_Train_{AREA}_Buildings_{tile.id}"
    content = {
        "type": "FeatureCollection",
        "name": name,
        "crs": {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{_CRS}"}},
        "features": features,
    }
    path = home / "geojson_buildings" / f"{name}.geojson"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
