"""Predict: an image in, a map out, laid over it and beside the ground truth."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.datasets.identity import content_digest, image_digest
from core.datasets.masks.single_mask import Truth
from core.errors import DSIError
from core.formats import counted, millions, score
from core.imagery.tiles import OVERLAP
from core.models.card import ModelCard
from core.models.store import ModelRef, read_card
from ui.loaded.datasets import choose_dataset, open_chosen
from ui.loaded.images import IMAGE_TYPES, OpenImage, open_sample, open_upload
from ui.loaded.models import choose_model
from ui.predict.checks import fits_model, say_if_known
from ui.predict.ground_truth import MASK_TYPES, read_ground_truth
from ui.predict.result import (
    Settings,
    predict,
    recent_prediction,
    show_prediction,
    warn_of_differences,
)
from ui.shell.errors import plain, show_error
from ui.shell.links import page_link
from ui.viewer.viewer import viewer
from ui.widgets.bands import render_as_chosen
from ui.widgets.frame import Frame, open_frame


def describe(ref: ModelRef, card: ModelCard) -> str:
    """The model in one line."""
    scored = card.training.scores.get("test") or card.training.scores.get("val") or {}
    mean_iou = scored.get("mean_iou")
    return ", ".join(
        [
            f"{'bundled' if ref.source == 'bundled' else 'from a ' + ref.source}",
            f"{millions(card.parameters)} parameters",
            f"{counted(card.file_bands or card.spec.bands, 'band')} of {card.dtype}",
            f"trained on {card.training.dataset}",
            *([f"mean IoU {score(mean_iou)} on held-out images"] if mean_iou is not None else []),
        ]
    )


Answer = Callable[[], Truth | None]
"""Gives the ground truth; where it has to ask how a mask is written, the question stands there."""


def no_truth() -> Truth | None:
    """Of an image that has no mask."""
    return None


def upload_image(card: ModelCard, frame: Frame) -> tuple[OpenImage | None, Answer]:
    """An uploaded image and, where there is one, its mask."""
    file = st.file_uploader("Image (PNG, JPEG, TIFF or GeoTIFF)", type=IMAGE_TYPES, key="image")
    mask = st.file_uploader(
        "Ground truth, if you have it: a mask of the same place",
        type=MASK_TYPES,
        key="mask",
        help="Written as the masks of its training, in the class colours, or with class numbers.",
    )
    if file is None:
        frame.note("Upload an image to map it. It stays on this server.", keep=True)
        return None, no_truth
    image = open_upload(file)
    say_if_known(content_digest(file.getvalue()), ("", ""), card.training, frame)
    if mask is None:
        return image, no_truth
    return image, lambda: read_ground_truth(mask, card, image.raster.header)


def choose_sample(card: ModelCard, frame: Frame) -> tuple[OpenImage | None, Answer]:
    """A dataset's sample and its mask, where the classes are the model's."""
    ref = choose_dataset()
    if ref is None:
        return None, no_truth
    dataset = open_chosen(ref)
    sample = dataset.sample(
        st.selectbox("Sample", [s.id for s in dataset.samples], key="sample", bind="query-params")
    )
    say_if_known(image_digest(sample.image), (dataset.name, sample.id), card.training, frame)
    image = open_sample(dataset, sample)
    if sample.mask is None:
        return image, no_truth
    if dataset.classes.names != card.classes.names:
        frame.note("The dataset has other classes than the model: its masks are not compared.")
        return image, no_truth
    return image, lambda: Truth(dataset.load_labels(sample, image.rgb.shape[:2]), ())


def ground_truth(answer: Answer) -> Truth | None:
    """The ground truth; an error is shown, as the image can be predicted without its mask."""
    try:
        return answer()
    except DSIError as error:
        show_error(error)
        return None


def choose_settings(card: ModelCard, image: OpenImage) -> Settings:
    with st.expander("Settings"):
        overlap = st.slider(
            "Overlap of neighbouring tiles, % of a tile",
            min_value=0,
            max_value=75,
            value=round(100 * OVERLAP),
            step=5,
            key="overlap",
            bind="query-params",
            persist_state="session",
        )
        tta = st.toggle(
            "Average over flips and quarter turns (8 times the time)",
            key="tta",
            bind="query-params",
            persist_state="session",
        )
    return Settings(card.sha256, image.digest, tta, overlap / 100)


def show_predict(frame: Frame) -> None:
    with frame.choices:
        ref = choose_model("model")
    if ref is None:
        page_link("train", "Train a model", "model_training")
        return
    card = read_card(ref.folder)
    with frame.choices:
        st.caption(plain(describe(ref, card)))
        source = st.segmented_control(
            "Image from",
            ["Upload", "Dataset"],
            default="Upload",
            required=True,
            key="source",
            bind="query-params",
            width="stretch",
        )
        choose = upload_image if source == "Upload" else choose_sample
        image, answer = choose(card, frame)
        if image is None:
            return
        image = render_as_chosen(image, "predict")
        settings = choose_settings(card, image)
        place = st.container()
    frame.facts([image.name])
    fits = fits_model(image, card)
    start = place.button(
        "Predict", type="primary", icon=":material/play_arrow:", disabled=not fits, width="stretch"
    )
    if fits:
        warn_of_differences(image, card, frame)
    truth = ground_truth(answer)
    for note in truth.notes if truth else ():
        frame.note(plain(note), warning=True, icon=":material/palette:")
    label_map = recent_prediction(settings)
    if start and label_map is None:
        label_map = predict(settings, ref.name, image)
    if label_map is None:
        viewer(image.rgb, [], [], key="predict_viewer", height=600, clickable=False)
    else:
        show_prediction(image, label_map, card, truth)


with open_frame("Predict") as frame:
    show_predict(frame)
