"""Predictions on a page: made with a progress bar, kept for the session, shown in the viewer."""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.datasets.masks.single_mask import Truth
from core.evaluation.confusion import confusion, scores
from core.evaluation.error_map import error_map
from core.formats import count, duration, percent, score, short_duration
from core.imagery.write import label_geotiff, png_bytes, polygons
from core.inference.outputs import summary
from core.models.card import ModelCard
from ui.loaded.images import OpenImage, safe_stem
from ui.loaded.models import open_predictor
from ui.shell.errors import plain
from ui.viewer.layers import Layer, ViewerClass
from ui.viewer.viewer import viewer
from ui.widgets.classes import class_table

__all__ = ["Prediction", "kept_prediction", "make_prediction", "show_prediction"]

_KEPT = 4  # label maps a session keeps: one byte a pixel each


@dataclass(frozen=True)
class Prediction:
    """A label map (H, W) uint8 and how long it took to make, in seconds."""

    labels: np.ndarray
    seconds: float


Key = tuple[str, str, bool, float]


def _store() -> OrderedDict[Key, Prediction]:
    store: OrderedDict[Key, Prediction] = st.session_state.setdefault("predictions", OrderedDict())
    return store


def kept_prediction(key: Key) -> Prediction | None:
    """The session's prediction for weights, image and settings, if it was made lately."""
    return _store().get(key)


def make_prediction(key: Key, model: str, image: OpenImage) -> Prediction:
    """Predict with a progress bar that tells the time left, and a button that stops it.

    Raises:
        ImageError: the image is not of the model's kind.
        ModelError: the model's files do not fit together.
    """
    _, _, tta, overlap = key
    # Any click reruns the script and thereby ends this run at its next progress report.
    stop = st.empty()
    stop.button("Stop", icon=":material/stop_circle:")
    bar = st.progress(0.0, "Loading the model …")
    predictor, _ = open_predictor(model, tta=tta, overlap=overlap)
    began = time.monotonic()

    def progress(done: int, total: int) -> None:
        left = (time.monotonic() - began) * (total - done) / done
        bar.progress(done / total, f"Tile {done} of {total}, about {duration(left)} left")

    labels = predictor.predict(image.raster.pixels, image.raster.valid, progress)
    bar.empty()
    stop.empty()
    made = Prediction(labels, time.monotonic() - began)
    store = _store()
    store[key] = made
    while len(store) > _KEPT:
        store.popitem(last=False)
    return made


def show_prediction(
    image: OpenImage, made: Prediction, card: ModelCard, truth: Truth | None
) -> None:
    """The viewer with the layers, the scores, the table by class, and the downloads."""
    classes = [ViewerClass(c.name, c.rgb) for c in card.classes.classes]
    layers = [Layer("prediction", "Prediction", "labels", made.labels)]
    if truth is not None:
        layers.append(Layer("truth", "Ground truth", "labels", truth.labels, visible=False))
        errors = error_map(truth.labels, made.labels)
        layers.append(Layer("errors", "Errors", "rgba", errors, opacity=0.8, visible=False))
    viewer(image.rgb, layers, classes, key="predict_viewer", height=600, clickable=False)
    if truth is not None:
        st.caption("Errors: green where prediction and ground truth agree, red where they do not.")
    _scores(image, made, card, truth)
    _downloads(image, made, card)


def _scores(image: OpenImage, made: Prediction, card: ModelCard, truth: Truth | None) -> None:
    report = summary(made.labels, card.classes, image.raster)
    located = "pixel_area_m2" in report
    columns = ["Pixels", "Share", *(["Area"] if located else [])]
    rows = [
        [count(c["pixels"]), percent(c["share"]), *([_area(c["area_m2"])] if located else [])]
        for c in report["classes"].values()
    ]
    if truth is not None:
        matrix = confusion(truth.labels, made.labels, len(card.classes))
        result = scores(matrix)
        left, middle, right = st.columns(3)
        left.metric("Mean IoU", score(result.mean_iou), border=True)
        middle.metric("Pixel accuracy", percent(result.pixel_accuracy), border=True)
        right.metric("Labelled pixels compared", count(matrix.sum()), border=True)
        columns += ["IoU", "F1", "Precision", "Recall", "True pixels"]
        for row, c in zip(rows, result.classes, strict=True):
            row += [score(value) for value in (c.iou, c.f1, c.precision, c.recall)]
            row.append(count(c.support))
    st.subheader("By class")
    class_table(card.classes, columns, rows, label="Area and scores by class")
    st.caption(
        f"{plain(image.name)}: {report['width']} × {report['height']} pixels, predicted in "
        f"{short_duration(made.seconds)}."
        + (f" {report['void_pixels']:,} pixels without data." if report["void_pixels"] else "")
    )


def _downloads(image: OpenImage, made: Prediction, card: ModelCard) -> None:
    stem, place = safe_stem(image.name), image.raster.georeference
    labels, classes = made.labels, card.classes
    files = [
        ("Labels (PNG)", f"{stem}_labels.png", lambda: png_bytes(labels), "image/png"),
        (
            "Colours (PNG)",
            f"{stem}_color.png",
            lambda: png_bytes(classes.colorize(labels)),
            "image/png",
        ),
        (
            "Polygons (GeoJSON)",
            f"{stem}.geojson",
            lambda: json.dumps(polygons(labels, classes.names, place)).encode(),
            "application/geo+json",
        ),
    ]
    if place is not None:
        files.insert(
            2,
            (
                "Labels (GeoTIFF)",
                f"{stem}_labels.tif",
                lambda: label_geotiff(labels, place, classes.colors),
                "image/tiff",
            ),
        )
    st.subheader("Download")
    with st.container(horizontal=True):
        for text, name, make, mime in files:
            st.download_button(
                text, make, name, mime, on_click="ignore", icon=":material/download:"
            )
    if place is None:
        st.caption("The image has no place on Earth in its file, so there is no GeoTIFF.")


def _area(square_metres: float) -> str:
    if square_metres >= 1e6:
        return f"{square_metres / 1e6:,.2f} km²"
    return f"{square_metres / 1e4:,.2f} ha" if square_metres >= 1e4 else f"{square_metres:,.0f} m²"
