"""The network: architecture, its settings, and the weights it begins with."""

from __future__ import annotations

from urllib.parse import urlsplit

import streamlit as st

from core.errors import DSIError, ModelError
from core.formats import millions
from core.models.families import FAMILIES, Family, default_spec
from core.models.network import cost
from core.models.spec import ModelSpec
from core.models.store import list_models, read_card
from core.models.weights.imagenet import PretrainedWeights, pretrained_weights
from core.models.weights.pretrained import BAND_RULE, IMAGENET, NONE, at_hand, local_choices
from core.models.weights.transfer import TRANSFER_RULE, check_transfer
from core.settings import labelled_settings
from ui.settings.fields import Fields
from ui.train.form.draft import TrainDraft
from ui.train.form.grid import field_grid

__all__ = ["network_fields"]

_BACKBONE = "model.backbone"


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
    family = FAMILIES[architecture]
    st.caption(family.summary)
    with field_grid("network"):
        _choose_architecture(draft, key)
        fields.problem.show_beside(draft, "model.architecture", "Architecture")
        if backbones := family.backbones():
            fields.choice(
                _BACKBONE,
                options=backbones,
                words=lambda name: _with_parameters(architecture, name),
            )
        _own_settings(family, fields)
        _weights(architecture, bands, classes, fields)


def _choose_architecture(draft: TrainDraft, key: str) -> None:
    st.selectbox(
        "Architecture",
        list(FAMILIES),
        format_func=lambda name: FAMILIES[name].title,
        key=key,
        on_change=lambda: draft.choose_architecture(st.session_state[key]),
        help="Bands and classes are taken from the dataset.",
    )


def _with_parameters(architecture: str, backbone: str) -> str:
    family = FAMILIES[architecture]
    if backbone not in family.backbones():
        return backbone
    spec = family.spec.model_validate({"architecture": architecture, "backbone": backbone})
    return f"{backbone} · {millions(cost(spec, spec.multiple).parameters)}"


def _own_settings(family: Family, fields: Fields) -> None:
    """The other settings of the spec that have a label."""
    for setting in labelled_settings(family.spec, "model."):
        if setting.key == _BACKBONE:
            continue
        if setting.choices:
            fields.choice(setting.key)
        elif setting.kind is bool:
            fields.switch(setting.key)
        else:
            fields.number(setting.key)


def _weights(architecture: str, bands: int | None, classes: int, fields: Fields) -> None:
    draft = fields.draft
    spec = default_spec(architecture).model_copy(update=draft.value("model"))
    _start_from(spec, bands, classes, fields)
    if row := pretrained_weights(spec):
        _encoder_weights(spec, row, fields)
    elif draft.value("encoder_weights") != NONE:
        label = draft.label("encoder_weights")
        fields.problem.show_beside(draft, "encoder_weights", label)
    learned = draft.value("start_from") or draft.value("encoder_weights") != NONE
    if learned:
        fields.number("freeze_encoder")
    # Also where they would be in force and not seen.
    if draft.value("pretrain_epochs") or not learned:
        fields.number("pretrain_epochs")
    if row or draft.value("encoder_rate") != 1:
        fields.number("encoder_rate")


def _encoder_weights(spec: ModelSpec, row: PretrainedWeights, fields: Fields) -> None:
    if row.bundled:
        there, whence = " (comes with the program)", "come with the program"
    elif at_hand(spec):
        there, whence = " (fetched)", "have been fetched"
    else:
        there, whence = "", f"are fetched once, from {urlsplit(row.address).netloc}"
    # Files by their name in one folder: no path comes from a browser.
    words = {NONE: "random", IMAGENET: f"ImageNet{there}"}
    words |= {name: f"file {name}" for name in local_choices(spec)}
    fields.choice(
        "encoder_weights",
        options=list(words),
        words=lambda name: words.get(name, name),
        help=f"ImageNet's {whence}; licence: {row.licence}. {BAND_RULE} Their own scaling of "
        "values follows the normalisation, and goes with the model. Files that lie on the server "
        "in the workspace's folder cache/weights are offered too.",
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
