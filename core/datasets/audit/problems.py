"""What an audit finds: one row a finding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from core.datasets.recipes.fixes import Action
from core.imagery.window import Window

__all__ = ["KINDS", "ORDER", "Problem", "ProblemKind", "Severity"]

Severity = Literal["error", "warning", "info"]

ORDER: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2}


class ProblemKind(NamedTuple):
    """A kind of finding, in words.

    Attributes:
        title: its name on the screen.
        meaning: what it is.
    """

    title: str
    meaning: str


KINDS: dict[str, ProblemKind] = {
    "unreadable": ProblemKind(
        "Unreadable file", "a file that is missing, damaged, too large or of another kind"
    ),
    "tiny-image": ProblemKind("Tiny image", "an image smaller than a training crop can be"),
    "file-form": ProblemKind(
        "File form", "a form of file that is read in a way one should know of"
    ),
    "missing-mask": ProblemKind("Missing mask", "an image without a mask"),
    "unpaired-names": ProblemKind(
        "Names do not pair", "images and masks whose names do not say which belong together"
    ),
    "orphan-mask": ProblemKind("Mask without image", "a mask without an image"),
    "size-mismatch": ProblemKind("Sizes differ", "image and mask differ in size"),
    "mask-grid": ProblemKind("Grids differ", "image and mask differ in reference system or place"),
    "unknown-colour": ProblemKind("Unknown value", "values in a mask that are in no class"),
    "void-colour": ProblemKind(
        "Undocumented void colour", "a colour that counts as void though no list names it"
    ),
    "class-table": ProblemKind("Class table disagrees", "the class list and the masks disagree"),
    "unused-class": ProblemKind("Unused class", "a class that no mask has"),
    "class-imbalance": ProblemKind("Class imbalance", "a class with hardly any pixels"),
    "all-void": ProblemKind("Nothing labelled", "a mask in which nothing is labelled"),
    "void-share": ProblemKind("Little labelled", "a mask in which little is labelled"),
    "no-data": ProblemKind("No data", "parts of an image without data"),
    "empty": ProblemKind("Empty image", "an image without data, or with hardly any content"),
    "constant": ProblemKind("Constant image", "an image of one value"),
    "duplicate": ProblemKind("Duplicate", "the same picture twice"),
    "near-duplicate": ProblemKind("Near duplicate", "all but the same picture twice"),
    "outlier": ProblemKind("Outlier", "an image whose values are unlike the others'"),
    "mosaic": ProblemKind("Mosaic", "images that touch or overlap, within a scene"),
    "touching-scenes": ProblemKind(
        "Touching scenes", "images of different scenes that touch or overlap"
    ),
    "fill-value": ProblemKind(
        "Fill value", "a value without a tag that stands for no data and is read as such"
    ),
    "mixed-scaling": ProblemKind("Mixed scaling", "images whose values are in different units"),
    "linear-power": ProblemKind("Linear power", "radar that looks like power, not decibel"),
    "mask-is-image": ProblemKind("Mask is an image", "image and mask are the same, or swapped"),
    "band-files": ProblemKind("Bands in files", "the bands of an image in files of their own"),
    "skipped-entry": ProblemKind(
        "Passed over", "a file or folder that cannot be looked at, or has a name that is no text"
    ),
    "mixed-bands": ProblemKind("Mixed bands", "images with other bands or another type than most"),
    "mixed-crs": ProblemKind(
        "Mixed reference systems", "images in another reference system than most"
    ),
    "mixed-resolution": ProblemKind("Mixed resolution", "images with another pixel size than most"),
}
"""Every kind of finding, by the code that ``audit --json`` gives."""


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
        values: values of the mask it is about, as `decode_mask` names them.
    """

    kind: str
    sample: str
    detail: str
    severity: Severity
    fix: str
    actions: tuple[Action, ...] = ()
    window: Window | None = None
    other: str = ""
    values: tuple[str, ...] = ()

    def to_json(self) -> dict[str, str]:
        """The five texts of ``python -m core audit --json``."""
        return {
            "kind": self.kind,
            "sample": self.sample,
            "detail": self.detail,
            "severity": self.severity,
            "fix": self.fix,
        }
