"""Where a problem lies: image and mask with the place marked, or two samples side by side."""

from __future__ import annotations

import cv2
import numpy as np
import streamlit as st

from core.datasets.audit.problems import Problem
from core.datasets.dataset import Dataset, Sample
from core.datasets.masks.decode import Mask
from core.datasets.problem_place import box_of, problem_place
from core.errors import DSIError
from core.imagery.resample import resample_labels
from core.imagery.window import Window
from ui.loaded.images import OpenImage, open_sample
from ui.shell.errors import plain
from ui.widgets.bands import choose_rendering_for, render

__all__ = ["marked", "problem_pictures"]

_SIDE = 560  # longest side on the screen, in pixels
_CLOSE = 8  # a place this many times smaller than the image is also shown by itself
_MARGIN = 0.75  # around such a place, as a share of its sides
_LEAST = 24  # sides of what is shown by itself, in pixels
_AROUND = 6  # pixels of the screen between a place and the line around it
_DIMMED = 0.55  # brightness of an image outside the place
_MASK = {
    *("unknown-colour", "void-colour", "void-share", "all-void", "size-mismatch", "mask-grid"),
    *("unreadable", "mask-is-image"),
}
_VOID = (128, 128, 128)

_Picture = tuple[str, np.ndarray]


def problem_pictures(dataset: Dataset, problem: Problem) -> None:
    """Show the pictures of a problem; nothing if it is about the whole dataset.

    Args:
        dataset: as opened.
        problem: which; the place it names is marked, and no frame is drawn around all of a picture.
    """
    by_id = {sample.id: sample for sample in dataset.samples}
    sample, other = by_id.get(problem.sample), by_id.get(problem.other)
    if sample is None:
        return
    pictures = _pictures(dataset, problem, sample, other)
    if not pictures:
        st.caption("There is no picture to show: the file cannot be read.")
        return
    # Two beside one another, so that what can be done below them is in view as well.
    for at in range(0, len(pictures), 2):
        for column, picture in zip(st.columns(2), pictures[at : at + 2], strict=False):
            with column:
                _show(picture)


def _show(picture: _Picture) -> None:
    caption, pixels = picture
    # PNG: a mask's colours stay what they are.
    st.image(pixels, caption=plain(caption), output_format="PNG", width="stretch", alt=caption)


def _pictures(
    dataset: Dataset, problem: Problem, sample: Sample, other: Sample | None
) -> list[_Picture]:
    mask = _read_mask(dataset, sample)
    image = _read_image(dataset, sample)
    beside = None if other is None else _read_image(dataset, other)
    if image is not None:
        valid = image.raster.valid
    else:
        valid = np.ones((0, 0) if mask is None else mask.labels.shape, bool)
    place = problem_place(dataset, sample, problem, valid, mask)
    pictures: list[_Picture] = []
    look = None
    for shown, opened, where in ((sample, image, place), (other, beside, None)):
        if shown is not None and opened is not None:
            # One choice for both of a pair.
            look = look or choose_rendering_for(opened.raster, "sample")
            pictures += _image(shown.id, render(opened, look).rgb, where)
    if other is None and problem.kind in _MASK and mask is not None:
        pictures += _mask(dataset, sample, mask, place)
    return pictures


def _read_image(dataset: Dataset, sample: Sample) -> OpenImage | None:
    try:
        return open_sample(dataset, sample)
    except DSIError:
        return None  # the words above say what is wrong with it


def _read_mask(dataset: Dataset, sample: Sample) -> Mask | None:
    try:
        return None if sample.mask is None else dataset.read_mask(sample)
    except DSIError:
        return None  # likewise


def _image(name: str, rgb: np.ndarray, place: np.ndarray | None) -> list[_Picture]:
    if place is None or place.shape != rgb.shape[:2]:
        return [(name, marked(rgb, None))]
    pictures = [(name, marked(rgb, place))]
    if (close := _closer(rgb, place)) is not None:
        pictures.append((_words(box_of(place)), close))
    return pictures


def _mask(dataset: Dataset, sample: Sample, mask: Mask, place: np.ndarray | None) -> list[_Picture]:
    rgb = dataset.classes.colorize(mask.labels, void=_VOID)
    pixels = mask.raster.pixels if mask.raster else None
    if dataset.coding.kind == "color" and pixels is not None and not sample.turned:
        # Odd colours are to be seen as they are; a window of the recipe shows only the labels.
        rgb = pixels[..., :3] if pixels.shape[:2] == rgb.shape[:2] else rgb
    where = place if place is not None and place.shape == rgb.shape[:2] else None
    close = None if where is None else _closer(rgb, where, colors=True)
    return [("Mask", marked(rgb, where, colors=True) if close is None else close)]


def _words(window: Window) -> str:
    x, y, width, height = window
    return f"x {x} to {x + width - 1}, y {y} to {y + height - 1}"


def marked(rgb: np.ndarray, place: np.ndarray | None, colors: bool = False) -> np.ndarray:
    """The picture for the screen with a line around the place; an image is dimmed outside it.

    Args:
        rgb: (H, W, 3) uint8.
        place: (H, W) bool; None marks nothing.
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
    if place is None:
        return picture
    # A single pixel is to be seen, however much smaller the picture is.
    share = cv2.resize(
        place.astype(np.float32),
        size,
        interpolation=cv2.INTER_NEAREST if scale > 1 else cv2.INTER_AREA,
    )
    inside = (share > 0).astype(np.uint8)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _AROUND + 1,) * 2)
    around = cv2.dilate(inside, kernel)
    if not colors:
        picture[around == 0] = np.rint(picture[around == 0] * _DIMMED).astype(np.uint8)
    outlines, _ = cv2.findContours(around, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    # White within black is seen on any ground.
    cv2.drawContours(picture, outlines, -1, (0, 0, 0), 5)
    cv2.drawContours(picture, outlines, -1, (255, 255, 255), 2)
    return picture


def _closer(rgb: np.ndarray, place: np.ndarray, colors: bool = False) -> np.ndarray | None:
    """The place with something around it, if it is small beside the picture."""
    height, width = rgb.shape[:2]
    x, y, wide, high = box_of(place)
    if max(wide, high) * _CLOSE > max(height, width):
        return None
    along, down = (max(_LEAST, round(side * _MARGIN)) for side in (wide, high))
    rows, columns = (
        slice(max(0, y - down), y + high + down),
        slice(max(0, x - along), x + wide + along),
    )
    return marked(rgb[rows, columns], place[rows, columns], colors)
