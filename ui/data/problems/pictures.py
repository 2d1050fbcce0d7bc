"""Where a problem lies: image and mask with the place marked, or two samples side by side."""

from __future__ import annotations

import cv2
import numpy as np
import streamlit as st

from core.datasets.audit.problems import Problem
from core.datasets.dataset import Dataset, Sample
from core.errors import DSIError
from core.imagery.resample import resample_labels
from core.imagery.window import Window
from ui.loaded.images import open_sample
from ui.shell.errors import plain
from ui.widgets.bands import choose_rendering_for, render

__all__ = ["marked", "problem_pictures"]

_SIDE = 560  # longest side on the screen, in pixels
_CLOSE = 8  # a place this many times smaller than the image is also shown by itself
_MARGIN = 0.75  # around such a place, as a share of its sides
_LEAST = 24  # sides of what is shown by itself, in pixels
_MASK = {
    *("unknown-colour", "void-colour", "void-share", "all-void", "size-mismatch", "mask-grid"),
    "unreadable",
}
_VOID = (128, 128, 128)


def problem_pictures(dataset: Dataset, problem: Problem) -> None:
    """Show the pictures of a problem; nothing if it is about the whole dataset."""
    by_id = {sample.id: sample for sample in dataset.samples}
    sample, other = by_id.get(problem.sample), by_id.get(problem.other)
    if sample is None:
        return
    pictures = []
    look = None
    for shown, window in ((sample, problem.window), (other, None)):
        if shown is None:
            continue
        try:
            image = open_sample(dataset, shown)
        except DSIError:
            continue  # the words above say what is wrong with it
        # One choice for both of a pair.
        look = look or choose_rendering_for(image.raster, "sample")
        pictures += _image(shown, render(image, look).rgb, window)
    if other is None and problem.kind in _MASK and sample.mask is not None:
        pictures += _mask(dataset, sample, problem.window)
    if not pictures:
        st.caption("There is no picture to show: the file cannot be read.")
        return
    for column, (caption, picture) in zip(
        st.columns(max(2, len(pictures))), pictures, strict=False
    ):
        with column:
            # PNG: a mask's colours stay what they are.
            st.image(picture, caption=plain(caption), output_format="PNG", width="stretch")


def _image(sample: Sample, rgb: np.ndarray, window: Window | None) -> list[tuple[str, np.ndarray]]:
    pictures = [(sample.id, marked(rgb, window))]
    if window is not None and (close := _closer(rgb, window)) is not None:
        pictures.append((_place(window), close))
    return pictures


def _mask(dataset: Dataset, sample: Sample, window: Window | None) -> list[tuple[str, np.ndarray]]:
    try:
        mask = dataset.read_mask(sample)
    except DSIError:
        return []
    rgb = dataset.classes.colorize(mask.labels, void=_VOID)
    pixels = mask.raster.pixels if mask.raster else None
    if dataset.coding.kind == "color" and pixels is not None and not sample.turned:
        # Odd colours are to be seen as they are; a window of the recipe shows only the labels.
        rgb = pixels[..., :3] if pixels.shape[:2] == rgb.shape[:2] else rgb
    close = None if window is None else _closer(rgb, window, colors=True)
    return [("Mask", marked(rgb, window, colors=True) if close is None else close)]


def _place(window: Window) -> str:
    x, y, width, height = window
    return f"x {x} to {x + width - 1}, y {y} to {y + height - 1}"


def marked(rgb: np.ndarray, window: Window | None, colors: bool = False) -> np.ndarray:
    """The picture for the screen with a frame around the place.

    Args:
        rgb: (H, W, 3) uint8.
        window: in its pixels; None marks nothing.
        colors: whether its colours have meanings, as a mask's: of an average nobody knows any.

    Returns:
        (h, w, 3) uint8 with 560 pixels on the longer side.
    """
    height, width = rgb.shape[:2]
    scale = _SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if colors or scale > 1:
        picture = resample_labels(rgb, size[1], size[0]).copy()
    else:
        picture = cv2.resize(np.ascontiguousarray(rgb), size, interpolation=cv2.INTER_AREA)
    if window is not None:
        x, y, wide, high = window
        upper = (round(x * scale), round(y * scale))
        lower = (round((x + wide) * scale) - 1, round((y + high) * scale) - 1)
        # White within black is seen on any ground.
        cv2.rectangle(picture, upper, lower, (0, 0, 0), 5)
        cv2.rectangle(picture, upper, lower, (255, 255, 255), 2)
    return picture


def _closer(rgb: np.ndarray, window: Window, colors: bool = False) -> np.ndarray | None:
    """The place with something around it, if it is small beside the picture."""
    height, width = rgb.shape[:2]
    x, y, wide, high = window
    if max(wide, high) * _CLOSE > max(height, width):
        return None
    along, down = (max(_LEAST, round(side * _MARGIN)) for side in (wide, high))
    left, top = max(0, x - along), max(0, y - down)
    part = rgb[top : y + high + down, left : x + wide + along]
    return marked(part, (x - left, y - top, wide, high), colors)
