"""SpaceNet 6: radar and optical tiles of Rotterdam with building footprints."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from core.classes import ClassTable, LandClass
from core.datasets.dataset import Dataset, ImageTraits, Sample
from core.datasets.layouts.places import Grouping, by_place
from core.datasets.note import Note
from core.errors import DatasetError, ImageError
from core.formats import counted
from core.imagery.place import Place, read_place
from core.mask_coding import MaskCoding
from core.untrusted.folder import list_folder
from core.untrusted.text_file import read_text

__all__ = [
    "AREA",
    "MINIMUM_BUILDING",
    "ORIENTATIONS",
    "PRODUCTS",
    "SPACENET6_CLASSES",
    "is_spacenet6",
    "read_orientations",
    "read_spacenet6",
    "spacenet6_home",
    "spacenet6_traits",
    "tile_name",
]

AREA = "AOI_11_Rotterdam"
PRODUCTS = ("SAR-Intensity", "PS-RGB", "PS-RGBNIR", "RGBNIR", "PAN")
"""Image products, the first being the one used where none is named."""
ORIENTATIONS = "SAR_orientations.txt"
SPACENET6_CLASSES = ClassTable(
    classes=(
        LandClass(name="Background", color="#3A4A5A"),
        LandClass(name="Building", color="#F2A900"),
    )
)
MINIMUM_BUILDING = 20.0
"""Area in m² from which a footprint counts, as in SpaceNet's baseline: 80 pixels of 0.5 m."""

_SAR = "SAR-Intensity"
_LABELS, _SUMMARY = "geojson_buildings", "SummaryData"
_NODATA = 0.0  # in all bands at once
_CSV_PIXEL = 0.5  # side in m of the pixels that PolygonWKT_Pix counts in


def _pattern(kind: str, suffix: str) -> re.Pattern[str]:
    return re.compile(
        rf"SN6_\w+_{AREA}_{re.escape(kind)}_(\d{{14}}_\d{{14}})_tile_(\d+)\.{suffix}", re.I
    )


_TILES = {product: _pattern(product, "tiff?") for product in PRODUCTS}
_FOOTPRINTS = _pattern("Buildings", "geojson")


def tile_name(file_name: str) -> tuple[str, str, str] | None:
    """Product (``Buildings`` for footprints), strip and tile number in a SpaceNet 6 file name.

    The strip is ``<start>_<end>`` of its recording. None for any other name.
    """
    for kind, pattern in (*_TILES.items(), ("Buildings", _FOOTPRINTS)):
        if match := pattern.fullmatch(file_name):
            return kind, match[1], match[2]
    return None


def spacenet6_home(root: Path) -> Path | None:
    """The folder that holds the products: `root`, or where the archives put it below."""
    for home in (root, root / AREA, root / "train" / AREA):
        if not os.access(home, os.R_OK | os.X_OK):
            continue
        if home.name == AREA:
            known = any((home / product).is_dir() for product in PRODUCTS)
        else:  # renamed by its owner: the files must say what it is
            known = any(_has_tiles(home, product) for product in PRODUCTS)
        if known:
            return home
    return None


def is_spacenet6(root: Path) -> bool:
    """Whether `root` holds ``AOI_11_Rotterdam``, is that folder, or has it below ``train``."""
    return spacenet6_home(root) is not None


def _has_tiles(home: Path, product: str) -> bool:
    return any(_TILES[product].fullmatch(name) for name in list_folder(home / product).files)


def read_spacenet6(root: Path, name: str, product: str = "") -> Dataset:
    """List a SpaceNet 6 folder; no pixel is read.

    SpaceNet 6, all-weather mapping (Shermeyer et al. 2020, arXiv:2004.06500):

    - Size: 3,401 tiles of 450 m a side over the port of Rotterdam, 900×900 pixels at 0.5 m; 204
      radar strips and WorldView-2 images of August 2019; EPSG:32631.
    - Bands: SAR-Intensity is Capella's X-band, HH, HV, VH, VV in positive dB, float32: means
      28.6, 36.1, 33.8 and 26.2, largest values about 92, as published solutions have them. PS-RGB
      has three bands of 8 bit; PS-RGBNIR and RGBNIR have four, PAN has one, of 16 bit.
    - Resolution: 0.5 m; RGBNIR is coarser.
    - Labels: a GeoJSON of building footprints a tile, or one table of them for all.
    - Classes: background, building; footprints below `MINIMUM_BUILDING` are left out.
    - Void: none; 0 in all bands, and NaN, are no data.
    - Licence: CC BY-SA 4.0.
    - Source: spacenet.ai/sn6-challenge.

    Strips that the orientation file marks with 1 were seen from the other side: their SAR images
    and masks are turned by 180°, as in the baseline, so that the radar looks from one side in all.

    A scene is a place, see `core.datasets.layouts.places.by_place`: passes over one place never
    land on two sides of a split by scene. `notes` say where that cannot be kept.

    Args:
        root: the folder that holds ``AOI_11_Rotterdam``, that folder, or the one above ``train``.
        name: name of the dataset.
        product: one of `PRODUCTS`; empty for the first that is there.

    Raises:
        DatasetError: no tile, no such product, or an orientation file that cannot be read.
    """
    home = spacenet6_home(root)
    present = tuple(p for p in PRODUCTS if home is not None and _has_tiles(home, p))
    if home is None or not present:
        raise DatasetError(
            "the SpaceNet 6 folder holds no tiles",
            where=str(home or root),
            remedy=f"expected {AREA}/SAR-Intensity/SN6_Train_{AREA}_SAR-Intensity_<start>_<end>_"
            "tile_<n>.tif and its like; unpack the archive again",
        )
    chosen = product or present[0]
    if chosen not in present:
        raise DatasetError(
            f"there is no product {chosen!r}", where=str(home), remedy=f"use {', '.join(present)}"
        )
    tiles, strange = _tiles(home / chosen, chosen)
    places = [_place(path) for path, _, _ in tiles]
    scenes, notes = _scenes([f"{strip}_tile_{number}" for _, strip, number in tiles], places)
    masks, mask_notes = _masks(home, tiles, places)
    notes += mask_notes
    turned, turn_notes = _turned(home, root, chosen, {strip for _, strip, _ in tiles})
    notes += turn_notes
    if strange:
        notes.append(
            f"{counted(strange, 'image')} of {chosen} with other names than SpaceNet's are left out"
        )
    samples = tuple(
        Sample(f"{strip}_tile_{number}", scene, path, mask, turned=strip in turned)
        for (path, strip, number), scene, mask in zip(tiles, scenes, masks, strict=True)
    )
    return Dataset(
        name=name,
        root=root,
        layout="spacenet6",
        classes=SPACENET6_CLASSES,
        coding=MaskCoding("footprints", minimum_area=_minimum_area(places)),
        samples=samples,
        notes=tuple(Note(f"{note}.") for note in notes),
        product=chosen,
        products=present,
        nodata=_NODATA,
        decibel=chosen == _SAR,
    )


def _tiles(folder: Path, product: str) -> tuple[list[tuple[Path, str, str]], int]:
    """Path, strip and number of each tile, by strip and number; images of other names."""
    tiles, strange = [], 0
    pattern = _TILES[product]
    for name in list_folder(folder).files:
        if match := pattern.fullmatch(name):
            tiles.append((folder / name, match[1], match[2]))
        elif Path(name).suffix.lower() in (".tif", ".tiff"):
            strange += 1
    return sorted(tiles, key=lambda tile: (tile[1], int(tile[2]))), strange


def _place(path: Path) -> Place | None:
    """Where a tile lies; None where that cannot be known, which the notes and the audit tell."""
    try:
        return read_place(path)
    except ImageError:
        return None


def _scenes(ids: Sequence[str], places: Sequence[Place | None]) -> tuple[list[str], list[str]]:
    known = [place for place in places if place is not None]
    grouping = by_place(known)
    names = iter(grouping.names)
    # Without a place, nothing can be said of what a tile shares with others.
    scenes = [
        next(names) if place else f"unplaced {i}" for i, place in zip(ids, places, strict=True)
    ]
    notes = _chained(grouping, len(known))
    if missing := len(places) - len(known):
        notes.append(
            f"{missing} of {len(places)} tiles do not say where they lie (broken, or without a "
            "georeference): each is a scene of its own, and what it shares with others is unknown"
        )
    return scenes, notes


def _chained(grouping: Grouping, count: int) -> list[str]:
    if not grouping.columns:
        return ["A scene is a place: tiles of all passes that share ground are in one scene"]
    return [
        f"The passes overlap all across the area, so that it is cut from west to east into "
        f"{grouping.columns} columns as scenes; {grouping.torn:,} of {count:,} tiles at their "
        "edges still share ground with a tile of another column: a split by scene keeps most "
        "passes over a place together, not all"
    ]


def _masks(
    home: Path, tiles: Sequence[tuple[Path, str, str]], places: Sequence[Place | None]
) -> tuple[list[Path | None], list[str]]:
    labels: dict[tuple[str, str], Path] = {}
    for name in list_folder(home / _LABELS).files:
        if match := _FOOTPRINTS.fullmatch(name):
            labels[match[1], match[2]] = home / _LABELS / name
    summary = _summary(home)
    masks: list[Path | None] = []
    coarse = 0
    for (_, strip, number), place in zip(tiles, places, strict=True):
        mask = labels.get((strip, number))
        if mask is None and summary is not None:
            # Its coordinates are pixels, of the grid of radar and sharpened images alone.
            if place is None or abs(place.pixel_area / _CSV_PIXEL**2 - 1) < 0.1:
                mask = summary
            else:
                coarse += 1
        masks.append(mask)
    notes = []
    if coarse:
        notes.append(
            f"{coarse} tiles have no mask: {summary.name if summary else ''} counts in pixels of "
            f"{_CSV_PIXEL} m, and these are coarser; add {_LABELS} for them"
        )
    return masks, notes


def _summary(home: Path) -> Path | None:
    folder = home / _SUMMARY
    files = sorted(folder.glob("SN6_*_Buildings.csv")) if folder.is_dir() else []
    return files[0] if files else None


def _minimum_area(places: Sequence[Place | None]) -> float:
    """`MINIMUM_BUILDING` in pixels of the product."""
    first = next((place for place in places if place is not None), None)
    return MINIMUM_BUILDING / (first.pixel_area if first else _CSV_PIXEL**2)


def _turned(
    home: Path, root: Path, product: str, strips: set[str]
) -> tuple[frozenset[str], list[str]]:
    if product != _SAR:
        return frozenset(), []
    folders = dict.fromkeys((home / _SUMMARY, home, root))
    path = next((f / ORIENTATIONS for f in folders if (f / ORIENTATIONS).is_file()), None)
    if path is None:
        return frozenset(), [
            f"There is no {ORIENTATIONS}: strips seen from the other side are not turned"
        ]
    listed = read_orientations(path)
    unlisted = strips - listed.keys()
    notes = [
        f"{len(unlisted)} of {len(strips)} strips are not in {ORIENTATIONS} and are not turned"
    ]
    return frozenset(strip for strip, turn in listed.items() if turn), notes if unlisted else []


def spacenet6_traits(image: Path) -> ImageTraits | None:
    """What is known of an image with a name of SpaceNet 6.

    Raises:
        DatasetError: the orientation file that lies with it cannot be read.
    """
    name = tile_name(image.name)
    if name is None or name[0] not in PRODUCTS:
        return None
    product, strip, _ = name
    home = image.absolute().parent.parent
    strips, _ = _turned(home, home.parent, product, {strip})
    return ImageTraits(strip in strips, _NODATA)


def read_orientations(path: Path) -> dict[str, bool]:
    """Whether a strip, by ``<start>_<end>``, is to be turned by 180°.

    Raises:
        DatasetError: the file cannot be read, or a line is not ``<start>_<end> 0`` or ``1``.
    """
    try:
        lines = read_text(path).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(
            "the orientations of the strips cannot be read",
            where=str(path),
            remedy="download the file again, or delete it to leave all strips as they are",
        ) from error
    turns: dict[str, bool] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        match = re.fullmatch(r"(\d{14}_\d{14})[ \t,]+([01])", line.strip())
        if match is None:
            raise DatasetError(
                f"line {number} of the orientations is not `<start>_<end> 0` or `1`",
                where=str(path),
                remedy="download the file again, or delete it to leave all strips as they are",
            )
        turns[match[1]] = match[2] == "1"
    return turns
