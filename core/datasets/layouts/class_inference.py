"""Colours, index values or attributes in labels without a class table, counted to be named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.datasets.layouts.pairing import Pairing, find_pairs
from core.datasets.masks.soft_masks import Cluster, cluster_values, soft_binary, tolerance_of
from core.datasets.masks.values import MAX_VALUES, count_values, spread, survey_masks
from core.datasets.masks.vector_file import list_layers, read_attributes
from core.errors import DatasetError, ImageError
from core.formats import percent

__all__ = ["Inference", "LabelValue", "count_attribute", "infer_classes"]

_FILES = 50  # vector label files that are read
_MASKS = 200  # masks that are counted, spread over the whole set
_FEW = 16  # as many values may be named one by one whatever they are
_PIXELS = 200_000_000  # and pixels; the audit reports what is in the others


@dataclass(frozen=True)
class LabelValue:
    """One colour (``#RRGGBB``), number or text that labels hold.

    Attributes:
        value: the colour, number or text.
        pixels: number of pixels; for vector labels, of polygons.
        share: share of all that was counted, 0 to 1.
    """

    value: str | int
    pixels: int
    share: float


@dataclass(frozen=True)
class Inference:
    """What the labels of a dataset hold, the commonest first.

    Attributes:
        kind: kind of the values.
        values: each colour, number or text, the commonest first.
        read: number of label files that were counted.
        masks: number of label files.
        attribute: for vector labels, the property counted.
        attributes: for vector labels, the properties with few distinct values.
        tolerance: where values that are near each other were counted as one, how far a value may
            be from that of its class, see `MaskCoding`; 0 where each value is its own.
    """

    kind: Literal["color", "index", "attribute"]
    values: tuple[LabelValue, ...]
    read: int
    masks: int
    attribute: str = ""
    attributes: tuple[str, ...] = ()
    tolerance: float = 0.0


def count_attribute(pairing: Pairing, attribute: str = "") -> Inference:
    """Count the values of a property over the polygons of a set, and list the properties to offer.

    Args:
        pairing: with vector labels.
        attribute: the property; empty to count none.

    Returns:
        `attributes` are those with 2 to 64 values; at most 50 label files are read.

    Raises:
        DatasetError: a label file cannot be read, there is no such property, or it has more than
            64 values.
    """
    files = list(dict.fromkeys(s.mask for s in pairing.samples if s.mask is not None))
    texts = _texts(files[:: max(1, len(files) // _FILES)][:_FILES])
    attributes = tuple(name for name, seen in texts.items() if 2 <= len(seen) <= MAX_VALUES)
    read = min(len(files), _FILES)
    if not attribute:
        return Inference("attribute", (), read, len(files), "", attributes)
    seen = texts.get(attribute, Counter())
    if not 0 < len(seen) <= MAX_VALUES:
        raise DatasetError(
            f"the attribute {attribute!r} has {len(seen):,} values, too many to be classes"
            if seen
            else f"the labels have no attribute {attribute!r}",
            where=str(files[0]) if files else "",
            remedy=f"choose one of: {', '.join(attributes) or 'none has 2 to 64 values'}",
        )
    counted = tuple(LabelValue(v, n, n / seen.total()) for v, n in seen.most_common())
    return Inference("attribute", counted, read, len(files), attribute, attributes)


def _texts(files: Iterable[Path]) -> dict[str, Counter[str]]:
    """Polygons by value, of each property."""
    texts: dict[str, Counter[str]] = {}
    for path in files:
        layers = [layer.name for layer in list_layers(path) if layer.polygons]
        for name, values in read_attributes(path, layers).items():
            texts.setdefault(name, Counter()).update(values)
    return texts


def infer_classes(
    root: Path,
    attribute: str = "",
    progress: Callable[[int, int], None] | None = None,
) -> Inference:
    """Count the colours or values in a dataset's labels, so that they can be named.

    At most 200 masks are read, spread over the whole set; what raises in `progress` ends it. What
    JPEG and smoothing make of a class is counted as one value, see `cluster_values`.

    Args:
        root: a folder of pairs or of images with vector labels.
        attribute: for vector labels, the property to count.
        progress: called with (masks read, masks to read).

    Raises:
        DatasetError: there is no label, or more than 64 colours or values that are near no few of
            them.
    """
    pairing = find_pairs(root)
    if pairing.vector:
        return count_attribute(pairing, attribute)
    masks = [sample.mask for sample in pairing.samples if sample.mask is not None]
    if not masks:
        raise DatasetError(
            "there is no mask to take classes from",
            where=str(root),
            remedy="put masks under the images' names into `masks`",
        )
    survey = survey_masks(masks)
    colored = survey.by_color
    chosen = spread(masks, _MASKS)
    counts: Counter[float] = Counter()
    flat: Counter[float] = Counter()
    read = pixels = 0
    for mask in chosen:
        try:
            in_mask, areas = count_values(mask, colored)
        except ImageError:
            continue  # the audit names it
        counts.update(in_mask)
        flat.update(areas)
        read += 1
        pixels += sum(in_mask.values())
        if progress:
            progress(read, len(chosen))
        if len(counts) > 100 * MAX_VALUES or pixels > _PIXELS:
            break
    if not counts:
        raise DatasetError(
            "no mask can be read", where=str(root), remedy="run the audit to see what is wrong"
        )
    kind: Literal["color", "index"] = "color" if colored else "index"
    listed, tolerance = _listed(counts, flat, colored, survey.lossy)
    whole = all(float(value).is_integer() for value, _ in listed)
    if len(listed) > MAX_VALUES or not whole:
        raise _too_many(root, counts, colored, pixels, Path(chosen[0]).suffix.lower())
    values = tuple(
        LabelValue(_named(value, colored), count, count / pixels)
        for value, count in sorted(listed, key=lambda item: -item[1])
    )
    return Inference(kind, values, read, len(masks), tolerance=tolerance)


def _listed(
    counts: Counter[float], flat: Counter[float], colored: bool, lossy: bool
) -> tuple[list[tuple[float, int]], float]:
    """The values to name with their pixels, and the tolerance where they are of a soft mask."""
    if not colored and (top := soft_binary(counts, flat, lossy)):
        upper = sum(count for value, count in counts.items() if value >= top / 2)
        return [(0.0, counts.total() - upper), (top, upper)], top / 2
    if clusters := _clusters(counts, flat, colored, lossy):
        listed = [(cluster.value, cluster.pixels) for cluster in clusters]
        if tolerance := tolerance_of([value for value, _ in listed], counts, colored):
            return listed, tolerance
    return counts.most_common(), 0.0


def _clusters(
    counts: Counter[float], flat: Counter[float], colored: bool, lossy: bool
) -> list[Cluster]:
    """The clusters of a soft mask's values; none where each value is to be named."""
    if len(counts) <= 2 or (len(counts) <= _FEW and not lossy):
        return []
    clusters = cluster_values(counts, flat, colored)
    many = len(counts) > MAX_VALUES or lossy
    return clusters if many or (colored and 3 * len(clusters) <= len(counts)) else []


def _named(value: float, colored: bool) -> str | int:
    return f"#{int(value):06X}" if colored else int(value)


def _too_many(
    root: Path, counts: Counter[float], colored: bool, pixels: int, suffix: str
) -> DatasetError:
    what = "colours" if colored else "values"
    main = [
        f"{_named(value, colored)} ({percent(count / pixels)})"
        for value, count in counts.most_common(6)
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
        remedy=f"{cause}; or write a classes.json with the true ones, and choose in the audit what "
        "the others are read as",
    )
