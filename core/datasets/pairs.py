"""Any folder of pairs: ``images/`` and ``masks/`` with the same file names."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from core.classes import VOID, ClassTable, LandClass, hex_to_rgb
from core.datasets.dataset import Dataset, MaskCoding, Sample
from core.errors import DatasetError, ImageError
from core.imagery.raster import IMAGE_SUFFIXES, read_header, read_raster

__all__ = ["is_pairs", "read_class_file", "read_pairs"]

# Distinct in hue and in lightness, also with red-green blindness (Okabe & Ito 2008, extended).
_PALETTE = (
    *("#999999", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7"),
    *("#7F3C8D", "#11A579", "#3969AC", "#F2B701", "#E73F74", "#80BA5A", "#E68310", "#008695"),
)


def is_pairs(root: Path) -> bool:
    """Whether `root` has a folder ``images``."""
    return (root / "images").is_dir()


def read_pairs(root: Path, name: str) -> Dataset:
    """List a folder of pairs; each image is a scene of its own.

    Masks are found by the image's name in ``masks/`` (PNG or TIFF). ``classes.json`` names the
    classes: ``{"classes": [{"name": "Road", "color": "#6EC1E4"}, …], "void": ["#000000"]}``.
    Masks of one band hold class indices in that order, 255 = void; masks with only 0 and 255 are
    read as background and foreground. Masks in colours need the file; for index masks without it
    the classes are numbered.

    Masks that cannot be opened are passed over here; the audit names them.

    Raises:
        DatasetError: no image, coloured masks without a class table, or a class table that
            cannot be read.
    """
    images = [p for p in _files(root / "images") if p.suffix.lower() in IMAGE_SUFFIXES]
    if not images:
        raise DatasetError(
            "the folder `images` holds no PNG, JPEG or TIFF",
            where=str(root),
            remedy="put the images there, and their masks under the same names into `masks`",
        )
    masks = {p.stem: p for p in _files(root / "masks") if p.suffix.lower() in IMAGE_SUFFIXES}
    samples = tuple(Sample(p.stem, p.stem, p, masks.get(p.stem)) for p in images)
    paired = [sample.mask for sample in samples if sample.mask is not None]
    table = root / "classes.json"
    classes, void = read_class_file(table) if table.is_file() else (None, {})
    coding, classes, notes = _coding(root, paired, classes, void)
    return Dataset(name, root, "pairs", classes, coding, samples, tuple(notes))


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    # macOS leaves `._name.jpg` beside `name.jpg`.
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def read_class_file(path: Path) -> tuple[ClassTable, dict[str, tuple[int, int, int]]]:
    """The class table in a JSON file, and the colours that mean void.

    Raises:
        DatasetError: it is not of the form given in `read_pairs`.
    """
    try:
        content = json.loads(path.read_text())
        listed = content["classes"]
        classes = ClassTable(
            classes=tuple(
                LandClass(name=c.get("name") or c["title"], color=c["color"]) for c in listed
            )
        )
        return classes, {text: hex_to_rgb(text) for text in content.get("void", ())}
    except (ValueError, KeyError, TypeError, AttributeError, ValidationError) as error:
        raise DatasetError(
            f"the class table cannot be read ({type(error).__name__})",
            where=str(path),
            remedy='write {"classes": [{"name": "Road", "color": "#6EC1E4"}], "void": ["#000000"]}',
        ) from error


def _coding(
    root: Path, masks: list[Path], classes: ClassTable | None, void: dict[str, tuple[int, int, int]]
) -> tuple[MaskCoding, ClassTable, list[str]]:
    if _are_colored(masks):
        if classes is None:
            raise DatasetError(
                "the masks are in colours and there is no classes.json to name them",
                where=str(root),
                remedy='write {"classes": [{"name": "Road", "color": "#6EC1E4"}]} beside `images`',
            )
        return MaskCoding("color", void_colors=void), classes, []
    values = sorted({value for path in masks for value in _values(path)})
    if VOID in values and set(values) <= {0, VOID} and (classes is None or len(classes) == 2):
        table = classes or _numbered(["Background", "Foreground"])
        note = "The masks hold only 0 and 255: read as background and foreground, not as void."
        return MaskCoding("index", values={0: 0, VOID: 1}), table, [note]
    notes = [] if classes or not masks else ["There is no classes.json: the classes are numbered."]
    highest = max((v for v in values if v != VOID), default=0)
    if classes is None and highest >= 100:
        raise DatasetError(
            f"the masks hold values up to {highest} and there is no classes.json",
            where=str(root),
            remedy="name the classes in classes.json; index masks count 0, 1, 2 …, 255 = void",
        )
    classes = classes or _numbered([f"Class {index}" for index in range(highest + 1)])
    return MaskCoding("index", values={i: i for i in range(len(classes))}), classes, notes


def _are_colored(masks: list[Path]) -> bool:
    """Whether the first mask that opens has colours; a palette counts as such."""
    for mask in masks:
        try:
            return read_header(mask).bands >= 3 or read_raster(mask).pixels.shape[-1] >= 3
        except ImageError:
            continue
    return False


def _values(mask: Path) -> set[int]:
    try:
        pixels = read_raster(mask).pixels
    except ImageError:
        return set()
    found = np.unique(pixels)
    return {int(value) for value in found[np.isfinite(found)]}


def _numbered(names: list[str]) -> ClassTable:
    colors = list(_PALETTE)
    while len(colors) < len(names):
        # Beyond the palette: steps around the hue circle's corners, all distinct.
        colors.append(f"#{(len(colors) * 0x3B9AE1) & 0xFFFFFF:06X}")
    return ClassTable(
        classes=tuple(LandClass(name=n, color=c) for n, c in zip(names, colors, strict=False))
    )
