"""Humans in the Loop's semantic segmentation of aerial imagery, Dubai."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from core.classes import DUBAI_CLASSES, DUBAI_VOID_COLORS
from core.datasets.dataset import Dataset, Sample
from core.datasets.note import Note
from core.errors import DatasetError
from core.imagery.raster import IMAGE_SUFFIXES
from core.mask_coding import MaskCoding
from core.untrusted.folder import list_folder
from core.untrusted.text_file import parse_json, read_text

__all__ = ["class_file_colors", "dubai_home", "is_dubai", "read_dubai", "tiles_orphans"]

_TILE = re.compile(r"Tile (\d+)")


def dubai_home(root: Path) -> Path:
    """The folder the tiles lie in: the download has one more folder around them."""
    inner = "Semantic segmentation dataset"
    return root / inner if inner in list_folder(root).folders else root


def is_dubai(root: Path) -> bool:
    """Whether `root` holds ``Tile N/images`` folders, also one folder down as on Kaggle."""
    home = dubai_home(root)
    tiles = (name for name in list_folder(home).folders if _TILE.fullmatch(name))
    return any("images" in list_folder(home / tile).folders for tile in tiles)


def read_dubai(root: Path, name: str) -> Dataset:
    """List a folder in the Dubai layout; no pixel is read.

    Semantic segmentation of aerial imagery (Humans in the Loop):

    - Size: 72 images, eight tiles of nine parts, 509×544 to 2149×1479 pixels. A tile is a 3×3
      mosaic whose parts touch, and a scene here.
    - Bands: red, green, blue; 8 bit, JPEG; satellite images of the MBRSC.
    - Resolution: not stated; the pictures have no georeference.
    - Masks: PNG in the colours of `DUBAI_CLASSES`; ``classes.json`` gives other ones.
    - Classes, with their share of the pixels: land 52.4 %, water 13.6 %, building 13.3 %,
      vegetation 10.3 %, road 9.4 %.
    - Void: unlabeled #9B9B9B (0.5 %), and black (0.56 %, nearly all in tile 8), which is nowhere
      documented.
    - Licence: CC0 1.0.
    - Source: humansintheloop.org/resources/datasets, and Kaggle.

    Args:
        root: folder of the tiles, or the one above it.
        name: name of the dataset.

    Raises:
        DatasetError: there is no image in it.
    """
    home = dubai_home(root)
    tiles = [home / name for name in list_folder(home).folders if _TILE.fullmatch(name)]
    samples = [
        Sample(f"{tile.name}/{image.stem}", tile.name, image, _mask_of(tile, image.stem))
        for tile in sorted(tiles, key=lambda tile: int(tile.name.split()[1]))
        for image in _pictures(tile / "images")
    ]
    if not samples:
        raise DatasetError(
            "the tiles hold no images",
            where=str(home),
            remedy="put image_part_001.jpg … into each `Tile N/images`, or download the set again",
        )
    return Dataset(
        name=name,
        root=root,
        layout="dubai",
        classes=DUBAI_CLASSES,
        coding=MaskCoding("color", void_colors=DUBAI_VOID_COLORS),
        samples=tuple(samples),
        notes=_notes(home),
    )


def _mask_of(tile: Path, stem: str) -> Path | None:
    for suffix in (".png", ".tif", ".tiff"):
        mask = tile / "masks" / f"{stem}{suffix}"
        if mask.is_file():
            return mask
    return None


def tiles_orphans(dataset: Dataset) -> Iterator[Path]:
    """Masks in ``Tile N/masks`` that belong to no image."""
    known = {sample.mask for sample in dataset.samples}
    folders = dict.fromkeys(sample.image.parent.parent / "masks" for sample in dataset.samples)
    for folder in folders:
        yield from (path for path in _pictures(folder) if path not in known)


def _pictures(folder: Path) -> list[Path]:
    paths = (folder / name for name in list_folder(folder).files)
    return [path for path in paths if path.suffix.lower() in IMAGE_SUFFIXES]


def _notes(home: Path) -> tuple[Note, ...]:
    mosaic = Note(
        "The parts of a tile are one mosaic with touching edges: split by scene, or scores on "
        "held-out parts come out too good."
    )
    wrong = _disagreements(class_file_colors(home))
    if not wrong:
        return (mosaic,)
    contradiction = Note(
        f"classes.json disagrees with the masks: it gives {', '.join(wrong)}. The masks' own "
        "colours are used.",
        "warning",
    )
    return contradiction, mosaic


def class_file_colors(root: Path) -> dict[str, str]:
    """The colour (``#RRGGBB``) of each class as ``classes.json`` has it, by the name's first word.

    Empty where there is no such file. Colours in the masks are others: see `read_dubai`.

    Raises:
        DatasetError: the file is there and cannot be read as a class list.
    """
    path = dubai_home(root) / "classes.json"
    if not path.is_file():
        return {}
    try:
        listed = parse_json(read_text(path))["classes"]
        return {str(c["title"]).split(" ")[0]: str(c["color"]).upper() for c in listed}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(
            "classes.json cannot be read as the dataset's class list",
            where=str(path),
            remedy="download it again or delete it; the colours in the masks are known without it",
        ) from error


def _disagreements(colors: dict[str, str]) -> list[str]:
    """Classes whose colour in ``classes.json`` is not the one the masks are painted in."""
    return [
        f"{land_class.name} as {colors[land_class.name]} (masks: {land_class.color})"
        for land_class in DUBAI_CLASSES.classes
        if colors.get(land_class.name, land_class.color) != land_class.color
    ]
