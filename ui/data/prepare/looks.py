"""What the network sees: normalisation and augmentation, with their previews."""

from __future__ import annotations

import streamlit as st

from core.datasets.audit.audit import Audit
from core.datasets.batches.fit_normalisation import DECIBEL_LIMITS, PERCENTILES
from core.datasets.catalogue import DatasetRef
from core.datasets.dataset import Dataset
from core.datasets.recipes.augmentation_presets import PRESETS, at_strength
from core.datasets.recipes.recipe import Augmentation
from ui.data.prepare.augmentation_preview import augmentation_preview
from ui.data.prepare.draft import change, draft, field
from ui.data.prepare.normalisation_preview import normalisation_preview

__all__ = ["augment_section", "normalise_section"]

_KINDS = {
    "unit": "Value range to 0–1",
    "minmax": "Least and greatest value, band by band, to 0–1",
    "percentile": "Two percentiles, band by band, to 0–1",
    "standard": "Mean 0 and spread 1, band by band",
    "imagenet": "ImageNet's mean and spread (RGB)",
    "decibel": "Two limits in dB (radar) to 0–1",
}


def normalise_section(ref: DatasetRef, dataset: Dataset, found: Audit | None) -> None:
    """Choose the normalisation and show a sample before and after it."""
    recipe = draft(ref)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Normalisation",
            list(_KINDS),
            format_func=_KINDS.__getitem__,
            width=420,
            **field(ref, "normalisation"),
        )
        if recipe.normalisation == "percentile":
            _limits(ref, recipe.clip or PERCENTILES, "percentile", 0.0, 100.0, 0.5)
        elif recipe.normalisation == "decibel":
            _limits(ref, recipe.clip or DECIBEL_LIMITS, "dB", -100.0, 100.0, 1.0)
    st.caption("The numbers come from the training split alone and go into the model card.")
    normalisation_preview(dataset, recipe)


def _limits(
    ref: DatasetRef, clip: tuple[float, float], unit: str, low: float, high: float, step: float
) -> None:
    for position, label in enumerate(("Lower", "Upper")):
        key = f"clip-{ref.id}-{unit}-{position}"
        st.session_state[key] = clip[position]
        st.number_input(
            f"{label} {unit}",
            low,
            high,
            step=step,
            key=key,
            width=150,
            on_change=_clipped,
            args=(ref, clip, position, key),
        )


def _clipped(ref: DatasetRef, clip: tuple[float, float], position: int, key: str) -> None:
    limits = list(clip)
    limits[position] = st.session_state[key]
    change(ref, {"clip": limits})


def augment_section(ref: DatasetRef, dataset: Dataset, found: Audit | None) -> None:
    """Choose the random changes of training crops and show some draws of a sample."""
    left, right = st.columns([2, 3], gap="large")
    with left:
        _preset(ref)
        _geometry(ref)
        _values(ref, len(draft(ref).bands) or None)
    with right:
        augmentation_preview(dataset, draft(ref))


def _preset(ref: DatasetRef) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox("Preset", list(PRESETS), key=f"preset-{ref.id}", width=220)
        strength = st.slider("Strength", 0.0, 2.0, 1.0, 0.1, key=f"strength-{ref.id}", width=180)
        st.button(
            "Take",
            key="take-preset",
            icon=":material/done:",
            on_click=_take,
            args=(ref, at_strength(PRESETS[name], strength)),
            help="Fills in the fields below.",
        )


def _take(ref: DatasetRef, augmentation: Augmentation) -> None:
    change(ref, {"augmentation": augmentation.model_dump(mode="json")})


def _geometry(ref: DatasetRef) -> None:
    st.markdown("**Place and shape**")
    with st.container(horizontal=True):
        st.toggle("Flips", **field(ref, "augmentation.flips"))
        st.toggle("Quarter turns", **field(ref, "augmentation.quarter_turns"))
    zoom = draft(ref).augmentation.zoom
    st.slider(
        "Zoom, times", 0.25, 4.0, step=0.05, **field(ref, "augmentation.zoom", shown=tuple(zoom))
    )
    one, other = st.columns(2)
    with one:
        st.slider("Free turn, °", 0.0, 180.0, step=5.0, **field(ref, "augmentation.rotation"))
        st.slider("Elastic", 0.0, 1.0, step=0.05, **field(ref, "augmentation.elastic"))
    with other:
        st.slider("Shear, °", 0.0, 45.0, step=1.0, **field(ref, "augmentation.shear"))
        st.slider("Cut-out, side", 0.0, 0.5, step=0.05, **field(ref, "augmentation.cutout"))


def _values(ref: DatasetRef, bands: int | None) -> None:
    st.markdown("**Values**")
    one, other = st.columns(2)
    with one:
        st.slider("Brightness", 0.0, 1.0, step=0.05, **field(ref, "augmentation.brightness"))
        st.slider("Noise", 0.0, 0.5, step=0.01, **field(ref, "augmentation.noise"))
        st.slider(
            "Saturation (RGB)",
            0.0,
            0.95,
            step=0.05,
            disabled=bands not in (None, 3),
            **field(ref, "augmentation.saturation"),
        )
    with other:
        st.slider("Contrast", 0.0, 0.95, step=0.05, **field(ref, "augmentation.contrast"))
        st.slider("Speckle (radar)", 0.0, 1.0, step=0.05, **field(ref, "augmentation.speckle"))
        st.slider(
            "Hue (RGB)",
            0.0,
            0.5,
            step=0.01,
            disabled=bands not in (None, 3),
            **field(ref, "augmentation.hue"),
        )
