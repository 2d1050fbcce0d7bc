"""How vector labels name classes: by an attribute, by layers, or all of them one class."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.classes import VOID, ClassTable, LandClass, background_before
from core.datasets.masks.choose_coding import BACKGROUND_WORDS, ChosenCoding
from core.datasets.masks.class_file import ClassFile
from core.datasets.masks.vector_file import (
    NO_VALUE,
    attribute_text,
    list_layers,
    read_attributes,
)
from core.datasets.note import Note
from core.errors import DatasetError
from core.mask_coding import MaskCoding

__all__ = ["FOREGROUND", "choose_vector"]

FOREGROUND = ClassTable(
    classes=(
        LandClass(name="Background", color="#999999"),
        LandClass(name="Foreground", color="#E69F00"),
    )
)
"""What polygons are where nothing names their classes."""

_UNKNOWN = -1
_IDENTIFIERS = {"id", "fid", "gid", "oid", "uid", "ogc_fid", "objectid", "osm_id"}
_FILES = 50  # label files whose layers and attributes are looked at
_SHOWN = 5  # names in a note


@dataclass(frozen=True)
class _Labels:
    """What the label files hold.

    Attributes:
        root: folder of the set, for messages.
        files: some of them.
        layers: names of the layers that may hold polygons, and in how many files each is.
        others: names of tables and of layers of points and lines.
    """

    root: Path
    files: tuple[Path, ...]
    layers: Counter[str]
    others: frozenset[str]


@dataclass(frozen=True)
class _Column:
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


def choose_vector(
    root: Path, files: Sequence[Path], table: ClassFile | None, file: str
) -> ChosenCoding:
    """Decide which layers and which attribute are read, and whether a background is to be added.

    Args:
        root: folder of the set, for messages.
        files: its label files.
        table: its class table; None where it has none.
        file: name of the table's file.

    Returns:
        A coding without `shared`.

    Raises:
        DatasetError: a label file cannot be read, or nothing says which layer or attribute counts.
    """
    labels = _look(root, files)
    if table is None:
        layers, notes = _layers(labels, (), set())
        notes.append(Note("There is no classes.json: every polygon is Foreground."))
        return ChosenCoding(MaskCoding("footprints", layers=layers), FOREGROUND, tuple(notes))
    texts = _texts(table)
    known = {name: label for label, name in enumerate(table.classes.names)} | texts
    called = {*known, *_alike(known, labels.layers)}
    if not table.layers:
        _check_case(labels, known, called)
    layers, notes = _layers(labels, table.layers, called)
    by_layer = bool(layers) and set(layers) <= called
    attribute = table.attribute
    columns = {} if by_layer and not attribute else _read_columns(labels.files, layers)
    if by_layer and attribute not in columns:
        attribute = ""  # layers that are called as the classes need none
    elif not attribute and not by_layer:
        attribute, said = _choose_attribute(columns, known, root)
        notes += said or _one_class(columns, known, table, root, file)
    used = set(layers) if by_layer and not attribute else set()
    if attribute in columns:
        used = set(columns[attribute].texts)
    meant = _alike(known, used)
    notes += _alike_notes(meant, table.classes.names)
    coding = MaskCoding("footprints", attribute=attribute, texts=texts | meant, layers=layers)
    chosen = ChosenCoding(coding, table.classes, tuple(notes))
    return _with_background(chosen, table, used, root, file)


def _one_class(
    columns: Mapping[str, _Column],
    known: Mapping[str, int],
    table: ClassFile,
    root: Path,
    file: str,
) -> list[Note]:
    """That every polygon is of the only class there is beside the background.

    Raises:
        DatasetError: there are several, or numbers that may tell the class.
    """
    numbers = _numbers_or_classes(columns, known)[:_SHOWN]
    if len(table.classes) > 2 or numbers:
        raise DatasetError(
            f"{file} has {len(table.classes)} classes, and nothing says which one a polygon is of"
            + (f": {', '.join(numbers)} may but number them" if numbers else ""),
            where=str(root),
            remedy="name the property that tells them, "
            f'"attribute": "{(numbers or ["landuse"])[0]}", in classes.json',
        )
    names = list(columns)[:_SHOWN]
    whatever = f", whatever {' and '.join(names)} say{'s' * (len(names) == 1)}" if names else ""
    return [Note(f"Every polygon is {table.classes.names[-1]}{whatever}.")]


def _with_background(
    chosen: ChosenCoding, table: ClassFile, used: set[str], root: Path, file: str
) -> ChosenCoding:
    """With a background before the classes where the first of them is none.

    Args:
        chosen: what was chosen so far.
        table: the class table.
        used: classes and values that polygons are of; empty where that is not known.
        root, file: for messages.
    """
    classes, texts, first = chosen.classes, chosen.coding.texts, chosen.classes.names[0]
    _check_background(chosen, used, root, file)
    own = {first, *(text for text, label in texts.items() if label == 0)}
    if first.lower() in BACKGROUND_WORDS:
        if not used & own:
            return chosen
        note = Note(f"The polygons of {first} are read as what is outside of all polygons.")
        return replace(chosen, notes=(*chosen.notes, note))
    if len(classes) == 1 or used & own:
        classes = background_before(classes)
        moved = {text: label + (label != VOID) for text, label in texts.items()}
        note = Note(
            f"{file} lists no background: {classes.names[0]}, where there is no polygon, was put "
            "before its classes."
        )
        coding = replace(chosen.coding, texts=moved)
        return ChosenCoding(coding, classes, (*chosen.notes, note))
    values = {attribute_text(value) for value in table.values[:1]}
    if values & {first, "", "0", *BACKGROUND_WORDS}:
        return chosen
    if used:
        raise DatasetError(
            f"{first}, the first class of {file}, has no polygon: it may be what is outside of "
            "them, or be missing",
            where=str(root),
            remedy='list the background first, {"name": "background"}, or give the class that is '
            f'outside a value that no polygon has, {{"name": "{first}", "value": "none"}}',
        )
    note = Note(f"{first}, the first class of {file}, is where there is no polygon.", "warning")
    return ChosenCoding(chosen.coding, classes, (*chosen.notes, note))


def _check_background(chosen: ChosenCoding, used: set[str], root: Path, file: str) -> None:
    """Refuse a table of the background alone, and one that has it behind other classes.

    A class called other, none or the like may be one of its own, where it has polygons.
    """
    first, *others = chosen.classes.names
    if first.lower() in BACKGROUND_WORDS:
        if others:
            return
        raise DatasetError(
            f"{file} names the background alone",
            where=str(root),
            remedy="list the class of interest after it",
        )
    for label, name in enumerate(others, start=1):
        own = {name, *(text for text, of in chosen.coding.texts.items() if of == label)}
        background = name.lower() in ("background", "_background_", "bg", "back")
        if background or (name.lower() in BACKGROUND_WORDS and not used & own):
            raise DatasetError(
                f"{file} lists {name} after {first}, and what is outside of the polygons is the "
                "first class",
                where=str(root),
                remedy=f"list {name} first",
            )


def _look(root: Path, files: Sequence[Path]) -> _Labels:
    """The layers of some files; those that cannot be read are passed over, the audit names them."""
    some = tuple(files[:: max(1, len(files) // _FILES)][:_FILES])
    layers: Counter[str] = Counter()
    others: set[str] = set()
    readable = []
    for path in some:
        if path.suffix.lower() != ".gpkg":
            readable.append(path)
            continue
        try:
            listed = list_layers(path)
        except DatasetError:
            continue
        readable.append(path)
        layers.update(layer.name for layer in listed if layer.polygons)
        others |= {layer.name for layer in listed if not layer.polygons}
    return _Labels(root, tuple(readable), layers, frozenset(others - set(layers)))


def _texts(table: ClassFile) -> dict[str, int]:
    """What values of the attribute mean beside the class names."""
    texts = {attribute_text(value): label for label, value in enumerate(table.values)}
    texts |= {attribute_text(value): VOID for value in table.void_values}
    return texts | dict.fromkeys(table.void_names, VOID)


def _check_case(labels: _Labels, known: Mapping[str, int], called: set[str]) -> None:
    """Refuse a layer that several classes are called as but for case: left out, it would be none.

    Of an attribute such a value is unknown.
    """
    folded = {_folded(text) for text in known}
    either = [name for name in labels.layers if name not in called and _folded(name) in folded]
    if either and len(labels.layers) > 1:
        raise DatasetError(
            f"the layer {either[0]} is called as several classes but for case",
            where=str(labels.root),
            remedy="call it as one of them is",
        )


def _layers(
    labels: _Labels, asked: Sequence[str], names: set[str]
) -> tuple[tuple[str, ...], list[Note]]:
    """The layers that are read, none for the only one of every file, and what is said of them."""
    if asked:
        missing = [name for name in asked if labels.layers and name not in labels.layers]
        if missing:
            raise DatasetError(
                f"the labels have no layer {missing[0]!r}",
                where=str(labels.root),
                remedy=f"choose one of: {', '.join(labels.layers)}",
            )
        return tuple(asked), _layer_notes(labels, asked)
    # A file for each image may call its one layer by the image: that is no choice.
    alone = all(count == 1 for count in labels.layers.values()) and len(labels.files) > 1
    if len(labels.layers) < 2 and not labels.others:
        return (), []
    if alone and not labels.others and len(labels.layers) <= len(labels.files):
        return (), []
    called = tuple(name for name in labels.layers if name in names)
    if len(labels.layers) == 1:
        only = tuple(labels.layers)
        return only, _layer_notes(labels, only)
    if called:
        return called, _layer_notes(labels, called)
    raise DatasetError(
        f"the labels have the layers {', '.join(labels.layers)}, and nothing says which one counts",
        where=str(labels.root),
        remedy='write {"layer": "NAME", "classes": [{"name": "background"}, {"name": "building"}]} '
        "into classes.json, or call the classes as the layers are",
    )


def _layer_notes(labels: _Labels, read: Sequence[str]) -> list[Note]:
    left = [name for name in (*labels.layers, *sorted(labels.others)) if name not in read]
    rest = f", not {', '.join(left)}" if left else ""
    what = "layer {} is" if len(read) == 1 else "layers {} are"
    return [Note(f"Of the label files the {what.format(', '.join(read))} read{rest}.")]


def _read_columns(files: Sequence[Path], layers: Sequence[str]) -> dict[str, _Column]:
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


def _column(name: str, tables: Sequence[Mapping[str, list[str]]]) -> _Column:
    texts: list[str] = []
    for table in tables:
        longest = max(map(len, table.values()), default=0)
        texts += table.get(name, [NO_VALUE] * longest)
    in_files = [table[name] for table in tables if name in table]
    numbers = all(_is_number(text) for text in texts if text != NO_VALUE)
    apart = all(len(set(of)) == len(of) for of in in_files) and any(len(of) > 1 for of in in_files)
    running = numbers and (apart or name.lower() in _IDENTIFIERS)
    return _Column(tuple(texts), running)


def _is_number(text: str) -> bool:
    return text.removeprefix("-").isdigit()


def _numbers_or_classes(columns: Mapping[str, _Column], known: Mapping[str, int]) -> list[str]:
    """Attributes that may number the features, or tell the class of dissolved ones.

    Where a file has one feature of each class, both look the same.
    """
    return [
        name
        for name, column in columns.items()
        if column.running and name.lower() not in _IDENTIFIERS
        if column.values and column.values <= set(known)
    ]


def _alike(known: Mapping[str, int], texts: Iterable[str]) -> dict[str, int]:
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


def _alike_notes(meant: Mapping[str, int], names: Sequence[str]) -> list[Note]:
    """Says which texts were read as which class, see `_alike`."""
    if not meant:
        return []
    pairs = [f"{text} as {'void' if of == VOID else names[of]}" for text, of in meant.items()]
    return [
        Note(
            f"Names that differ in case or Unicode form alone are read as one: {', '.join(pairs)}."
        )
    ]


def _choose_attribute(
    columns: Mapping[str, _Column], known: Mapping[str, int], root: Path
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
        labels[name] = {} if column.running else of_values | _alike(known, column.values)
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
