"""The classes of a table from its columns, one vocabulary for JSON and CSV.

A number that a table gives its classes is read as their value, or said to be unclear; it is never
passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

__all__ = [
    "NAME_WORDS",
    "ContentError",
    "Row",
    "Rows",
    "hex_of",
    "is_hex",
    "is_known",
    "is_number",
    "is_void_key",
    "is_void_word",
    "rows_of",
    "whole",
    "words_of",
]

# What sets call pixels that are not labelled; in DeepGlobe's and LoveDA's scoring they do not
# count either.
_VOID_WORDS = {"void", "unlabeled", "unlabelled", "unknown", "ignore", "ignored", "nodata"}
_VOID_KEYS = re.compile(r"(void|ignored?|no ?data|unlabell?ed)( .*)?")

NAME_WORDS = ("name", "title", "class name", "label name", "category name")
_EITHER = ("class", "label", "category")  # names, or numbers where another column has the names
# Those of an earlier line win over those of a later one.
_VALUES = (
    ("value",),
    ("values", "pixel value", "class value", "mask value", "label value", "grey value",
     "gray value", "dn"),
    ("id", "index", "code", "number", "class id", "class index", "class code", "class number",
     "label id", "label index", "label code", "category id", "train id", "pixel", *_EITHER),
)  # fmt: skip
_COLORS = ("color", "colour", "hex", "rgb", "hex color", "hex colour", "rgb color", "rgb colour")
_BANDS = {"red": "r", "green": "g", "blue": "b"}
_KNOWN = {*NAME_WORDS, *_COLORS, "r", "g", "b", *(word for group in _VALUES for word in group)}
_YES, _NO = ("true", "yes", "1"), ("false", "no", "0")

_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
_HEX = re.compile(r"#?[0-9A-Fa-f]{6}")
_TRIPLE = re.compile(r"[\[(]?\s*(\d+)[\s,;]+(\d+)[\s,;]+(\d+)\s*[\])]?")


class ContentError(ValueError):
    """A table that can be read and contradicts itself; the text says how."""


@dataclass(frozen=True)
class Row:
    """One class of a table; what the file does not say is None."""

    name: str
    color: str | None = None
    value: int | str | None = None
    void: bool = False


class Rows(NamedTuple):
    """The classes of a table.

    Attributes:
        rows: one a class.
        unclear: why it is not sure which numbers stand for the classes in masks; empty if it is.
    """

    rows: list[Row]
    unclear: str = ""


def is_void_word(name: str) -> bool:
    """Whether a name says that pixels are not labelled, however it is written: ``No Data``."""
    return re.sub(r"[\s_-]+", "", name).lower() in _VOID_WORDS


def words_of(key: str) -> str:
    """A key or heading in small words: ``pixel value`` for ``Pixel_Value`` and ``pixelValue``."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", key)
    return re.sub(r"[\s_-]+", " ", parted).strip().lower()


def is_void_key(key: str) -> bool:
    """Whether a key or heading says that what is under it is void: ``ignore_index``."""
    return _VOID_KEYS.fullmatch(words_of(key)) is not None


def is_known(key: str) -> bool:
    """Whether a key or heading is one of a name, colour or value."""
    return words_of(key) in _KNOWN


def is_hex(text: str) -> bool:
    """Whether a text is a colour, with # or without."""
    return _HEX.fullmatch(text) is not None


def rows_of(records: Sequence[Mapping[str, Any]]) -> Rows:
    """The classes of records whose keys are columns in any of their spellings."""
    spelled = {words_of(key): key for record in records for key in record}
    small = [{words_of(key): cell for key, cell in record.items()} for record in records]
    small = [{_BANDS.get(key, key): cell for key, cell in record.items()} for record in small]
    columns = {
        key: [record.get(key) for record in small]
        for key in dict.fromkeys(key for record in small for key in record)
    }
    names = _names(columns)
    values, unclear = _values(columns, spelled)
    marked = _marked(columns, spelled)
    rows = [
        Row(name, _color_of(record), value, void)
        for name, record, value, void in zip(names, small, values, marked, strict=True)
    ]
    return Rows(rows, unclear)


def _names(columns: Mapping[str, Sequence[Any]]) -> list[str]:
    texts = [key for key in _EITHER if key in columns and not all(map(is_number, columns[key]))]
    numbers = [key for key in _EITHER if key in columns]
    keys = [*(key for key in NAME_WORDS if key in columns), *texts, *numbers]
    if not keys:
        raise ContentError("nothing in it is called name")
    # A row may be called title where others are called name.
    cells = zip(*(columns[key] for key in keys), strict=True)
    listed = [next((cell for cell in row if cell not in (None, "")), None) for row in cells]
    if any(name is None or isinstance(name, (Mapping, list)) for name in listed):
        raise ContentError("a class has no name")
    return [str(name) for name in listed]


def _values(
    columns: Mapping[str, Sequence[Any]], spelled: Mapping[str, str]
) -> tuple[list[Any], str]:
    """The value of each class, None where there is none; and why they are unclear, or nothing."""
    unclear = ""
    for group in _VALUES:
        given: dict[str, list[Any]] = {}
        for key in (key for key in group if key in columns):
            cells = [_single(cell) for cell in columns[key]]
            some = [is_number(cell) for cell in cells if cell is not None]
            # Texts stand for a class in the attribute of polygons, if they are called value.
            if key == "value" or (some and all(some)):
                given[key] = [None if cell is None else whole(cell) for cell in cells]
            elif any(some) and key not in _EITHER:
                unclear = f"{spelled[key]} gives some classes a number and others a text"
        if any(cells != given[next(iter(given))] for cells in given.values()):
            listed = " and ".join(spelled[key] for key in given)
            unclear = f"{listed} give the classes different numbers"
        if given:
            return next(iter(given.values())), unclear
    return [None] * len(next(iter(columns.values()), ())), unclear or _unread(columns, spelled)


def _unread(columns: Mapping[str, Sequence[Any]], spelled: Mapping[str, str]) -> str:
    """Numbers of the classes under a word that is not known: they may be the values, or not.

    They are not read, for a rank or an area is a number too; those that count the classes as
    their order does change nothing.
    """
    for key, cells in columns.items():
        if key in _KNOWN or _VOID_KEYS.fullmatch(key) or not all(map(is_number, cells)):
            continue
        numbers = [float(cell) for cell in cells]
        distinct = len(set(numbers)) == len(numbers) > 1
        if distinct and numbers != [*range(len(numbers))] and all(n.is_integer() for n in numbers):
            return f"{spelled[key]} gives each class a number, and is no known word for its value"
    return ""


def _marked(columns: Mapping[str, Sequence[Any]], spelled: Mapping[str, str]) -> list[bool]:
    """Whether a class is marked as void by a column of its own, as ``"ignore": true``."""
    marked = [False] * len(next(iter(columns.values()), ()))
    for key in (key for key in columns if _VOID_KEYS.fullmatch(key)):
        for place, cell in enumerate(columns[key]):
            text = "false" if cell is None else str(cell).lower()
            if text not in (*_YES, *_NO):
                raise ContentError(f"{spelled[key]} says neither true nor false of a class")
            marked[place] |= text in _YES
    return marked


def _single(cell: Any) -> Any:
    """The one value of a list of values."""
    if not isinstance(cell, list):
        return cell
    if len(cell) != 1:
        raise ContentError("a class has several values")
    return cell[0]


def is_number(cell: Any) -> bool:
    """Whether a cell is a number or the text of one, without leading zeros."""
    if isinstance(cell, str):
        return _NUMBER.fullmatch(cell) is not None
    return isinstance(cell, (int, float)) and not isinstance(cell, bool)


def whole(cell: Any) -> int | str:
    """Whole numbers that are written as fractions or as text, 1.0 and "1", as integers.

    Not "01", which may be a text of an attribute.
    """
    if isinstance(cell, str) and not _NUMBER.fullmatch(cell):
        return cell
    if not is_number(cell):
        raise ContentError(f"the value {cell} is no whole number")
    if isinstance(cell, float) or "." in str(cell):
        number = float(cell)
        if not number.is_integer():
            raise ContentError(f"the value {cell} is no whole number")
        return int(number)
    return int(cell)


def _color_of(record: Mapping[str, Any]) -> str | None:
    cell = next((record[key] for key in _COLORS if record.get(key)), None)
    if cell is None:
        bands = [record.get(band) for band in "rgb"]
        return None if bands == [None] * 3 else hex_of(bands)
    if isinstance(cell, str):
        if _HEX.fullmatch(cell):
            return f"#{cell.removeprefix('#')}"
        triple = _TRIPLE.fullmatch(cell)
        return hex_of(triple.groups()) if triple else cell
    return hex_of(cell)


def hex_of(parts: Iterable[Any]) -> str:
    """``#RRGGBB`` of red, green and blue."""
    red, green, blue = (int(part) for part in parts)
    if not all(0 <= value <= 255 for value in (red, green, blue)):
        raise ValueError(f"expected 0 to 255, received {red}, {green}, {blue}")
    return f"#{red:02X}{green:02X}{blue:02X}"
