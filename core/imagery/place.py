"""Where a GeoTIFF lies on the ground, from its tags alone: thousands of files in a moment."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from core.errors import ImageError
from core.imagery.header import read_header
from core.imagery.source.sidecars import read_sidecars
from core.imagery.source.tiff_tags import read_tags

__all__ = ["Place", "read_place"]

# Tags of TIFF 6.0 (width, height) and of GeoTIFF 1.1 (OGC 19-008r4, annex C).
_WIDTH, _HEIGHT = 256, 257
_SCALE, _TIEPOINTS, _MATRIX = 33550, 33922, 34264
_WANTED = {_WIDTH, _HEIGHT, _SCALE, _TIEPOINTS, _MATRIX}
_MAX_VALUES = 16 * 6  # of a tag that is wanted; a grid of tie points is read by GDAL instead


@dataclass(frozen=True)
class Place:
    """The ground an image covers, in the units of its reference system.

    Attributes:
        west, south, east, north: the bounds; of a turned grid those of its corners.
        width, height: of the image in pixels.
        pixel_area: area of a pixel.
    """

    west: float
    south: float
    east: float
    north: float
    width: int
    height: int
    pixel_area: float

    @property
    def area(self) -> float:
        """Area of the bounds."""
        return (self.east - self.west) * (self.north - self.south)


def read_place(path: Path) -> Place | None:
    """Bounds of an image, without decoding a pixel; None where it is not georeferenced.

    GDAL needs about a millisecond to open a file, which is seconds for a set of thousands. The tags
    are read here; GDAL is asked where they say less than it takes. Half a pixel of the GeoTIFF
    raster type "pixel is point" is passed over. Answers are kept as long as size and time of the
    file stay.

    Raises:
        ImageError: the file cannot be opened, or is no image.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise ImageError(
            f"the file cannot be opened ({error.strerror})",
            where=str(path),
            remedy="check its name and who may read it",
        ) from error
    return _kept(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=2**15)
def _kept(path: Path, size: int, changed: int) -> Place | None:
    """`size` and `changed` make a file that was written anew be read again."""
    try:
        with path.open("rb") as file:
            tags = read_tags(file, _WANTED, _MAX_VALUES)
    except (OSError, struct.error):
        tags = {}
    # Auxiliary metadata beside the file count before its tags.
    moved = path.with_name(path.name + ".aux.xml").is_file() and read_sidecars(path)
    if moved and moved.auxiliary.transform is not None:
        return _from_gdal(path)
    return _from_tags(tags) or _from_gdal(path)


def _from_tags(tags: dict[int, tuple[float, ...]]) -> Place | None:
    if _WIDTH not in tags or _HEIGHT not in tags:
        return None
    width, height = int(tags[_WIDTH][0]), int(tags[_HEIGHT][0])
    if len(tags.get(_MATRIX, ())) == 16:
        a, b, _, c, d, e, _, f = tags[_MATRIX][:8]
    elif len(tags.get(_SCALE, ())) == 3 and len(tags.get(_TIEPOINTS, ())) == 6:
        (a, down, _), (i, j, _, x, y, _) = tags[_SCALE], tags[_TIEPOINTS]
        b = d = 0.0
        e = -down
        c, f = x - i * a, y + j * down
    else:
        return None
    return _placed((a, b, c, d, e, f), width, height)


def _from_gdal(path: Path) -> Place | None:
    header = read_header(path)
    if header.georeference is None:
        return None
    return _placed(tuple(header.georeference.transform[:6]), header.width, header.height)


def _placed(matrix: tuple[float, ...], width: int, height: int) -> Place | None:
    a, b, c, d, e, f = matrix
    corners = [(0, 0), (width, 0), (0, height), (width, height)]
    x = [a * col + b * row + c for col, row in corners]
    y = [d * col + e * row + f for col, row in corners]
    place = Place(min(x), min(y), max(x), max(y), width, height, abs(a * e - b * d))
    # Not finite, or without extent: such tags say nothing.
    return place if 0 < place.area < float("inf") and place.pixel_area > 0 else None
