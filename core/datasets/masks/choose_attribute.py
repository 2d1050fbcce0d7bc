"""Which attribute of vector labels names the classes, by the values it has."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.classes import VOID
from core.datasets.masks.vector_file import NO_VALUE, read_attributes
from core.datasets.note import Note
from core.errors import DatasetError

__all__ = ["Column", "alike", "alike_notes", "choose_attribute", "read_columns"]

_UNKNOWN = -1
_SHOWN = 5  # names in a note
_IDENTIFIERS = {"id", "fid", "gid", "oid", "uid", "ogc_fid", "objectid", "osm_id"}


@dataclass(frozen=True)
class Column:
    """The values of an attribute in some files.

    Attributes:
        texts: one for each feature (`attribute_text`), `NO_VALUE` where a file lacks it.
        running: whether it is a number of its own for each feature of a file, and so no class.
    """

    texts: tuple[str, ...]
    running: bool

    @property
    def values(self) -> set[str]:
        return set(self.texts) - {NO_VALUE, ""}


def read_columns(files: Sequence[Path], layers: Sequence[str]) -> dict[str, Column]:
    """The attributes of vector files; those that cannot be read are passed over.

    Args:
        files: the files.
        layers: layers of a GeoPackage that are read; empty for the first.
    """
    tables = []
    for path in files:
        try:
            tables.append(read_attributes(path, layers if path.suffix.lower() == ".gpkg" else ()))
        except DatasetError:
            continue  # the audit names it
    names = list(dict.fromkeys(name for table in tables for name in table))
    return {name: _column(name, tables) for name in names}


def _column(name: str, tables: Sequence[Mapping[str, list[str]]]) -> Column:
    texts: list[str] = []
    for table in tables:
        longest = max(map(len, table.values()), default=0)
        texts += table.get(name, [NO_VALUE] * longest)
    in_files = [table[name] for table in tables if name in table]
    numbers = all(_is_number(text) for text in texts if text != NO_VALUE)
    apart = all(len(set(of)) == len(of) for of in in_files) and any(len(of) > 1 for of in in_files)
    running = numbers and (apart or name.lower() in _IDENTIFIERS)
    return Column(tuple(texts), running)


def _is_number(text: str) -> bool:
    return text.removeprefix("-").isdigit()


def alike(known: Mapping[str, int], texts: Iterable[str]) -> dict[str, int]:
    """What texts mean that differ from one class alone in case or Unicode form.

    Args:
        known: what class names and values mean.
        texts: names of layers, or values of an attribute.
    """
    folded: dict[str, set[int]] = {}
    for text, label in known.items():
        folded.setdefault(_folded(text), set()).add(label)
    meant = {text: folded.get(_folded(text), set()) for text in sorted(texts) if text not in known}
    return {text: next(iter(labels)) for text, labels in meant.items() if len(labels) == 1}


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def alike_notes(meant: Mapping[str, int], names: Sequence[str]) -> list[Note]:
    """Says which texts were read as which class, see `alike`."""
    if not meant:
        return []
    pairs = [f"{text} as {'void' if of == VOID else names[of]}" for text, of in meant.items()]
    return [
        Note(
            f"Names that differ in case or Unicode form alone are read as one: {', '.join(pairs)}."
        )
    ]


def choose_attribute(
    columns: Mapping[str, Column], known: Mapping[str, int], root: Path
) -> tuple[str, list[Note]]:
    """The attribute whose values are class names, empty where none has any; and what is said of it.

    The one most of whose values are classes counts, or else the one that has a class by its name:
    what else it says is unknown. A number for each feature counts as no class.

    Args:
        columns: the attributes.
        known: what class names and values mean.
        root: folder of the set, for messages.

    Raises:
        DatasetError: several have such values and contradict each other.
    """
    labels: dict[str, dict[str, int]] = {}
    for name, column in columns.items():
        of_values = {value: known[value] for value in column.values if value in known}
        labels[name] = {} if column.running else of_values | alike(known, column.values)
    most = [name for name, of in labels.items() if _is_mostly(of, columns[name].values)]
    some = [name for name, of in labels.items() if _names_a_class(of)]
    fitting = most or some
    if not fitting:
        return "", []
    first = fitting[0]
    read = [[labels[n].get(text, _UNKNOWN) for text in columns[n].texts] for n in fitting]
    if any(one != read[0] for one in read[1:]):
        raise DatasetError(
            f"the attributes {', '.join(fitting[:_SHOWN])} all have values that are called as the "
            "classes, and they contradict each other",
            where=str(root),
            remedy=f'name the property that tells them, "attribute": "{first}", in classes.json',
        )
    beside = [name for name in some if name not in fitting]
    return first, [_said(first, columns[first].values - set(labels[first]), beside)]


def _is_mostly(labels: Mapping[str, int], values: set[str]) -> bool:
    """Whether more values are classes than not; half of them will do where one is by its name."""
    return 2 * len(labels) > len(values) - _names_a_class(labels)


def _names_a_class(labels: Mapping[str, int]) -> bool:
    """Whether a text is a class; a number may be anything's, as of floors."""
    return any(label != VOID and not _is_number(text) for text, label in labels.items())


def _said(attribute: str, unknown: set[str], beside: Sequence[str]) -> Note:
    rest = f", and what else it says, {_some(sorted(unknown))}, is no class" if unknown else ""
    also = f" Not read, though a class is among its values: {_some(beside)}." if beside else ""
    text = f"The values of {attribute} are the classes' names: it is read{rest}.{also}"
    return Note(text, "warning" if unknown or beside else "info")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
