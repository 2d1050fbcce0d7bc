"""A way in which a mask of unknown origin may be written, and how far it can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core.classes import ClassTable
from core.datasets.masks.choose_coding import BACKGROUND_WORDS
from core.datasets.masks.class_table.columns import is_void_word
from core.mask_coding import MaskCoding

__all__ = ["Trust", "Way", "background_first", "meanings"]

Trust = Literal["shown", "guess", "doubtful"]
"""The values themselves show it; they do not, and it is likely; another meaning is as likely."""

_LISTED = 8  # values that a title lists


@dataclass(frozen=True)
class Way:
    """A way to read a mask.

    Attributes:
        title: the way in words, to go after "read".
        coding: the same for the decoder.
        trust: what speaks for it beside that it explains the pixels.
        note: what it decides that a person should know where nothing is asked; mostly nothing.
    """

    title: str
    coding: MaskCoding
    trust: Trust = "shown"
    note: str = ""


def background_first(classes: ClassTable) -> bool:
    """Whether the first class is what is of no other: then 0 is that class and hardly void."""
    first = classes.names[0]
    return first.lower() in BACKGROUND_WORDS or is_void_word(first)


def meanings(values: Sequence[float], names: Sequence[str]) -> str:
    """Values and their classes in words, ``1 is Road, 2 is Water``; of many the first and last."""
    words = [f"{value:g} is {name}" for value, name in zip(values, names, strict=True)]
    return ", ".join(words if len(words) <= _LISTED else [*words[:3], "…", words[-1]])
