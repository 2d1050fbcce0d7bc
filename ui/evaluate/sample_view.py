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
from ui.viewer.places import Place, Ring, outlines
from ui.viewer.viewer import viewer
from ui.widgets.rectangle import MappedPlace, show_rectangle

__all__ = ["Part", "outline", "region_view", "show_part", "viewed_sample", "whole_view"]

_HEIGHT = 520


class Part(NamedTuple):
    """A part of a sample.

    Attributes:
        rows, columns: of the sample.
        outlined: (H, W) bool of the whole sample, pixels that are outlined on every pane.
    """

    rows: slice
    columns: slice
    outlined: np.ndarray | None = None


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
    """The pixels of a region, (H, W) bool.

    Args:
        here: (H, W) bool, pixels of its kind.
        box: x, y, width and height of the region; others of the kind beyond it are not outlined.
    """
    x, y, width, height = box
    own = np.zeros(here.shape, bool)
    own[y : y + height, x : x + width] = here[y : y + height, x : x + width]
    return own


def show_part(
    scored: ScoredSample,
    part: Part,
    maps: Mapping[str, tuple[str, np.ndarray]],
    classes: ClassTable,
    key: str,
) -> None:
    """The viewer over a sample, truth and maps side by side, opened at a part of it.

    Args:
        scored: the sample.
        part: what of it is seen at first.
        maps: by key the title and labels (H, W) of predictions.
        classes: class table of the labels.
        key: of the viewer.
    """
    image = scored.image
    # Stretched as the whole image is: a part would look another way than its neighbour.
    rgb = to_rgb(image.pixels, image.valid, bands=bands_of(image.pixels, image.named_bands))
    layers = [Layer("truth", "Ground truth", "labels", image.labels)]
    layers += [Layer(k, title, "labels", labels) for k, (title, labels) in maps.items()]
    rings: Sequence[Ring] = ()
    if part.outlined is not None and st.toggle(
        "Outline the region", value=True, key=f"{key}-outline", persist_state="session"
    ):
        rings = outlines(part.outlined)
    viewer(
        rgb,
        layers,
        _viewer_classes(classes),
        key=key,
        height=_HEIGHT,
        mode="side",
        clickable=False,
        georeference=image.georeference,
        bands=_bands(image),
        at=_place(part) if part.outlined is not None else None,
        outlines=rings,
        rectangle=True,
    )
    for title, labels in maps.values():
        mapped = MappedPlace(labels, image.labels, classes, image.georeference)
        show_rectangle(key, mapped, title if len(maps) > 1 else "")


def _place(part: Part) -> Place:
    rows, columns = part.rows, part.columns
    x, y = (columns.start + columns.stop) / 2, (rows.start + rows.stop) / 2
    return Place(x, y, columns.stop - columns.start, rows.stop - rows.start)


def _bands(image: LabelledImage) -> MemoryBands:
    named = [name.capitalize() for name in image.named_bands]
    names = [
        (named[band] if band < len(named) else "") or f"Band {band + 1}"
        for band in range(image.pixels.shape[-1])
    ]
    return MemoryBands(image.pixels, image.valid, names)


def _viewer_classes(classes: ClassTable) -> Sequence[ViewerClass]:
    return [ViewerClass(c.name, c.rgb) for c in classes.classes]
