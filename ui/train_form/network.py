"""The network: architecture, its settings, and the weights it begins with."""

from __future__ import annotations

import streamlit as st

from core.errors import DSIError
from core.models.spec import architectures
from core.models.store import list_models, read_card
from ui.train_form import draft
from ui.train_form.fields import Problem, choice, number

__all__ = ["network_fields"]

_NAMES = {
    "unet": "U-Net",
    "unet-vgg11": "U-Net-VGG11",
}
_MEANS = {
    "unet": "Ronneberger et al. 2015, of any width and depth; trained from random weights.",
    "unet-vgg11": "TernausNet: VGG11 as encoder, 22.9 million parameters, no normalisation layers. "
    "Take a small learning rate, such as 0.0001.",
}
_STRIDES = {1: "full", 2: "half", 4: "quarter"}
_NORMS = {"batch": "batch", "group": "group (of 8 channels)", "none": "none"}
_UPSAMPLING = {"transposed": "transposed convolution", "resize": "resize and convolution"}


def network_fields(bands: int | None, classes: int, problem: Problem) -> None:
    """Choose architecture, settings and first weights.

    Args:
        bands: that the network gets; None where that is not known.
        classes: of the dataset.
        problem: what does not fit.
    """
    st.session_state["train.model.architecture"] = draft.value("model.architecture")
    st.selectbox(
        "Architecture",
        list(architectures()),
        format_func=lambda name: _NAMES.get(name, name),
        key="train.model.architecture",
        on_change=_architecture_chosen,
        help="Bands and classes are taken from the dataset.",
    )
    architecture = draft.value("model.architecture")
    problem.show_beside("model.architecture", "Architecture")
    st.caption(_MEANS[architecture])
    if architecture == "unet":
        _unet(problem)
    _weights(architecture, bands, classes, problem)


def _architecture_chosen() -> None:
    draft.choose_architecture(st.session_state["train.model.architecture"])


def _unet(problem: Problem) -> None:
    left, middle, right = st.columns(3)
    with left:
        number(
            "model.width",
            "Width, channels",
            4,
            256,
            4,
            "Of the first level, a multiple of 4; each level below doubles them.",
            problem,
        )
        choice(
            "model.norm",
            "Normalisation layers",
            list(_NORMS),
            "Batch for batches of 4 crops and more, group for smaller ones (width a multiple of "
            "8).",
            problem,
            words=_NORMS.__getitem__,
        )
    with middle:
        number(
            "model.depth",
            "Depth, halvings",
            1,
            6,
            1,
            "Each halves the resolution once more: a wider view, and many more parameters.",
            problem,
        )
        number(
            "model.dropout",
            "Dropout",
            0.0,
            0.95,
            0.05,
            "Share of channels dropped at the bridge, 0 to 1; helps against learning by heart.",
            problem,
        )
    with right:
        choice(
            "model.stem_stride",
            "Working resolution",
            list(_STRIDES),
            "Half is 4 times as fast, with coarser outlines.",
            problem,
            words=_STRIDES.__getitem__,
        )
        choice(
            "model.upsampling",
            "Upsampling",
            list(_UPSAMPLING),
            "Resizing leaves no checkerboard and costs a little more.",
            problem,
            words=_UPSAMPLING.__getitem__,
        )


def _weights(architecture: str, bands: int | None, classes: int, problem: Problem) -> None:
    left, right = st.columns(2)
    with left:
        _start_from(architecture, bands, classes, problem)
    with right:
        if draft.value("start_from"):
            number(
                "freeze_encoder",
                "Epochs with the encoder frozen",
                0,
                1000,
                1,
                "At the beginning the encoder's weights stay as they are, and only the decoder "
                "learns.",
                problem,
            )


def _start_from(architecture: str, bands: int | None, classes: int, problem: Problem) -> None:
    words = {"": "none"}
    for ref in list_models():
        try:
            card = read_card(ref.folder)
        except DSIError:
            continue  # Predict says what is wrong with it
        if card.spec.architecture != architecture:
            continue
        if card.spec.classes == classes and bands in (None, card.spec.bands):
            words[ref.name] = ref.name
    choice(
        "start_from",
        "Start from a model",
        list(words),
        "Weights of a model of the same network, with the same settings, bands and classes.",
        problem,
        words=lambda name: words.get(name, f"{name} (not there)"),
    )
