"""A sample of an evaluation in the viewer: truth, prediction and errors, or a part of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st

from core.classes import ClassTable
from core.errors import DSIError
from core.evaluation.error_map import error_map
from core.evaluation.kept.pictures import ScoredSample, margin_box
from core.evaluation.regions import Region
from core.imagery.display import bands_of, to_rgb
from ui.evaluate.opened import OpenEvaluation, scored_sample
from ui.shell.errors import plain, show_error
from ui.viewer.layers import Layer, ViewerClass
from ui.viewer.viewer import viewer

__all__ = ["outline", "region_view", "show_part", "viewed_sample", "whole_view"]

_ERRORS = "Green where prediction and truth agree, red where they do not."
_WHITE, _BLACK = (255, 255, 255, 255), (0, 0, 0, 255)
_HEIGHT = 520
Part = tuple[slice, slice]


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
        (slice(0, height), slice(0, width)),
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
    part = margin_box(box, *scored.prediction.shape)
    show_part(
        scored,
        part,
        {"prediction": ("Prediction", scored.prediction)},
        opened.record.classes,
        key,
        outline(here, box),
    )
    rows, columns = part
    st.caption(
        f"{plain(opened.record.samples[region.sample].id)}: columns {columns.start:,} to "
        f"{columns.stop - 1:,} and rows {rows.start:,} to {rows.stop - 1:,} of "
        f"{scored.prediction.shape[1]:,} × {scored.prediction.shape[0]:,} pixels. The region is "
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
    drawn: np.ndarray | None = None,
) -> None:
    """The viewer over a part of a sample, truth and maps side by side.

    Args:
        scored: the sample.
        part: rows and columns.
        maps: by key the title and labels (H, W) of predictions; of one alone the errors too.
        classes: class table of the labels.
        key: of the viewer.
        drawn: of the whole sample, (H, W, 4) uint8, drawn into the image, so that every pane has
            it: an outline.
    """
    image = scored.image
    # Stretched as the whole image is: a part would look another way than its neighbour.
    rgb = to_rgb(image.pixels, image.valid, bands=bands_of(image.pixels, image.named_bands))
    layers = [Layer("truth", "Ground truth", "labels", _cut(image.labels, part))]
    layers += [Layer(k, title, "labels", _cut(m, part)) for k, (title, m) in maps.items()]
    if len(maps) == 1:
        [(_, labels)] = maps.values()
        errors = error_map(_cut(image.labels, part), _cut(labels, part))
        layers.append(
            Layer("errors", "Errors", "rgba", errors, opacity=0.8, visible=False, note=_ERRORS)
        )
    shown = _cut(rgb, part).copy()
    if drawn is not None and st.toggle(
        "Outline the region", value=True, key=f"{key}-outline", persist_state="session"
    ):
        over = drawn[part]
        shown[over[..., 3] > 0] = over[over[..., 3] > 0][:, :3]
    viewer(
        shown,
        layers,
        _viewer_classes(classes),
        key=key,
        height=_HEIGHT,
        mode="side",
        clickable=False,
    )


def _cut(array: np.ndarray, part: Part) -> np.ndarray:
    return np.ascontiguousarray(array[part])


def _viewer_classes(classes: ClassTable) -> Sequence[ViewerClass]:
    return [ViewerClass(c.name, c.rgb) for c in classes.classes]
