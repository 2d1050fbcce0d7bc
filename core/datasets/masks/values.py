"""What masks are painted in: colours, index values or attributes, counted to be named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Literal

import numpy as np

from core.classes import pack_rgb
from core.datasets.layouts.pairing import find_pairs
from core.errors import DatasetError, ImageError
from core.imagery.raster import read_header, read_raster

__all__ = [
    "MAX_VALUES",
    "Found",
    "Inference",
    "are_colored",
    "infer_classes",
    "spread",
    "value_counts",
]

MAX_VALUES = 64
"""More colours than this are no classes but what JPEG or smoothing makes of them."""

_MASKS = 200  # masks that are counted for naming, spread over the whole set
_PIXELS = 200_000_000  # and pixels; the audit reports what is in the others


@dataclass(frozen=True)
class Found:
    """One colour (``#RRGGBB``), number or text that labels hold.

    Attributes:
        pixels: for vector labels, polygons.
        share: of all that was counted, 0 to 1.
    """

    value: str | int
    pixels: int
    share: float


@dataclass(frozen=True)
class Inference:
    """What the labels of a dataset hold, the commonest first.

    Attributes:
        kind: what `found` are.
        read, masks: label files counted, of how many.
        attribute: for vector labels, the property counted.
        attributes: for vector labels, the properties with few distinct values.
    """

    kind: Literal["color", "index", "attribute"]
    found: tuple[Found, ...]
    read: int
    masks: int
    attribute: str = ""
    attributes: tuple[str, ...] = ()


def infer_classes(
    root: Path,
    attribute: str = "",
    progress: Callable[[int, int], None] | None = None,
) -> Inference:
    """Count the colours or values in a dataset's labels, so that they can be named.

    At most 200 masks are read, spread over the whole set; what raises in `progress` ends it.

    Args:
        root: a folder of pairs or of images with vector labels.
        attribute: for vector labels, the property to count.
        progress: called with (masks read, masks to read).

    Raises:
        DatasetError: there is no label, or more than 64 colours or values: those of JPEG or of a
            smoothed mask, which cannot be told from classes.
    """
    pairing = find_pairs(root)
    if pairing.vector:
        from core.datasets.layouts.class_inference import count_attribute

        return count_attribute(pairing, attribute)
    masks = [sample.mask for sample in pairing.samples if sample.mask is not None]
    if not masks:
        raise DatasetError(
            "there is no mask to take classes from",
            where=str(root),
            remedy="put masks under the images' names into `masks`",
        )
    colored = are_colored(masks)
    chosen = spread(masks, _MASKS)
    counts: Counter[int] = Counter()
    read = pixels = 0
    for mask in chosen:
        try:
            found = value_counts(mask, colored)
        except ImageError:
            continue  # the audit names it
        counts.update(found)
        read += 1
        pixels += sum(found.values())
        if progress:
            progress(read, len(chosen))
        if len(counts) > 100 * MAX_VALUES or pixels > _PIXELS:
            break
    if not counts:
        raise DatasetError(
            "no mask can be read", where=str(root), remedy="run the audit to see what is wrong"
        )
    if len(counts) > MAX_VALUES:
        raise _too_many(root, counts, colored, pixels, Path(chosen[0]).suffix.lower())
    listed = tuple(
        Found(_named(value, colored), count, count / pixels)
        for value, count in counts.most_common()
    )
    return Inference("color" if colored else "index", listed, read, len(masks))


def _named(value: int, colored: bool) -> str | int:
    return f"#{value:06X}" if colored else value


def _too_many(
    root: Path, counts: Counter[int], colored: bool, pixels: int, suffix: str
) -> DatasetError:
    what = "colours" if colored else "values"
    main = [
        f"{_named(value, colored)} ({count / pixels:.1%})" for value, count in counts.most_common(6)
    ]
    cause = (
        "JPEG makes in-between colours: export the masks as PNG"
        if suffix in (".jpg", ".jpeg")
        else "smoothing and resizing make in-between colours: export the masks unsmoothed, resized "
        "with nearest neighbour only"
    )
    return DatasetError(
        f"the masks hold {len(counts):,} {what}, too many to be classes; the commonest are "
        f"{', '.join(main)}",
        where=str(root),
        remedy=f"{cause}; or write a classes.json with the true ones, and the rest counts as void",
    )


def spread(masks: Sequence[Path], limit: int) -> list[Path]:
    """At most `limit` masks: by turns the largest file left, and one evenly spread.

    A mask with much in it compresses less than one of background alone: a rare class is not
    missed for being in few masks.
    """
    sizes = {path: path.stat().st_size for path in masks if path.is_file()}
    large = sorted(sizes, key=lambda path: -sizes[path])
    step = max(1.0, len(masks) / max(1, limit // 2))
    even = [masks[int(i * step)] for i in range(int(len(masks) / step))]
    mixed = (path for pair in zip_longest(large, even) for path in pair if path is not None)
    return list(dict.fromkeys(mixed))[:limit]


def are_colored(masks: Sequence[Path]) -> bool:
    """Whether the first mask that opens has colours; a palette counts as such."""
    for mask in masks:
        try:
            return read_header(mask).bands >= 3 or read_raster(mask).pixels.shape[-1] >= 3
        except ImageError:
            continue
    return False


def value_counts(mask: Path, colored: bool) -> dict[int, int]:
    """Pixels of each colour (``0xRRGGBB``) or value of a mask.

    Raises:
        ImageError: it cannot be read, or is of the other kind.
    """
    pixels = read_raster(mask).pixels
    if colored != (pixels.shape[-1] >= 3) or (colored and pixels.dtype != np.uint8):
        raise ImageError(
            "the masks are not all of one kind",
            where=str(mask),
            remedy="export all masks in the same way, with class indices or with class colours",
        )
    values = (pack_rgb(pixels[..., :3]) if colored else pixels[..., 0]).ravel()
    if np.issubdtype(values.dtype, np.floating):
        values = values[np.isfinite(values)]
    if not values.size:
        return {}
    # Masks are areas: their runs of equal values are far fewer than their pixels.
    starts = np.concatenate([[0], np.flatnonzero(values[1:] != values[:-1]) + 1])
    lengths = np.diff(np.append(starts, values.size))
    found, place = np.unique(values[starts], return_inverse=True)
    totals = np.bincount(place, weights=lengths)
    return {int(value): int(total) for value, total in zip(found, totals, strict=True)}
