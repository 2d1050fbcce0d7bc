"""The forms of class tables: JSON, CSV with and without a heading, and texts."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from typing import Any

from core.datasets.masks.class_table.columns import (
    NAME_WORDS,
    ContentError,
    Row,
    Rows,
    hex_of,
    is_hex,
    is_number,
    rows_of,
    words_of,
)

__all__ = ["csv_rows", "json_rows", "pair_of", "text_rows"]

# Lines of a text that number their classes: the number, or the name, comes first.
_LINES = (
    re.compile(r"(?P<value>\d+)\s*[,;:=\t]\s*(?P<name>.*[^\W\d].*)"),
    re.compile(r"(?P<name>.*[^\W\d].*?)\s*[,;:=\t]\s*(?P<value>\d+)"),
)
_SPACED = (
    re.compile(r"(?P<value>\d+)\s+(?P<name>.*[^\W\d].*)"),
    re.compile(r"(?P<name>.*[^\W\d].*?)\s+(?P<value>\d+)"),
)


def json_rows(content: Any) -> Rows:
    """The classes of a JSON list, or of an object of pairs as ``"0": "Land"`` or ``"Land": 0``."""
    if isinstance(content, Mapping):
        return rows_of([pair_of(*pair) for pair in content.items()])
    if not isinstance(content, list):
        raise ContentError('"classes" is no list')
    return rows_of([{"name": entry} if isinstance(entry, str) else entry for entry in content])


def pair_of(key: str, cell: Any) -> Mapping[str, Any]:
    """The columns of a pair as ``"0": "Land"``, ``"Land": 0`` or ``"Land": "#8429F6"``."""
    number = re.fullmatch(r"-?\d+", key) is not None
    if isinstance(cell, Mapping):
        return {"index": int(key), **cell} if number else {"name": key, **cell}
    color = isinstance(cell, list) or (isinstance(cell, str) and cell.startswith("#"))
    if color and not number:
        return {"name": key, "color": cell}
    if number and isinstance(cell, str) and not is_number(cell):
        return {"name": cell, "value": int(key)}
    if number or not is_number(cell):
        raise ContentError(f"neither {key} nor what stands beside it is the number of a class")
    return {"name": key, "value": cell}


def csv_rows(text: str) -> Rows:
    """The classes of a CSV, with a heading or, if its form is plain, without."""
    lines = text.splitlines()
    # What Excel writes so that it opens the file again with the same delimiter.
    first = re.fullmatch(r"\ufeff?sep=(.)\s*", lines[0]) if lines else None
    lines = lines[1:] if first else lines
    delimiter = first[1] if first else max(",;\t", key=lines[0].count) if lines else ","
    table = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=delimiter)]
    table = [row for row in table if any(row)]
    if not table:
        raise ContentError("it is empty")
    heading = table[0]
    if any(cell.isdigit() or re.fullmatch("#[0-9A-Fa-f]{6}", cell) for cell in heading):
        heading = _heading_of(table)
    else:
        table = table[1:]
    named = [words_of(cell) in NAME_WORDS for cell in heading]
    return rows_of(
        [
            {
                column: cell if name else re.sub(r"^0+(?=\d+$)", "", cell)
                for column, cell, name in zip(heading, row, named, strict=False)
                if cell
            }
            for row in table
        ]
    )


def _heading_of(table: Sequence[Sequence[str]]) -> list[str]:
    """The heading that a CSV without one would have: name, r, g, b, or with a value."""
    columns = [[row[place] for row in table if place < len(row)] for place in range(len(table[0]))]
    numbers = [i for i, cells in enumerate(columns) if all(map(is_number, cells))]
    colors = [i for i, c in enumerate(columns) if i not in numbers and all(map(is_hex, c))]
    others = [i for i in range(len(columns)) if i not in (*numbers, *colors)]
    roles = {0: [], 1: ["value"], 3: ["r", "g", "b"], 4: ["value", "r", "g", "b"]}
    cells = columns[numbers[0]] if numbers else []
    # Four numbers are a value and a colour, unless they are a colour and its opacity.
    opacity = len(numbers) == 4 and {*columns[numbers[3]]} in ({"1"}, {"255"})
    repeated = len(numbers) == 4 and len(set(cells)) < len(cells)
    if len(others) != 1 or len(numbers) not in roles or opacity or repeated:
        raise ContentError("it has no heading that says what its columns are")
    heading = dict(zip(numbers, roles[len(numbers)], strict=True)) | {others[0]: "name"}
    heading |= dict.fromkeys(colors[:1], "color")
    return [heading.get(place, "") for place in range(len(columns))]


def text_rows(text: str) -> Rows:
    """The classes of a text: a name a line, with a number or as CVAT's ``name:r,g,b::``."""
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if numbered := _numbered_lines(lines):
        return Rows(numbered)
    rows = []
    for line in lines:
        name, _, rest = line.partition(":")
        color = rest.partition(":")[0]
        rows.append(Row(name.strip(), hex_of(color.split(",")) if color.strip() else None))
    return Rows(rows)


def _numbered_lines(lines: Sequence[str]) -> list[Row]:
    """The classes where every line has a name and a number; none where one has not.

    A number behind a space may be a part of the name, as in ``Class 1`` and ``Class 2``, unless
    what is left are names of their own.
    """
    for pattern in (*_LINES, *(_SPACED if len(lines) > 1 else ())):
        parts = [pattern.fullmatch(line) for line in lines]
        rows = [Row(part["name"].strip(), None, int(part["value"])) for part in parts if part]
        if not rows or len(rows) < len(lines):
            continue
        own = len({row.name for row in rows}) == len({row.value for row in rows}) == len(rows)
        if own or pattern in _LINES:
            return rows
    return []
