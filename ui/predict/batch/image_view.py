"""One image of a batch in the viewer, with its layers, scores and areas."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.datasets.masks.single_mask import Truth
from core.errors import DSIError
from core.evaluation.batch.pack import georeference_of
from core.evaluation.batch.record import ImageResult
from core.evaluation.batch.store import ImageMaps
from core.evaluation.batch.table import BatchRow
from core.evaluation.match_classes import match_classes
from core.formats import count, duration, ground_area, percent
from core.inference.certainty import labels_at
from core.inference.outputs.prediction import Prediction
from ui.loaded.images import OpenImage, file_stamp, open_raster
from ui.predict.batch.compare import OtherBatch
from ui.predict.batch.opened import OpenBatch
from ui.predict.result import certainty_layers, show_scores
from ui.shell.errors import plain, show_error
from ui.shell.jobs import watch_job
from ui.viewer.band_values import SceneBands, bands_of_raster
from ui.viewer.layers import Layer, ViewerClass
from ui.viewer.tiles.files import tiled_labels, tiled_picture
from ui.viewer.values import ValueLayer
from ui.viewer.viewer import viewer
from ui.widgets.classes import class_table
from ui.widgets.rectangle import MappedPlace, show_rectangle

__all__ = ["show_image"]

_HEIGHT = 600


def show_image(
    opened: OpenBatch, row: BatchRow, threshold: float, other: OtherBatch | None
) -> None:
    """The image with its map; where it cannot be opened any more, its map alone.

    Args:
        opened: the batch.
        row: the image's row.
        threshold: of class 1, where there are two classes.
        other: a batch whose map is laid over it too.
    """
    result = row.result
    if result is None:
        st.info("This image is not predicted yet.", icon=":material/schedule:")
        return
    if result.failed:
        st.error(f"**{plain(row.name)}**  \n{plain(result.error)}", icon=":material/broken_image:")
        return
    if result.note:
        st.info(plain(result.note), icon=":material/info:")
    try:
        if opened.record.images[row.number].large:
            _large(opened, row, result)
            return
        maps = opened.kept.maps(row.number, len(opened.record.classes))
    except DSIError as error:
        show_error(error)
        return
    image, truth = _image(opened, row)
    labels = maps.labels
    if len(opened.record.classes) == 2:
        labels = labels_at(labels, maps.certainty.confidence, threshold)
    _viewer(opened, row, ImageMaps(labels, maps.certainty), (image, truth, other))
    prediction = Prediction(
        labels,
        opened.record.classes,
        georeference_of(result.grid),
        row.name,
        opened.record.model,
        averaging=opened.record.options.averaging,
        threshold=threshold,
    )
    shown = None if truth is None else Truth(truth, ())
    show_scores(prediction, prediction.summary(), shown, result.seconds)


def _image(opened: OpenBatch, row: BatchRow) -> tuple[OpenImage | None, np.ndarray | None]:
    """The image and its truth; an error is shown, and the map stands alone then."""
    known = opened.record.images[row.number]
    try:
        source = opened.source()
        content = f"{opened.kept.id} {row.number} {known.digest}"
        image = open_raster(known.name, content, lambda: source.raster(row.number))
        result = row.result
        if result is None or image.rgb.shape[:2] != (result.height, result.width):
            st.warning("The image has another size now.", icon=":material/warning:")
            return None, None
        if not result.matrix:
            return image, None
        return image, source.truth(row.number, image.raster).labels
    except DSIError as error:
        show_error(error)
        return None, None


def _viewer(
    opened: OpenBatch,
    row: BatchRow,
    maps: ImageMaps,
    beside: tuple[OpenImage | None, np.ndarray | None, OtherBatch | None],
) -> None:
    image, truth, other = beside
    layers: list[Layer | ValueLayer] = [Layer("prediction", "Prediction", "labels", maps.labels)]
    if other is not None and (labels := _other_labels(opened, row, other)) is not None:
        layers.append(Layer("other", f"By {other.record.model}", "labels", labels, visible=False))
    if truth is not None:
        layers.append(Layer("truth", "Ground truth", "labels", truth, visible=False))
    layers += certainty_layers(maps.certainty)
    grey = np.full((*maps.labels.shape, 3), 128, np.uint8)
    georeference = georeference_of(row.result.grid if row.result else None)
    viewer(
        grey if image is None else image.rgb,
        layers,
        _classes(opened),
        key="batch_viewer",
        height=_HEIGHT,
        clickable=False,
        georeference=georeference,
        bands=bands_of_raster(image.raster) if image else None,
        rectangle=True,
    )
    place = MappedPlace(maps.labels, truth, opened.record.classes, georeference)
    show_rectangle("batch_viewer", place)


def _classes(opened: OpenBatch) -> list[ViewerClass]:
    return [ViewerClass(c.name, c.rgb) for c in opened.record.classes.classes]


def _other_labels(opened: OpenBatch, row: BatchRow, other: OtherBatch) -> np.ndarray | None:
    """The other batch's map of the image, in this one's classes."""
    pair = other.pairs.get(row.number)
    if pair is None or pair.agreement is None:
        return None
    classes = other.record.classes
    maps = other.kept.maps(pair.other, len(classes))
    labels = maps.labels
    if len(classes) == 2:
        labels = labels_at(labels, maps.certainty.confidence, other.record.threshold)
    lookup = match_classes(classes, opened.record.classes, other.record.title)
    return labels if lookup is None else lookup[labels]


def _large(opened: OpenBatch, row: BatchRow, result: ImageResult) -> None:
    """A scene that was predicted by windows, as tiles."""
    path = opened.source().path(row.number)
    scene = tiled_picture(path)
    if (scene.header.height, scene.header.width) != (result.height, result.width):
        st.warning("The image has another size now.", icon=":material/warning:")
        return
    labels = tiled_labels(opened.kept.scene_path(row.number), values="indices")
    for file, words in ((scene, "picture"), (labels, "map")):
        if not file.tiles.sharp:
            job = watch_job(file.job)
            st.button(
                f"Read all of the {words} for a sharp one",
                key=f"batch.sharpen-{words}",
                icon=":material/deblur:",
                on_click=file.sharpen,
                disabled=job is not None and job.state == "running",
            )
    viewer(
        scene.tiles,
        [Layer("prediction", "Prediction", "labels", labels.tiles)],
        _classes(opened),
        key="batch_scene_viewer",
        height=_HEIGHT,
        clickable=False,
        georeference=scene.header.georeference,
        bands=SceneBands(path, file_stamp(path)),
    )
    total = max(1, sum(result.counts[:-1]))
    located = bool(result.areas)
    rows = [
        [
            count(pixels),
            percent(pixels / total),
            *([ground_area(result.areas[n])] if located else []),
        ]
        for n, pixels in enumerate(result.counts[:-1])
    ]
    columns = ["Pixels", "Share", *(["Area"] if located else [])]
    class_table(opened.record.classes, columns, rows, label="Area by class")
    st.caption(
        f"{plain(row.name)}: {result.width:,} × {result.height:,} pixels, predicted by windows in "
        f"{duration(result.seconds)}."
    )
