"""Some draws of one sample as a training sees them, with their masks."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.classes import VOID, ClassTable
from core.datasets.batches.labelled_image import load_samples
from core.datasets.dataset import Dataset
from core.datasets.recipes.recipe import Recipe
from core.formats import percent
from core.imagery.display import Bands
from core.imagery.resample import resample_labels
from core.imagery.shrink import display_size, downsample_image
from ui.loaded.images import open_sample
from ui.loaded.normalisations import files_and_reading, training_normalisation
from ui.widgets.bands import choose_rendering
from ui.widgets.classes import legend

__all__ = ["augmentation_preview"]

_COUNT = 9
_SIDE = 256  # of a shown crop in pixels
_TILE = 168  # CSS pixels
_NAMES = {"name", "revision"}  # of a recipe: they change no draw

Draw = tuple[np.ndarray, np.ndarray]


def augmentation_preview(dataset: Dataset, recipe: Recipe) -> None:
    """Show crops of a chosen sample, changed by the very code of a training.

    TensorFlow is loaded when they are asked for.

    Args:
        dataset: dataset as the recipe has it.
        recipe: recipe with patch, augmentation, normalisation and split.

    Raises:
        DSIError: the recipe does not fit the dataset, or a file is damaged.
    """
    ids = [sample.id for sample in dataset.samples if sample.mask is not None]
    if not ids:
        st.info("No sample has a mask: there is nothing to train on.", icon=":material/info:")
        return
    chosen = st.selectbox("Sample", ids, key="augmented-sample", width=360)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        shown = st.toggle("Show draws", key="augmented-shown", help="Loads TensorFlow, once.")
        st.button(
            "Another draw",
            key="augmented-again",
            icon=":material/casino:",
            on_click=_again,
            disabled=not shown,
        )
        if shown:
            opacity = st.slider(
                "Opacity of the masks in %",
                0,
                100,
                40,
                5,
                key="augmented-opacity",
                persist_state="page",
                width=220,
            )
    if not shown:
        st.caption("Switch the draws on to see what a training makes of this sample.")
        return
    seed = st.session_state.get("augmented-seed", 0)
    raster = open_sample(dataset, dataset.sample(chosen)).raster
    bands = choose_rendering(
        raster.pixels.shape[-1],
        str(raster.pixels.dtype),
        "sample",
        stretch=False,
        named=raster.header.named_bands,
    ).bands
    with st.spinner("Drawing …"):
        key = f"{files_and_reading(dataset)}|{recipe.model_dump_json(exclude=_NAMES)}"
        draws = _draws(key, chosen, seed, bands, dataset, recipe)
    legend(dataset.classes)
    with st.container(horizontal=True, gap="small"):
        for number, (rgb, labels) in enumerate(draws):
            picture = _overlaid(rgb, labels, dataset.classes, opacity / 100)
            void = 100 * float((labels == VOID).mean())
            with st.container(width=_TILE, gap=None):
                st.image(
                    picture,
                    width="stretch",
                    output_format="PNG",
                    caption=f"{percent(void / 100, 0)} void" if void >= 0.5 else "no void",
                    alt=f"Draw {number + 1} of {chosen}",
                )
    side = recipe.patch.size
    st.caption(
        f"Draw {seed + 1}: crops of {side} × {side} px. Where there is no colour of a class, the "
        "mask is void: there is no label or no data, it lies outside the image, or it is cut out. "
        "What has no data is shown as the value the network gets there."
    )
    if recipe.augmentation.copy_paste:
        st.caption(
            "Copy-paste: here from the other draws of this sample, of the classes that are rare in "
            "it; a training takes objects from crops of all training samples, of the classes that "
            "are rare in all."
        )


def _again() -> None:
    st.session_state["augmented-seed"] = st.session_state.get("augmented-seed", 0) + 1


@st.cache_resource(max_entries=16, ttl="1h", show_spinner=False)
def _draws(
    key: str, chosen: str, seed: int, bands: Bands, _dataset: Dataset, _recipe: Recipe
) -> list[Draw]:
    normalisation = training_normalisation(_dataset, _recipe).normalisation
    (sample,) = load_samples(_dataset, [_dataset.sample(chosen)])
    from core.datasets.batches.preview import augmented_preview

    return augmented_preview(
        *(sample.pixels, sample.labels, sample.valid, _recipe, normalisation, _COUNT, seed),
        bands=bands,
        decibel=_dataset.decibel,
    )


def _overlaid(
    rgb: np.ndarray, labels: np.ndarray, classes: ClassTable, opacity: float
) -> np.ndarray:
    size = display_size(labels.shape[0], labels.shape[1], _SIDE)
    small, names = downsample_image(rgb, *size), resample_labels(labels, *size)
    return classes.overlay(small, names, opacity)
