"""Audit: read every image and mask of a dataset once, count its pixels, and list what is wrong."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, TypeVar

import numpy as np

from core.classes import VOID, ClassTable, hex_to_rgb, pack_rgb
from core.datasets.dataset import Dataset, Mask, Sample
from core.datasets.dubai import class_file_colors
from core.datasets.footprints import VECTOR_SUFFIXES
from core.errors import DSIError, ImageError
from core.imagery.raster import IMAGE_SUFFIXES, Header

__all__ = ["Audit", "Problem", "SampleFacts", "Severity", "audit"]

Severity = Literal["error", "warning", "info"]

_T = TypeVar("_T")

_LISTED = 3  # unknown values of one mask that get a row each; the others share one
_MOSTLY_VOID = 0.5  # share from which a sample is worth a warning
_UNDOCUMENTED = 0.01  # share of an undocumented void colour from which it is more than a remark
_ORDER = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True)
class Problem:
    """One finding.

    Attributes:
        kind: ``unreadable``, ``size-mismatch``, ``unknown-colour``, ``void-share``,
            ``void-colour``, ``class-table``, ``unused-class``, ``missing-mask``, ``orphan-mask``
            or ``mixed-bands``.
        sample: the sample's id; empty where it is about the whole dataset.
        detail: the fact.
        severity: ``error`` keeps the sample from being trained on, ``warning`` harms a result,
            ``info`` is good to know.
        fix: what to do.
    """

    kind: str
    sample: str
    detail: str
    severity: Severity
    fix: str


@dataclass(frozen=True)
class SampleFacts:
    """What was found in one sample.

    Attributes:
        width, height, bands, dtype: of the image; 0 and empty where it cannot be read.
        pixels_per_class: labelled pixels by class name; empty without a usable mask.
        void_pixels: pixels of the mask that are not labelled, or without data in the image.
    """

    id: str
    scene: str
    width: int = 0
    height: int = 0
    bands: int = 0
    dtype: str = ""
    pixels_per_class: Mapping[str, int] = field(default_factory=dict)
    void_pixels: int = 0

    @property
    def usable(self) -> bool:
        """Whether it has a mask that fits."""
        return bool(self.pixels_per_class) or self.void_pixels > 0


@dataclass(frozen=True)
class Audit:
    """The state of a dataset; pixels are counted over all samples whose mask fits its image."""

    layout: str
    classes: tuple[str, ...]
    facts: tuple[SampleFacts, ...]
    problems: tuple[Problem, ...]

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

    def to_json(self) -> dict[str, Any]:
        """The answer of ``python -m core audit --json``."""
        return {
            "layout": self.layout,
            "samples": len(self.facts),
            "scenes": len({f.scene for f in self.facts}),
            "classes": list(self.classes),
            "pixels_per_class": self.pixels_per_class,
            "void_pixels": self.void_pixels,
            "problems": [asdict(problem) for problem in self.problems],
        }


@dataclass(frozen=True)
class _Reading:
    """A sample's facts and problems, and what only the whole dataset can judge."""

    facts: SampleFacts
    problems: tuple[Problem, ...]
    unknown: Mapping[str, int] = field(default_factory=dict)
    void_colors: Mapping[str, int] = field(default_factory=dict)


def audit(dataset: Dataset, progress: Callable[[int, int], None] | None = None) -> Audit:
    """Read all of a dataset and say what is wrong with it.

    Two to four threads read, each with one sample in memory. A broken file is a row in the answer,
    never an exception. What `progress` raises ends the audit.

    Args:
        dataset: as opened.
        progress: called with (samples done, samples in all) after each one, in this thread.
    """
    samples = dataset.samples
    readings: dict[int, _Reading] = {}
    pool = ThreadPoolExecutor(max_workers=min(4, max(2, os.cpu_count() or 2)))
    try:
        pending = {pool.submit(_read, dataset, sample): i for i, sample in enumerate(samples)}
        for future in as_completed(pending):
            readings[pending[future]] = future.result()
            if progress:
                progress(len(readings), len(samples))
    finally:
        pool.shutdown(cancel_futures=True)
    ordered = [readings[index] for index in range(len(samples))]
    problems = [
        *_class_table(dataset, ordered),
        *_void_colours(dataset, ordered),
        *_without_masks(dataset),
        *_orphans(dataset),
        *_mixed(ordered),
        *(problem for reading in ordered for problem in reading.problems),
    ]
    problems.sort(key=lambda problem: _ORDER[problem.severity])  # stable: the order within stays
    return Audit(
        layout=dataset.layout,
        classes=dataset.classes.names,
        facts=tuple(reading.facts for reading in ordered),
        problems=tuple(problems),
    )


def _read(dataset: Dataset, sample: Sample) -> _Reading:
    problems: list[Problem] = []
    image = _opened(sample, "image", lambda: dataset.load_image(sample), problems)
    # What a training gets: a palette is three bands, an alpha band none.
    header = replace(image.header, bands=image.pixels.shape[-1]) if image else None
    nodata = ~image.valid if image and not image.valid.all() else None
    del image  # one picture at a time: the mask comes now
    mask = None
    if sample.mask is not None and (header or sample.mask.suffix.lower() not in VECTOR_SUFFIXES):
        mask = _opened(sample, "mask", lambda: dataset.read_mask(sample), problems)
    if mask is None:
        return _Reading(_facts(sample, header), tuple(problems))
    labels, unknown = mask.labels, mask.unknown
    problems += _unknown(dataset, sample, mask)
    voids = _void_counts(dataset, mask)
    if header and labels.shape != (header.height, header.width):
        problems.append(
            Problem(
                "size-mismatch",
                sample.id,
                f"the image is {header.width} × {header.height}, its mask "
                f"{labels.shape[1]} × {labels.shape[0]} pixels",
                "error",
                "export the mask again at the image's size, or exclude the sample",
            )
        )
        return _Reading(_facts(sample, header), tuple(problems), unknown, voids)
    if nodata is not None:
        labels[nodata] = VOID
    facts = _facts(sample, header, labels if header else None, dataset.classes)
    share = facts.void_pixels / labels.size
    if share > _MOSTLY_VOID:
        problems.append(
            Problem(
                "void-share",
                sample.id,
                f"{_percent(share)} of the pixels are void (not labelled or no data)",
                "warning",
                "label more of it, or exclude the sample",
            )
        )
    return _Reading(facts, tuple(problems), unknown, voids)


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
    return Problem("unreadable", sample.id, f"{what} {name}: {error.what}", "error", error.remedy)


def _facts(
    sample: Sample,
    header: Header | None,
    labels: np.ndarray | None = None,
    classes: ClassTable | None = None,
) -> SampleFacts:
    counts = np.bincount(labels.ravel(), minlength=256) if labels is not None else None
    return SampleFacts(
        id=sample.id,
        scene=sample.scene,
        width=header.width if header else 0,
        height=header.height if header else 0,
        bands=header.bands if header else 0,
        dtype=header.dtype if header else "",
        pixels_per_class={}
        if counts is None or classes is None
        else {name: int(counts[index]) for index, name in enumerate(classes.names)},
        void_pixels=0 if counts is None else int(counts[VOID]),
    )


def _unknown(dataset: Dataset, sample: Sample, mask: Mask) -> Iterator[Problem]:
    """A row for each of the commonest unknown values, and one for the rest."""
    ordered = sorted(mask.unknown.items(), key=lambda item: -item[1])
    size = mask.labels.size
    fix = (
        'repaint these pixels in a class colour, or add the colour to the classes or to "void" in '
        "classes.json"
        if dataset.coding.kind == "color"
        else "give these pixels a class index or 255 (void), or add classes to classes.json"
    )
    color = dataset.coding.kind == "color"
    pixels = mask.raster.pixels if mask.raster else None
    for name, count in ordered[:_LISTED]:
        here = np.zeros(0, bool)
        if pixels is not None:
            values = pack_rgb(pixels[..., :3]) if color else pixels[..., 0]
            here = values == (int(name[1:], 16) if color else float(name.removeprefix("value ")))
        near = f", nearest class {_nearest(name, dataset.classes)}" if color else ""
        yield Problem(
            "unknown-colour",
            sample.id,
            f"{name} in {count:,} pixels ({_percent(count / size)}){near}{_where(here)}",
            "error",
            fix,
        )
    if rest := ordered[_LISTED:]:
        yield Problem(
            "unknown-colour",
            sample.id,
            f"{len(rest):,} more values outside the class table in "
            f"{sum(count for _, count in rest):,} pixels",
            "error",
            "smoothing and JPEG make such in-between colours: export the mask as PNG, unsmoothed"
            if color
            else fix,
        )


def _where(here: np.ndarray) -> str:
    if not here.any():  # NaN equals nothing, itself included
        return ""
    rows, columns = np.flatnonzero(here.any(axis=1)), np.flatnonzero(here.any(axis=0))
    return f"; within x {columns[0]}–{columns[-1]}, y {rows[0]}–{rows[-1]}"


def _nearest(color: str, classes: ClassTable) -> str:
    distances = np.square(np.array(classes.colors) - hex_to_rgb(color)).sum(axis=1)
    nearest = classes.classes[int(distances.argmin())]
    return f"{nearest.name} {nearest.color}"


def _void_counts(dataset: Dataset, mask: Mask) -> dict[str, int]:
    """Pixels of each void colour of a coloured mask."""
    if mask.raster is None or dataset.coding.kind != "color" or not dataset.coding.void_colors:
        return {}
    packed = pack_rgb(mask.raster.pixels[..., :3])
    return {
        name: int(np.count_nonzero(packed == int(_hex(rgb)[1:], 16)))
        for name, rgb in dataset.coding.void_colors.items()
    }


def _void_colours(dataset: Dataset, readings: list[_Reading]) -> Iterator[Problem]:
    """Colours that are read as void though no class list of the dataset names them."""
    if dataset.layout != "dubai":
        return  # elsewhere the void colours come from the dataset's own classes.json
    documented = set(class_file_colors(dataset.root).values()) | {"#9B9B9B"}
    for name, rgb in dataset.coding.void_colors.items():
        if _hex(rgb) in documented:
            continue
        found = [(r.facts, r.void_colors[name]) for r in readings if r.void_colors.get(name)]
        total = sum(count for _, count in found)
        if not total:
            continue
        by_scene = Counter[str]()
        for facts, count in found:
            by_scene[facts.scene] += count
        scene, most = by_scene.most_common(1)[0]
        everything = sum(r.facts.width * r.facts.height for r in readings)
        yield Problem(
            "void-colour",
            "",
            f"{total:,} pixels ({_percent(total / max(1, everything))}) are {name} {_hex(rgb)}, "
            f"which is in no class list: {_percent(most / total)} of them in {scene}",
            "info",
            "nothing: they count as void and are left out of training and scores",
        )
        for facts, count in found:
            share = count / max(1, facts.width * facts.height)
            yield Problem(
                "void-colour",
                facts.id,
                f"{count:,} pixels ({_percent(share)}) are {name} {_hex(rgb)}, not documented",
                "warning" if share >= _UNDOCUMENTED else "info",
                "look at them in the gallery: label them, or leave them as void",
            )


def _class_table(dataset: Dataset, readings: list[_Reading]) -> Iterator[Problem]:
    """Whether the class list and what the masks are really painted in agree."""
    used = Counter[str]()
    unknown = Counter[str]()
    for reading in readings:
        used.update(reading.facts.pixels_per_class)
        unknown.update(reading.unknown)
    if not used.total() and not unknown.total():
        return
    yield from _wrong_class_file(dataset, used, unknown)
    absent = [land for land in dataset.classes.classes if not used[land.name]]
    if absent and unknown and dataset.coding.kind == "color":
        common = ", ".join(f"{name} ({count:,} px)" for name, count in unknown.most_common(5))
        yield Problem(
            "class-table",
            "",
            f"the masks have no pixel of {_named(absent)}, and have colours that the class table "
            f"does not: {common}",
            "error",
            "correct the colours in classes.json to those in the masks",
        )
    elif absent:
        yield Problem(
            "unused-class",
            "",
            f"the masks have no pixel of {_named(absent)}",
            "info",
            "nothing to learn there: remove the class, or add samples that show it",
        )


def _wrong_class_file(
    dataset: Dataset, used: Counter[str], unknown: Counter[str]
) -> Iterator[Problem]:
    """The Dubai set's own ``classes.json``, whose colours are in no mask."""
    if dataset.layout != "dubai":
        return
    listed = class_file_colors(dataset.root)
    wrong = [
        f"{land.name} {listed[land.name]} (masks: {land.color}, {used[land.name]:,} px)"
        for land in dataset.classes.classes
        if used[land.name]
        and listed.get(land.name, land.color) != land.color
        and not unknown[listed[land.name]]
    ]
    if wrong:
        yield Problem(
            "class-table",
            "",
            f"classes.json gives colours that are in no mask: {', '.join(wrong)}",
            "warning",
            "nothing here: the masks' own colours are used; correct the file before using it in "
            "other programs",
        )


def _named(classes: list[Any]) -> str:
    return ", ".join(f"{land.name} {land.color}" for land in classes)


def _without_masks(dataset: Dataset) -> Iterator[Problem]:
    missing = [sample.id for sample in dataset.samples if sample.mask is None]
    if len(missing) == len(dataset.samples):
        fix = "put masks under the images' names into `masks` to train on them"
        yield Problem("missing-mask", "", "no sample has a mask", "warning", fix)
        return
    for sample_id in missing:
        fix = "add the mask, or leave it: the sample can be predicted but not trained on"
        yield Problem("missing-mask", sample_id, "there is no mask", "warning", fix)


def _orphans(dataset: Dataset) -> Iterator[Problem]:
    """Masks without an image, in the folders in which masks are looked for."""
    known = {sample.mask for sample in dataset.samples}
    homes = dict.fromkeys(sample.image.parent.parent / "masks" for sample in dataset.samples)
    for home in homes:
        if not home.is_dir():
            continue
        for path in sorted(home.iterdir()):
            if path.suffix.lower() in IMAGE_SUFFIXES and path not in known:
                yield Problem(
                    "orphan-mask",
                    "",
                    f"{path.relative_to(dataset.root)} belongs to no image",
                    "warning",
                    "add its image under the same name, or delete the mask",
                )


def _mixed(readings: list[_Reading]) -> Iterator[Problem]:
    """Images with other bands or another type than most: one model takes one kind."""
    kinds = Counter((r.facts.bands, r.facts.dtype) for r in readings if r.facts.bands)
    if len(kinds) < 2:
        return
    usual = kinds.most_common(1)[0][0]
    for reading in readings:
        facts = reading.facts
        if facts.bands and (facts.bands, facts.dtype) != usual:
            yield Problem(
                "mixed-bands",
                facts.id,
                f"{facts.bands} band(s) of {facts.dtype}, most others {usual[0]} of {usual[1]}",
                "error",
                "a model takes one kind of image: convert it, or exclude it in the recipe",
            )


def _hex(rgb: tuple[int, int, int]) -> str:
    return "#{:02X}{:02X}{:02X}".format(*rgb)


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.1 else f"{share:.2%}" if share >= 0.0001 else "< 0.01%"
