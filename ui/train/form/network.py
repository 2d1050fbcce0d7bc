"""The network: architecture, its settings, and the weights it begins with."""

from __future__ import annotations

from typing import get_args
from urllib.parse import urlsplit

import streamlit as st

from core.errors import DSIError, ModelError
from core.models.cost.cost import cost
from core.models.spec import ModelSpec, ZooArchitecture, ZooSpec, architectures, default_spec
from core.models.store import list_models, read_card
from core.models.weights.imagenet import PretrainedWeights, pretrained_weights
from core.models.weights.pretrained import BAND_RULE, IMAGENET, NONE, local_choices
from core.models.weights.transfer import TRANSFER_RULE, check_transfer
from core.models.zoo_table import backbones
from ui.settings.fields import Fields
from ui.train.form.draft import TrainDraft

__all__ = ["network_fields"]

_NAMES = {
    "unet": "U-Net",
    "unet-vgg11": "U-Net-VGG11",
    "sm-unet": "Unet with an encoder of the zoo",
    "sm-fpn": "FPN with an encoder of the zoo",
    "sm-linknet": "Linknet with an encoder of the zoo",
    "sm-pspnet": "PSPNet with an encoder of the zoo",
}
_ZOO = "The zoo is segmentation-models, with encoders made for ImageNet."
_MEANS = {
    "unet": "Ronneberger et al. 2015, of any width and depth; trained from random weights.",
    "unet-vgg11": "TernausNet: VGG11 as encoder, 22.9 million parameters, no normalisation layers. "
    "Take a small learning rate, such as 0.0001.",
    "sm-unet": f"Ronneberger et al. 2015: sharp outlines. {_ZOO}",
    "sm-fpn": f"Feature pyramid, Kirillov et al. 2019: things of many sizes. {_ZOO}",
    "sm-linknet": f"Chaurasia and Culurciello 2017: the lightest decoder. {_ZOO}",
    "sm-pspnet": "Pyramid pooling, Zhao et al. 2017: sees all of a crop at once and works at an "
    f"eighth of its resolution; crops of 96, 192, 288 px and so on. {_ZOO}",
}


def network_fields(bands: int | None, classes: int, fields: Fields) -> None:
    """Choose architecture, settings and first weights.

    Args:
        bands: number of bands that the network gets; None where that is not known.
        classes: number of classes of the dataset.
        fields: fields of the form.
    """
    draft = TrainDraft()
    key = draft.widget("model.architecture")
    architecture = st.session_state[key] = draft.value("model.architecture")
    st.selectbox(
        "Architecture",
        list(architectures()),
        format_func=lambda name: _NAMES.get(name, name),
        key=key,
        on_change=lambda: draft.choose_architecture(st.session_state[key]),
        help="Bands and classes are taken from the dataset.",
    )
    fields.problem.show_beside(draft, "model.architecture", "Architecture")
    st.caption(_MEANS[architecture])
    if architecture == "unet":
        _unet(fields)
    elif architecture in get_args(ZooArchitecture):
        fields.choice(
            "model.backbone",
            options=backbones(architecture),
            words=lambda name: _with_parameters(architecture, name),
        )
    _weights(architecture, bands, classes, fields)


def _with_parameters(architecture: str, backbone: str) -> str:
    if backbone not in backbones(architecture):
        return backbone
    spec = ZooSpec(architecture=architecture, backbone=backbone)
    return f"{backbone} · {cost(spec, spec.multiple).parameters / 1e6:.1f} M"


def _unet(fields: Fields) -> None:
    left, middle, right = st.columns(3)
    with left:
        fields.number("model.width")
        fields.choice("model.norm")
    with middle:
        fields.number("model.depth")
        fields.number("model.dropout")
    with right:
        fields.choice("model.stem_stride")
        fields.choice("model.upsampling")


def _weights(architecture: str, bands: int | None, classes: int, fields: Fields) -> None:
    draft = fields.draft
    spec = default_spec(architecture).model_copy(update=draft.value("model"))
    left, right = st.columns(2)
    with left:
        _start_from(spec, bands, classes, fields)
        if row := pretrained_weights(spec):
            _encoder_weights(spec, row, fields)
        elif draft.value("encoder_weights") != NONE:
            label = draft.label("encoder_weights")
            fields.problem.show_beside(draft, "encoder_weights", label)
    with right:
        if draft.value("start_from") or draft.value("encoder_weights") != NONE:
            fields.number("freeze_encoder")


def _encoder_weights(spec: ModelSpec, row: PretrainedWeights, fields: Fields) -> None:
    # Files by their name in one folder: no path comes from a browser.
    words = {NONE: "random", IMAGENET: "ImageNet"}
    words |= {name: f"file {name}" for name in local_choices(spec)}
    fields.choice(
        "encoder_weights",
        options=list(words),
        words=lambda name: words.get(name, name),
        help=f"ImageNet's are fetched once, from {urlsplit(row.address).netloc}; licence: "
        f"{row.licence}. {BAND_RULE} Their own scaling of values follows the normalisation, and "
        "goes with the model. Files that lie on the server in the workspace's folder "
        "cache/weights are offered too.",
    )


def _start_from(spec: ModelSpec, bands: int | None, classes: int, fields: Fields) -> None:
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

    fields.choice(
        "start_from",
        options=list(words),
        words=word,
        help="Weights of a model of the same network, with the same settings. " + TRANSFER_RULE,
    )
