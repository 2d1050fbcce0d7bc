"""Which crops are drawn, how they are changed, and how their values reach the network."""

from __future__ import annotations

import streamlit as st

from ui.settings.fields import Fields

__all__ = ["augmentation_fields"]


def augmentation_fields(fields: Fields) -> None:
    """Settings of the recipe that Data, Prepare shows with previews."""
    fields.choice("recipe.normalisation")
    left, right = st.columns(2)
    with left:
        fields.number("recipe.patch.rare")
        fields.switch("recipe.augmentation.flips")
        for name in ("brightness", "saturation", "rotation", "noise", "elastic"):
            fields.number(f"recipe.augmentation.{name}")
    with right:
        fields.number("recipe.patch.minimum_labelled")
        fields.switch("recipe.augmentation.quarter_turns")
        for name in ("contrast", "hue", "shear", "speckle", "cutout"):
            fields.number(f"recipe.augmentation.{name}")
    fields.slider("recipe.augmentation.zoom")
