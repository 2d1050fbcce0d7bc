"""Types of arguments, from a word of the command line to a value within its limits; shared options.

argparse names the function in its message about a word that is no number.
"""

from __future__ import annotations

import math
from argparse import ArgumentParser, ArgumentTypeError

from core.errors import ConfigError
from core.imagery.output.outlines import MOST_SIMPLIFIED
from core.inference.averaging import OWN_SIZE, Averaging

__all__ = [
    "add_averaging",
    "bands",
    "iou_threshold",
    "not_negative",
    "overlap",
    "pixels_off",
    "positive_integer",
    "scales",
    "seed",
]


def add_averaging(parser: ArgumentParser) -> None:
    """``--tta`` and ``--tta-scales``: several predictions of an image, and their mean."""
    parser.add_argument("--tta", action="store_true", help="average over flips and quarter turns")
    parser.add_argument(
        "--tta-scales",
        type=scales,
        default=OWN_SIZE,
        metavar="S,S…",
        help="average over sizes of the image, such as 0.75,1,1.25; with --tta over all of both",
    )


def positive_integer(text: str) -> int:
    """A whole number from 1.

    Raises:
        ArgumentTypeError: it is smaller.
        ValueError: it is no whole number.
    """
    value = int(text)
    if value < 1:
        raise ArgumentTypeError(f"expected a number above 0, received {text}")
    return value


def seed(text: str) -> int:
    """A whole number from 0.

    Raises:
        ArgumentTypeError: it is smaller.
        ValueError: it is no whole number.
    """
    value = int(text)
    if value < 0:
        raise ArgumentTypeError(f"expected a number from 0, received {text}")
    return value


def overlap(text: str) -> float:
    """A share from 0 to 0.75.

    Raises:
        ArgumentTypeError: it is outside.
        ValueError: it is no number.
    """
    value = float(text)
    if not 0 <= value <= 0.75:
        raise ArgumentTypeError(f"expected a share from 0 to 0.75, received {text}")
    return value


def iou_threshold(text: str) -> float:
    """A number from 0 to below 1.

    Raises:
        ArgumentTypeError: it is outside.
        ValueError: it is no number.
    """
    value = float(text)
    if not 0 <= value < 1:
        raise ArgumentTypeError(f"expected a number from 0 to below 1, received {text}")
    return value


def scales(text: str) -> tuple[float, ...]:
    """Sizes of an image as multiples of its own, with commas between.

    Raises:
        ArgumentTypeError: one is outside of 0.25 to 4, or there twice.
        ValueError: one is no number.
    """
    values = tuple(float(word) for word in text.split(","))
    try:
        return Averaging(scales=values).scales
    except ConfigError as error:
        raise ArgumentTypeError(error.what) from error


def bands(text: str) -> tuple[int, ...]:
    """Numbers of bands from 0, with commas between.

    Raises:
        ArgumentTypeError: one is smaller.
        ValueError: one is no whole number.
    """
    values = tuple(int(word) for word in text.split(","))
    if min(values) < 0:
        raise ArgumentTypeError(f"expected numbers from 0, received {text}")
    return values


def not_negative(text: str) -> float:
    """A finite number from 0.

    Raises:
        ArgumentTypeError: it is smaller, or not finite.
        ValueError: it is no number.
    """
    value = float(text)
    if not 0 <= value < math.inf:
        raise ArgumentTypeError(f"expected a number from 0, received {text}")
    return value


def pixels_off(text: str) -> float:
    """A number of pixels from 0 to 20, by which an outline may be simplified.

    Raises:
        ArgumentTypeError: it is outside.
        ValueError: it is no number.
    """
    value = float(text)
    if not 0 <= value <= MOST_SIMPLIFIED:
        limit = f"{MOST_SIMPLIFIED:g}"
        raise ArgumentTypeError(f"expected a number from 0 to {limit}, received {text}")
    return value
