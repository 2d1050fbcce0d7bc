"""A sample of an evaluation in the viewer: truth and prediction, or a part of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import streamlit as st

from core.classes import ClassTable
from core.datasets.batches.labelled_image import LabelledImage
from core.errors import DSIError
from core.evaluation.kept.pictures import ScoredSample, margin_box
from core.evaluation.kept.results import OpenEvaluation
from core.evaluation.regions import Region
from core.imagery.display import bands_of, to_rgb
from ui.evaluate.opened import scored_sample
from ui.shell.errors import plain, show_error
from ui.viewer.band_values import MemoryBands
from ui.viewer.layers import Layer, ViewerClass
from ui.viewer.viewer import viewer

__all__ = ["Part", "outline", "region_view", "show_part", "viewed_sample", "whole_view"]

_WHITE, _BLACK = (255, 255, 255, 255), (0, 0, 0, 255)
_HEIGHT = 520


class Part(NamedTuple):
    """A part of a sample.

    Attributes:
        rows, columns: of the sample.
        drawn: of the whole sample, (H, W, 4) uint8, drawn into the image, so that every pane has
            it: an outline.
    """

    rows: slice
    columns: slice
    drawn: np.ndarray | None = None

    def of(self, array: np.ndarray) -> np.ndarray:
        """The part of an array of the whole sample."""
        return np.ascontiguousarray(array[self.rows, self.columns])


def viewed_sample(opened: OpenEvaluation, number: int) -> ScoredSample | None:
    """A sample; None after saying why it cannot be shown."""
    try:
        return scored_sample(opened, number)
    except DSIError as error:
        show_error(error)
        return None


def whole_view(opened: OpenEvaluation, number: int, key: str) -> None:
    """A whole sample in the viewer."""
    scored = viewed_sample(opened, number)
    if scored is None:
        return
    height, width = scored.prediction.shape
    show_part(
        scored,
        Part(slice(0, height), slice(0, width)),
        {"prediction": ("Prediction", scored.prediction)},
        opened.record.classes,
        key,
    )


def region_view(opened: OpenEvaluation, region: Region, key: str) -> None:
    """The part of a sample around a region, which is outlined."""
    scored = viewed_sample(opened, region.sample)
    if scored is None:
        return
    here = (scored.image.labels == region.truth) & (scored.prediction == region.prediction)
    box = region.x, region.y, region.width, region.height
    height, width = here.shape
    rows, columns = margin_box(box, height, width)
    show_part(
        scored,
        Part(rows, columns, outline(here, box)),
        {"prediction": ("Prediction", scored.prediction)},
        opened.record.classes,
        key,
    )
    st.caption(
        f"{plain(opened.record.samples[region.sample].id)}: columns {columns.start:,} to "
        f"{columns.stop - 1:,} and rows {rows.start:,} to {rows.stop - 1:,} of "
        f"{width:,} × {height:,} pixels. The region is "
        f"outlined; its box begins at column {region.x:,}, row {region.y:,}."
    )


def outline(here: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    """The pixels just outside of a region, as a picture (H, W, 4) uint8: white, with black beyond.

    Args:
        here: (H, W) bool, pixels of its kind.
        box: x, y, width and height of the region; others of the kind beyond it are not outlined.
    """
    import cv2

    x, y, width, height = box
    own = np.zeros(here.shape, np.uint8)
    own[y : y + height, x : x + width] = here[y : y + height, x : x + width]
    near = cv2.dilate(own, np.ones((3, 3), np.uint8))
    far = cv2.dilate(near, np.ones((3, 3), np.uint8))
    picture = np.zeros((*here.shape, 4), np.uint8)
    picture[far > 0] = _BLACK
    picture[near > 0] = _WHITE
    picture[own > 0] = 0
    return picture


def show_part(
    scored: ScoredSample,
    part: Part,
    maps: Mapping[str, tuple[str, np.ndarray]],
    classes: ClassTable,
    key: str,
) -> None:
    """The viewer over a part of a sample, truth and maps side by side.

    Args:
        scored: the sample.
        part: which part of it.
        maps: by key the title and labels (H, W) of predictions.
        classes: class table of the labels.
        key: of the viewer.
    """
    image = scored.image
    # Stretched as the whole image is: a part would look another way than its neighbour.
    rgb = to_rgb(image.pixels, image.valid, bands=bands_of(image.pixels, image.named_bands))
    layers = [Layer("truth", "Ground truth", "labels", part.of(image.labels))]
    layers += [Layer(k, title, "labels", part.of(m)) for k, (title, m) in maps.items()]
    shown = part.of(rgb).copy()
    if part.drawn is not None and st.toggle(
        "Outline the region", value=True, key=f"{key}-outline", persist_state="session"
    ):
        over = part.of(part.drawn)
        shown[over[..., 3] > 0] = over[over[..., 3] > 0][:, :3]
    viewer(
        shown,
        layers,
        _viewer_classes(classes),
        key=key,
        height=_HEIGHT,
        mode="side",
        clickable=False,
        bands=_bands(image, part),
    )


def _bands(image: LabelledImage, part: Part) -> MemoryBands:
    named = [name.capitalize() for name in image.named_bands]
    names = [
        (named[band] if band < len(named) else "") or f"Band {band + 1}"
        for band in range(image.pixels.shape[-1])
    ]
    return MemoryBands(image.pixels, image.valid, names, (part.rows, part.columns))


def _viewer_classes(classes: ClassTable) -> Sequence[ViewerClass]:
    return [ViewerClass(c.name, c.rgb) for c in classes.classes]
