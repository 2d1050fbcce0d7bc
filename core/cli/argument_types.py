"""Types of arguments: from a word of the command line to a value within its limits.

argparse names the function in its message about a word that is no number.
"""

from __future__ import annotations

import math
from argparse import ArgumentTypeError

from core.imagery.output.outlines import MOST_SIMPLIFIED

__all__ = ["not_negative", "overlap", "pixels_off", "positive_integer", "seed"]


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
