"""Class tables in files: found beside a dataset in the forms sets ship them, read, and written."""

from __future__ import annotations

import csv
import hashlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from core.classes import ClassTable, LandClass, class_name, hex_to_rgb, numbered
from core.datasets.masks.class_table.columns import (
    ContentError,
    Row,
    Rows,
    is_void_word,
    words_of,
)
from core.datasets.masks.class_table.forms import csv_rows, json_rows, text_rows
from core.datasets.masks.class_table.void import Voids, voids_of
from core.datasets.note import Note
from core.errors import DatasetError
from core.locks import locked
from core.paths import disk_errors, workspace, write_json
from core.untrusted.text_file import parse_json, read_text

__all__ = [
    "ClassFile",
    "class_file_of",
    "class_stamp",
    "class_table_of",
    "find_class_file",
    "read_class_file",
    "write_class_file",
]

_WRITING = threading.Lock()  # sessions of the dashboard are threads of one process
CLASS_FILE = "classes.json"
_NAMES = (CLASS_FILE, "labels.json", "classes.csv", "class_dict.csv", "labels.csv")
_ROBOFLOW = "_classes.csv"
_SIDES = (".", "train", "valid", "val", "test")
_TEXTS = ("labels.txt", "classes.txt", "labelmap.txt")
_MAX_BYTES = 1024**2
_SHOWN = 200  # signs of a reason
_LABELME_VOID = "__ignore__"  # heads labelme's list, whose other names count from 0


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
        void_names: what of the file is void because of its name.
        counted: whether the values are but the classes' places in the file, void ones among them.
        unclear: why it is not sure which numbers stand for the classes in index masks; empty if
            it is.
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
    counted: bool = False
    unclear: str = ""


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
    return next(_class_files(root), None)


def _class_files(root: Path) -> Iterator[Path]:
    """The class tables that lie beside the data, the one that counts first."""
    # Roboflow puts the same table into each of its folders.
    names = (*_NAMES, *_TEXTS, *(f"{folder}/{_ROBOFLOW}" for folder in _SIDES))
    return (root / name for name in names if (root / name).is_file())


def class_table_of(root: Path) -> tuple[ClassFile | None, str, tuple[Note, ...]]:
    """The class table of a dataset, the name of its file, and notes on others that contradict it.

    Raises:
        DatasetError: it cannot be read.
    """
    path = find_class_file(root)
    if path is None:
        return None, "", ()
    table = read_class_file(path)
    notes = [
        Note(
            f"{path.relative_to(root)} and {other.relative_to(root)} do not name the same classes: "
            f"{path.relative_to(root)} is read. Remove the one that is wrong.",
            "warning",
        )
        for other in _class_files(root)
        if path.is_relative_to(root) and other != path and _contradicts(table, other)
    ]
    return table, path.name, tuple(notes)


def _contradicts(table: ClassFile, path: Path) -> bool:
    """Whether another file gives the classes other names, values or colours.

    One that cannot be read is no class table.
    """
    try:
        other = read_class_file(path)
    except DatasetError:
        return False
    names = [[name.lower() for name in (*t.classes.names, *t.void_names)] for t in (table, other)]
    if sorted(names[0]) != sorted(names[1]):
        return True
    valued = [bool(t.values) and not t.counted for t in (table, other)]
    # In a table without values the order gives them.
    if valued[0] == valued[1]:
        pairs = [
            dict(zip(n, t.values or range(len(n)), strict=False))
            for n, t in zip(names, (table, other), strict=True)
        ]
        if pairs[0] != pairs[1]:
            return True
    if not (table.colored and other.colored):
        return False
    colors = [
        dict(zip(n, t.classes.colors, strict=False))
        for n, t in zip(names, (table, other), strict=True)
    ]
    return colors[0] != colors[1]


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
    listed: list[dict[str, Any]] = [{"name": c.name, "color": c.color} for c in classes.classes]
    if values:
        listed = [{**c, "value": v} for c, v in zip(listed, values, strict=True)]
    content: dict[str, Any] = {"classes": listed}
    content |= {"attribute": attribute} if attribute else {}
    content |= {"void": [*void, *void_values]} if void or void_values else {}
    content |= {"tolerance": tolerance} if tolerance else {}
    path = class_file_of(root)
    # Not beside the dataset's own files: there is one lock for all, held for a moment.
    lock = workspace().root / "classes" / ".lock"
    with disk_errors(lock):
        lock.parent.mkdir(parents=True, exist_ok=True)
    with _WRITING, locked(lock):
        if path.exists():
            raise DatasetError(
                "the dataset has a class table already",
                where=str(path),
                remedy="edit that file, or move it away to name the classes anew",
            )
        write_json(path, content)
    return path


def read_class_file(path: Path) -> ClassFile:
    """The class table in a file.

    JSON: ``{"classes": [{"name": "Road", "color": "#6EC1E4"}, …], "void": ["#000000"]}``, where a
    colour may be missing, ``value`` may give the index (or the attribute's text) of a class,
    ``attribute`` the property of polygons that names it, ``layer`` the layer (or the list of
    layers) that is read, and ``tolerance`` how far a mask's value may be from that of its class; or
    ``{"0": "Land", "1": "Road"}``, ``{"Land": 0}`` or ``["Land", "Road"]``. CSV: a heading with
    ``name`` and ``r, g, b`` or a colour, as Kaggle's ``class_dict.csv``. Text: a name a line, with
    a number or without, as labelme's, whose ``__ignore__`` at the head is no class, or CVAT's
    ``name:r,g,b::``. In all of them a class called unlabeled, unknown or void is void, and columns
    may have other usual names, see `core.datasets.masks.class_table.columns`.

    Raises:
        DatasetError: it is of none of these forms.
    """
    try:
        text = read_text(path, "utf-8-sig", _MAX_BYTES)
        if path.suffix.lower() == ".csv":
            return _table(csv_rows(text))
        if path.suffix.lower() == ".txt" and text.lstrip()[:1] not in ("{", "["):
            return _table(text_rows(text))
        return _json(parse_json(text))
    except ContentError as error:
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
            f"the class table cannot be read: {_reason(error)}",
            where=str(path),
            remedy='write {"classes": [{"name": "Road", "color": "#6EC1E4"}], "void": ["#000000"]}'
            " into classes.json",
        ) from error


def _reason(error: Exception) -> str:
    """What is wrong with a class table, in words, of what reading it raised."""
    if isinstance(error, json.JSONDecodeError):
        return f"it is no JSON ({error.msg}, line {error.lineno})"
    if isinstance(error, UnicodeDecodeError):
        return "it is no text in UTF-8"
    if isinstance(error, ValidationError):
        return str(error.errors()[0]["msg"]).removeprefix("Value error, ")
    if isinstance(error, (KeyError, TypeError, AttributeError)):
        return "its entries are not those of a class table"
    return f"{(getattr(error, 'strerror', '') or str(error))[:_SHOWN]}"


def _json(content: Any) -> ClassFile:
    if isinstance(content, list):
        return _table(json_rows(content))
    options = {words_of(key): cell for key, cell in content.items()}
    if "classes" in options:
        listed, voids = json_rows(options["classes"]), voids_of(content)
    else:
        # Beside the pairs of a name and a number, a list can only be that of what is void.
        lists = {key: cell for key, cell in content.items() if isinstance(cell, (list, dict))}
        voids = voids_of(lists)
        own = any((voids.names, voids.colors, voids.values))
        pairs = {key: cell for key, cell in content.items() if not (own and is_void_word(key))}
        listed, options = json_rows(pairs), {}
    names = {name.lower() for name in voids.names}
    rows = [replace(r, void=r.void or r.name.lower() in names) for r in listed.rows]
    made = _table(Rows(rows, listed.unclear))
    _check_void(made, voids)
    others = {name for name in voids.names if name.lower() not in {r.name.lower() for r in rows}}
    words = tuple(name for name in voids.names if name in others and is_void_word(name))
    texts = [name for name in voids.names if name in others and not is_void_word(name)]
    known = set(made.void.values())
    return replace(
        made,
        void={
            **made.void,
            **{t: hex_to_rgb(t) for t in voids.colors if hex_to_rgb(t) not in known},
        },
        void_values=tuple(dict.fromkeys((*made.void_values, *voids.values, *texts))),
        attribute=str(options.get("attribute", "")),
        layers=_layers(options.get("layer", options.get("layers", ()))),
        tolerance=float(options.get("tolerance", 0)),
        void_names=(*made.void_names, *words),
    )


def _layers(content: Any) -> tuple[str, ...]:
    return (content,) if isinstance(content, str) else tuple(str(name) for name in content)


def _named(row: Row) -> Row:
    try:
        return replace(row, name=class_name(row.name))
    except ValueError as error:
        raise ContentError(str(error)) from error


def _table(listed: Rows) -> ClassFile:
    rows = [_named(row) for row in listed.rows]
    if len(rows) > 1 and rows[0].name == _LABELME_VOID and rows[0].value is None:
        others = _table(Rows(rows[1:], listed.unclear))
        return replace(others, void_values=(*others.void_values, -1))
    void = [row for row in rows if row.void or is_void_word(row.name)]
    kept = [row for row in rows if row not in void]
    _check(kept, void)
    colored = bool(kept) and all(row.color for row in kept)
    table = (
        ClassTable(classes=tuple(LandClass(name=r.name, color=r.color or "") for r in kept))
        if colored
        else numbered([row.name for row in kept])
    )
    values = tuple(row.value for row in kept if row.value is not None)
    counted = bool(void) and not values
    if counted:  # their place in the list is their value
        values = tuple(position for position, row in enumerate(rows) if row not in void)
        void = [replace(r, value=p) for p, r in enumerate(rows) if r in void]
    return ClassFile(
        table,
        colored,
        {row.name: hex_to_rgb(row.color) for row in void if row.color},
        values,
        tuple(row.value for row in void if row.value is not None),
        void_names=tuple(row.name for row in void),
        counted=counted,
        unclear=listed.unclear,
    )


def _check(classes: Sequence[Row], void: Sequence[Row]) -> None:
    """Refuse rows that contradict each other, in words."""
    named: set[str] = set()
    holders = {row.value: row.name for row in void if row.value is not None}
    for row in classes:
        if row.name in named:
            raise ContentError(f"two classes are called {row.name}")
        named.add(row.name)
        if row.value is None:
            continue
        if row.value in holders:
            raise ContentError(
                f"{holders[row.value]} and {row.name} have the same value, {row.value}"
            )
        holders[row.value] = row.name
    without = [row.name for row in classes if row.value is None]
    if 0 < len(without) < len(classes):
        raise ContentError(f"some classes have a value and {without[0]} has none")


def _check_void(table: ClassFile, void: Voids) -> None:
    for value, name in zip(table.values, table.classes.names, strict=False):
        if value in void.values:
            raise ContentError(f"the value {value} is that of {name}, and is listed as void")
    if not table.colored:
        return
    colors = {hex_to_rgb(text) for text in void.colors}
    for land_class in table.classes.classes:
        if land_class.rgb in colors:
            raise ContentError(
                f"the colour {land_class.color} is that of {land_class.name}, and is listed as void"
            )
