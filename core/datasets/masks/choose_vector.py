"""How vector labels name classes: by an attribute, by layers, or all of them one class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.classes import VOID, ClassTable, LandClass
from core.datasets.masks.choose_attribute import (
    Column,
    alike,
    alike_notes,
    choose_attribute,
    read_columns,
)
from core.datasets.masks.choose_coding import BACKGROUND_WORDS, ChosenCoding
from core.datasets.masks.class_file import ClassFile, background_before
from core.datasets.masks.vector_file import attribute_text, list_layers
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

_FILES = 50  # label files whose layers and attributes are looked at
_SHOWN = 5  # attributes in a note


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
    called = {*known, *alike(known, labels.layers)}
    layers, notes = _layers(labels, table.layers, called)
    by_layer = bool(layers) and set(layers) <= called
    attribute = table.attribute
    columns = {} if by_layer and not attribute else read_columns(labels.files, layers)
    if by_layer and attribute not in columns:
        attribute = ""  # layers that are called as the classes need none
    elif not attribute and not by_layer:
        attribute, said = choose_attribute(columns, known, root)
        notes += said or _one_class(table, columns, root, file)
    used = set(layers) if by_layer and not attribute else set()
    if attribute in columns:
        used = set(columns[attribute].texts)
    meant = alike(known, used)
    notes += alike_notes(meant, table.classes.names)
    coding = MaskCoding("footprints", attribute=attribute, texts=texts | meant, layers=layers)
    chosen = ChosenCoding(coding, table.classes, tuple(notes))
    return _with_background(chosen, table, used, root, file)


def _one_class(
    table: ClassFile, columns: Mapping[str, Column], root: Path, file: str
) -> list[Note]:
    """That every polygon is of the only class there is beside the background.

    Raises:
        DatasetError: there are several.
    """
    if len(table.classes) > 2:
        numbers = [name for name, column in columns.items() if column.running][:_SHOWN]
        raise DatasetError(
            f"{file} has {len(table.classes)} classes, and nothing says which one a polygon is of"
            + (f": {', '.join(numbers)} may but number them" if numbers else ""),
            where=str(root),
            remedy='name the property that tells them, "attribute": "landuse", in classes.json',
        )
    names = list(columns)[:_SHOWN]
    whatever = f", whatever {' and '.join(names)} say" if names else ""
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
    texts |= dict.fromkeys(table.void_names, VOID)
    return texts | {attribute_text(value): VOID for value in table.void_values}


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
