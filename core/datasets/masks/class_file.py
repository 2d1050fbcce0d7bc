"""Class tables in files: found beside a dataset in the forms sets ship them, read, and written."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from core.classes import ClassTable, LandClass, class_name, hex_to_rgb
from core.errors import DatasetError
from core.paths import workspace, write_json
from core.untrusted.text_file import parse_json, read_text

__all__ = [
    "VOID_WORDS",
    "ClassFile",
    "background_before",
    "class_file_of",
    "class_stamp",
    "find_class_file",
    "numbered",
    "read_class_file",
    "write_class_file",
]

CLASS_FILE = "classes.json"
_NAMES = (CLASS_FILE, "labels.json", "classes.csv", "class_dict.csv", "labels.csv")
_ROBOFLOW = "_classes.csv"
_SIDES = (".", "train", "valid", "val", "test")
_TEXTS = ("labels.txt", "classes.txt", "labelmap.txt")
_MAX_BYTES = 1024**2
# What sets call pixels that are not labelled; in DeepGlobe's and LoveDA's scoring they do not
# count either.
_LABELME_VOID = "__ignore__"  # heads labelme's list, whose other names count from 0
VOID_WORDS = {"void", "unlabeled", "unlabelled", "unknown", "ignore", "ignored", "no-data"}

# Distinct in hue and in lightness, also with red-green blindness (Okabe & Ito 2008, extended).
_PALETTE = (
    *("#999999", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7"),
    *("#7F3C8D", "#11A579", "#3969AC", "#F2B701", "#E73F74", "#80BA5A", "#E68310", "#008695"),
)


@dataclass(frozen=True)
class ClassFile:
    """A class table as a file has it.

    Attributes:
        classes: names in order, with the file's colours or, where it has none, ours.
        colored: whether the colours are the file's own, so that coloured masks can be read.
        void: colours that mean void, by what they are called.
        values: what stands for each class in index masks (a number) or in the attribute of
            polygons (a text); empty where the classes count 0, 1, 2 …
        void_values: values that mean void.
        attribute: of polygons, the property that names the class.
        layers: of vector files, the layers that are read; empty where the file does not say.
        tolerance: see `MaskCoding`.
        void_names: classes of the file that are void because of their names.
    """

    classes: ClassTable
    colored: bool
    void: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    values: tuple[int | str, ...] = ()
    void_values: tuple[int | str | None, ...] = ()
    attribute: str = ""
    layers: tuple[str, ...] = ()
    tolerance: float = 0.0
    void_names: tuple[str, ...] = ()


class _ContentError(ValueError):
    """A table that can be read and contradicts itself; the text says how."""


@dataclass(frozen=True)
class _Row:
    """One line of a table; what the file does not say is None."""

    name: str
    color: str | None = None
    value: int | str | None = None


def numbered(names: Sequence[str]) -> ClassTable:
    """A table of these names in colours that are easy to tell apart."""
    colors = list(_PALETTE)
    while len(colors) < len(names):
        # Beyond the palette: steps around the hue circle's corners, all distinct.
        colors.append(f"#{(len(colors) * 0x3B9AE1) & 0xFFFFFF:06X}")
    return ClassTable(
        classes=tuple(LandClass(name=n, color=c) for n, c in zip(names, colors, strict=False))
    )


def background_before(classes: ClassTable) -> ClassTable:
    """The classes with a background as the first."""
    lower = all(name == name.lower() for name in classes.names)
    known = {name.lower() for name in classes.names}
    words = ("background", "outside", *(f"background {n}" for n in range(2, len(known) + 2)))
    name = next(word for word in words if word not in known)
    name = name if lower else name.capitalize()
    used = {land_class.color for land_class in classes.classes}
    candidates = numbered([str(number) for number in range(len(used) + 1)]).classes
    color = next(c.color for c in candidates if c.color not in used)
    return ClassTable(classes=(LandClass(name=name, color=color), *classes.classes))


def class_file_of(root: Path) -> Path:
    """Where the classes of a dataset are written when they were named here.

    Beside the data for a dataset of the workspace; for one that lies elsewhere, which is never
    written to, in the workspace's folder ``classes`` under its name and a digest of its path.
    """
    place, ours = root.resolve(), workspace().root
    if place.is_relative_to((ours / "datasets").resolve()):
        return root / CLASS_FILE
    digest = hashlib.blake2b(str(place).encode(), digest_size=6).hexdigest()
    return ours / "classes" / f"{place.name}-{digest}.json"


def class_stamp(root: Path) -> str:
    """Tells one naming of a dataset outside the workspace from another.

    Empty for a dataset that was not named, or whose table lies beside it, among its own files.
    """
    named = class_file_of(root)
    if named.parent == root or not named.is_file():
        return ""
    return f"-{named.stat().st_mtime_ns}"


def find_class_file(root: Path) -> Path | None:
    """The class table of a dataset: what was named here first, then what lies beside the data."""
    named = class_file_of(root)
    if named.is_file():
        return named
    for name in (*_NAMES, *_TEXTS):
        if (root / name).is_file():
            return root / name
    # Roboflow puts the same table into each of its folders.
    for folder in _SIDES:
        if (root / folder / _ROBOFLOW).is_file():
            return root / folder / _ROBOFLOW
    return None


def write_class_file(
    root: Path,
    classes: ClassTable,
    void: Sequence[str] = (),
    *,
    values: Sequence[int | str] = (),
    void_values: Sequence[int | str] = (),
    attribute: str = "",
    tolerance: float = 0.0,
) -> Path:
    """Keep the classes of a dataset that has no table; see `class_file_of` for the place.

    Args:
        root: the dataset's folder.
        classes, values, void_values, attribute, tolerance: as in `ClassFile`.
        void: colours (``#RRGGBB``) that mean void.

    Returns:
        The file.

    Raises:
        DatasetError: there is a table of its own, which is never overwritten, or values that do
            not fit the classes.
        WorkspaceError: the disk is full or the folder cannot be written.
    """
    if values and len(values) != len(classes):
        raise DatasetError(
            f"{len(classes)} classes and {len(values)} values do not fit together",
            where=str(root),
            remedy="give each class one value",
        )
    path = class_file_of(root)
    if path.exists():
        raise DatasetError(
            "the dataset has a class table already",
            where=str(path),
            remedy="edit that file, or move it away to name the classes anew",
        )
    listed: list[dict[str, Any]] = [{"name": c.name, "color": c.color} for c in classes.classes]
    if values:
        listed = [{**c, "value": v} for c, v in zip(listed, values, strict=True)]
    content: dict[str, Any] = {"classes": listed}
    content |= {"attribute": attribute} if attribute else {}
    content |= {"void": [*void, *void_values]} if void or void_values else {}
    content |= {"tolerance": tolerance} if tolerance else {}
    write_json(path, content)
    return path


def read_class_file(path: Path) -> ClassFile:
    """The class table in a file.

    JSON: ``{"classes": [{"name": "Road", "color": "#6EC1E4"}, …], "void": ["#000000"]}``, where
    ``title`` may stand for ``name``, a colour may be missing, ``value`` may give the index (or the
    attribute's text) of a class, ``attribute`` the property of polygons that names it, ``layer``
    the layer (or the list of layers) that is read, and ``tolerance`` how far a mask's value may be
    from that of its class; or ``{"0": "Land", "1": "Road"}``, ``{"Land": 0}`` or
    ``["Land", "Road"]``. CSV: a heading with ``name`` and ``r, g, b`` or a colour, as Kaggle's
    ``class_dict.csv``; a row called unlabeled, unknown or void is void. Text: a name a line, as
    labelme's, whose ``__ignore__`` at the head is no class, or CVAT's ``name:r,g,b::``.

    Raises:
        DatasetError: it is of none of these forms.
    """
    try:
        text = read_text(path, "utf-8-sig", _MAX_BYTES)
        if path.suffix.lower() == ".csv":
            return _table(list(_csv_rows(text)), voids_by_name=True)
        if path.suffix.lower() == ".txt" and text.lstrip()[:1] not in ("{", "["):
            return _table(list(_text_rows(text)), voids_by_name=True)
        return _json(parse_json(text))
    except _ContentError as error:
        raise DatasetError(
            f"the class table cannot be read: {error}",
            where=str(path),
            remedy='give each class a name and a value of its own, {"name": "Road", "value": 3}, '
            "or none of them a value",
        ) from error
    except (
        ValueError, KeyError, TypeError, AttributeError, csv.Error, ValidationError, OSError
    ) as error:  # fmt: skip
        raise DatasetError(
            f"the class table cannot be read ({type(error).__name__})",
            where=str(path),
            remedy='write {"classes": [{"name": "Road", "color": "#6EC1E4"}], "void": ["#000000"]}'
            " into classes.json",
        ) from error


def _json(content: Any) -> ClassFile:
    if isinstance(content, list):
        return _table([_json_row(entry) for entry in content])
    if "classes" not in content:
        return _table([_number_row(*pair) for pair in content.items()])
    made = _table([_json_row(entry) for entry in content["classes"]])
    void = list(content.get("void", ()))
    colors = [v for v in void if isinstance(v, str) and v.startswith("#")]
    void_values = tuple(_whole(v) for v in void if v not in colors)
    if any(isinstance(value, (dict, list)) for value in void_values):
        raise _ContentError('"void" lists values and colours alone')
    _check_void(made, void_values)
    return ClassFile(
        made.classes,
        made.colored,
        {text: hex_to_rgb(text) for text in colors},
        made.values,
        (*made.void_values, *void_values),
        str(content.get("attribute", "")),
        _layers(content.get("layer", content.get("layers", ()))),
        float(content.get("tolerance", 0)),
    )


def _layers(content: Any) -> tuple[str, ...]:
    return (content,) if isinstance(content, str) else tuple(str(name) for name in content)


def _json_row(entry: Any) -> _Row:
    if isinstance(entry, str):
        return _Row(entry)
    color = entry.get("color")
    if isinstance(color, list):
        color = _hex(color)
    return _Row(entry.get("name") or entry["title"], color, _whole(entry.get("value")))


def _whole(value: Any) -> Any:
    """Whole numbers that are written as fractions or as text, 1.0 and "1", as integers."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    # Not "01", which may be a text of an attribute.
    if isinstance(value, str) and re.fullmatch(r"0|-?[1-9]\d*", value):
        return int(value)
    return value


def _number_row(key: str, value: Any) -> _Row:
    """``"0": "Land"``, or ``"Land": 0``."""
    return _Row(str(value), None, int(key)) if key.isdigit() else _Row(key, None, int(value))


def _csv_rows(text: str) -> Iterator[_Row]:
    lines = text.splitlines()
    delimiter = max(",;\t", key=lines[0].count) if lines else ","
    rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=delimiter)]
    rows = [row for row in rows if any(row)]
    heading = [cell.lower() for cell in rows[0]] if rows else []
    if not heading or any(cell.isdigit() for cell in heading):  # no heading: name, r, g, b
        heading = ["name", "r", "g", "b"]
    else:
        rows = rows[1:]
    known = {"red": "r", "green": "g", "blue": "b", "class": "name", "class_name": "name"}
    known |= {"title": "name", "label": "name", "id": "value", "index": "value"}
    known |= {"pixel value": "value", "class_id": "value", "hex": "color", "colour": "color"}
    heading = [known.get(cell, cell) for cell in heading]
    for row in rows:
        cells = dict(zip(heading, row, strict=False))
        color = cells.get("color")
        if color is None and "r" in cells:
            color = _hex([cells["r"], cells["g"], cells["b"]])
        elif color and not color.startswith("#"):
            color = f"#{color}"
        value = cells.get("value")
        yield _Row(cells["name"], color, _number(value) if value else None)


def _number(text: str) -> int:
    value = float(text)
    if not value.is_integer():
        raise _ContentError(f"the value {text} is no whole number")
    return int(value)


def _text_rows(text: str) -> Iterator[_Row]:
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, _, rest = line.partition(":")
        color = rest.partition(":")[0]
        yield _Row(name.strip(), _hex(color.split(",")) if color.strip() else None)


def _hex(parts: Sequence[Any]) -> str:
    red, green, blue = (int(part) for part in parts)
    if not all(0 <= value <= 255 for value in (red, green, blue)):
        raise ValueError(f"expected 0 to 255, received {red}, {green}, {blue}")
    return f"#{red:02X}{green:02X}{blue:02X}"


def _named(row: _Row) -> _Row:
    try:
        return replace(row, name=class_name(row.name))
    except ValueError as error:
        raise _ContentError(str(error)) from error


def _table(rows: list[_Row], voids_by_name: bool = False) -> ClassFile:
    rows = [_named(row) for row in rows]
    if len(rows) > 1 and rows[0].name == _LABELME_VOID and rows[0].value is None:
        others = _table(rows[1:], voids_by_name)
        return replace(others, void_values=(*others.void_values, -1))
    void = [row for row in rows if voids_by_name and row.name.lower() in VOID_WORDS]
    kept = [row for row in rows if row not in void]
    _check(kept, void)
    colored = bool(kept) and all(row.color for row in kept)
    table = (
        ClassTable(classes=tuple(LandClass(name=r.name, color=r.color or "") for r in kept))
        if colored
        else numbered([row.name for row in kept])
    )
    values = tuple(row.value for row in kept if row.value is not None)
    if void and not values:  # their place in the list is their value
        values = tuple(position for position, row in enumerate(rows) if row not in void)
        void = [_Row(r.name, r.color, p) for p, r in enumerate(rows) if r in void]
    return ClassFile(
        table,
        colored,
        {row.name: hex_to_rgb(row.color) for row in void if row.color},
        values,
        tuple(row.value for row in void if row.value is not None),
        void_names=tuple(row.name for row in void),
    )


def _check(classes: Sequence[_Row], void: Sequence[_Row]) -> None:
    """Refuse rows that contradict each other, in words."""
    named: set[str] = set()
    holders = {row.value: row.name for row in void if row.value is not None}
    for row in classes:
        if row.name in named:
            raise _ContentError(f"two classes are called {row.name}")
        named.add(row.name)
        if row.value is None:
            continue
        if row.value in holders:
            raise _ContentError(
                f"{holders[row.value]} and {row.name} have the same value, {row.value}"
            )
        holders[row.value] = row.name
    without = [row.name for row in classes if row.value is None]
    if 0 < len(without) < len(classes):
        raise _ContentError(f"some classes have a value and {without[0]} has none")


def _check_void(table: ClassFile, void: Sequence[int | str | None]) -> None:
    for value, name in zip(table.values, table.classes.names, strict=False):
        if value in void:
            raise _ContentError(f"the value {value} is that of {name}, and is listed as void")
