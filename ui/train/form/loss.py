"""The loss: a weighted sum, and the weight of each class."""

from __future__ import annotations

from html import escape
from typing import Any

import streamlit as st

from core.classes import ClassTable
from ui.settings.draft import Draft
from ui.settings.fields import Fields
from ui.shell.errors import plain
from ui.train.form.grid import field_grid

__all__ = ["loss_fields"]

_LOSSES = ("cross_entropy", "focal", "dice", "tversky")
_WEIGHT = "recipe.class_weights"
_SWATCH = (
    "<span style='font-size:.875rem'><span style='display:inline-block;"
    "width:.85em;height:.85em;margin-right:.5em;"
    "border-radius:2px;border:1px solid rgba(128,140,155,.6);vertical-align:-.05em;"
    "background:{color}'></span>{name}</span>"
)


def loss_fields(classes: ClassTable, fields: Fields) -> None:
    """Weights of the losses, the settings of those that are used, and weights of the classes."""
    draft = fields.draft
    fields.problem.show_beside(draft, "loss", "Loss")
    cross_entropy, focal = draft.value("loss.cross_entropy"), draft.value("loss.focal")
    keys = {
        "balance": cross_entropy or focal,
        "label_smoothing": cross_entropy,
        "focal_gamma": focal,
        "tversky_alpha": draft.value("loss.tversky"),
        "tversky_beta": draft.value("loss.tversky"),
    }
    with field_grid("loss"):
        for name in (*_LOSSES, *(key for key, needed in keys.items() if needed)):
            fields.number(f"loss.{name}")
    _class_weights(classes, fields)


def _class_weights(classes: ClassTable, fields: Fields) -> None:
    draft = fields.draft
    setting, weights = draft.setting(_WEIGHT), draft.value(_WEIGHT)
    label = setting.label
    fields.problem.show_beside(draft, _WEIGHT, label.text)
    st.markdown(f"**{label.text}**", help=label.help)
    if strange := sorted(set(weights) - set(classes.names)):
        st.button(
            f"Forget the weight of {plain(', '.join(strange))}",
            on_click=_forget,
            args=(draft, strange),
        )
    with st.container(horizontal=True):
        for land_class in classes.classes:
            key = draft.widget(f"class_weight.{land_class.name}")
            weight = st.session_state[key] = float(weights.get(land_class.name, 1.0))
            least, most = label.usual or (weight, weight)
            with st.container(width=150, gap="xxsmall"):
                st.html(_SWATCH.format(color=land_class.color, name=escape(land_class.name)))
                st.number_input(
                    f"Weight of {plain(land_class.name)}",
                    min(float(least), weight),
                    max(float(most), weight),
                    step=label.step,
                    format=label.format,
                    key=key,
                    label_visibility="collapsed",
                    on_change=_weigh,
                    args=(draft, land_class.name, key),
                )


def _weigh(draft: Draft[Any], name: str, key: str) -> None:
    weights = {**draft.value(_WEIGHT), name: st.session_state[key]}
    draft.change({_WEIGHT: {name: weight for name, weight in weights.items() if weight != 1}})


def _forget(draft: Draft[Any], names: list[str]) -> None:
    weights = draft.value(_WEIGHT)
    draft.change({_WEIGHT: {name: w for name, w in weights.items() if name not in names}})
