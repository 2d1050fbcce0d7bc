"""Buildings of an evaluation as objects: which are hit or missed, and which are false alarms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from core.classes import VOID
from core.datasets.dataset import Dataset, Sample
from core.datasets.masks.footprints import (
    VECTOR_SUFFIXES,
    footprint_labels,
    read_footprints,
)
from core.errors import ConfigError
from core.evaluation.kept.pictures import ScoredSample, open_scored
from core.evaluation.kept.plan import EvaluationPlan
from core.evaluation.kept.store import KeptEvaluation
from core.evaluation.spacenet.polygons import Proposal
from core.evaluation.spacenet.score import Matches, Pairs, pair_buildings
from core.imagery.header import read_header
from core.paths import write_json
from core.untrusted.model_file import read_model_file

__all__ = [
    "BuildingObjects",
    "BuildingScores",
    "ObjectSettings",
    "PlacedObject",
    "building_label",
    "building_objects",
    "outcome_map",
    "read_building_scores",
    "score_buildings",
    "write_building_scores",
]

_FILE = "buildings.json"
_MOST = 2_000  # misses, and false alarms, that are listed
_WORDS = ("building", "buildings", "house", "houses", "footprint", "footprints")


class ObjectSettings(BaseModel):
    """What counts as a building, and as a hit.

    Attributes:
        label: of the buildings, in the model's class table.
        min_iou: a hit overlaps a building by more.
        min_area: buildings of at least so many square pixels count, and proposals of more.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    label: int = Field(ge=0, lt=VOID)
    min_iou: float = Field(0.5, ge=0, lt=1)
    min_area: float = Field(80.0, ge=0)


class PlacedObject(BaseModel):
    """A building that is missed, or a proposal that is a false alarm.

    Attributes:
        outcome: which of the two.
        sample: number of the sample.
        x, y, width, height: its box in the sample, in whole pixels.
        area: in square pixels.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    outcome: Literal["miss", "false alarm"]
    sample: int = Field(ge=0)
    x: int = Field(ge=0)
    y: int = Field(ge=0)
    width: int = Field(ge=1)
    height: int = Field(ge=1)
    area: float = Field(ge=0)


class BuildingScores(BaseModel):
    """The content of `buildings.json`.

    Attributes:
        settings: how objects were counted.
        footprints: whether the truth is outlines of vector files; else connected pixels of masks,
            in which buildings that touch are one.
        samples: of each sample the hits, false alarms and misses.
        objects: the largest misses and false alarms, the largest first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    settings: ObjectSettings
    footprints: bool
    samples: tuple[tuple[int, int, int], ...]
    objects: tuple[PlacedObject, ...] = Field(max_length=2 * _MOST)

    @property
    def total(self) -> Matches:
        """The counts summed over all samples."""
        counts = np.array(self.samples, np.int64).reshape(-1, 3).sum(axis=0)
        return Matches(*counts.tolist())

    def of_sample(self, number: int) -> Matches:
        """The counts of one sample."""
        return Matches(*self.samples[number])


class BuildingObjects(NamedTuple):
    """The buildings of one sample and the model's, as shapely polygons in its pixels."""

    truth: tuple[Any, ...]
    proposals: tuple[Proposal, ...]
    pairs: Pairs


def building_label(names: Sequence[str]) -> int | None:
    """The class that is called as buildings are; None where none is."""
    folded = [name.casefold() for name in names]
    return next((folded.index(word) for word in _WORDS if word in folded), None)


def building_objects(
    plan: EvaluationPlan, number: int, scored: ScoredSample, settings: ObjectSettings
) -> BuildingObjects:
    """The buildings of a sample, and which of them the model hits.

    The model's are the connected pixels (4 neighbours) of its class, without what lies on void. The
    truth's are the polygons of the sample's footprints where it has such, of which at most half
    lies on void, and else connected pixels of its mask: buildings that touch are one there.

    Args:
        plan: `plan_again` of the evaluation.
        number: of the sample.
        scored: the sample.
        settings: what counts.

    Raises:
        DatasetError: the footprints cannot be read.
        ConfigError: a setting is outside of its limits.
    """
    labels = scored.image.labels
    known = np.where(labels == VOID, np.uint8(VOID), scored.prediction)
    sample = plan.samples[number]
    if has_footprints(sample):
        name = plan.record.classes.names[settings.label]
        truth = _footprints(plan.dataset, sample, name, labels.shape)
        truth = _labelled(truth, labels)
    else:
        truth = _regions(labels == settings.label)
    proposals = tuple(Proposal(polygon) for polygon in _regions(known == settings.label))
    pairs = pair_buildings(truth, proposals, min_iou=settings.min_iou, min_area=settings.min_area)
    return BuildingObjects(tuple(truth), proposals, pairs)


def has_footprints(sample: Sample) -> bool:
    """Whether the truth of a sample is outlines of a vector file."""
    return sample.mask is not None and sample.mask.suffix.lower() in VECTOR_SUFFIXES


def _regions(pixels: np.ndarray) -> list[Any]:
    """Outlines of connected pixels (H, W) bool, as shapely polygons."""
    from rasterio.features import shapes
    from shapely.geometry import shape

    own = pixels.astype(np.uint8)
    return [shape(outline) for outline, _ in shapes(own, mask=pixels, connectivity=4)]


def _footprints(dataset: Dataset, sample: Sample, name: str, size: tuple[int, int]) -> list[Any]:
    """The outlines of a class on the sample as it is used: turned, cut, within its frame."""
    import shapely
    from shapely.affinity import affine_transform

    assert sample.mask is not None  # `has_footprints`
    header = read_header(sample.image)
    read = read_footprints(sample.mask, sample.image, header, dataset.coding)
    label = dataset.classes.names.index(name)
    owns = footprint_labels(read, dataset.classes.names, dataset.coding)
    polygons = [p for p, own in zip(read.polygons, owns, strict=True) if own == label]
    if sample.turned:
        turn = [-1, 0, 0, -1, header.width, header.height]
        polygons = [affine_transform(polygon, turn) for polygon in polygons]
    x, y, _, _ = dataset.windows.get(sample.id, (0, 0, 0, 0))
    frame = shapely.box(0, 0, size[1], size[0])
    cut = []
    for polygon in polygons:
        moved = affine_transform(polygon, [1, 0, 0, 1, -x, -y]) if x or y else polygon
        inside = shapely.intersection(shapely.make_valid(moved), frame)
        parts = [p for p in shapely.get_parts(inside) if p.geom_type.endswith("Polygon")]
        if any(part.area for part in parts):
            cut.append(shapely.union_all(parts))
    return cut


def _labelled(polygons: list[Any], labels: np.ndarray) -> list[Any]:
    """Those of which at most half is void."""
    from rasterio.features import rasterize

    void = labels == VOID
    if not polygons or not void.any():
        return polygons
    pairs = [(polygon, number) for number, polygon in enumerate(polygons, 1)]
    drawn = rasterize(pairs, out_shape=labels.shape, dtype=np.int32)
    pixels = np.bincount(drawn.ravel(), minlength=len(polygons) + 1)[1:]
    lost = np.bincount(drawn[void], minlength=len(polygons) + 1)[1:]
    return [p for p, n, gone in zip(polygons, pixels, lost, strict=True) if 2 * gone <= n]


def outcome_map(objects: BuildingObjects, size: tuple[int, int], first: int) -> np.ndarray:
    """The objects drawn as labels: hits and false alarms as proposed, misses as they are.

    Args:
        objects: of a sample.
        size: its height and width.
        first: label of a hit; that of a false alarm and of a miss follow.

    Returns:
        (H, W) uint8, 255 where there is none.
    """
    from rasterio.features import rasterize

    pairs = objects.pairs
    hit = set(pairs.hits.values())
    shapes = [(objects.truth[n], first + 2) for n in pairs.buildings if n not in hit]
    shapes += [
        (objects.proposals[n].polygon, first if n in pairs.hits else first + 1)
        for n in pairs.proposals
    ]
    drawn = np.full(size, VOID, np.uint8)
    if shapes:
        rasterize(shapes, out=drawn)
    return drawn


def score_buildings(
    kept: KeptEvaluation,
    plan: EvaluationPlan,
    settings: ObjectSettings,
    progress: Callable[[int, int], None] | None = None,
) -> BuildingScores:
    """Count the buildings of all samples of an evaluation as objects.

    Args:
        kept: the evaluation.
        plan: `plan_again` of it.
        settings: what counts.
        progress: called with the number of samples done and of all; what it raises ends it.

    Raises:
        ConfigError: the label is none of the model's.
        DatasetError: a sample has gone or has changed since, or its footprints cannot be read.
        ImageError: a file cannot be read.
        WorkspaceError: a prediction is missing or damaged.
    """
    if settings.label >= len(plan.record.classes):
        raise ConfigError(f"the model has no class {settings.label}", remedy="choose another")
    total = len(plan.samples)
    counts, placed = [], []
    for number in range(total):
        if progress:
            progress(number, total)
        scored = open_scored(kept, plan, number)
        objects = building_objects(plan, number, scored, settings)
        made = objects.pairs.counts
        counts.append((made.hits, made.false_alarms, made.misses))
        placed += _placed(objects, number)
        placed = _largest(placed)
    footprints = any(has_footprints(sample) for sample in plan.samples)
    return BuildingScores(
        settings=settings, footprints=footprints, samples=tuple(counts), objects=tuple(placed)
    )


def _placed(objects: BuildingObjects, number: int) -> list[PlacedObject]:
    pairs = objects.pairs
    hit = set(pairs.hits.values())
    lost = [("miss", objects.truth[n]) for n in pairs.buildings if n not in hit]
    lost += [
        ("false alarm", objects.proposals[n].polygon)
        for n in pairs.proposals
        if n not in pairs.hits
    ]
    placed = []
    for outcome, polygon in lost:
        west, north, east, south = polygon.bounds
        x, y = int(max(0, west)), int(max(0, north))
        placed.append(
            PlacedObject.model_validate(
                {
                    "outcome": outcome,
                    "sample": number,
                    "x": x,
                    "y": y,
                    "width": max(1, int(np.ceil(east)) - x),
                    "height": max(1, int(np.ceil(south)) - y),
                    "area": float(polygon.area),
                }
            )
        )
    return placed


def _largest(placed: list[PlacedObject]) -> list[PlacedObject]:
    placed = sorted(placed, key=lambda each: -each.area)
    misses = [each for each in placed if each.outcome == "miss"][:_MOST]
    alarms = [each for each in placed if each.outcome != "miss"][:_MOST]
    return sorted([*misses, *alarms], key=lambda each: -each.area)


def read_building_scores(kept: KeptEvaluation) -> BuildingScores | None:
    """The buildings of an evaluation as objects; None where nobody has counted them.

    Raises:
        WorkspaceError: the file is damaged.
    """
    path = kept.folder / _FILE
    if not path.is_file():
        return None
    remedy = "delete the file, and count them again"
    return read_model_file(path, BuildingScores, "the buildings of the evaluation", remedy)


def write_building_scores(kept: KeptEvaluation, made: BuildingScores) -> None:
    """Replace the buildings of an evaluation.

    Raises:
        WorkspaceError: the disk refuses.
    """
    write_json(kept.folder / _FILE, made.model_dump(mode="json"))
