"""What the smallest area leaves out of the polygons, said beside their download."""

from __future__ import annotations

import hashlib

import numpy as np
import streamlit as st

from core.imagery.header import Georeference
from core.inference.outputs.prediction import Prediction
from core.inference.small_regions import SmallRegions, small_regions

__all__ = ["say_left_out"]


def say_left_out(prediction: Prediction, min_area: float) -> None:
    """Say how many polygons and pixels are left out; nothing where none are."""
    if min_area <= 0:
        return
    digest = hashlib.blake2b(np.ascontiguousarray(prediction.labels).data).hexdigest()
    grid = prediction.georeference
    regions = _counted(f"{digest}|{grid}", min_area, prediction.labels, grid)
    if regions.polygons:
        st.caption(f"GeoJSON: {regions}.")


@st.cache_data(max_entries=16, show_spinner="Counting small polygons …")
def _counted(
    content: str, min_area: float, _labels: np.ndarray, _grid: Georeference | None
) -> SmallRegions:
    return small_regions(_labels, _grid, min_area)
