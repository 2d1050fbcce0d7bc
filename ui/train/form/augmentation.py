"""Which crops are drawn, how they are changed, and how their values reach the network."""

from __future__ import annotations

from typing import get_args

import streamlit as st

from core.imagery.normalise import NormalisationKind
from ui.train.form.fields import Problem, choice, number, share_range, switch

__all__ = ["augmentation_fields"]

_WORDS = {
    "unit": "value range",
    "minmax": "least to greatest",
    "percentile": "percentiles",
    "standard": "mean and spread",
    "imagenet": "ImageNet's",
    "decibel": "limits in dB",
}


def augmentation_fields(problem: Problem) -> None:
    """Settings of the recipe that Data, Prepare shows with previews."""
    choice(
        "recipe.normalisation",
        "Input normalisation",
        get_args(NormalisationKind),
        "What brings pixel values into the network's range; fitted to the training samples.",
        problem,
        words=lambda kind: _WORDS.get(kind, kind),
    )
    left, right = st.columns(2)
    amount = "recipe.augmentation."
    with left:
        number(
            "recipe.patch.rare",
            "Crops centred on rare classes",
            0.0,
            1.0,
            0.1,
            "Share of the crops, 0 to 1, that are drawn around a class chosen evenly.",
            problem,
        )
        switch(f"{amount}flips", "Flips", "Mirrored left to right and top to bottom.", problem)
        number(
            f"{amount}brightness",
            "Brightness",
            0.0,
            1.0,
            0.05,
            "Largest shift, as a share of the value range.",
            problem,
        )
        number(
            f"{amount}saturation",
            "Saturation",
            0.0,
            0.95,
            0.05,
            "Largest relative change; RGB only.",
            problem,
        )
        number(f"{amount}rotation", "Rotation, °", 0.0, 180.0, 5.0, "Largest free turn.", problem)
        number(
            f"{amount}noise",
            "Noise",
            0.0,
            0.5,
            0.01,
            "Largest standard deviation, as a share of the value range.",
            problem,
        )
        number(
            f"{amount}elastic",
            "Elastic",
            0.0,
            1.0,
            0.1,
            "Smooth random deformation, 0 none to 1 strong.",
            problem,
        )
    with right:
        number(
            "recipe.patch.minimum_labelled",
            "Least labelled share of a crop",
            0.0,
            1.0,
            0.1,
            "0 to 1; crops with less are drawn again.",
            problem,
        )
        switch(f"{amount}quarter_turns", "Quarter turns", "Turned by 90, 180 or 270°.", problem)
        number(
            f"{amount}contrast", "Contrast", 0.0, 0.95, 0.05, "Largest relative change.", problem
        )
        number(
            f"{amount}hue",
            "Hue",
            0.0,
            0.5,
            0.01,
            "Largest turn, 0.5 being half the hue circle; RGB only.",
            problem,
        )
        number(f"{amount}shear", "Shear, °", 0.0, 45.0, 1.0, "Largest slant.", problem)
        number(
            f"{amount}speckle",
            "Speckle",
            0.0,
            1.0,
            0.1,
            "Noise as radar images have it: standard deviation of a factor whose mean is 1.",
            problem,
        )
        number(
            f"{amount}cutout",
            "Cutout",
            0.0,
            0.5,
            0.05,
            "Largest side of a square that is blanked out, as a share of the crop's.",
            problem,
        )
    share_range(
        f"{amount}zoom",
        "Zoom, times",
        0.25,
        4.0,
        0.05,
        "Smallest and largest magnification.",
        problem,
    )
