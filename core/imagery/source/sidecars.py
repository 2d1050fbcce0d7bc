"""What lies beside an image and belongs to it: its grid, its reference system, its mask.

GDAL itself is kept from looking there: it would open whatever a name suits, by any of its drivers.
Here only files of an image's own name in its own folder are read, each of one known form.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from affine import Affine

if TYPE_CHECKING:
    from rasterio.crs import CRS

__all__ = [
    "Sidecars",
    "is_grid",
    "is_usable_data_mask",
    "mask_beside",
    "read_sidecars",
    "usable_data_mask",
]

# As ESRI and GDAL name them: first and last letter of the ending and a "w"; or the ending and "w".
_WORLD = {
    ".tif": (".tfw", ".tifw"),
    ".tiff": (".tfw", ".tifw", ".tiffw"),
    ".jpg": (".jgw", ".jpgw"),
    ".jpeg": (".jgw", ".jpgw", ".jpegw"),
    ".png": (".pgw", ".pngw"),
    ".jp2": (".j2w", ".jp2w"),
}
_ANY_WORLD = ".wld"
_MOST = 1024**2  # bytes of a file that are read


@dataclass(frozen=True)
class Sidecars:
    """What files beside an image say of it.

    Attributes:
        transform: from column and row to map coordinates; None where no file says.
        crs: reference system of these coordinates.
        nodata: values that mean no data, by band counted from 0.
    """

    transform: Affine | None = None
    crs: CRS | None = None
    nodata: Mapping[int, float] = field(default_factory=dict)


def read_sidecars(image: Path) -> Sidecars:
    """Grid and reference system beside an image: GDAL's ``.aux.xml`` first, then world file, .prj.

    What cannot be read says nothing.
    """
    transform, crs, nodata = _aux(image)
    if transform is None:
        endings = (*_WORLD.get(image.suffix.lower(), ()), _ANY_WORLD)
        texts = (_text(_beside(image.with_suffix(ending))) for ending in endings)
        transform = next((grid for text in texts if (grid := _world(text))), None)
    if crs is None:
        crs = _crs(_text(_beside(image.with_suffix(".prj"))))
    return Sidecars(transform, crs, nodata)


def mask_beside(image: Path) -> Path | None:
    """GDAL's external mask ``NAME.tif.msk``, where there is one."""
    return _beside(image.with_name(image.name + ".msk"))


_PLANET = re.compile(
    r"(?P<scene>.+?)_(?:Basic)?(?:Analytic|Visual)[A-Za-z0-9_]*\.tiff?", re.IGNORECASE
)
_UDM2 = re.compile(r".+_udm2(?:_clip)?\.tiff?", re.IGNORECASE)


def is_usable_data_mask(name: str) -> bool:
    """Whether a file is a mask of Planet's by its name, and no image."""
    return _UDM2.fullmatch(name) is not None


def usable_data_mask(image: Path) -> Path | None:
    """Planet's usable data mask (UDM2) of a scene or composite, where it lies beside the image.

    Its first band is 1 where the ground is seen clearly (Planet, UDM 2 product specification). A
    scene's is called by the scene, a composite's by the whole name of the image.
    """
    clipped = "_clip" in image.stem.lower()
    starts = [image.stem, re.sub("_clip$", "", image.stem, flags=re.IGNORECASE)]
    if match := _PLANET.fullmatch(image.name):
        starts.append(match["scene"])
    endings = ("_udm2_clip", "_udm2") if clipped else ("_udm2", "_udm2_clip")
    names = [
        start + ending + suffix
        for ending in endings
        for start in dict.fromkeys(starts)
        for suffix in (".tif", ".tiff")
    ]
    return next((there for name in names if (there := _beside(image.with_name(name)))), None)


def _beside(path: Path) -> Path | None:
    """The file, in capitals too; None where there is none, or a link that leads elsewhere."""
    for name in (path.name, path.stem + path.suffix.upper()):
        there = path.with_name(name)
        if there.is_file() and there.resolve().parent == path.parent.resolve():
            return there
    return None


def _text(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        with path.open("rb") as file:
            return file.read(_MOST).decode("utf-8-sig", errors="replace")
    except OSError:
        return ""


def is_grid(transform: Affine) -> bool:
    """Whether a transform lays a grid: its numbers are finite, and pixels have an area."""
    return all(map(math.isfinite, transform[:6])) and transform.determinant != 0


def _world(text: str) -> Affine | None:
    """Six numbers a line, of the middle of the first pixel."""
    try:
        a, d, b, e, x, y = (float(part.replace(",", ".")) for part in text.split()[:6])
    except ValueError:
        return None
    transform = Affine(a, b, x - a / 2 - b / 2, d, e, y - d / 2 - e / 2)
    return transform if is_grid(transform) else None


def _crs(text: str) -> CRS | None:
    from rasterio._err import CPLE_BaseError  # in none of rasterio's public modules
    from rasterio.crs import CRS
    from rasterio.errors import CRSError

    if not text.strip():
        return None
    try:
        return CRS.from_wkt(text.strip(), morph_from_esri_dialect=True)
    except CRSError:
        # GDAL keeps the complaint, and the next call that goes well would be blamed for it.
        with suppress(CPLE_BaseError, CRSError):
            CRS.from_epsg(4326).to_wkt()
        return None


def _aux(image: Path) -> tuple[Affine | None, CRS | None, dict[int, float]]:
    """Of GDAL's persistent auxiliary metadata: GeoTransform, SRS and the bands' no data."""
    text = _text(_beside(image.with_name(image.name + ".aux.xml")))
    # Entities could grow without end; GDAL writes none.
    if not text.strip() or "<!" in text.replace("<!--", ""):
        return None, None, {}
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return None, None, {}
    transform = None
    try:
        numbers = [float(part) for part in root.findtext("GeoTransform", "").split(",")]
        transform = Affine.from_gdal(*numbers) if len(numbers) == 6 else None
        transform = transform if transform and is_grid(transform) else None
    except ValueError:
        pass
    nodata = {}
    for place, band in enumerate(root.iterfind("PAMRasterBand")):
        with suppress(ValueError):
            nodata[int(band.get("band", place + 1)) - 1] = float(band.findtext("NoDataValue", ""))
    return transform, _crs(root.findtext("SRS", "")), nodata
