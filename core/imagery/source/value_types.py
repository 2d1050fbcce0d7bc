"""The types of a file's values, as NumPy has them."""

from __future__ import annotations

from typing import Any

__all__ = ["value_types"]

# GDAL's own, of radar images before detection: pairs of 16-bit integers, read as complex numbers.
_READ_AS = {"complex_int16": "complex64"}


def value_types(page: Any) -> tuple[str, ...]:
    """NumPy's name of the type that each band of a dataset of rasterio is read as."""
    return tuple(_READ_AS.get(kind, kind) for kind in page.dtypes)
