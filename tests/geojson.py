"""The polygons of a label map as they are read back."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from core.imagery.header import Georeference
from core.imagery.output.outlines import AS_PIXELS, OutlineSettings
from core.imagery.output.polygons import polygon_parts

__all__ = ["polygons"]


def polygons(
    labels: np.ndarray,
    names: tuple[str, ...],
    georeference: Georeference | None,
    settings: OutlineSettings = AS_PIXELS,
) -> dict[str, Any]:
    """The collection that `polygon_parts` writes."""
    collection: dict[str, Any] = json.loads(
        b"".join(polygon_parts(labels, names, georeference, settings))
    )
    return collection
