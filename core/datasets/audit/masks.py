"""What is wrong with one mask: its values, its size, its place, how little of it is labelled."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from core.classes import VOID, ClassTable, hex_to_rgb, pack_color, pack_rgb
from core.datasets.audit.problems import Problem
from core.datasets.dataset import Dataset, Sample
from core.datasets.masks.decode import Mask
from core.datasets.recipes.fixes import Action, Exclude, ReadAs, ReadEach, UseWindow
from core.formats import rough_percent
from core.imagery.header import Georeference, Header
from core.imagery.window import Window

__all__ = [
    "file_pixels",
    "grid_problems",
    "size_problem",
    "unknown_problems",
    "void_counts",
    "void_problems",
]

_LISTED = 3  # unknown values of one mask that get a row each; the others share one
_RECIPE = 200  # values that a single fix puts into a recipe
_CHOICES = 16  # classes offered for an unknown value
_MOSTLY_VOID = 0.5  # share from which a sample is worth a warning
_CUT = 0.9  # share of either size that image and mask must have in common to be cut to it
_SHIFT = 0.5  # pixels between the corners of image and mask from which it is told
_SCALE = 0.01  # relative difference of pixel sizes, likewise


def file_pixels(dataset: Dataset, sample: Sample, mask: Mask) -> np.ndarray | None:
    """The mask file's pixels (H, W, C) arranged as its labels are; None for footprints."""
    if mask.raster is None:
        return None
    pixels = mask.raster.pixels
    if sample.turned:
        pixels = pixels[::-1, ::-1]
    if sample.id in dataset.windows:
        x, y, width, height = dataset.windows[sample.id]
        pixels = pixels[y : y + height, x : x + width]
    return pixels


def unknown_problems(dataset: Dataset, sample: Sample, mask: Mask) -> Iterator[Problem]:
    """A row for each of the commonest unknown values, and one for the rest."""
    ordered = sorted(mask.unknown.items(), key=lambda item: -item[1])
    pixels = file_pixels(dataset, sample, mask)
    color = dataset.coding.kind == "color"
    fix = (
        'repaint these pixels in a class colour, add the colour to the classes or to "void" in '
        "classes.json, or read it as void or a class in the recipe"
        if color
        else "give these pixels a class index or 255 (void), add classes to classes.json, or read "
        "the value as void or a class in the recipe"
    )
    if dataset.coding.kind == "footprints":
        fix = (
            "give these polygons a class of the list, add their class to it, or read the value as "
            "void or a class in the recipe"
        )
    for name, count in ordered[:_LISTED]:
        here = np.zeros((0, 0), bool)
        if pixels is not None:
            values = pack_rgb(pixels[..., :3]) if color else pixels[..., 0]
            here = values == (int(name[1:], 16) if color else float(name.removeprefix("value ")))
        nearest = _nearest(name, dataset.classes) if color else -1
        land_class = dataset.classes.classes[nearest]
        near = f", nearest class {land_class.name} {land_class.color}" if color else ""
        window = _box(here)
        yield Problem(
            "unknown-colour",
            sample.id,
            f"{name} in {count:,} pixels ({rough_percent(count / mask.labels.size)}){near}"
            f"{_where(window)}",
            "error",
            fix,
            _meanings(name, dataset.classes, nearest),
            window,
            values=(name,),
        )
    if rest := dict(ordered[_LISTED:]):
        yield Problem(
            "unknown-colour",
            sample.id,
            f"{len(rest):,} more values outside the class table in {sum(rest.values()):,} pixels",
            "error",
            "smoothing and JPEG make such in-between colours: export the mask as PNG, unsmoothed, "
            "or exclude the sample"
            if color
            else fix,
            _rest(sample, list(rest), dataset.classes, color),
            values=tuple(rest),
        )


def _meanings(name: str, classes: ClassTable, nearest: int) -> tuple[Action, ...]:
    """Void first, then the nearest class, then the others."""
    order = [nearest, *(i for i in range(len(classes)) if i != nearest)]
    names = [classes.names[i] for i in order if i >= 0]
    return tuple(ReadAs(name, meaning) for meaning in ("void", *names[:_CHOICES]))


def _rest(sample: Sample, names: list[str], classes: ClassTable, color: bool) -> tuple[Action, ...]:
    if len(names) > _RECIPE:
        return (Exclude(sample.id),)
    actions: list[Action] = [ReadEach(tuple((name, "void") for name in names), "void")]
    if color:
        pairs = tuple((name, classes.names[_nearest(name, classes)]) for name in names)
        actions.insert(0, ReadEach(pairs, "their nearest class"))
    return (*actions, Exclude(sample.id))


def _box(here: np.ndarray) -> Window | None:
    if not here.any():  # NaN equals nothing, itself included
        return None
    rows, columns = np.flatnonzero(here.any(axis=1)), np.flatnonzero(here.any(axis=0))
    x, y = int(columns[0]), int(rows[0])
    return x, y, int(columns[-1]) - x + 1, int(rows[-1]) - y + 1


def _where(window: Window | None) -> str:
    if window is None:
        return ""
    x, y, width, height = window
    return f"; within x {x}–{x + width - 1}, y {y}–{y + height - 1}"


def _nearest(color: str, classes: ClassTable) -> int:
    distances = np.square(np.array(classes.colors) - hex_to_rgb(color)).sum(axis=1)
    return int(distances.argmin())


def void_counts(dataset: Dataset, sample: Sample, mask: Mask) -> dict[str, tuple[int, Window]]:
    """Pixels of each void colour of a coloured mask, and where they are."""
    pixels = file_pixels(dataset, sample, mask)
    if pixels is None or dataset.coding.kind != "color" or not dataset.coding.void_colors:
        return {}
    rows, columns = np.nonzero(mask.labels == VOID)
    packed = pack_rgb(pixels[rows, columns, :3])
    regions = {}
    for name, rgb in dataset.coding.void_colors.items():
        here = packed == pack_color(rgb)
        if here.any():
            x, y = columns[here], rows[here]
            box = (int(x.min()), int(y.min()), int(np.ptp(x)) + 1, int(np.ptp(y)) + 1)
            regions[name] = (int(np.count_nonzero(here)), box)
    return regions


def size_problem(
    sample: Sample, size: tuple[int, int], labels: np.ndarray, gaps: np.ndarray | None
) -> Problem:
    """Image and mask differ in size; a border that only one of them has can be cut off.

    Args:
        sample: which.
        size: (H, W) of the image.
        labels: its labels, of another size.
        gaps: (H, W) bool, where the image has no data; None for nowhere.
    """
    (height, width), (high, wide) = size, labels.shape
    actions: list[Action] = [Exclude(sample.id)]
    fix = "export the mask again at the image's size, or exclude the sample"
    x, y = min(width, wide), min(height, high)
    if x >= _CUT * max(width, wide) and y >= _CUT * max(height, high):
        actions.insert(0, UseWindow(sample.id, 0, 0, x, y))
        empty = gaps is not None and bool(gaps[y:].all() and gaps[:, x:].all())
        sure = empty and (height, width) != (y, x)
        also = (
            "or crop both to what they share: the image's right and lower border is without data"
            if sure
            else "or crop both to what they share if they begin at the same upper left corner"
        )
        fix = f"export the mask again at the image's size, {also}, or exclude the sample"
    return Problem(
        "size-mismatch",
        sample.id,
        f"the image is {width} × {height}, its mask {wide} × {high} pixels",
        "error",
        fix,
        tuple(actions),
    )


def grid_problems(sample: Sample, image: Header, mask: Mask) -> Iterator[Problem]:
    """Image and mask are both georeferenced, and not alike."""
    if mask.resampled:
        yield Problem(
            "mask-grid",
            sample.id,
            "the mask lies on another grid of the same ground and is brought to the image's by "
            "nearest neighbour",
            "info",
            "nothing, if its pixels are small enough; else make it on the image's grid",
        )
    ours, theirs = image.georeference, mask.raster.header.georeference if mask.raster else None
    if ours is None or theirs is None:
        return
    fix = "warp the mask onto the image's grid (gdalwarp -r near -t_srs … -te … -tr …), or exclude"
    actions = (Exclude(sample.id),)
    same_numbers = ours.transform.almost_equals(theirs.transform, 1e-6)
    # A reference system that is lost, or local and written in another way, does not move the mask.
    known = _on_earth(ours) and _on_earth(theirs)
    if ours.crs != theirs.crs and (known or not same_numbers):
        detail = f"the image is in {ours.crs}, its mask in {theirs.crs}"
        yield Problem("mask-grid", sample.id, detail, "warning", f"{fix} the sample", actions)
        return
    step = ~ours.transform @ theirs.transform
    shift = max(abs(step.c), abs(step.f))
    scale = max(abs(step.a - 1), abs(step.e - 1), abs(step.b), abs(step.d))
    if shift > _SHIFT or scale > _SCALE:
        detail = (
            f"the mask lies {step.c:+.1f} pixels in x and {step.f:+.1f} in y of the image"
            if scale <= _SCALE
            else f"a pixel of the mask is {abs(step.a):.3g} × {abs(step.e):.3g} of the image's"
        )
        yield Problem("mask-grid", sample.id, detail, "warning", f"{fix} the sample", actions)


def _on_earth(place: Georeference) -> bool:
    return place.crs is not None and (place.crs.is_projected or place.crs.is_geographic)


def void_problems(sample: Sample, unlabelled: int, void: int, pixels: int) -> Iterator[Problem]:
    """Little or nothing is labelled.

    Args:
        sample: which.
        unlabelled: pixels that are void in the mask.
        void: those, or without data in the image.
        pixels: all.
    """
    actions = (Exclude(sample.id),)
    if void == pixels and unlabelled:
        yield Problem(
            "all-void",
            sample.id,
            "nothing is labelled: all pixels of the mask are void"
            if unlabelled == pixels
            else "nothing is labelled where the image has data",
            "error",
            "label it, or exclude it: there is nothing to learn from",
            actions,
        )
    elif unlabelled > _MOSTLY_VOID * pixels:
        # Pixels without data in the image are told as such.
        yield Problem(
            "void-share",
            sample.id,
            f"{rough_percent(unlabelled / pixels)} of the pixels are void (not labelled)",
            "warning",
            "label more of it, or exclude the sample",
            actions,
        )
