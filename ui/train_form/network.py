"""The network: architecture, its settings, and the weights it begins with."""

from __future__ import annotations

import streamlit as st

from core.errors import DSIError
from core.models.spec import architectures
from core.models.store import list_models, read_card
from core.models.weight_files import weight_files
from ui.train_form import draft
from ui.train_form.fields import Problem, choice, number

__all__ = ["network_fields"]

_NAMES = {
    "unet": "U-Net",
    "unet-vgg11": "U-Net-VGG11",
    "sm-unet": "Unet (segmentation-models)",
    "sm-fpn": "FPN (segmentation-models)",
    "sm-linknet": "Linknet (segmentation-models)",
    "sm-pspnet": "PSPNet (segmentation-models)",
}
_MEANS = {
    "unet": "Ronneberger et al. 2015, of any width and depth; trained from random weights.",
    "unet-vgg11": "TernausNet: VGG11 as encoder, 22.9 million parameters, no normalisation layers. "
    "Begin with ImageNet weights and a small learning rate, such as 0.0001.",
    "sm-unet": "A U-Net decoder on an encoder of your choice.",
    "sm-fpn": "Feature pyramid: the decoder adds up levels instead of joining them.",
    "sm-linknet": "Light decoder that adds the encoder's levels; quick.",
    "sm-pspnet": "Pools over regions of several sizes at one eighth of the resolution: coarse "
    "outlines, wide view.",
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
    elif architecture != "unet-vgg11":
        _backbone(architecture, problem)
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


def _backbone(architecture: str, problem: Problem) -> None:
    from core.models.backbones import backbones_for

    choice(
        "model.backbone",
        "Encoder (backbone)",
        backbones_for(architecture),
        "More parameters see more and are slower; the table below tells.",
        problem,
    )


def _weights(architecture: str, bands: int | None, classes: int, problem: Problem) -> None:
    left, right = st.columns(2)
    with left:
        _start_from(architecture, bands, classes, problem)
    with right:
        if architecture != "unet" and not draft.value("start_from"):
            _encoder_weights(problem)
        if draft.value("start_from") or draft.value("encoder_weights") != "none":
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
        differ = [
            f"{there} {what}"
            for what, there, here in (
                ("bands", card.spec.bands, bands),
                ("classes", card.spec.classes, classes),
            )
            if here is not None and there != here
        ]
        words[ref.name] = ref.name + (f" ({', '.join(differ)})" if differ else "")
    choice(
        "start_from",
        "Start from a model",
        list(words),
        "Weights of a model of the same architecture, as far as they fit: with other bands the "
        "first convolution is adapted, with other classes the last one begins anew. The run's log "
        "says what was taken over.",
        problem,
        words=lambda name: words.get(name, f"{name} (not there)"),
    )


def _encoder_weights(problem: Problem) -> None:
    files = {str(path): path.name for path in weight_files()}
    words = {"none": "random", "imagenet": "ImageNet"} | files
    choice(
        "encoder_weights",
        "Encoder weights",
        list(words),
        "ImageNet's are downloaded once and kept in the workspace. Files that lie in the "
        "workspace's folder `weights` (.safetensors, .h5) are offered too.",
        problem,
        words=lambda name: words.get(name, name),
    )
