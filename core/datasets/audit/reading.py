"""Reading one sample: its image and mask once, with all that is counted in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np

from core.classes import VOID, label_counts
from core.datasets.audit.facts import ImageSignature, Reading, SampleFacts
from core.datasets.audit.forms import form_of
from core.datasets.audit.image_statistics import ImageStatistics, count_labels, image_statistics
from core.datasets.audit.masks import (
    grid_problems,
    size_problem,
    unknown_problems,
    void_counts,
    void_problems,
)
from core.datasets.audit.neighbours import ImageEdges, image_edges
from core.datasets.audit.pixels import (
    digest_of,
    find_gaps,
    image_problems,
    image_signature,
    real_pixels,
)
from core.datasets.audit.problems import Problem
from core.datasets.audit.suspicions.scaling import looks_like_power
from core.datasets.audit.suspicions.swapped import distinct_values, swapped_problems
from core.datasets.dataset import Dataset, Sample
from core.datasets.masks.decode import Mask
from core.datasets.masks.footprints import VECTOR_SUFFIXES
from core.datasets.recipes.fixes import Exclude
from core.errors import DSIError, ImageError
from core.imagery.header import Header, read_header
from core.imagery.raster import Raster

__all__ = ["read_sample"]

_T = TypeVar("_T")


class _Image:
    """What is kept of an image when its pixels have gone."""

    def __init__(self, dataset: Dataset, sample: Sample, raster: Raster, kept: int) -> None:
        pixels, valid = real_pixels(raster.pixels), raster.valid
        # What a training gets: a palette is three bands, an alpha band none.
        self.header: Header = replace(raster.header, bands=pixels.shape[-1])
        self.stats: ImageStatistics | None = image_statistics(
            pixels, valid, self.header.dtype, kept
        )
        gaps = find_gaps(pixels, valid)
        self.problems = image_problems(sample.id, raster, self.stats, gaps)
        self.values = distinct_values(pixels)
        self.gaps: np.ndarray | None = None if valid.all() else ~valid
        self.signature: ImageSignature | None = None
        self.edges: ImageEdges | None = None
        if self.stats is not None:
            limits = _limits(pixels, self.stats)
            self.signature = image_signature(pixels, valid, limits)
            self.edges = image_edges(sample.id, sample.scene, pixels, self.header, limits)
        moved = sample.turned or sample.id in dataset.windows
        self.file_header = read_header(sample.image) if moved else self.header

    @property
    def size(self) -> tuple[int, int]:
        return self.header.height, self.header.width


def _limits(pixels: np.ndarray, stats: ImageStatistics) -> tuple[float, float]:
    if pixels.dtype == np.uint8:
        return 0.0, 255.0
    low, high = np.percentile(stats.values, (1, 99))
    return float(low), float(high)


def read_sample(dataset: Dataset, sample: Sample, kept: int) -> Reading:
    """Read a sample; a broken file is a finding, never an exception.

    Args:
        dataset: as opened.
        sample: which.
        kept: see `image_statistics`.
    """
    problems: list[Problem] = []
    raster = _opened(sample, "image", lambda: dataset.load_image(sample), problems)
    image = _Image(dataset, sample, raster, kept) if raster else None
    del raster  # one picture at a time: the mask comes now
    if image:
        problems += image.problems
    reading = Reading(
        facts=_facts(sample, image),
        problems=(),
        form=form_of(sample.image) if image else "",
        power=image is not None and image.stats is not None and looks_like_power(image.stats),
        signature=image.signature if image else None,
        edges=image.edges if image else None,
        stats=image.stats if image else None,
    )
    mask = None
    if sample.mask is not None and (image or sample.mask.suffix.lower() not in VECTOR_SUFFIXES):
        header = image.file_header if image else None
        mask = _opened(sample, "mask", lambda: dataset.read_mask(sample, header), problems)
    if mask is None:
        return replace(reading, problems=tuple(problems))
    labels = mask.labels
    if swapped := _swapped(sample, image, mask):
        return replace(reading, problems=(*problems, *swapped))
    problems += unknown_problems(dataset, sample, mask)
    reading = replace(reading, unknown=mask.unknown, void_colors=void_counts(dataset, sample, mask))
    if image is None:
        return replace(reading, problems=tuple(problems))
    if labels.shape != image.size:
        problems.append(size_problem(sample, image.size, labels, image.gaps))
        return replace(reading, problems=tuple(problems))
    problems += grid_problems(sample, image.file_header, mask)
    unlabelled = int(np.count_nonzero(labels == VOID))
    if image.gaps is not None:
        labels[image.gaps] = VOID
    counts = label_counts(labels)
    facts = replace(
        reading.facts,
        pixels_per_class={n: int(counts[i]) for i, n in enumerate(dataset.classes.names)},
        void_pixels=int(counts[VOID]),
    )
    problems += void_problems(sample, unlabelled, int(counts[VOID]), labels.size)
    stats = reading.stats
    if stats is not None:
        stats = replace(stats, labels=count_labels(labels, len(dataset.classes)))
    signature = reading.signature
    if signature is not None:
        signature = replace(signature, labels=digest_of(labels))
    return replace(reading, facts=facts, problems=tuple(problems), stats=stats, signature=signature)


def _opened(
    sample: Sample, what: str, read: Callable[[], _T], problems: list[Problem]
) -> _T | None:
    try:
        return read()
    except DSIError as error:
        problems.append(_unreadable(sample, what, error))
    except OSError as error:
        refused = ImageError(
            f"the file cannot be opened ({error.strerror})", remedy="check its permissions"
        )
        problems.append(_unreadable(sample, what, refused))
    return None


def _unreadable(sample: Sample, what: str, error: DSIError) -> Problem:
    path = sample.image if what == "image" else sample.mask
    name = path.name if path else ""
    detail = f"{what} {name}: {error.what}"
    return Problem("unreadable", sample.id, detail, "error", error.remedy, (Exclude(sample.id),))


def _swapped(sample: Sample, image: _Image | None, mask: Mask) -> list[Problem]:
    if image is None or image.signature is None:
        return []
    return list(swapped_problems(sample, image.signature.digest, image.values, mask))


def _facts(sample: Sample, image: _Image | None) -> SampleFacts:
    if image is None:
        return SampleFacts(sample.id, sample.scene)
    header, stats = image.header, image.stats
    mean, std = (stats.mean, stats.std) if stats is not None else (np.zeros(0), np.zeros(0))
    place = header.georeference
    return SampleFacts(
        id=sample.id,
        scene=sample.scene,
        width=header.width,
        height=header.height,
        bands=header.bands,
        dtype=header.dtype,
        gaps=0 if image.gaps is None else int(np.count_nonzero(image.gaps)),
        crs=str(place.crs or "no reference system") if place else "",
        pixel_size=(
            (
                float(np.hypot(place.transform.a, place.transform.d)),
                float(np.hypot(place.transform.b, place.transform.e)),
            )
            if place
            else None
        ),
        named_bands=header.named_bands,
        scaling=tuple(dict.fromkeys(header.scaling)),
        band_mean=tuple(mean.tolist()),
        band_std=tuple(std.tolist()),
    )
