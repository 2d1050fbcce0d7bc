"""How far a layer sees, followed along a line of pixels; NumPy alone.

A span is the first and the last pixel, in one direction, that each value of a map can depend on:
two float64 arrays, one entry a position. Entries that no pixel reaches are +inf and -inf.
"""

from __future__ import annotations

import numpy as np

__all__ = [
    "LENGTH",
    "Span",
    "enlarged",
    "joined",
    "line",
    "padded",
    "transposed",
    "width",
    "windowed",
]

LENGTH = 8192
"""Pixels of the line, enough for every network."""

Span = tuple[np.ndarray, np.ndarray]


def line() -> Span:
    """The pixels themselves."""
    pixels = np.arange(LENGTH, dtype=np.float64)
    return pixels, pixels


def width(span: Span) -> int:
    """The receptive field of the widest value in the middle, in pixels.

    The widest, since below an enlargement neighbours see unlike many.

    Raises:
        ValueError: the line is too short for it.
    """
    low, high = span
    centre = len(low) // 2
    middle = slice(centre - 64, centre + 64)
    if low[middle].min() <= 0 or high[middle].max() >= LENGTH - 1:
        raise ValueError(f"expected a receptive field below {LENGTH} pixels")
    return int((high - low)[middle].max()) + 1


def joined(spans: list[Span]) -> Span:
    """What values see that are made from several maps of one size.

    Raises:
        ValueError: the maps differ in size.
    """
    if any(len(span[0]) != len(spans[0][0]) for span in spans):
        raise ValueError("expected maps of one size")
    return (
        np.min([span[0] for span in spans], axis=0),
        np.max([span[1] for span in spans], axis=0),
    )


def padded(span: Span, before: int, after: int) -> Span:
    """A map with zeros added at its ends."""
    low, high = span
    return (
        np.pad(low, (before, after), constant_values=np.inf),
        np.pad(high, (before, after), constant_values=-np.inf),
    )


def windowed(
    span: Span, window: int, stride: int = 1, dilation: int = 1, padding: str = "same"
) -> Span:
    """After a convolution or a pooling, padded as Keras does."""
    reach = (window - 1) * dilation + 1
    length = len(span[0])
    count = -(-length // stride) if padding == "same" else (length - reach) // stride + 1
    total = max(0, (count - 1) * stride + reach - length) if padding == "same" else 0
    low, high = padded(span, total // 2, total - total // 2)
    taps = [slice(t, t + (count - 1) * stride + 1, stride) for t in range(0, reach, dilation)]
    return np.min([low[t] for t in taps], axis=0), np.max([high[t] for t in taps], axis=0)


def enlarged(span: Span, factor: int, bilinear: bool = False) -> Span:
    """After an enlargement by whole factors, nearest or bilinear (half-pixel centres)."""
    low, high = span
    if not bilinear:
        return np.repeat(low, factor), np.repeat(high, factor)
    source = (np.arange(len(low) * factor) + 0.5) / factor - 0.5
    near = np.clip(np.stack([np.floor(source), np.ceil(source)]), 0, len(low) - 1).astype(int)
    return low[near].min(axis=0), high[near].max(axis=0)


def transposed(span: Span, window: int, stride: int) -> Span:
    """After a transposed convolution whose output is `stride` times as long as its input."""
    low, high = span
    count = len(low) * stride
    # What sticks out is cut off evenly, the odd one at the end.
    before = max(0, window - stride) // 2
    lows, highs = np.full(count, np.inf), np.full(count, -np.inf)
    for tap in range(window):
        at = np.arange(len(low)) * stride + tap - before
        inside = (at >= 0) & (at < count)
        lows[at[inside]] = np.minimum(lows[at[inside]], low[inside])
        highs[at[inside]] = np.maximum(highs[at[inside]], high[inside])
    return lows, highs
