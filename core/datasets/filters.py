"""Which samples of a dataset are looked at: conditions that combine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.datasets.audit.audit import Audit
from core.datasets.dataset import Dataset, Sample
from core.datasets.recipes.splits import Split
from core.errors import ConfigError

__all__ = ["SIDES", "SampleFilter", "Side", "filter_samples"]

Side = Literal["train", "val", "test", "none"]
SIDES: tuple[Side, ...] = ("train", "val", "test", "none")
"""The sides of a split, and ``none`` for samples that are on no side: left out, or no mask."""


@dataclass(frozen=True)
class SampleFilter:
    """Conditions a sample must meet, all of them; what is empty is no condition.

    Attributes:
        text: in the sample's id, without regard to capitals; of several words all.
        scenes: it belongs to one of these.
        mask: whether it has a mask file.
        class_name: it has this class in at least `share` of its pixels, 0 to 1, void included.
        flagged: it has an error or a warning of any kind.
        kinds: it has a problem of one of these kinds, or is the other sample of one.
        sides: of the split.
    """

    text: str = ""
    scenes: tuple[str, ...] = ()
    mask: Literal["any", "with", "without"] = "any"
    class_name: str = ""
    share: float = 0.0
    flagged: bool = False
    kinds: tuple[str, ...] = ()
    sides: tuple[Side, ...] = ()

    @property
    def needs_audit(self) -> bool:
        return bool(self.class_name or self.flagged or self.kinds)


def filter_samples(
    dataset: Dataset,
    chosen: SampleFilter,
    audit: Audit | None = None,
    split: Split | None = None,
) -> tuple[Sample, ...]:
    """The samples that meet all conditions, in the dataset's order.

    Args:
        dataset: as opened.
        chosen: the conditions.
        audit: the audit of the dataset, for conditions on classes and problems.
        split: for conditions on its sides.

    Raises:
        ConfigError: a condition needs the audit or the split, and there is none.
    """
    if chosen.needs_audit and audit is None:
        raise ConfigError(
            "classes and problems of the samples are not known yet",
            remedy="run the audit first, or take these conditions off",
        )
    if chosen.sides and split is None:
        raise ConfigError("there is no split", remedy="set one up, or take this condition off")
    words = chosen.text.casefold().split()
    scenes = set(chosen.scenes)
    having = _having(chosen, audit) if audit and chosen.class_name else None
    flagged = _flagged(chosen, audit) if audit and (chosen.flagged or chosen.kinds) else None
    sides = _sides(split) if split and chosen.sides else None

    def meets(sample: Sample) -> bool:
        return (
            (not scenes or sample.scene in scenes)
            and (chosen.mask == "any" or (chosen.mask == "with") == (sample.mask is not None))
            and (having is None or sample.id in having)
            and (flagged is None or sample.id in flagged)
            and (sides is None or sides.get(sample.id, "none") in chosen.sides)
            and (not words or all(word in sample.id.casefold() for word in words))
        )

    return tuple(sample for sample in dataset.samples if meets(sample))


def _having(chosen: SampleFilter, audit: Audit) -> set[str]:
    """Samples whose mask has enough of the class."""
    enough = set()
    for facts in audit.facts:
        pixels = sum(facts.pixels_per_class.values()) + facts.void_pixels
        count = facts.pixels_per_class.get(chosen.class_name, 0)
        if pixels and count >= chosen.share * pixels:
            enough.add(facts.id)
    return enough


def _flagged(chosen: SampleFilter, audit: Audit) -> set[str]:
    """Samples with such a problem; either condition is enough where both are there."""
    flagged = set(audit.flagged) if chosen.flagged else set()
    for problem in audit.problems:
        if problem.kind in chosen.kinds:
            flagged |= {problem.sample, problem.other}
    return flagged


def _sides(split: Split) -> dict[str, Side]:
    sides: dict[str, Side] = dict.fromkeys(split.train, "train")
    sides |= dict.fromkeys(split.val, "val")
    sides |= dict.fromkeys(split.test, "test")
    return sides
