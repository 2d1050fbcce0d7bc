"""Attributes of vector labels: which could name classes, and what they hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from core.datasets.layouts.pairing import Pairing
from core.datasets.masks.values import MAX_VALUES, Found, Inference
from core.datasets.masks.vector_file import read_attributes
from core.errors import DatasetError

__all__ = ["count_attribute"]

_FILES = 50  # label files that are read for it


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
    values = _values(files[:: max(1, len(files) // _FILES)][:_FILES])
    offered = tuple(name for name, seen in values.items() if 2 <= len(seen) <= MAX_VALUES)
    read = min(len(files), _FILES)
    if not attribute:
        return Inference("attribute", (), read, len(files), "", offered)
    seen = values.get(attribute, Counter())
    if not 0 < len(seen) <= MAX_VALUES:
        raise DatasetError(
            f"the attribute {attribute!r} has {len(seen):,} values, too many to be classes"
            if seen
            else f"the labels have no attribute {attribute!r}",
            where=str(files[0]) if files else "",
            remedy=f"choose one of: {', '.join(offered) or 'none has 2 to 64 values'}",
        )
    found = tuple(Found(v, n, n / seen.total()) for v, n in seen.most_common())
    return Inference("attribute", found, read, len(files), attribute, offered)


def _values(files: Iterable[Path]) -> dict[str, Counter[str]]:
    """Polygons by value, of each property."""
    values: dict[str, Counter[str]] = {}
    for path in files:
        for name, texts in read_attributes(path).items():
            values.setdefault(name, Counter()).update(texts)
    return values
