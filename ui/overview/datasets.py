"""The datasets as pictures: a few samples of each, the last with its mask over it."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.datasets.catalogue import DatasetRef
from core.datasets.dataset import Dataset
from core.datasets.pictures.thumbnails import Thumbnail
from core.errors import DSIError
from core.formats import counted
from ui.data.gallery.thumbnails import overlaid, thumbnails
from ui.loaded.datasets import open_chosen
from ui.overview.cards import card, card_grid
from ui.shell.errors import plain
from ui.shell.links import page_link

__all__ = ["dataset_cards", "fill_pictures", "strip"]

_SHOWN = 6
_SAMPLES = 3
_SIDE = 200  # pixels: a third of the strip's width, and its height
_OPACITY = 0.5  # of the masks, as in the gallery

Slot = tuple[DeltaGenerator, Dataset]


def dataset_cards(refs: Sequence[DatasetRef]) -> list[Slot]:
    """A card for each of the first few datasets, with room for its picture.

    Args:
        refs: datasets.

    Returns:
        Where `fill_pictures` is to put which dataset's picture.
    """
    slots = []
    with card_grid("datasets"):
        for number, ref in enumerate(refs[:_SHOWN]):
            query = {"dataset": ref.id}
            with card(f"dataset-{number}", "data", plain(ref.id), "photo_library", query) as above:
                slots += _contents(ref, above, number)
    if len(refs) > _SHOWN:
        page_link("data", f"All {counted(len(refs), 'dataset')}", "photo_library")
    return slots


def _contents(ref: DatasetRef, above: DeltaGenerator, number: int) -> list[Slot]:
    try:
        dataset = open_chosen(ref)
    except DSIError as error:
        st.caption(f":material/broken_image: {plain(error.what)}")
        return []
    place = above.container(key=f"strip-{number}", gap=None)
    facts = [counted(len(dataset.samples), "sample"), counted(len(dataset.scenes), "scene")]
    st.caption(" · ".join(facts))
    return [(place, dataset)]


def fill_pictures(slots: Sequence[Slot]) -> None:
    """Show the pictures; last of all, since large images take their time to be made small."""
    for place, dataset in slots:
        count = len(dataset.samples)
        chosen = [dataset.samples[i] for i in sorted({k * count // _SAMPLES for k in range(3)})]
        made = list(thumbnails(dataset, chosen))
        picture = strip(made, dataset)
        with place:
            if picture is None:
                st.caption(f":material/broken_image: {plain(made[0].problems[0])}")
            else:
                st.image(picture, width="stretch", alt=f"Samples of {dataset.name}")


def strip(made: Sequence[Thumbnail], dataset: Dataset) -> bytes | None:
    """The middles of samples in a row, three squares wide; the last has its mask over it.

    One sample alone is there twice, without its mask and with it.

    Args:
        made: thumbnails of the samples.
        dataset: theirs.

    Returns:
        A JPEG; None where no image can be read.
    """
    readable = [thumbnail for thumbnail in made if thumbnail.image is not None]
    if not readable:
        return None
    bare = readable[:-1] or readable
    pictures = [thumbnail.image or b"" for thumbnail in bare]
    pictures.append(overlaid(readable[-1], dataset.classes, _OPACITY) or b"")
    width = _SAMPLES * _SIDE // len(pictures)
    row = np.concatenate([_middle(picture, width) for picture in pictures], axis=1)
    return cv2.imencode(".jpg", row, [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes()


def _middle(encoded: bytes, width: int) -> np.ndarray:
    """The middle of a picture, (S, `width`, 3) uint8."""
    pixels = np.asarray(cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR))
    height, whole = pixels.shape[:2]
    scale = min(height / _SIDE, whole / width)
    high, wide = max(1, round(_SIDE * scale)), max(1, round(width * scale))
    top, left = (height - high) // 2, (whole - wide) // 2
    middle = pixels[top : top + high, left : left + wide]
    return cv2.resize(middle, (width, _SIDE), interpolation=cv2.INTER_AREA)
