"""The ground truth of an upload: read as the model's training masks were, or as a person says."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.datasets.masks.single_mask import MaskReading, Truth, likeliest, mask_readings
from core.formats import count
from core.imagery.header import Header
from core.models.card import ModelCard

__all__ = ["MASK_TYPES", "read_ground_truth"]

MASK_TYPES = ["png", "tif", "tiff", "jpg", "jpeg"]


def read_ground_truth(upload: UploadedFile, card: ModelCard, image: Header) -> Truth:
    """Read an uploaded mask; where the way is not certain, a box asks for it.

    Args:
        upload: the file.
        card: the model's card, which says how the masks of its training were written.
        image: header of the image, on whose grid the mask is brought.

    Raises:
        ImageError: it cannot be read, or is of another size or of no class of the model.
    """
    readings = mask_readings(
        upload.getvalue(), card.classes, image, name=upload.name, coding=card.masks
    )
    if readings[0].certain or len(readings) == 1:
        return likeliest(readings)
    chosen = st.selectbox(
        "How is the mask written?",
        range(len(readings)),
        format_func=lambda place: _words(readings[place]),
        key="mask-reading",
        help="The model's card does not say it, or the mask is written in another way. The scores "
        "hold for the way that is chosen.",
    )
    return readings[chosen].truth


def _words(reading: MaskReading) -> str:
    parts = [f"{name} {count(pixels)} px" for name, pixels in reading.pixels.items()]
    total = reading.truth.labels.size
    if void := total - sum(reading.pixels.values()):
        parts.append(f"void {count(void)} px")
    return f"{reading.title[:1].upper()}{reading.title[1:]}: {', '.join(parts)}"
