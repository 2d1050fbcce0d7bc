"""Files that are read by no layout: which they are, and what to do."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Unread"]


@dataclass(frozen=True)
class Unread:
    """Files of one form that no layout reads.

    Attributes:
        what: a sentence without its end: the first file and its form.
        remedy: how images or labels that can be read are made of them.
    """

    what: str
    remedy: str
