"""What the kind of the mask files does to what is read: transparency, JPEG."""

from __future__ import annotations

from core.classes import VOID, ClassTable, pack_color
from core.datasets.masks.values import MaskSurvey
from core.datasets.note import Note
from core.mask_coding import MaskCoding

__all__ = ["file_notes"]


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
