"""The sections of Statistics that come from pixels: where classes lie, and what the bands hold."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.datasets.audit.statistics import Statistics
from core.datasets.dataset import Dataset
from ui.data.statistics.bands import band_correlation, band_histograms, band_table
from ui.data.statistics.places import class_adjacency, class_positions
from ui.shell.errors import plain

__all__ = ["bands_section", "places_section"]

_RGB = ("Red", "Green", "Blue")
_NAMES = {
    "SAR-Intensity": ("HH", "HV", "VH", "VV"),
    "PS-RGB": _RGB,
    "PS-RGBNIR": (*_RGB, "Near infrared"),
    "RGBNIR": (*_RGB, "Near infrared"),
    "PAN": ("Panchromatic",),
}


def places_section(dataset: Dataset, statistics: Statistics) -> None:
    """Which classes meet, and where in the frame each one lies."""
    if not statistics.masks:
        return
    st.subheader("Which classes meet")
    meet = np.flatnonzero(statistics.meetings.any(axis=0))
    if len(meet) > 2:
        st.caption(
            "Each row is a class: of all the edges its pixels have with other classes, the share "
            "in % with each of them."
        )
        class_adjacency(statistics.meetings, dataset.classes)
    elif len(meet) == 2:
        one, other = (plain(dataset.classes.names[k]) for k in meet)
        count = int(statistics.meetings[meet[0], meet[1]])
        st.caption(f"Only {one} and {other} do, in {count:,} pairs of pixels side by side.")
    else:
        st.caption("No pixel of a class lies beside one of another.")
    st.subheader("Where in the frame")
    st.caption(
        "How many times as often as on average over the frame a class lies at a place, all "
        f"{statistics.masks:,} frames laid over one another. An even map is good: a class that "
        "always lies at the same place can be learnt by its place."
    )
    class_positions(statistics.frame, dataset.classes)


def bands_section(dataset: Dataset, statistics: Statistics) -> None:
    """Values of the bands, and how they go together."""
    if not statistics.bands:
        return
    names = band_names(dataset, statistics)
    st.subheader("Values of the bands")
    sampled = "" if statistics.bands[0].exact else ", from evenly spread pixels"
    st.caption(
        f"Of {statistics.images:,} images of {statistics.dtype}; pixels without data are left out. "
        f"How often each value occurs{sampled}:"
    )
    unit = _unit(dataset, statistics)
    band_histograms(
        np.stack([band.edges for band in statistics.bands]),
        np.stack([band.counts for band in statistics.bands]),
        names,
        unit,
    )
    band_table(
        [plain(name) for name in names],
        [band.mean for band in statistics.bands],
        [band.std for band in statistics.bands],
        [band.minimum for band in statistics.bands],
        [band.maximum for band in statistics.bands],
    )
    st.caption(f"All in the images' own values: {unit[0].lower()}{unit[1:]}.")
    if len(names) > 1:
        st.subheader("How the bands go together")
        st.caption(
            "Correlation r of each pair of bands: at 1 they rise together and one tells nothing "
            "new, at 0 they have nothing in common. Below it the covariance, in squared values of "
            "the images."
        )
        band_correlation(statistics.covariance, names)


def band_names(dataset: Dataset, statistics: Statistics) -> list[str]:
    """What the bands are called, where that is known; else they are counted from 1."""
    count = len(statistics.bands)
    known = _NAMES.get(dataset.product, ())
    ordinary = dataset.samples[0].image.suffix.lower() in (".png", ".jpg", ".jpeg")
    if not known and ordinary and count == 3:
        known = _RGB
    return list(known) if len(known) == count else [f"Band {n + 1}" for n in range(count)]


def _unit(dataset: Dataset, statistics: Statistics) -> str:
    if dataset.decibel:
        return "Backscatter in dB"
    if statistics.dtype == "uint8":
        return "Pixel value, 0 to 255"
    return f"Pixel value ({statistics.dtype})"
