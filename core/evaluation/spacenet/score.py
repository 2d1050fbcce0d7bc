"""The SpaceNet score: buildings as objects, hit by proposals of enough overlap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.errors import ConfigError, DatasetError
from core.evaluation.spacenet.polygons import Proposal
from core.formats import counted

__all__ = ["Matches", "Pairs", "match_buildings", "pair_buildings", "spacenet_score"]


@dataclass(frozen=True)
class Matches:
    """Proposals and buildings of one image, or counts of several.

    Attributes:
        hits: proposals that hit a building.
        false_alarms: proposals that hit none.
        misses: buildings that no proposal hits.
    """

    hits: int
    false_alarms: int
    misses: int

    @property
    def precision(self) -> float | None:
        """Share of the proposals that hit; None without any."""
        return _ratio(self.hits, self.hits + self.false_alarms)

    @property
    def recall(self) -> float | None:
        """Share of the buildings that are hit; None without any."""
        return _ratio(self.hits, self.hits + self.misses)

    @property
    def f1(self) -> float | None:
        """Harmonic mean of the two; None where there is neither a proposal nor a building."""
        return _ratio(2 * self.hits, 2 * self.hits + self.false_alarms + self.misses)

    @property
    def text(self) -> str:
        """The counts, as in "5 hits, 1 false alarm, 3 misses"."""
        return (
            f"{counted(self.hits, 'hit')}, {counted(self.false_alarms, 'false alarm')}, "
            f"{counted(self.misses, 'miss', 'misses')}"
        )

    def summary(self) -> dict[str, Any]:
        """The scores as they stand in the contract's JSON."""
        return {
            "f1": self.f1,
            "precision": self.precision,
            "recall": self.recall,
            "true_positives": self.hits,
            "false_positives": self.false_alarms,
            "false_negatives": self.misses,
        }


@dataclass(frozen=True)
class Pairs:
    """Which proposal of an image hits which building.

    Attributes:
        buildings: places of the buildings that are large enough to count.
        proposals: places of the proposals that are, by falling confidence.
        hits: by the place of a proposal that of the building it hits.
    """

    buildings: tuple[int, ...]
    proposals: tuple[int, ...]
    hits: Mapping[int, int]

    @property
    def counts(self) -> Matches:
        """How many hit, and how many do not."""
        hits = len(self.hits)
        return Matches(hits, len(self.proposals) - hits, len(self.buildings) - hits)


def match_buildings(
    truth: Sequence[Any],
    proposals: Sequence[Proposal],
    *,
    min_iou: float = 0.5,
    min_area: float = 80,
) -> Matches:
    """How many proposals of one image hit its buildings: the counts of `pair_buildings`.

    Raises:
        ConfigError: as of `pair_buildings`.
    """
    return pair_buildings(truth, proposals, min_iou=min_iou, min_area=min_area).counts


def pair_buildings(
    truth: Sequence[Any],
    proposals: Sequence[Proposal],
    *,
    min_iou: float = 0.5,
    min_area: float = 80,
) -> Pairs:
    """Match the proposals of one image with its buildings, as solaris does
    (``eval_iou_spacenet_csv``).

    Buildings of at least `min_area` count, and proposals of more. Proposals come by falling
    confidence, of equal ones in their order; each takes the building that it overlaps best of those
    that are still free, of equal ones the first, and hits it if their IoU is above `min_iou`. A
    building that was hit is used up. A proposal that meets only a building that is too small is a
    false alarm.

    Args:
        truth: shapely polygons in pixels.
        proposals: polygons with confidences.
        min_iou: 0 to below 1.
        min_area: in square pixels, from 0.

    Raises:
        ConfigError: a setting is outside of these.
    """
    import shapely

    if not 0 <= min_iou < 1 or not 0 <= min_area < float("inf"):
        raise ConfigError(
            f"expected an IoU from 0 to below 1 and an area from 0, received {min_iou} and "
            f"{min_area}",
            remedy="0.5 and 80 are those of the SpaceNet challenges",
        )
    counted = [place for place, polygon in enumerate(truth) if polygon.area >= min_area]
    buildings = [truth[place] for place in counted]
    tried = [n for n, proposal in enumerate(proposals) if proposal.polygon.area > min_area]
    tried.sort(key=lambda place: -proposals[place].confidence)  # a stable sort
    free = np.ones(len(buildings), bool)
    tree = shapely.STRtree(buildings)
    hits: dict[int, int] = {}
    for place in tried:
        polygon = proposals[place].polygon
        # In the file's order: of two that are overlapped alike the first is taken.
        near = np.sort(tree.query(polygon, predicate="intersects"))
        near = near[free[near]]
        if not len(near):
            continue
        shapes = np.array(buildings, object)[near]
        shared = shapely.area(shapely.intersection(shapes, polygon))
        ious = shared / (shapely.area(shapes) + polygon.area - shared)
        best = int(np.argmax(ious))
        if ious[best] > min_iou:
            free[near[best]] = False
            hits[place] = counted[near[best]]
    return Pairs(tuple(counted), tuple(tried), hits)


def spacenet_score(
    truth: Mapping[str, Sequence[Proposal]],
    proposals: Mapping[str, Sequence[Proposal]],
    *,
    min_iou: float = 0.5,
    min_area: float = 80,
) -> tuple[Matches, dict[str, Matches]]:
    """The counts summed over all images, and those of each.

    An image of either side counts: what is proposed for one that the truth does not list is a
    false alarm.

    Args:
        truth: buildings by image id.
        proposals: proposals by image id.
        min_iou, min_area: as for `match_buildings`.

    Raises:
        ConfigError: a setting is outside of its limits.
        DatasetError: no image is in both.
    """
    if not truth.keys() & proposals.keys():
        first = [next(iter(names), "none") for names in (truth, proposals)]
        raise DatasetError(
            "no image is in both tables",
            remedy=f"give both the same ImageId; the first of the truth is {first[0]!r}, of the "
            f"proposals {first[1]!r}",
        )
    per_image = {
        image: match_buildings(
            [building.polygon for building in truth.get(image, ())],
            proposals.get(image, ()),
            min_iou=min_iou,
            min_area=min_area,
        )
        for image in dict.fromkeys((*truth, *proposals))
    }
    every = per_image.values()
    total = Matches(
        sum(m.hits for m in every), sum(m.false_alarms for m in every), sum(m.misses for m in every)
    )
    return total, per_image


def _ratio(numerator: int, denominator: int) -> float | None:
    return numerator / denominator if denominator else None
