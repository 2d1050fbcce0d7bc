"""What an audit finds: one row a finding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.datasets.recipes.fixes import Action
from core.imagery.window import Window

__all__ = ["KINDS", "ORDER", "Problem", "Severity"]

Severity = Literal["error", "warning", "info"]

ORDER: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2}

KINDS: dict[str, str] = {
    "unreadable": "a file that is missing, damaged, too large or of another kind",
    "tiny-image": "an image smaller than a training crop can be",
    "file-form": "a form of file that is read in a way one should know of",
    "missing-mask": "an image without a mask",
    "orphan-mask": "a mask without an image",
    "size-mismatch": "image and mask differ in size",
    "mask-grid": "image and mask differ in reference system or place",
    "unknown-colour": "values in a mask that are in no class",
    "void-colour": "a colour that counts as void though no list names it",
    "class-table": "the class list and the masks disagree",
    "unused-class": "a class that no mask has",
    "class-imbalance": "a class with hardly any pixels",
    "all-void": "a mask in which nothing is labelled",
    "void-share": "a mask in which little is labelled",
    "no-data": "parts of an image without data",
    "empty": "an image without data, or with hardly any content",
    "constant": "an image of one value",
    "duplicate": "the same picture twice",
    "near-duplicate": "all but the same picture twice",
    "outlier": "an image whose values are unlike the others'",
    "mosaic": "images that touch or overlap, within a scene",
    "touching-scenes": "images of different scenes that touch or overlap",
    "mixed-bands": "images with other bands or another type than most",
    "mixed-crs": "images in another reference system than most",
    "mixed-resolution": "images with another pixel size than most",
}
"""Every kind of finding, in words."""


@dataclass(frozen=True)
class Problem:
    """One finding.

    Attributes:
        kind: one of `KINDS`.
        sample: the sample's id; empty where it is about the whole dataset.
        detail: the fact.
        severity: ``error`` keeps the sample from being trained on, ``warning`` harms a result,
            ``info`` is good to know.
        fix: what to do.
        actions: what of that can go into a recipe, the most fitting first; alternatives.
        window: the place in the sample's image, or None for all of it.
        other: the second sample, where two are concerned.
    """

    kind: str
    sample: str
    detail: str
    severity: Severity
    fix: str
    actions: tuple[Action, ...] = ()
    window: Window | None = None
    other: str = ""

    def to_json(self) -> dict[str, str]:
        """The five texts of ``python -m core audit --json``."""
        return {
            "kind": self.kind,
            "sample": self.sample,
            "detail": self.detail,
            "severity": self.severity,
            "fix": self.fix,
        }
