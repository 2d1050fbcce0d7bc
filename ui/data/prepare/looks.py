"""What the network sees: normalisation and augmentation, with their previews."""

from __future__ import annotations

import math

import streamlit as st

from core.datasets.audit.audit import Audit
from core.datasets.batches.fit_normalisation import PERCENTILES
from core.datasets.dataset import Dataset
from core.datasets.recipes.augmentation_presets import PRESETS, at_strength
from core.datasets.recipes.recipe import Augmentation
from ui.data.prepare.augmentation_preview import augmentation_preview
from ui.data.prepare.draft import RecipeDraft
from ui.data.prepare.normalisation_preview import normalisation_preview
from ui.loaded.normalisations import TrainingNormalisation, training_normalisation
from ui.settings.fields import Fields
from ui.shell.errors import plain

__all__ = ["augment_section", "normalise_section"]


def normalise_section(draft: RecipeDraft, dataset: Dataset, audit: Audit | None) -> None:
    """Choose the normalisation and show a sample before and after it."""
    recipe = draft.build()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        Fields(draft).choice("normalisation", width=420)
        if recipe.normalisation == "percentile":
            _limits(draft, recipe.clip or PERCENTILES, "percentile", (0.0, 100.0), 0.5)
        elif recipe.normalisation == "decibel" and dataset.samples:
            clip = recipe.clip or _of_data(training_normalisation(dataset, recipe))
            _limits(draft, clip, "dB", (-100.0, 100.0), 1.0)
    if recipe.normalisation == "decibel" and recipe.clip is None:
        st.caption(
            "The limits are those of the data, percentiles 1 and 99 of each band; a number typed "
            "here goes for all bands."
        )
    warning = training_normalisation(dataset, recipe).warning if dataset.samples else ""
    if warning:
        words = plain(warning)
        st.warning(f"{words[0].upper()}{words[1:]}.", icon=":material/warning:")
        st.button(
            "Use percentiles",
            key="take-percentiles",
            on_click=draft.change,
            args=({"normalisation": "percentile"},),
        )
    st.caption("The numbers come from the training split alone and go into the model card.")
    normalisation_preview(dataset, recipe)


def _of_data(training: TrainingNormalisation) -> tuple[float, float]:
    """The lowest and the highest limit of any band, in whole dB."""
    normalisation = training.normalisation
    return float(math.floor(min(normalisation.low))), float(math.ceil(max(normalisation.high)))


def _limits(
    draft: RecipeDraft,
    clip: tuple[float, float],
    unit: str,
    within: tuple[float, float],
    step: float,
) -> None:
    for position, label in enumerate(("Lower", "Upper")):
        key = f"clip-{draft.ref.id}-{unit}-{position}"
        st.session_state[key] = clip[position]
        st.number_input(
            f"{label} {unit}",
            min(within[0], *clip),  # a file may have brought others
            max(within[1], *clip),
            step=step,
            key=key,
            width=150,
            on_change=_clipped,
            args=(draft, clip, position, key),
        )


def _clipped(draft: RecipeDraft, clip: tuple[float, float], position: int, key: str) -> None:
    limits = list(clip)
    limits[position] = st.session_state[key]
    draft.change({"clip": limits})


def augment_section(draft: RecipeDraft, dataset: Dataset, audit: Audit | None) -> None:
    """Choose the random changes of training crops and show some draws of a sample."""
    recipe = draft.build()
    left, right = st.columns([2, 3], gap="large")
    with left:
        _preset(draft)
        _geometry(Fields(draft))
        _objects(Fields(draft))
        _values(Fields(draft), len(recipe.bands) or None)
    with right:
        augmentation_preview(dataset, recipe)


def _preset(draft: RecipeDraft) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox("Preset", list(PRESETS), key=f"preset-{draft.ref.id}", width=220)
        strength = st.slider(
            "Strength", 0.0, 2.0, 1.0, 0.1, width=180, key=f"strength-{draft.ref.id}"
        )
        st.button(
            "Take",
            key="take-preset",
            icon=":material/done:",
            on_click=_take,
            args=(draft, at_strength(PRESETS[name], strength)),
            help="Fills in the fields below.",
        )


def _take(draft: RecipeDraft, augmentation: Augmentation) -> None:
    draft.change({"augmentation": augmentation.model_dump(mode="json")})


def _geometry(fields: Fields) -> None:
    st.markdown("**Place and shape**")
    with st.container(horizontal=True):
        fields.switch("augmentation.flips")
        fields.switch("augmentation.quarter_turns")
    fields.slider("augmentation.zoom")
    one, other = st.columns(2)
    with one:
        fields.slider("augmentation.rotation")
        fields.slider("augmentation.elastic")
    with other:
        fields.slider("augmentation.shear")
        fields.slider("augmentation.cutout")


def _objects(fields: Fields) -> None:
    st.markdown("**Objects and labels**")
    one, other = st.columns(2)
    with one:
        fields.slider("augmentation.copy_paste")
    with other:
        fields.slider("augmentation.label_deformation")


def _values(fields: Fields, bands: int | None) -> None:
    st.markdown("**Values**")
    one, other = st.columns(2)
    with one:
        fields.slider("augmentation.brightness")
        fields.slider("augmentation.noise")
        fields.slider("augmentation.saturation", disabled=bands not in (None, 3))
    with other:
        fields.slider("augmentation.contrast")
        fields.slider("augmentation.speckle")
        fields.slider("augmentation.hue", disabled=bands not in (None, 3))
