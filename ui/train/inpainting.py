"""What inpainting cuts out of crops, as pictures, and how many images it learns from."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.datasets.batches.labelled_image import LabelledImage
from core.datasets.dataset import Dataset
from core.datasets.identity import sample_digests
from core.datasets.recipes.recipe import Recipe
from core.datasets.recipes.splits import Split
from core.formats import counted, percent
from core.training.inpainting.images import unlabelled_samples
from ui.loaded.images import open_sample
from ui.loaded.normalisations import files_and_reading, training_normalisation

__all__ = ["inpainting_view"]

_TILE = 168  # CSS pixels
_NAMES = {"name", "revision"}  # of a recipe: they change no draw
_SHOWN, _DRAW = "inpainting-shown", "inpainting-draw"


def inpainting_view(dataset: Dataset, split: Split, recipe: Recipe) -> None:
    """Say what is learned from, and show crops of training images with what is cut out of them.

    TensorFlow is loaded when they are asked for.

    Args:
        dataset: dataset as the recipe has it.
        split: sides of the split.
        recipe: recipe with patch, augmentation and normalisation.

    Raises:
        DSIError: the recipe does not fit the dataset, or a file is damaged.
    """
    content = files_and_reading(dataset)
    unlabelled = _unlabelled(f"{content}|{dataset.windows}", split, dataset)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"Inpainting learns from {counted(len(split.train), 'sample')} that train and "
            f"{unlabelled} without masks; never from what validates or tests.",
            width="content",
        )
        shown = st.toggle("Show what is cut out", key=_SHOWN, help="Loads TensorFlow, once.")
        st.button(
            "Another draw",
            key=f"{_DRAW}-again",
            icon=":material/casino:",
            on_click=_again,
            disabled=not shown,
        )
    if not shown:
        return
    seed = st.session_state.get(_DRAW, 0)
    chosen = split.train[seed % len(split.train)]
    with st.spinner("Drawing …"):
        key = f"{content}|{recipe.model_dump_json(exclude=_NAMES)}"
        draws = _draws(key, chosen, seed, dataset, recipe)
    with st.container(horizontal=True, gap="small"):
        for number, (rgb, counted_pixels) in enumerate(draws):
            with st.container(width=_TILE, gap=None):
                st.image(
                    rgb,
                    width="stretch",
                    output_format="PNG",
                    caption=f"{percent(float(counted_pixels.mean()), 0)} to fill in",
                    alt=f"Draw {number + 1} of {chosen} with parts cut out",
                )


def _again() -> None:
    st.session_state[_DRAW] = st.session_state.get(_DRAW, 0) + 1


@st.cache_data(max_entries=32, show_spinner=False)
def _unlabelled(content: str, split: Split, _dataset: Dataset) -> int:
    held_out = [_dataset.sample(i) for i in (*split.val, *split.test)]
    return len(unlabelled_samples(_dataset, split, sample_digests(held_out)))


@st.cache_resource(max_entries=16, ttl="1h", show_spinner=False)
def _draws(
    key: str, chosen: str, seed: int, _dataset: Dataset, _recipe: Recipe
) -> list[tuple[np.ndarray, np.ndarray]]:
    normalisation = training_normalisation(_dataset, _recipe).normalisation
    raster = open_sample(_dataset, _dataset.sample(chosen)).raster
    image = LabelledImage(
        chosen, raster.pixels, np.zeros(raster.valid.shape, np.uint8), raster.valid
    )
    from core.datasets.batches.preview import inpainting_preview

    return inpainting_preview(image, _recipe, normalisation, seed, decibel=_dataset.decibel)
