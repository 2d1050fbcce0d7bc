"""The network: architecture, its settings, and the weights it begins with."""

from __future__ import annotations

from urllib.parse import urlsplit

import streamlit as st

from core.errors import DSIError, ModelError
from core.formats import millions
from core.models.architectures.unet import UNetSpec
from core.models.families import FAMILIES, default_spec
from core.models.network import cost
from core.models.spec import ModelSpec
from core.models.store import list_models, read_card
from core.models.weights.imagenet import PretrainedWeights, pretrained_weights
from core.models.weights.pretrained import BAND_RULE, IMAGENET, NONE, local_choices
from core.models.weights.transfer import TRANSFER_RULE, check_transfer
from ui.train.form import draft
from ui.train.form.fields import Problem, choice, number

__all__ = ["network_fields"]

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
        list(FAMILIES),
        format_func=lambda name: FAMILIES[name].title,
        key="train.model.architecture",
        on_change=_architecture_chosen,
        help="Bands and classes are taken from the dataset.",
    )
    architecture = draft.value("model.architecture")
    family = FAMILIES[architecture]
    problem.show_beside("model.architecture", "Architecture")
    st.caption(family.summary)
    if family.spec is UNetSpec:
        _unet(problem)
    elif backbones := family.backbones():
        choice(
            "model.backbone",
            "Encoder",
            backbones,
            "Small and quick: mobilenetv2, efficientnetb0, resnet18. A good first choice: "
            "resnet34 or efficientnetb2. Beside each, the parameters of the whole network.",
            problem,
            words=lambda name: _with_parameters(architecture, name),
        )
    _weights(architecture, bands, classes, problem)


def _with_parameters(architecture: str, backbone: str) -> str:
    family = FAMILIES[architecture]
    if backbone not in family.backbones():
        return backbone
    spec = family.spec.model_validate({"architecture": architecture, "backbone": backbone})
    return f"{backbone} · {millions(cost(spec, spec.multiple).parameters)}"


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
    spec = default_spec(architecture).model_copy(update=draft.value("model"))
    left, right = st.columns(2)
    with left:
        _start_from(spec, bands, classes, problem)
        if row := pretrained_weights(spec):
            _encoder_weights(spec, row, problem)
        elif draft.value("encoder_weights") != NONE:
            problem.show_beside("encoder_weights", "Encoder weights")
    with right:
        if draft.value("start_from") or draft.value("encoder_weights") != NONE:
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


def _encoder_weights(spec: ModelSpec, row: PretrainedWeights, problem: Problem) -> None:
    # Files by their name in one folder: no path comes from a browser.
    words = {NONE: "random", IMAGENET: "ImageNet"}
    words |= {name: f"file {name}" for name in local_choices(spec)}
    choice(
        "encoder_weights",
        "Encoder weights",
        list(words),
        f"ImageNet's are fetched once, from {urlsplit(row.address).netloc}; licence: "
        f"{row.licence}. {BAND_RULE} Their own scaling of values follows the normalisation, and "
        "goes with the model. Files that lie on the server in the workspace's folder "
        "cache/weights are offered too.",
        problem,
        words=lambda name: words.get(name, name),
    )


def _start_from(spec: ModelSpec, bands: int | None, classes: int, problem: Problem) -> None:
    words = {"": "none"}
    others = set()
    for ref in list_models():
        try:
            card = read_card(ref.folder)
        except DSIError:
            continue  # Predict says what is wrong with it
        try:
            check_transfer(spec, card.spec)
        except ModelError:
            others.add(ref.name)
            continue
        same = card.spec.classes == classes and bands in (None, card.spec.bands)
        of = f" ({card.spec.bands} bands, {card.spec.classes} classes)"
        words[ref.name] = ref.name if same else ref.name + of

    def word(name: str) -> str:
        return words.get(name, f"{name} ({'another network' if name in others else 'not there'})")

    choice(
        "start_from",
        "Start from a model",
        list(words),
        f"Weights of a model of the same network, with the same settings. {TRANSFER_RULE}",
        problem,
        words=word,
    )
