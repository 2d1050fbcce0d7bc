"""A prediction on a page: made with a progress bar, kept for the session, shown in the viewer."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.datasets.masks.single_mask import Truth
from core.errors import WorkspaceError
from core.evaluation.confusion import confusion, scores
from core.formats import count, duration, ground_area, percent, score, short_duration
from core.inference.anchor import Anchor
from core.inference.averaging import Averaging
from core.inference.certainty import (
    HALF,
    Certainty,
    labels_at,
    most_bits,
    predict_with_certainty,
)
from core.inference.likeness import differences
from core.inference.outputs.prediction import Prediction
from core.models.card import ModelCard
from core.models.model_input import ModelInput
from core.models.prediction_history import KeptPrediction, find_prediction, read_maps
from ui.loaded.images import OpenImage
from ui.loaded.models import open_predictor
from ui.predict.address import forget_prediction
from ui.predict.compare import Comparison, show_agreement
from ui.predict.downloads import show_downloads
from ui.predict.settings import choose_threshold
from ui.shell.errors import plain
from ui.viewer.band_values import bands_of_raster
from ui.viewer.layers import Layer, ViewerClass
from ui.viewer.values import Threshold, ValueLayer
from ui.viewer.viewer import Mode, viewer
from ui.widgets.classes import class_table
from ui.widgets.frame import Frame
from ui.widgets.place import asked_place
from ui.widgets.rectangle import MappedPlace, show_rectangle

__all__ = [
    "LabelMap",
    "Settings",
    "certainty_layers",
    "kept_id",
    "predict",
    "recent_prediction",
    "show_prediction",
    "show_scores",
    "warn_of_differences",
]

_MAX_LABEL_MAPS = 4  # label maps a session keeps: three bytes a pixel each


@dataclass(frozen=True)
class Settings:
    """What a label map depends on.

    Attributes:
        sha256: hash of the model's weights.
        digest: digest of the image.
        averaging: over what the probabilities are averaged.
        overlap: share of a tile that neighbours share.
    """

    sha256: str
    digest: str
    averaging: Averaging
    overlap: float


@dataclass(frozen=True)
class LabelMap:
    """A predicted label map.

    Attributes:
        labels: (H, W) uint8, 255 = void.
        certainty: how sure each of them is.
        seconds: time the prediction took.
        averaging: over what its probabilities were averaged.
    """

    labels: np.ndarray
    certainty: Certainty
    seconds: float
    averaging: Averaging


def _store() -> OrderedDict[Settings, LabelMap]:
    store: OrderedDict[Settings, LabelMap] = st.session_state.setdefault(
        "predictions", OrderedDict()
    )
    return store


def recent_prediction(settings: Settings, shape: tuple[int, int], classes: int) -> LabelMap | None:
    """The label map for these settings: the session's, or the workspace's.

    Args:
        settings: what it depends on.
        shape: height and width of the image.
        classes: number of the model's classes.
    """
    here = _store().get(settings)
    if here is not None:
        return here
    kept = find_prediction(kept_id(settings))
    if kept is None:
        return None
    try:
        maps = read_maps(kept)
    except WorkspaceError:
        return None  # it is made anew, and then kept
    if maps.shape[:2] != shape:
        return None
    labels, confidence, entropy, *views = np.moveaxis(maps, -1, 0).copy()
    certainty = Certainty(confidence, entropy, most_bits(classes), views[0] if views else None)
    return LabelMap(labels, certainty, kept.seconds, settings.averaging)


def kept_id(settings: Settings) -> str:
    """The id under which the workspace keeps a prediction of these settings."""
    averaging, overlap = settings.averaging, round(100 * settings.overlap)
    return KeptPrediction.identity(
        settings.sha256, settings.digest, averaging.symmetries, averaging.scales, overlap
    )


def predict(settings: Settings, model: str, image: OpenImage) -> LabelMap:
    """Predict with a progress bar that shows the time left, and a button that stops it.

    Args:
        settings: settings of the prediction, under which the session keeps its label map.
        model: name of the model.
        image: image to predict.

    Raises:
        ImageError: the image is not of the model's kind.
        ModelError: the model's files do not fit together.
    """
    # Any click reruns the script and thereby ends this run at its next progress report; the next
    # one is not to begin it anew because the address asks for it.
    stop = st.empty()
    stop.button("Stop", icon=":material/stop_circle:", on_click=forget_prediction)
    bar = st.empty()
    try:
        return _predicted(settings, model, image, bar)
    finally:
        bar.empty()
        stop.empty()


def _predicted(settings: Settings, model: str, image: OpenImage, place: DeltaGenerator) -> LabelMap:
    bar = place.progress(0.0, "Loading the model …")
    predictor, _ = open_predictor(model, averaging=settings.averaging, overlap=settings.overlap)
    start = time.monotonic()

    def progress(done: int, total: int) -> None:
        left = (time.monotonic() - start) * (total - done) / done
        bar.progress(done / total, f"Tile {done} of {total}, about {duration(left)} left")

    raster = image.raster
    labels, certainty = predict_with_certainty(
        predictor, raster.pixels, raster.valid, progress, anchor=Anchor.of(raster.georeference)
    )
    label_map = LabelMap(labels, certainty, time.monotonic() - start, settings.averaging)
    store = _store()
    store[settings] = label_map
    while len(store) > _MAX_LABEL_MAPS:
        store.popitem(last=False)
    return label_map


def warn_of_differences(image: OpenImage, card: ModelCard, frame: Frame) -> None:
    """Say in what the image is unlike those the model was trained on."""
    for difference in differences(ModelInput.of_card(card), image.raster):
        frame.note(plain(difference.sentences), warning=True, icon=":material/compare:")


def show_prediction(
    image: OpenImage,
    label_map: LabelMap,
    card: ModelCard,
    comparison: Comparison,
) -> float:
    """The viewer with the layers, the scores, the table by class, and the downloads.

    Args:
        image: image that was predicted.
        label_map: its prediction.
        card: card of the model.
        comparison: what it is compared with.

    Returns:
        The threshold that is chosen, of two classes; else one half.
    """
    truth, mode, others = comparison.truth, comparison.mode, comparison.others
    threshold = choose_threshold(card.classes)
    if threshold != HALF:
        moved = labels_at(label_map.labels, label_map.certainty.confidence, threshold)
        label_map = replace(label_map, labels=moved)
    classes = [ViewerClass(c.name, c.rgb) for c in card.classes.classes]
    layers: list[Layer | ValueLayer] = [
        Layer("prediction", "Prediction", "labels", label_map.labels)
    ]
    layers += [
        Layer(other.key, other.title, "labels", other.labels, visible=False) for other in others
    ]
    if truth is not None:
        beside = mode is not None
        layers.append(Layer("truth", "Ground truth", "labels", truth.labels, visible=beside))
    layers += certainty_layers(label_map.certainty)
    truth_labels = None if truth is None else truth.labels
    georeference = image.raster.georeference
    place = MappedPlace(label_map.labels, truth_labels, card.classes, georeference)
    _maps(image, layers, classes, mode or "overlay", place)
    prediction = Prediction(
        label_map.labels,
        card.classes,
        image.raster.georeference,
        image.name,
        card.name,
        averaging=label_map.averaging,
        threshold=threshold,
    )
    report = prediction.summary()
    show_scores(prediction, report, truth, label_map.seconds)
    if others:
        show_agreement(label_map.labels, card.name, others, card.classes, truth)
    show_downloads(prediction, "pixel_area_m2" in report)
    return threshold


# Of its own: a rectangle that is drawn is not to make the downloads anew.
@st.fragment
def _maps(
    image: OpenImage,
    layers: Sequence[Layer | ValueLayer],
    classes: Sequence[ViewerClass],
    mode: Mode,
    place: MappedPlace,
) -> None:
    """The viewer, and what is within the rectangle drawn in it."""
    viewer(
        image.rgb,
        layers,
        classes,
        key="predict_viewer",
        height=600,
        mode=mode,
        clickable=False,
        georeference=place.georeference,
        bands=bands_of_raster(image.raster),
        at=asked_place("predict_viewer", image.digest),
        linked=True,
        rectangle=True,
    )
    show_rectangle("predict_viewer", place)


def certainty_layers(certainty: Certainty) -> list[ValueLayer]:
    """Layers of how sure a prediction is, hidden at first.

    Args:
        certainty: of the prediction, whose layer is called ``prediction``.
    """
    layers = [
        ValueLayer(
            "confidence",
            "Confidence",
            certainty.confidence,
            0,
            1,
            visible=False,
            note="Probability of the likeliest class, in 254 steps.",
            threshold=Threshold("prediction", "Confidence threshold", 0),
        ),
        ValueLayer(
            "entropy",
            "Entropy",
            certainty.entropy,
            0,
            certainty.most_bits,
            unit="bit",
            colors="inferno",
            visible=False,
            note="0 where one class is certain; high where several are likely.",
        ),
    ]
    if certainty.disagreement is not None:
        layers.append(
            ValueLayer(
                "disagreement",
                "TTA disagreement",
                certainty.disagreement,
                0,
                certainty.most_bits,
                unit="bit",
                colors="inferno",
                visible=False,
                note="Jensen-Shannon divergence of the views that were averaged: 0 where they all "
                "say the same, however unsure they are.",
            )
        )
    return layers


def show_scores(
    prediction: Prediction, report: dict[str, Any], truth: Truth | None, seconds: float
) -> None:
    """The scores where there is a truth, and the table by class.

    Args:
        prediction: what is shown.
        report: its summary.
        truth: ground truth, where there is some.
        seconds: that it took.
    """
    classes = prediction.classes
    located = "pixel_area_m2" in report
    columns = ["Pixels", "Share", *(["Area"] if located else [])]
    rows = [
        [count(c["pixels"]), percent(c["share"]), *([ground_area(c["area_m2"])] if located else [])]
        for c in report["classes"].values()
    ]
    if truth is not None:
        matrix = confusion(truth.labels, prediction.labels, len(classes))
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
    class_table(classes, columns, rows, label="Area and scores by class")
    st.caption(
        f"{plain(prediction.image)}: {report['width']} × {report['height']} pixels, predicted in "
        f"{short_duration(seconds)}"
        + (f", the mean over {prediction.averaging}." if str(prediction.averaging) else ".")
        + _threshold_text(prediction)
        + (f" {report['void_pixels']:,} pixels without data." if report["void_pixels"] else "")
        + (_ground(prediction, report) if located else f" No areas: {plain(report['no_area'])}.")
    )


def _threshold_text(prediction: Prediction) -> str:
    if prediction.threshold == HALF:
        return ""
    name = plain(prediction.classes.names[1])
    return f" {name} from a probability of {prediction.threshold:.2f} on."


def _ground(prediction: Prediction, report: dict[str, Any]) -> str:
    """Where areas come from: in many reference systems a pixel's own units are no ground."""
    crs = prediction.georeference.crs if prediction.georeference else None
    side = report["pixel_area_m2"] ** 0.5
    return (
        f" Areas are those of the ground: a pixel is {side:.3g} m wide there ({plain(str(crs))})."
    )
