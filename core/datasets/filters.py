"""Which samples of a dataset are looked at: conditions that combine."""

from __future__ import annotations

from collections.abc import Mapping
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
        sizes: its image has one of these widths and heights, in pixels.
        tags: it has one of these.
    """

    text: str = ""
    scenes: tuple[str, ...] = ()
    mask: Literal["any", "with", "without"] = "any"
    class_name: str = ""
    share: float = 0.0
    flagged: bool = False
    kinds: tuple[str, ...] = ()
    sides: tuple[Side, ...] = ()
    sizes: tuple[tuple[int, int], ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def needs_audit(self) -> bool:
        return bool(self.class_name or self.flagged or self.kinds or self.sizes)


def filter_samples(
    dataset: Dataset,
    chosen: SampleFilter,
    audit: Audit | None = None,
    split: Split | None = None,
    tags: Mapping[str, tuple[str, ...]] | None = None,
) -> tuple[Sample, ...]:
    """The samples that meet all conditions, in the dataset's order.

    Args:
        dataset: as opened.
        chosen: the conditions.
        audit: the audit of the dataset, for conditions on classes, problems and sizes.
        split: for conditions on its sides.
        tags: those of each sample by its id, for conditions on them.

    Raises:
        ConfigError: a condition needs the audit or the split, and there is none.
    """
    if chosen.needs_audit and audit is None:
        raise ConfigError(
            "classes, problems and sizes of the samples are not known yet",
            remedy="run the audit first, or take these conditions off",
        )
    if chosen.sides and split is None:
        raise ConfigError("there is no split", remedy="set one up, or take this condition off")
    words = chosen.text.casefold().split()
    scenes = set(chosen.scenes)
    having = _having(chosen, audit) if audit and chosen.class_name else None
    flagged = _flagged(chosen, audit) if audit and (chosen.flagged or chosen.kinds) else None
    sides = _sides(split) if split and chosen.sides else None
    sized = _sized(chosen, audit) if audit and chosen.sizes else None
    tagged = _tagged(chosen, tags or {}) if chosen.tags else None
    sets = [s for s in (having, flagged, sized, tagged) if s is not None]

    def meets(sample: Sample) -> bool:
        return (
            (not scenes or sample.scene in scenes)
            and (chosen.mask == "any" or (chosen.mask == "with") == (sample.mask is not None))
            and all(sample.id in ids for ids in sets)
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


def _sized(chosen: SampleFilter, audit: Audit) -> set[str]:
    return {facts.id for facts in audit.facts if (facts.width, facts.height) in chosen.sizes}


def _tagged(chosen: SampleFilter, tags: Mapping[str, tuple[str, ...]]) -> set[str]:
    return {sample for sample, own in tags.items() if set(own) & set(chosen.tags)}


def _sides(split: Split) -> dict[str, Side]:
    sides: dict[str, Side] = dict.fromkeys(split.train, "train")
    sides |= dict.fromkeys(split.val, "val")
    sides |= dict.fromkeys(split.test, "test")
    return sides
