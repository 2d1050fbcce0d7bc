"""The loss: a weighted sum, and the weight of each class."""

from __future__ import annotations

from html import escape

import streamlit as st

from core.classes import ClassTable
from ui.train.form import draft
from ui.train.form.fields import Problem, number

__all__ = ["loss_fields"]

_LOSSES = {
    "cross_entropy": ("Cross-entropy", "Per pixel; the steady one."),
    "focal": ("Focal", "Cross-entropy that plays down pixels that are right already."),
    "dice": ("Dice", "Overlap per class: small classes count as much as large ones."),
    "tversky": ("Tversky", "Dice with a choice between false positives and misses."),
}
_WEIGHT = "recipe.class_weights"
_SWATCH = (
    "<span style='font-size:.875rem'><span style='display:inline-block;"
    "width:.85em;height:.85em;margin-right:.5em;"
    "border-radius:2px;border:1px solid rgba(128,140,155,.6);vertical-align:-.05em;"
    "background:{color}'></span>{name}</span>"
)


def loss_fields(classes: ClassTable, problem: Problem) -> None:
    """Weights of the losses, the settings of those that are used, and weights of the classes."""
    problem.show_beside("loss", "Loss")
    for column, (name, (label, means)) in zip(
        st.columns(len(_LOSSES)), _LOSSES.items(), strict=True
    ):
        with column:
            number(
                f"loss.{name}",
                label,
                0.0,
                100.0,
                0.5,
                f"{means} Its weight in the sum; 0 = off.",
                problem,
                form="%g",
            )
    pixelwise = draft.value("loss.cross_entropy") or draft.value("loss.focal")
    left, right = st.columns(2)
    with left:
        if pixelwise:
            number(
                "loss.balance",
                "Class balance",
                0.0,
                1.0,
                0.25,
                "0: every pixel counts the same; 1: rare classes weigh as much as others. "
                "Cross-entropy and focal.",
                problem,
            )
        if draft.value("loss.focal"):
            number(
                "loss.focal_gamma",
                "Focal γ",
                0.0,
                10.0,
                0.5,
                "How much it plays down what is easy; 0 is cross-entropy.",
                problem,
            )
    with right:
        if draft.value("loss.cross_entropy"):
            number(
                "loss.label_smoothing",
                "Label smoothing",
                0.0,
                0.9,
                0.05,
                "Share of the target, 0 to 1, spread over the other classes.",
                problem,
            )
    if draft.value("loss.tversky"):
        left, right = st.columns(2)
        with left:
            number(
                "loss.tversky_alpha",
                "Tversky α",
                0.0,
                1.0,
                0.1,
                "What a false positive counts.",
                problem,
            )
        with right:
            number(
                "loss.tversky_beta",
                "Tversky β",
                0.0,
                1.0,
                0.1,
                "What a missed pixel counts.",
                problem,
            )
    _class_weights(classes, problem)


def _class_weights(classes: ClassTable, problem: Problem) -> None:
    weights = draft.value(_WEIGHT)
    problem.show_beside(_WEIGHT, "Class weights")
    st.markdown(
        "**Class weights**",
        help="Factors in every loss, multiplied by the class balance; 1 leaves a class as it is, 0 "
        "leaves it out.",
    )
    if strange := sorted(set(weights) - set(classes.names)):
        st.button(f"Forget the weight of {', '.join(strange)}", on_click=_forget, args=(strange,))
    with st.container(horizontal=True):
        for land_class in classes.classes:
            key = f"train.class_weight.{land_class.name}"
            st.session_state[key] = float(weights.get(land_class.name, 1.0))
            with st.container(width=150, gap="xxsmall"):
                st.html(_SWATCH.format(color=land_class.color, name=escape(land_class.name)))
                st.number_input(
                    f"Weight of {land_class.name}",
                    0.0,
                    1000.0,
                    step=0.5,
                    format="%g",
                    key=key,
                    label_visibility="collapsed",
                    on_change=_weighted,
                    args=(land_class.name, key),
                )


def _weighted(name: str, key: str) -> None:
    weights = {**draft.value(_WEIGHT), name: st.session_state[key]}
    draft.change({_WEIGHT: {name: weight for name, weight in weights.items() if weight != 1}})


def _forget(names: list[str]) -> None:
    weights = draft.value(_WEIGHT)
    draft.change({_WEIGHT: {name: w for name, w in weights.items() if name not in names}})
