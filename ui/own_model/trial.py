"""A network from elsewhere tried on an image before it is kept, so that a wrong answer is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.classes import VOID
from core.datasets.catalogue import list_datasets
from core.formats import percent
from core.models.card import ModelCard
from core.models.exchange.keras_incoming import usable_model
from ui.loaded.datasets import open_chosen
from ui.loaded.images import IMAGE_TYPES, open_sample, open_upload
from ui.loaded.upload import choose_upload
from ui.shell.errors import plain
from ui.viewer.layers import Layer, ViewerClass
from ui.viewer.viewer import viewer

if TYPE_CHECKING:
    import keras

__all__ = ["try_on_image"]

_SIDE = 512  # pixels of the part that is shown
_GENERATED = "A generated scene"
_UPLOADED = "An image of mine"
_MOSTLY = 0.95  # share of one class that makes an answer suspect


def try_on_image(card: ModelCard, network: keras.Model) -> None:
    """Show an image and the map of it side by side.

    Raises:
        DSIError: the image is not of the kind that the card describes.
    """
    part = _image()
    if part is None:
        return
    rgb, pixels, valid = part
    labels = _predicted(card, network, pixels, valid)
    viewer(
        rgb,
        [Layer("prediction", "Prediction", "labels", labels)],
        [ViewerClass(c.name, c.rgb) for c in card.classes.classes],
        key="own_model_viewer",
        height=360,
        mode="side",
        clickable=False,
    )
    counts = np.bincount(labels[labels != VOID].ravel(), minlength=len(card.classes))
    shares = counts / max(1, counts.sum())
    order = np.argsort(-shares)
    st.caption(
        "Share of the map: "
        + plain(", ".join(f"{card.classes.names[i]} {percent(float(shares[i]))}" for i in order))
    )
    if shares.max() > _MOSTLY:
        st.warning(
            f"Nearly all of it is {plain(card.classes.names[int(shares.argmax())])}. If the image "
            "holds more, an answer is wrong: look at how values are scaled, then at the order of "
            "the bands.",
            icon=":material/help:",
        )


Part = tuple[np.ndarray, np.ndarray, np.ndarray]


def _image() -> Part | None:
    """The middle of an image: (h, w, 3) for the screen, (h, w, bands) as in the file, and valid."""
    refs = {f"From the dataset {ref.id}": ref for ref in list_datasets()}
    chosen = st.selectbox("Try it on", [*refs, _GENERATED, _UPLOADED], key="own-model.image")
    if chosen == _GENERATED:
        rgb = _scene()
        return rgb, rgb, np.ones(rgb.shape[:2], bool)
    if chosen == _UPLOADED:
        file = choose_upload(
            "image", "Image (PNG, JPEG, TIFF or GeoTIFF)", IMAGE_TYPES, key="own-model.own-image"
        )
        if file is None:
            return None
        image = open_upload(file)
    else:
        dataset = open_chosen(refs[chosen])
        names = [sample.id for sample in dataset.samples]
        name = st.selectbox("Sample", names, key=f"own-model.sample-{chosen}")
        image = open_sample(dataset, dataset.sample(name))
    height, width = image.rgb.shape[:2]
    rows, columns = min(height, _SIDE), min(width, _SIDE)
    top, left = (height - rows) // 2, (width - columns) // 2
    cut = (slice(top, top + rows), slice(left, left + columns))
    raster = image.raster
    return np.ascontiguousarray(image.rgb[cut]), raster.pixels[cut], raster.valid[cut]


@st.cache_data(show_spinner="Drawing a scene …")
def _scene() -> np.ndarray:
    from core.datasets.synthetic.dubai import generate_scene

    return np.asarray(generate_scene(_SIDE, 11)[0])


def _predicted(
    card: ModelCard, network: keras.Model, pixels: np.ndarray, valid: np.ndarray
) -> np.ndarray:
    from core.inference.predictor import Predictor

    with st.spinner("Mapping the image …"):
        predictor = Predictor.of_card(usable_model(card, network), card)
        return predictor.predict(pixels, valid)
