"""Audit: read every image and mask of a dataset once, count its pixels, and list what is wrong."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from core.datasets.audit.compare import grid_differences, mixed_bands, outliers
from core.datasets.audit.duplicates import duplicate_problems
from core.datasets.audit.facts import Reading, SampleFacts
from core.datasets.audit.forms import form_problems
from core.datasets.audit.mosaics import mosaic_problems
from core.datasets.audit.neighbours import Pair, find_neighbours
from core.datasets.audit.partners import partner_problems
from core.datasets.audit.problems import ORDER, Problem
from core.datasets.audit.reading import read_sample
from core.datasets.audit.statistics import (
    Statistics,
    StatisticsBuilder,
    pixels_per_sample,
)
from core.datasets.audit.suspicions.band_files import band_file_problems
from core.datasets.audit.suspicions.scaling import linear_power, scaling_problems
from core.datasets.audit.tables import (
    balance_problems,
    soft_value_problems,
    table_problems,
    void_colour_problems,
)
from core.datasets.dataset import Dataset
from core.untrusted.folder import skipped_below

__all__ = ["Audit", "audit"]

# Whose values are unlike the others' for that reason, or of too few pixels to tell.
_WITHOUT = ("constant", "empty", "mask-is-image", "no-data", "tiny-image")
_UNLABELLED = ("unknown-colour", "all-void", "void-share")  # what unknown values of a mask make
_DEPTH = 4  # folders below the dataset's that are looked into for what is passed over
_AHEAD = 4  # samples a thread may be ahead of the slowest one


@dataclass(frozen=True)
class Audit:
    """The state of a dataset; pixels are counted over all samples whose mask fits its image.

    Attributes:
        facts: in the order of the dataset's samples.
        problems: errors first.
        statistics: bands, classes side by side and in the frame.
        neighbours: samples that touch or overlap, each pair once.
        notes: how the dataset is read, where that was decided.
    """

    layout: str
    classes: tuple[str, ...]
    facts: tuple[SampleFacts, ...]
    problems: tuple[Problem, ...]
    statistics: Statistics
    neighbours: tuple[Pair, ...]
    notes: tuple[str, ...] = ()

    @property
    def pixels_per_class(self) -> dict[str, int]:
        return {
            name: sum(f.pixels_per_class.get(name, 0) for f in self.facts) for name in self.classes
        }

    @property
    def void_pixels(self) -> int:
        return sum(f.void_pixels for f in self.facts)

    @property
    def labelled_share(self) -> float:
        """Labelled pixels of all pixels that have a mask, 0 to 1; 0 without any."""
        labelled = sum(self.pixels_per_class.values())
        return labelled / max(1, labelled + self.void_pixels)

    @property
    def flagged(self) -> frozenset[str]:
        """Ids of the samples with an error or a warning."""
        return frozenset(p.sample for p in self.problems if p.sample and p.severity != "info")

    def to_json(self) -> dict[str, Any]:
        """The answer of ``python -m core audit --json``."""
        return {
            "layout": self.layout,
            "samples": len(self.facts),
            "scenes": len({f.scene for f in self.facts}),
            "classes": list(self.classes),
            "pixels_per_class": self.pixels_per_class,
            "void_pixels": self.void_pixels,
            "problems": [problem.to_json() for problem in self.problems],
        }


def audit(dataset: Dataset, progress: Callable[[int, int], None] | None = None) -> Audit:
    """Read all of a dataset and say what is wrong with it.

    Two to four threads read, each with one sample in memory. A broken file is a row in the answer,
    never an exception. What `progress` raises ends the audit.

    Args:
        dataset: as opened.
        progress: called with (samples done, samples in all) after each one, in this thread.
    """
    statistics_builder = StatisticsBuilder(len(dataset.classes))
    readings: list[Reading] = []
    for reading in _read_all(dataset):
        if reading.stats is not None:
            statistics_builder.add(reading.stats)
        # Summed up: what is kept of a sample does not grow with its pixels.
        readings.append(replace(reading, stats=None))
        if progress:
            progress(len(readings), len(dataset.samples))
    statistics = statistics_builder.result()
    neighbours = find_neighbours([r.edges for r in readings if r.edges is not None])
    problems = sorted(
        _problems(dataset, readings, statistics, neighbours),
        key=lambda problem: ORDER[problem.severity],  # stable: the order within stays
    )
    return Audit(
        layout=dataset.layout,
        classes=dataset.classes.names,
        facts=tuple(reading.facts for reading in readings),
        problems=tuple(problems),
        statistics=statistics,
        neighbours=neighbours,
        notes=tuple(note.text for note in dataset.notes),
    )


def _read_all(dataset: Dataset) -> Iterator[Reading]:
    """Readings in the order of the samples, a few of them ahead of what is asked for."""
    workers = min(4, max(2, os.cpu_count() or 2))
    kept = pixels_per_sample(len(dataset.samples))
    pool = ThreadPoolExecutor(max_workers=workers)
    waiting: deque[Future[Reading]] = deque()
    try:
        for sample in dataset.samples:
            waiting.append(pool.submit(read_sample, dataset, sample, kept))
            if len(waiting) > workers * _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _problems(
    dataset: Dataset,
    readings: list[Reading],
    statistics: Statistics,
    neighbours: tuple[Pair, ...],
) -> Iterator[Problem]:
    """All findings: about the dataset, about samples beside others, about single samples."""
    facts = [reading.facts for reading in readings]
    overlapping = [(pair.one, pair.other) for pair in neighbours if pair.how == "bounds"]
    soft = soft_value_problems(dataset, readings)
    yield from soft or table_problems(dataset, readings)
    yield from void_colour_problems(dataset, readings)
    if not soft:
        yield from balance_problems(dataset, readings)
    in_bands = list(band_file_problems(facts))
    # Bands have no masks: one finding says why.
    yield from in_bands or partner_problems(dataset)
    for skipped in skipped_below(dataset.root, _DEPTH):
        fix = "rename it, remove it, or give the right to read it; nothing in it is used"
        yield Problem("skipped-entry", "", skipped.text, "warning", fix)
    yield from mixed_bands(facts)
    yield from grid_differences(facts)
    odd = {p.sample for r in readings for p in r.problems if p.kind in _WITHOUT}
    scaling = list(scaling_problems(facts, odd))
    yield from scaling
    yield from linear_power([r.facts.id for r in readings if r.power], len(readings))
    for reading in readings:
        # What one finding says of all masks is not said of each again.
        said = _UNLABELLED if soft and reading.unknown else ()
        yield from (problem for problem in reading.problems if problem.kind not in said)
    yield from duplicate_problems(readings, overlapping)
    odd |= {p.sample for p in scaling}
    yield from outliers([f for f in facts if f.id not in odd], _span(statistics))
    yield from mosaic_problems(facts, neighbours)
    yield from form_problems([(r.facts.id, r.form) for r in readings])


def _span(statistics: Statistics) -> float:
    """The range of values: of 8-bit images the whole, else what most of the pixels have."""
    if statistics.dtype == "uint8" or not statistics.bands:
        return 255.0
    return 4 * max(band.std for band in statistics.bands)
