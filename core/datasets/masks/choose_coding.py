"""How the masks of a set are written down, by its class table and by what they hold.

A reading that could count a class as another is refused in one line or asked for; one that was
decided stands in a note.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from core.classes import (
    VOID,
    ClassTable,
    LandClass,
    background_before,
    numbered,
    pack_color,
)
from core.datasets.masks.class_file import ClassFile
from core.datasets.masks.class_table.columns import is_void_word
from core.datasets.masks.class_table.palette import color_distance
from core.datasets.masks.file_notes import file_notes, tag_notes
from core.datasets.masks.soft_masks import soft_binary
from core.datasets.masks.values import MaskSurvey
from core.datasets.note import Note
from core.errors import DatasetError, UnnamedClasses
from core.mask_coding import MaskCoding

__all__ = ["BACKGROUND_WORDS", "ChosenCoding", "choose_coding"]

BACKGROUND_WORDS = {"background", "_background_", "bg", "back", "none", "nothing", "outside"}
BACKGROUND_WORDS |= {"other", "others", "rest"}
"""What sets call the class of all that is of no other."""

_ASKED = 100  # values from here on are no list that counts its classes
_MIXED = 2  # masks of either kind that show a set to be 0/1 and 0/255


@dataclass(frozen=True)
class ChosenCoding:
    """How masks are read.

    Attributes:
        coding: the coding.
        classes: the class table that goes with it.
        notes: what was decided, for a person to check.
    """

    coding: MaskCoding
    classes: ClassTable
    notes: tuple[Note, ...] = ()


def choose_coding(
    root: Path, survey: MaskSurvey, table: ClassFile | None, file: str
) -> ChosenCoding:
    """Decide how the masks of a set are read.

    Args:
        root: folder of the set, for messages.
        survey: what its masks hold.
        table: its class table; None where it has none.
        file: name of the table's file.

    Raises:
        UnnamedClasses: colours or values that only a person can name.
        DatasetError: the table and the masks contradict each other.
    """
    chosen = _chosen(root, survey, table, file)
    coding, classes = chosen.coding, chosen.classes
    notes = (
        *tag_notes(survey, coding, classes, named=table is not None),
        *file_notes(survey, coding, classes),
        *(_palette_notes(survey, coding, classes) if table and table.colored else ()),
    )
    return replace(chosen, notes=(*chosen.notes, *notes))


def _palette_notes(survey: MaskSurvey, coding: MaskCoding, classes: ClassTable) -> tuple[Note, ...]:
    """A note where a palette that is not read has the colour of another class than its index."""
    if coding.kind == "color" or survey.form != "palette":
        return ()
    names = {pack_color(c.rgb): c.name for c in classes.classes if len(set(c.rgb)) > 1}
    for index, colors in sorted(survey.palettes.items()):
        label = coding.values.get(index)
        read = "void" if label in (None, VOID) else classes.names[label or 0]
        others = [names[color] for color in colors if names.get(color, read) != read]
        if others:
            text = f"The palette of the masks shows {index} in the colour of {others[0]}, and the "
            text += f"class table makes it {read}, which is read: check its values or its order."
            return (Note(text, "warning"),)
    return ()


def _chosen(root: Path, survey: MaskSurvey, table: ClassFile | None, file: str) -> ChosenCoding:
    if _by_color(survey, table):
        return _colors(root, survey, table, file)
    if table is None:
        return _without_table(root, survey)
    if table.unclear:
        raise DatasetError(
            f"{file} does not say which values the masks hold: {table.unclear}",
            where=str(root),
            remedy='call the number that stands for a class in the masks value, {"name": "Road", '
            '"value": 3}',
        )
    if len(table.classes) == 1 and not table.void_values:
        return _one_class(root, survey, table, file)
    if table.values or table.void_values:
        values, notes = _values(root, survey, table, file)
        if set(values) == {0, VOID} and set(values.values()) == {0, 1}:
            top = 0.0 if table.tolerance else _soft(root, survey)
            if top:
                names = tuple(table.classes.names[values[value]] for value in (0, VOID))
                coding = MaskCoding("index", values=values, tolerance=top / 2)
                return ChosenCoding(coding, table.classes, (*notes, _half_note(top, *names)))
        coding = MaskCoding("index", values=values, tolerance=table.tolerance)
        return ChosenCoding(coding, table.classes, notes)
    return _in_order(root, survey, table, file)


def _by_color(survey: MaskSurvey, table: ClassFile | None) -> bool:
    """Whether colours are read: the masks have some, and no palette or grey is just for show."""
    if survey.form in ("index", "color"):
        return survey.form == "color"
    same = _color_distance(survey, table) is not None
    if table and table.values and not table.counted:
        # Values count, unless the index of a class is another from mask to mask.
        return survey.by_color and (same or survey.mixed_palettes)
    return survey.by_color or same


def _color_distance(survey: MaskSurvey, table: ClassFile | None) -> int | None:
    """How far the masks' colours are from those of the table, None where they are others."""
    if table is None or not table.colored:
        return None
    known = {pack_color(rgb) for rgb in (*table.classes.colors, *table.void.values())}
    seen = set(survey.colors)
    if seen <= known:
        return 0
    distance = color_distance(seen, known) if survey.form == "palette" else None
    return 0 if distance is None and len(known & seen) > 1 else distance


def _colors(root: Path, survey: MaskSurvey, table: ClassFile | None, file: str) -> ChosenCoding:
    if table is None or not table.colored:
        raise UnnamedClasses(
            f"the masks are in colours and {file} gives none"
            if table
            else "the masks are in colours and there is no classes.json to name them",
            where=str(root),
            remedy='write {"classes": [{"name": "Road", "color": "#6EC1E4"}]} beside `images`, '
            "or name them on the Data page",
        )
    notes = []
    if table.void and (file != "classes.json" or table.void_names):
        notes = [_void_note(file, table.void)]
    distance = _color_distance(survey, table) or 0
    if distance > table.tolerance:
        text = (
            f"The masks' colours differ by up to {distance} of 255 from those of {file}: each is "
        )
        notes.append(Note(text + "read as the nearest class."))
    tolerance = max(table.tolerance, distance)
    coding = MaskCoding("color", void_colors=table.void, tolerance=tolerance)
    named = {pack_color(rgb) for rgb in table.classes.colors}
    others = set(survey.colors) - named
    alone = len(named) == 1 and not table.void and named <= set(survey.colors)
    if alone and len(others) == 1:
        (only,) = table.classes.classes
        first = background_before(table.classes).classes[0]
        background = LandClass(name=first.name, color=f"#{int(others.pop()):06X}")
        notes.append(_added(file, only.name, background.name, background.color))
        return ChosenCoding(coding, ClassTable(classes=(background, only)), tuple(notes))
    return ChosenCoding(coding, table.classes, tuple(notes))


def _added(file: str, name: str, background: str, value: str) -> Note:
    return Note(
        f"{file} names {name} alone, and the masks hold {value} beside it: read as {background}, "
        "which was put before it."
    )


def _values(
    root: Path, survey: MaskSurvey, table: ClassFile, file: str
) -> tuple[dict[int, int], tuple[Note, ...]]:
    """Labels of the values that the table gives one by one; void ones are known, as void."""
    notes = [_void_note(file, table.void_names)] if table.void_names else []
    listed: tuple[int | str, ...] = table.values
    if not listed:
        first = _first_number(root, survey, table, file)
        listed = tuple(range(first, first + len(table.classes)))
        if first:
            notes.append(
                Note(f"{file} lists 0 as void: its classes count from 1, {table.classes.names[0]}.")
            )
    values: dict[int | str | None, int] = {value: label for label, value in enumerate(listed)}
    values |= dict.fromkeys(table.void_values, VOID)
    if not all(isinstance(value, int) for value in values):
        raise DatasetError(
            f"{file} gives values that are no whole numbers, and the masks have one band",
            where=str(root),
            remedy='write the mask\'s number of each class: {"name": "Road", "value": 3}',
        )
    known = {value: label for value, label in values.items() if isinstance(value, int)}
    return known, tuple(notes)


def _first_number(root: Path, survey: MaskSurvey, table: ClassFile, file: str) -> int:
    """The number of a table's first class: 0, or 1 where 0 is void and what is seen fits."""
    count, names = len(table.classes), table.classes.names
    void = {value for value in table.void_values if isinstance(value, int)}
    if not void & set(range(count)):
        return 0
    seen = set(survey.values) - void - survey.nodata - {VOID}
    shifted = void.isdisjoint(range(1, count + 1)) and seen <= set(range(1, count + 1))
    # A background or void that is listed first may be what 0 is, or the first class after it.
    head = names[0].lower() in BACKGROUND_WORDS or is_void_word(names[0])
    unclear = head and count not in seen
    unlabelled = bool(survey.values) and not seen
    if shifted and not unclear and not unlabelled:
        return 1
    number = min(void & set(range(count)))
    raise UnnamedClasses(
        f"{file} lists {number} as void and {count} classes without values, and the masks hold "
        f"{_listed(survey.values)}",
        where=str(root),
        remedy=f'give each class its value, {{"name": "{names[0]}", "value": 1}}',
    )


def _void_note(file: str, names: Collection[str]) -> Note:
    listed = ", ".join(names)
    return Note(f"{file} lists {listed}: read as void, which is neither trained nor scored.")


def _soft(root: Path, survey: MaskSurvey) -> float:
    """The upper value of grey masks that are read at half of it, 0 for others.

    Raises:
        DatasetError: the values are fractions and no shares of one class.
    """
    top = soft_binary(survey.values, survey.flat, survey.lossy)
    if not top and not survey.whole:
        least, most = min(survey.values), max(survey.values)
        raise DatasetError(
            f"the masks hold fractions from {least:g} to {most:g}, which are no class numbers",
            where=str(root),
            remedy="export the masks as whole numbers, a number a class",
        )
    return top


def _halved(top: float, classes: ClassTable, *notes: Note) -> ChosenCoding:
    one, other = classes.names
    coding = MaskCoding("index", values={0: 0, int(top): 1}, tolerance=top / 2)
    return ChosenCoding(coding, classes, (*notes, _half_note(top, one, other)))


def _half_note(top: float, one: str, other: str) -> Note:
    return Note(
        f"The masks hold soft values between 0 and {top:g}, as JPEG and smoothing make them: read "
        f"at half, below it as {one}, from it on as {other}."
    )


def _without_table(root: Path, survey: MaskSurvey) -> ChosenCoding:
    binary = numbered(["Background", "Foreground"])
    if top := _soft(root, survey):
        return _halved(top, binary)
    seen = set(survey.values)
    if seen == {0, VOID}:
        note = "The masks hold only 0 and 255: read as background and foreground, not as void."
        return ChosenCoding(MaskCoding("index", values={0: 0, VOID: 1}), binary, (Note(note),))
    if mixed := _both_ways(root, survey, binary):
        return mixed
    low = sorted(int(value) for value in seen if value != VOID)
    if low and (low[-1] >= _ASKED or low[0] < 0):
        raise UnnamedClasses(
            f"the masks hold values up to {low[-1]} and there is no classes.json",
            where=str(root),
            remedy="name the classes in classes.json or on the Data page; index masks count "
            "0, 1, 2 …, 255 = void",
        )
    gaps = low != list(range(len(low)))
    void = [value for value in low if gaps and value in survey.nodata]
    low = [value for value in low if value not in void] or [0]
    notes = ["There is no classes.json: the classes are numbered."] if survey.read else []
    if gaps and low != [0]:
        notes = ["There is no classes.json: the classes are called by their values."]
    if void:
        notes.append(f"The files tag {void[0]} as no data: read as void.")
    elif 0 in survey.nodata and len(low) > 2:
        notes.append(
            "The files tag 0 as no data, and it is read as a class: if it is not labelled, write "
            '"void": [0] into classes.json.'
        )
    values = {value: label for label, value in enumerate(low)} | dict.fromkeys(void, VOID)
    classes = numbered([f"Class {value}" for value in low])
    return ChosenCoding(MaskCoding("index", values=values), classes, tuple(map(Note, notes)))


def _one_class(root: Path, survey: MaskSurvey, table: ClassFile, file: str) -> ChosenCoding:
    """A table that names the one class of interest: what is 0 in the masks is the background."""
    (name,) = table.classes.names
    if name.lower() in BACKGROUND_WORDS:
        raise DatasetError(
            f"{file} names the background alone",
            where=str(root),
            remedy="list the class of interest after it",
        )
    classes = background_before(table.classes)
    added = _added(file, name, classes.names[0], "0")
    given = [int(value) for value in table.values if isinstance(value, int)]
    if given in ([], [1], [VOID]) and (top := _soft(root, survey)):
        return _halved(top, classes, added)
    void = survey.nodata - {0}
    seen = {int(value) for value in survey.values} - void
    if not given and (mixed := _both_ways(root, survey, classes, added)):
        return mixed
    others = seen - {0, *given}
    if (given and (others - {VOID} or given == [0])) or (not given and len(others) > 1):
        raise DatasetError(
            f"the table has one class and the masks {len(seen)} values ({_listed(seen)})",
            where=str(root),
            remedy=f'list all classes in {file} with their values, the background first: {{"name": '
            '"background", "value": 0}',
        )
    # Masks that hold 0 alone say nothing of what stands for the class: the two usual numbers do.
    numbers = given or [int(value) for value in others] or [1, VOID]
    values = {0: 0} | dict.fromkeys(numbers, 1)
    coding = MaskCoding("index", values=values, tolerance=table.tolerance)
    return ChosenCoding(coding, classes, (added,))


def _in_order(root: Path, survey: MaskSurvey, table: ClassFile, file: str) -> ChosenCoding:
    """A table of names, which count from 0, unless the masks' values say otherwise."""
    classes = table.classes
    seen = set(survey.values)
    greys = {rgb[0]: label for label, rgb in enumerate(classes.colors) if len(set(rgb)) == 1}
    if table.colored and len(greys) == len(classes) and seen and seen <= {*greys}:
        return ChosenCoding(MaskCoding("index", values=greys), classes)
    if len(classes) == 2:
        if top := _soft(root, survey):
            return _halved(top, classes)
        if seen == {0, VOID}:
            note = Note(
                f"The masks hold only 0 and 255: read as {classes.names[0]} and "
                f"{classes.names[1]}, not as void."
            )
            return ChosenCoding(MaskCoding("index", values={0: 0, VOID: 1}), classes, (note,))
        if mixed := _both_ways(root, survey, classes):
            return mixed
    low = sorted(seen - {VOID} - (survey.nodata - {0}))
    above = [value for value in low if value >= len(classes)]
    if above and survey.lossy:
        raise DatasetError(
            f"the masks are JPEGs, which change class numbers: they hold {_listed(low)}, and "
            f"{file} has {len(classes)} classes",
            where=str(root),
            remedy="export the masks again as PNG from what they were made of",
        )
    # Counted from 1, or with a void 0 that the list leaves out, or under numbers of their own.
    if above and (0 not in low or low == list(range(len(classes) + 1))):
        raise UnnamedClasses(
            f"the masks hold {_listed(low)}, and {file} has {len(classes)} classes without values",
            where=str(root),
            remedy=f'give each class its number, {{"name": "{classes.names[0]}", "value": '
            f'{int(low[0])}}}, and list what is not labelled under "void": [0]',
        )
    values = {index: index for index in range(len(classes))}
    return ChosenCoding(MaskCoding("index", values=values, tolerance=table.tolerance), classes)


def _both_ways(
    root: Path, survey: MaskSurvey, classes: ClassTable, *notes: Note
) -> ChosenCoding | None:
    """Masks of 0 and 1 beside masks of 0 and 255; None where the set is no such one."""
    if set(survey.values) != {0, 1, VOID} or any({1, VOID} <= seen for seen in survey.sets):
        return None
    counts = [sum(value in seen for seen in survey.sets) for value in (1, VOID)]
    said = f"{counts[0]} of the masks that were read hold 0 and 1, and {counts[1]} 0 and 255"
    if min(counts) < _MIXED:
        raise UnnamedClasses(
            f"{said}: 255 may be void or {classes.names[1]}",
            where=str(root),
            remedy="export all masks in the same way, or write a classes.json with the value of "
            'each class, and "void": [255] if that is not labelled',
        )
    note = Note(
        f"{said}: both are read as {classes.names[1]}. If 255 is not labelled, write "
        '"void": [255] into classes.json.',
        "warning",
    )
    coding = MaskCoding("index", values={0: 0, 1: 1, VOID: 1})
    return ChosenCoding(coding, classes, (*notes, note))


def _listed(values: Collection[float]) -> str:
    ordered = [f"{value:g}" for value in sorted(values)]
    return ", ".join(ordered) if len(ordered) <= 6 else f"{', '.join(ordered[:5])} … {ordered[-1]}"
