"""A sample before and after normalisation, as pictures and histograms."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from core.datasets.dataset import Dataset
from core.datasets.recipes.recipe import Recipe
from core.imagery.display import to_rgb
from core.imagery.normalise import Normalisation
from core.imagery.shrink import display_size, downsample_image
from ui.data.statistics.style import show
from ui.loaded.images import open_sample
from ui.loaded.normalisations import TrainingNormalisation, training_normalisation
from ui.widgets.bands import choose_rendering_for

__all__ = ["normalisation_preview"]

_SIDE = 640  # longest side of a picture in pixels
_GRID = 512  # values counted along a side, about
_BINS = 80
_CENTRED = 2.5  # what is shown as white after centring, and as black with a minus
_RGB = ("#E0484B", "#2E9E62", "#3F86E8")


def normalisation_preview(dataset: Dataset, recipe: Recipe) -> None:
    """Show one sample before and after the recipe's normalisation.

    Args:
        dataset: dataset as the recipe has it.
        recipe: recipe with normalisation, clip and split.

    Raises:
        DSIError: the split or the normalisation does not fit the dataset, or a file is damaged.
    """
    ids = [sample.id for sample in dataset.samples]
    if not ids:
        st.info("No sample is left: take some back under Clean.", icon=":material/info:")
        return
    training = training_normalisation(dataset, recipe)
    chosen = st.selectbox("Sample", ids, key="normalised-sample", width=360)
    raster = open_sample(dataset, dataset.sample(chosen)).raster
    pixels, valid, normalise = raster.pixels, raster.valid, training.normalisation
    bands, clip, decibel = choose_rendering_for(raster, "sample")
    before = to_rgb(_small(pixels), _small(valid), bands=bands, clip=clip, decibel=decibel)
    after = normalise(_small(pixels), _small(valid))
    one, other = st.columns(2)
    with one:
        st.image(_shrink(before), width="stretch", caption="Before, as it is shown elsewhere")
        _histogram(pixels, valid, "Value in the file", f"before-{chosen}")
    with other:
        low, high = (-_CENTRED, _CENTRED) if normalise.mean else (0.0, 1.0)
        scaled = np.clip((after[..., list(bands)] - low) / (high - low), 0, 1)
        caption = f"After: black is {low:g}, white {high:g}; no data is 0"
        st.image(_shrink(np.rint(scaled * 255).astype(np.uint8)), width="stretch", caption=caption)
        _histogram(normalise(_coarse(pixels)), _coarse(valid), "Network input", f"after-{chosen}")
    given = recipe.normalisation == "imagenet" or (
        recipe.normalisation == "decibel" and recipe.clip is not None
    )
    st.caption(_source(training, given))
    if normalise.low or normalise.mean:
        st.dataframe(_numbers(normalise), hide_index=True, width="content")


def _every(shape: tuple[int, ...], side: int) -> int:
    return max(1, math.ceil(max(shape[:2]) / side))


def _small(array: np.ndarray) -> np.ndarray:
    """Every so many pixels, twice as fine as is shown: averages would hide what is cut off."""
    every = _every(array.shape, 2 * _SIDE)
    return array[::every, ::every]


def _coarse(array: np.ndarray) -> np.ndarray:
    every = _every(array.shape, _GRID)
    return array[::every, ::every]


def _shrink(rgb: np.ndarray) -> np.ndarray:
    return downsample_image(rgb, *display_size(rgb.shape[0], rgb.shape[1], _SIDE))


def _histogram(values: np.ndarray, valid: np.ndarray, title: str, key: str) -> None:
    import plotly.graph_objects as go

    values, valid = _coarse(values), _coarse(valid)
    seen = values[valid].astype(np.float64)
    if not seen.size:
        st.info("This sample has no data at all.", icon=":material/info:")
        return
    low, high = seen.min(), seen.max()
    edges = np.linspace(low, high if high > low else low + 1, _BINS + 1)
    chart = go.Figure()
    for band in range(seen.shape[-1]):
        counts, _ = np.histogram(seen[:, band], edges)
        name = f"Band {band + 1}"
        chart.add_scatter(
            x=(edges[:-1] + edges[1:]) / 2,
            y=100 * counts / counts.sum(),
            name=name,
            mode="lines",
            line={
                "shape": "hvh",
                "width": 2,
                "color": _RGB[band] if seen.shape[-1] == 3 else None,
            },
            hovertemplate=f"{name}, %{{x:.4g}}: %{{y:.2f}}%<extra></extra>",
        )
    chart.update_layout(
        height=260,
        margin={"l": 0, "r": 20, "t": 30, "b": 40},
        xaxis={"title": title},
        yaxis={"title": "Share of pixels in %", "rangemode": "tozero"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        showlegend=True,
    )
    show(chart, f"normalisation-{key}", f"{title}: histogram of each band")


def _source(training: TrainingNormalisation, given: bool) -> str:
    if not training.normalisation.low and not training.normalisation.mean:
        return f"Every value is divided by {training.normalisation.divisor:,.0f}."
    if given:
        return "These numbers are given; none is taken from the data."
    if training.used < training.training:
        return (
            f"From {training.used:,} of the {training.training:,} training samples, evenly spread; "
            "a training looks at as many as fit into its memory. Samples that validate or test are "
            "not looked at."
        )
    return (
        f"From all {training.training:,} training samples. Samples that validate or test are not "
        "looked at."
    )


def _numbers(normalise: Normalisation) -> dict[str, list[str]]:
    if normalise.low:
        columns = {"Becomes 0": normalise.low, "Becomes 1": normalise.high}
    else:
        # As the file has them, not divided by its range.
        by = normalise.divisor
        columns = {
            "Mean, becomes 0": tuple(value * by for value in normalise.mean),
            "Spread, becomes 1": tuple(value * by for value in normalise.std),
        }
    count = len(next(iter(columns.values())))
    return {"Band": [str(band + 1) for band in range(count)]} | {
        name: [f"{value:,.5g}" for value in values] for name, values in columns.items()
    }
