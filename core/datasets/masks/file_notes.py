"""What the kind of the mask files does to what is read: transparency, no-data tags, JPEG."""

from __future__ import annotations

from core.classes import VOID, ClassTable, pack_color
from core.datasets.masks.values import MaskSurvey
from core.datasets.note import Note
from core.formats import percent
from core.mask_coding import MaskCoding

__all__ = ["file_notes", "tag_notes"]

_SHARE = 0.01  # of the pixels, from which a value that is tagged as no data is worth a note


def file_notes(survey: MaskSurvey, coding: MaskCoding, classes: ClassTable) -> tuple[Note, ...]:
    """Notes on masks that are transparent somewhere, and on class numbers in JPEGs.

    Args:
        survey: what the masks hold.
        coding: how they are read.
        classes: the class table that goes with it.
    """
    notes = []
    if survey.below[coding.kind == "color"]:
        notes.append(_transparency(survey, coding, classes))
    if survey.gaps:
        notes.append(Note("Masks have transparent pixels and a grid: these pixels are void."))
    if survey.lossy and coding.kind == "index" and not coding.tolerance:
        text = "Masks are JPEGs, which change values at every edge: export them again as PNG."
        notes.append(Note(text, "warning"))
    return tuple(notes)


def tag_notes(
    survey: MaskSurvey, coding: MaskCoding, classes: ClassTable, named: bool
) -> tuple[Note, ...]:
    """Notes on values that files tag as no data and that may be, or are, those of a class.

    Args:
        survey: what the masks hold.
        coding: how they are read.
        classes: the class table that goes with it.
        named: whether the set has a class table.
    """
    color = coding.kind == "color"
    labels: dict[float, int] = {value: label for value, label in coding.values.items()}
    if color:
        labels = {pack_color(rgb): VOID for rgb in coding.void_colors.values()}
        labels |= {pack_color(rgb): label for label, rgb in enumerate(classes.colors)}
    # Where a palette is read by its colours, its tag is an index and no colour: always void.
    tagged = {(value, color): count for value, count in survey.tagged[color].items()}
    if color:
        tagged |= {(value, False): count for value, count in survey.tagged[0].items()}
    total = max(1, survey.read_pixels)
    notes = []
    for (value, is_color), count in tagged.items():
        name = f"#{int(value):06X}" if is_color else f"{value:g}"
        label = labels.get(value) if is_color == color else None
        if label is None:
            remedy = f"list it with this {'colour' if color else 'value'} in classes.json"
            if color and not is_color:
                remedy = "take the tag away: gdal_edit.py -unsetnodata mask.tif"
            numbers = [] if color else [number for number in labels if labels[number] != VOID]
            notes += _removed(name, value, count / total, numbers, remedy)
        elif label != VOID and named:
            what = classes.names[label]
            text = f"The files tag {name} as no data, and it stands for {what}: read as {what}."
            notes.append(Note(text))
    return tuple(notes)


def _removed(
    name: str, value: float, share: float, numbers: list[float], remedy: str
) -> list[Note]:
    """A note on a tag that is void, if it is of many pixels or one of the classes' numbers."""
    # The next number, or the other of two, is likely to be a class.
    within = bool(numbers) and min(numbers) - 1 <= value <= max(numbers) + 1
    if share <= _SHARE and not within:
        return []
    text = f"The files tag {name} as no data: read as void, {percent(share)} of the pixels. "
    text += f"If it is a class, {remedy}."
    return [Note(text, "warning" if within or len(numbers) == 1 else "info")]


def _transparency(survey: MaskSurvey, coding: MaskCoding, classes: ClassTable) -> Note:
    color = coding.kind == "color"
    labels = coding.values
    if color:
        labels = {pack_color(rgb): label for label, rgb in enumerate(classes.colors)}
    read = {labels.get(int(value), VOID) for value in survey.below[color]} - {VOID}
    if not read:
        return Note("Masks have transparent pixels: read as void.")
    names = ", ".join(classes.names[label] for label in sorted(read))
    what = "colour" if color else "value"
    return Note(f"Masks have transparent pixels: read by the {what} below, as {names}.")
