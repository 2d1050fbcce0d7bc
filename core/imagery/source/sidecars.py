"""What lies beside an image and belongs to it: its grid, its reference system, its mask.

GDAL itself is kept from looking there: it would open whatever a name suits, by any of its drivers.
Here only files of an image's own name in its own folder are read, each of one known form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from affine import Affine

from core.imagery.source.auxiliary import Auxiliary, crs_of, is_grid, read_auxiliary

if TYPE_CHECKING:
    from rasterio.crs import CRS

__all__ = [
    "Sidecars",
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
        auxiliary: GDAL's ``.aux.xml``.
        world: from column and row to map coordinates, by the world file.
        crs: reference system of these coordinates, by the .prj.
        unread: names of the ``.aux.xml``, the world file and the .prj that are there and cannot be
            read, each empty where that is not so.
    """

    auxiliary: Auxiliary = field(default_factory=Auxiliary)
    world: Affine | None = None
    crs: CRS | None = None
    unread: tuple[str, str, str] = ("", "", "")


def read_sidecars(image: Path) -> Sidecars:
    """What GDAL's ``.aux.xml``, a world file and a .prj say of the image beside them."""
    path = _beside(image.with_name(image.name + ".aux.xml"))
    auxiliary = read_auxiliary(_text(path)) if path else Auxiliary()
    endings = (*_WORLD.get(image.suffix.lower(), ()), _ANY_WORLD)
    worlds = [there for ending in endings if (there := _beside(image.with_suffix(ending)))]
    world = next((grid for there in worlds if (grid := _world(_text(there)))), None)
    prj = _beside(image.with_suffix(".prj"))
    crs = crs_of(_text(prj))
    unread = (
        path.name if path and auxiliary.unread else "",
        worlds[0].name if worlds and world is None else "",
        prj.name if prj and crs is None else "",
    )
    return Sidecars(auxiliary, world, crs, unread)


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


def _world(text: str) -> Affine | None:
    """Six numbers a line, of the middle of the first pixel."""
    try:
        a, d, b, e, x, y = (float(part.replace(",", ".")) for part in text.split()[:6])
    except ValueError:
        return None
    transform = Affine(a, b, x - a / 2 - b / 2, d, e, y - d / 2 - e / 2)
    return transform if is_grid(transform) else None
