"""The ground truth of an upload: read as the model's training masks were, or as a person says."""

from __future__ import annotations

from hashlib import blake2b

import streamlit as st

from core.classes import VOID
from core.datasets.masks.single_mask import MaskReading, SingleMask, Truth, no_known_class
from core.formats import count, percent
from core.imagery.header import Header
from core.models.card import ModelCard
from ui.loaded.upload import Upload
from ui.shell.errors import plain

__all__ = ["MASK_TYPES", "read_ground_truth"]

MASK_TYPES = ["png", "tif", "tiff", "jpg", "jpeg"]

_UNANSWERED = "No scores yet: say above how the mask is written."


def read_ground_truth(upload: Upload, card: ModelCard, image: Header) -> Truth | None:
    """Read an uploaded mask; where the way is not certain, the page asks for it.

    Args:
        upload: the file.
        card: the model's card, which says how the masks of its training were written.
        image: header of the image, on whose grid the mask is brought.

    Returns:
        None while a question is open: no reading is taken that nobody chose and that is not
        clearly the right one.

    Raises:
        ImageError: it cannot be read, or is of another size or of no class of the model.
    """
    data = upload.data
    mask = SingleMask(data, card.classes, image, name=upload.name, coding=card.masks)
    if not mask.readings:
        no_known_class(card.classes, upload.name)
    if mask.readings[0].certain:
        return mask.readings[0].truth
    # An answer holds for one mask and one model.
    key = blake2b(data + card.sha256.encode(), digest_size=8).hexdigest()
    truth = _asked(mask, card, key)
    if truth is None:
        st.info(_UNANSWERED, icon=":material/help:")
    return truth


def _asked(mask: SingleMask, card: ModelCard, key: str) -> Truth | None:
    """Ask how a mask is written; None while that is open."""
    readings, by_values = mask.readings, len(mask.readings)
    titles = [_sentence(reading.title) for reading in readings]
    captions = [_pixels(reading) for reading in readings]
    if readings[0].likely:
        titles[0] += " (a guess)"
    if mask.values:
        titles.append("In another way: say what each value is")
        captions.append("")
    preselected = 0 if readings[0].likely else None
    if preselected is None and len(readings) == 1 and mask.values:
        preselected = by_values
    # A list would cut the pixels of each class, by which to choose, on a narrow screen.
    chosen = st.radio(
        "How is the mask written?",
        range(len(titles)),
        index=preselected,
        format_func=lambda place: plain(titles[place]),
        captions=[plain(caption) for caption in captions],
        key=f"mask-reading-{key}",
        help="The model's card does not say it, or the mask is written in another way. The scores "
        "hold for the way that is chosen.",
    )
    if chosen is None:
        return None
    return _by_values(mask, card, key) if chosen == by_values else readings[chosen].truth


def _by_values(mask: SingleMask, card: ModelCard, key: str) -> Truth | None:
    """Ask what each value of the mask is; None until all are said and one is a class."""
    names = dict(enumerate(card.classes.names)) | {VOID: "void, not labelled"}
    labels: dict[float, int] = {}
    with st.container(horizontal=True):
        for value, pixels in sorted(mask.values.items()):
            label = st.selectbox(
                f"{value} is ({count(pixels)} px)",
                [VOID, *range(len(card.classes))],
                index=None,
                format_func=names.__getitem__,
                key=f"mask-value-{key}-{value}",
                placeholder="Choose",
                width=220,
            )
            if label is not None:
                labels[value] = label
    if len(labels) < len(mask.values) or set(labels.values()) == {VOID}:
        return None
    return mask.by_values(labels)


def _sentence(title: str) -> str:
    return f"{title[:1].upper()}{title[1:]}"


def _pixels(reading: MaskReading) -> str:
    """The labelled pixels of each class, void ones, and those that the reading does not explain."""
    parts = [f"{name} {count(pixels)} px" for name, pixels in reading.pixels.items()]
    void = reading.truth.labels.size - sum(reading.pixels.values()) - reading.unknown
    if void > 0:
        parts.append(f"void {count(void)} px")
    if reading.unknown:
        share = percent(1 - reading.explained)
        parts.append(f"in no class {count(reading.unknown)} px ({share})")
    return ", ".join(parts)
