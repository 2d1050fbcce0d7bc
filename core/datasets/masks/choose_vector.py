"""How vector labels name classes: by an attribute, by layers, or all of them one class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.classes import VOID, ClassTable, LandClass
from core.datasets.masks.choose_coding import BACKGROUND_WORDS, ChosenCoding
from core.datasets.masks.class_file import ClassFile, background_before
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

_FILES = 50  # label files whose layers and attributes are looked at


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
    classes = table.classes if table else FOREGROUND
    texts = _texts(table) if table else {}
    names = {*classes.names, *texts}
    layers, notes = _layers(labels, table, names)
    if table is None:
        notes.append(Note("There is no classes.json: every polygon is Foreground."))
        return ChosenCoding(MaskCoding("footprints", layers=layers), classes, tuple(notes))
    by_layer = bool(layers) and set(layers) <= names
    attribute = table.attribute
    if by_layer and attribute and not _values_of(labels, attribute, layers):
        attribute = ""  # layers that are called as the classes need none
    if not attribute and not by_layer:
        attribute = _attribute(labels, layers, names)
        if attribute:
            notes.append(Note(f"The values of {attribute} are the classes' names: it is read."))
        elif len(classes) > 2:
            raise DatasetError(
                f"{file} has {len(classes)} classes, and nothing says which one a polygon is of",
                where=str(root),
                remedy='name the property that tells them, "attribute": "landuse", in classes.json',
            )
    used = _values_of(labels, attribute, layers) if attribute else set(layers if by_layer else ())
    coding = MaskCoding("footprints", attribute=attribute, texts=texts, layers=layers)
    return _with_background(ChosenCoding(coding, classes, tuple(notes)), table, used, root, file)


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


def _layers(
    labels: _Labels, table: ClassFile | None, names: set[str]
) -> tuple[tuple[str, ...], list[Note]]:
    """The layers that are read, none for the only one of every file, and what is said of them."""
    if table and table.layers:
        missing = [name for name in table.layers if labels.layers and name not in labels.layers]
        if missing:
            raise DatasetError(
                f"the labels have no layer {missing[0]!r}",
                where=str(labels.root),
                remedy=f"choose one of: {', '.join(labels.layers)}",
            )
        return table.layers, _layer_notes(labels, table.layers)
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


def _attribute(labels: _Labels, layers: Sequence[str], names: set[str]) -> str:
    """The one attribute whose values are class names; empty where there is none, or several."""
    seen: dict[str, set[str]] = {}
    for path in labels.files:
        for name, values in _attributes(path, layers).items():
            seen.setdefault(name, set()).update(set(values) - {NO_VALUE})
    fitting = [name for name, values in seen.items() if len(values & names) * 2 > len(values)]
    return fitting[0] if len(fitting) == 1 else ""


def _values_of(labels: _Labels, attribute: str, layers: Sequence[str]) -> set[str]:
    values: set[str] = set()
    for path in labels.files:
        values.update(_attributes(path, layers).get(attribute, ()))
    return values


def _attributes(path: Path, layers: Sequence[str]) -> dict[str, list[str]]:
    try:
        return read_attributes(path, layers if path.suffix.lower() == ".gpkg" else ())
    except DatasetError:
        return {}  # the audit names it
