"""Where in the image a layer holds evidence for a score: class activation maps."""

from __future__ import annotations

from typing import Literal, get_args

import cv2
import numpy as np

from core.errors import ModelError

__all__ = ["METHODS", "Method", "class_activation", "on_pixels"]

Method = Literal["hires", "xres", "grad-cam", "layer-cam", "grad-cam++"]
METHODS: tuple[Method, ...] = get_args(Method)

_EPSILON = 1e-12


def class_activation(
    maps: np.ndarray, gradient: np.ndarray, method: Method = "hires", *, window: int = 3
) -> np.ndarray:
    """A layer's evidence for a score, as a map.

    `hires`
        activation times gradient, summed over the channels (Seg-HiRes-Grad-CAM, Rheude and others
        2024, arXiv 2409.20287): says where in a region the evidence lies.
    `xres`
        the gradient is averaged over a window first (Seg-XRes-CAM, Hasany and others 2023): between
        `hires` (a window of 1) and `grad-cam` (a window of everything).
    `grad-cam`
        one weight a channel, the mean gradient (Seg-Grad-CAM, Vinogradova and others 2020): does
        not say where in the region the evidence lies.
    `layer-cam`
        activation times the positive part of the gradient (Jiang and others 2021).
    `grad-cam++`
        one weight a channel, from the positive gradients where they are strong (Chattopadhay and
        others 2018).

    Args:
        maps: (h', w', c) float32, the layer's output.
        gradient: (h', w', c) float32, of the score by it.
        method: which of them.
        window: side of the window of `xres`, odd, in values of the layer.

    Returns:
        (h', w') float32, not negative, without unit: what speaks against the class is 0.

    Raises:
        ModelError: another method, or an even window.
    """
    maps, gradient = maps.astype(np.float64), gradient.astype(np.float64)
    if method == "hires":
        weights = gradient
    elif method == "xres":
        if window < 1 or window % 2 == 0:
            raise ModelError(f"a window of {window}", remedy="choose an odd number from 1 on")
        weights = _window_mean(gradient, window)
    elif method == "grad-cam":
        weights = gradient.mean(axis=(0, 1))
    elif method == "layer-cam":
        weights = np.maximum(gradient, 0)
    elif method == "grad-cam++":
        weights = _plus_plus(maps, gradient)
    else:
        raise ModelError(f"there is no method {method!r}", remedy=f"choose one of {METHODS}")
    return np.maximum((weights * maps).sum(axis=-1), 0).astype(np.float32)


def _window_mean(gradient: np.ndarray, window: int) -> np.ndarray:
    """Mean over a window around each value, of those that lie inside."""
    size = (window, window)

    def summed(values: np.ndarray) -> np.ndarray:
        return cv2.boxFilter(values, -1, size, normalize=False, borderType=cv2.BORDER_CONSTANT)

    count = summed(np.ones(gradient.shape[:2]))
    planes = [summed(np.ascontiguousarray(gradient[..., c])) for c in range(gradient.shape[-1])]
    return np.stack([plane / count for plane in planes], axis=-1)


def _plus_plus(maps: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    second, third = gradient**2, gradient**3
    total = maps.sum(axis=(0, 1))
    alpha = second / np.maximum(2 * second + third * total, _EPSILON)
    alpha = np.where(second > 0, alpha, 0)
    share = alpha / np.maximum(alpha.sum(axis=(0, 1)), _EPSILON)
    weights: np.ndarray = (share * np.maximum(gradient, 0)).sum(axis=(0, 1))
    return weights


def on_pixels(values: np.ndarray, shape: tuple[int, int], size: tuple[int, int]) -> np.ndarray:
    """A layer's map at the pixels of the window, between its values linear.

    Args:
        values: (h', w') float32 of the network's whole input.
        shape: height and width of that input in pixels.
        size: height and width of the window, its upper left part.

    Returns:
        (h, w) float32.
    """
    height, width = shape
    whole = cv2.resize(values, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(whole[: size[0], : size[1]])
