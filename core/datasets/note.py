"""What a person should know about a dataset, and how much it matters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Note"]


@dataclass(frozen=True)
class Note:
    """A remark that stands beside a dataset wherever it is shown.

    Attributes:
        text: one or more sentences.
        severity: ``warning`` where the files contradict each other, else ``info``.
    """

    text: str
    severity: Literal["info", "warning"] = "info"
