"""What JSON class tables list as void beside their classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from core.classes import hex_to_rgb
from core.datasets.masks.class_table.columns import (
    NAME_WORDS,
    ContentError,
    hex_of,
    is_known,
    is_void_key,
    whole,
    words_of,
)
from core.datasets.masks.class_table.forms import pair_of

__all__ = ["Voids", "voids_of"]


class Voids(NamedTuple):
    """What a table lists as void: names, colours (``#RRGGBB``) and values."""

    names: list[str]
    colors: list[str]
    values: list[int | str | None]


def voids_of(content: Mapping[str, Any]) -> Voids:
    """What an object lists as void, under this or another word for it."""
    voids = Voids([], [], [])
    for key, cell in content.items():
        if is_void_key(key):
            for entry in _entries(cell):
                _add_void(voids, entry)
    return voids


def _entries(cell: Any) -> Sequence[Any]:
    if isinstance(cell, Mapping):
        return [pair_of(*pair) for pair in cell.items()]
    if not isinstance(cell, list):
        return [] if cell is None else [cell]
    # Three numbers of which two are the same are no values, but a colour.
    single = len(cell) == 3 and all(isinstance(v, int) for v in cell) and len(set(cell)) < 3
    return [cell] if single else cell


def _add_void(voids: Voids, entry: Any) -> None:
    if isinstance(entry, Mapping):
        known = {words_of(key): cell for key, cell in entry.items() if is_known(key)}
        # What is called so and so is a value or a colour, if it has one.
        parts = [cell for key, cell in known.items() if key not in NAME_WORDS] or [*known.values()]
        if not parts or any(isinstance(cell, Mapping) for cell in parts):
            raise ContentError('"void" lists names, values and colours alone')
        for part in parts:
            _add_void(voids, part)
    elif isinstance(entry, list):
        if len(entry) != 3 or not all(type(v) is int and 0 <= v <= 255 for v in entry):
            raise ContentError('"void" lists names, values and colours alone')
        voids.colors.append(hex_of(entry))
    elif isinstance(entry, str) and entry.startswith("#"):
        hex_to_rgb(entry)
        voids.colors.append(entry)
    elif isinstance(value := None if entry is None else whole(entry), str):
        voids.names.append(value)
    else:
        voids.values.append(value)
