"""Patches: how large the crops are, how many there are, and where they lie."""

from __future__ import annotations

import cv2
import numpy as np
import streamlit as st

from core.datasets.audit.audit import Audit
from core.datasets.batches.crops import random_windows
from core.datasets.batches.labelled_image import LabelledImage, load_samples
from core.datasets.batches.patch_grid import count_patches, patch_grid
from core.datasets.dataset import Dataset
from core.datasets.recipes.recipe import Recipe
from core.datasets.recipes.splits import split_samples
from core.formats import counted
from core.imagery.display import to_rgb
from core.imagery.window import Window
from ui.data.prepare.draft import RecipeDraft
from ui.settings.fields import Fields
from ui.widgets.bands import choose_rendering

__all__ = ["patch_section"]

_SHOWN = 40  # random crops in the picture
_SIDE = 900  # longest side of the picture in pixels
_KEPT, _LEFT_OUT = (46, 204, 194), (226, 88, 62)  # RGB


def patch_section(draft: RecipeDraft, dataset: Dataset, audit: Audit | None) -> None:
    """Choose the crops and show where they lie on a sample."""
    recipe, fields = draft.build(), Fields(draft)
    left, right = st.columns([1, 2], gap="large")
    with left:
        fields.number("patch.size")
        fields.number("patch.stride")
        fields.slider("patch.minimum_labelled")
        fields.slider("patch.rare")
        _count(dataset, recipe, audit)
    with right:
        _picture(dataset, recipe)


def _count(dataset: Dataset, recipe: Recipe, audit: Audit | None) -> None:
    if audit is None:
        st.info("How many crops come out appears when all images have been read.")
        return
    ids = set(split_samples(dataset.samples, recipe.split).train)
    whole = {f.id: (f.height, f.width) for f in audit.facts}
    sizes = [_size(dataset, i, *whole.get(i, (0, 0))) for i in ids]
    sizes = [size for size in sizes if all(size)]
    if recipe.patch.stride:
        count = count_patches(sizes, recipe.patch)
        st.metric("Crops of the training samples", f"{count:,}")
        st.caption("Before those that are labelled too little are left out.")
    else:
        area = sum(height * width for height, width in sizes) / recipe.patch.size**2
        st.metric("Crops that cover the training samples once", f"{area:,.0f}")
        st.caption("At random places there is no end of them; an epoch has about so many.")
    small = sum(min(size) < recipe.patch.size for size in sizes)
    if small:
        verb = "is" if small == 1 else "are"
        st.caption(
            f":orange[:material/warning: {counted(small, 'training sample')} {verb} smaller than "
            "a crop: what is missing is mirrored, and void in the mask.]"
        )


def _size(dataset: Dataset, sample: str, height: int, width: int) -> tuple[int, int]:
    window = dataset.windows.get(sample)
    return (window[3], window[2]) if window else (height, width)


def _picture(dataset: Dataset, recipe: Recipe) -> None:
    ids = [sample.id for sample in dataset.samples if sample.mask is not None]
    if not ids:
        st.info("No sample has a mask: there is nothing to train on.")
        return
    chosen = st.selectbox("Sample", ids, key="patch-sample")
    image = load_samples(dataset, [dataset.sample(chosen)])[0]
    bands, clip, decibel = choose_rendering(
        image.pixels.shape[-1], str(image.pixels.dtype), "sample", named=image.named_bands
    )
    rgb = to_rgb(image.pixels, image.valid, bands=bands, clip=clip, decibel=decibel)
    if recipe.patch.stride:
        grid = patch_grid(image.labels, recipe.patch)
        drawn = _drawn(rgb, grid.windows, grid.kept)
        kept = int(grid.kept.sum())
        words = f"{kept} crops"
        if left_out := len(grid.windows) - kept:
            words += f"; {left_out} more, red, are labelled too little"
    else:
        windows = _random(image, recipe)
        drawn = _drawn(rgb, windows, np.ones(len(windows), bool))
        words = f"{len(windows)} random crops, as a training draws them"
    st.image(drawn, width="stretch", caption=words, output_format="PNG")


def _random(image: LabelledImage, recipe: Recipe) -> tuple[Window, ...]:
    rng = np.random.default_rng(0)
    return random_windows(image, recipe.patch, recipe.augmentation, rng, _SHOWN)


def _drawn(rgb: np.ndarray, windows: tuple[Window, ...], kept: np.ndarray) -> np.ndarray:
    """The picture with frames, darker where no crop that is kept lies."""
    scale = min(1.0, _SIDE / max(rgb.shape[:2]))
    height, width = (max(1, round(side * scale)) for side in rgb.shape[:2])
    small = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA)
    covered = np.zeros((height, width), bool)
    frames = [tuple(round(value * scale) for value in window) for window in windows]
    for (x, y, w, h), keep in zip(frames, kept, strict=True):
        if keep:
            covered[y : y + h, x : x + w] = True
    picture = np.where(covered[..., None], small, small // 3)
    # Those that are left out first, so that a frame that is kept lies on top.
    for (x, y, w, h), keep in sorted(zip(frames, kept, strict=True), key=lambda item: item[1]):
        color = _KEPT if keep else _LEFT_OUT
        cv2.rectangle(picture, (x, y), (x + w - 1, y + h - 1), color, 1, cv2.LINE_AA)
    return picture
