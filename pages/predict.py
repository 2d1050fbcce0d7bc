"""Predict: an image in, a map out, laid over it and beside the ground truth."""

from __future__ import annotations

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
from ui.widgets.bands import render_as_chosen


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


def upload_image(card: ModelCard) -> tuple[OpenImage | None, Truth | None]:
    """An uploaded image and, where there is one, its mask."""
    left, right = st.columns(2)
    file = left.file_uploader("Image (PNG, JPEG, TIFF or GeoTIFF)", type=IMAGE_TYPES, key="image")
    mask = right.file_uploader(
        "Ground truth, if you have it: a mask of the same size",
        type=MASK_TYPES,
        key="mask",
        help="Written as the masks of its training, in the class colours, or with class numbers.",
    )
    if file is None:
        st.info("Upload an image to map it. It stays on this server.", icon=":material/upload:")
        return None, None
    image = open_upload(file)
    say_if_known(content_digest(file.getvalue()), ("", ""), card.training)
    if mask is None:
        return image, None
    try:
        return image, read_ground_truth(mask, card, image.raster.header)
    except DSIError as error:
        # The image is fine: it can be predicted without its mask.
        show_error(error)
        return image, None


def choose_sample(card: ModelCard) -> tuple[OpenImage | None, Truth | None]:
    """A dataset's sample and its mask, where the classes are the model's."""
    ref = choose_dataset()
    if ref is None:
        return None, None
    dataset = open_chosen(ref)
    sample = dataset.sample(
        st.selectbox("Sample", [s.id for s in dataset.samples], key="sample", bind="query-params")
    )
    say_if_known(image_digest(sample.image), (dataset.name, sample.id), card.training)
    image = open_sample(dataset, sample)
    if sample.mask is None:
        return image, None
    if dataset.classes.names != card.classes.names:
        st.info("The dataset has other classes than the model: its masks are not compared.")
        return image, None
    try:
        return image, Truth(dataset.load_labels(sample, image.rgb.shape[:2]), ())
    except DSIError as error:
        show_error(error)
        return image, None


st.title("Predict")
left, right = st.columns([3, 1], vertical_alignment="top")
with left:
    ref = choose_model("model")
if ref is None:
    page_link("train", "Train a model", "model_training")
    st.stop()
card = read_card(ref.folder)
left.caption(describe(ref, card))
source = right.segmented_control(
    "Image from",
    ["Upload", "Dataset"],
    default="Upload",
    required=True,
    key="source",
    bind="query-params",
    width="stretch",
)
image, truth = upload_image(card) if source == "Upload" else choose_sample(card)
if image is None:
    st.stop()
if fits := fits_model(image, card):
    warn_of_differences(image, card)
image = render_as_chosen(image, "predict")
for note in truth.notes if truth else ():
    st.warning(note, icon=":material/palette:")
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
settings = Settings(card.sha256, image.digest, tta, overlap / 100)
start = st.button("Predict", type="primary", icon=":material/play_arrow:", disabled=not fits)
label_map = recent_prediction(settings)
if start and label_map is None:
    label_map = predict(settings, ref.name, image)
if label_map is None:
    width = min(900, image.rgb.shape[1])
    st.image(image.rgb, caption=plain(image.name), width=width, output_format="PNG")
else:
    show_prediction(image, label_map, card, truth)
