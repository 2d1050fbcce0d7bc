"""What a map and its truth hold within the rectangle that was drawn in a viewer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.classes import ClassTable, label_counts
from core.evaluation.confusion import confusion, scores
from core.formats import count, ground_area, percent, score
from core.imagery.ground_area import GroundAreas, ground_areas
from core.imagery.header import Georeference
from core.inference.outputs.prediction import class_summary
from ui.shell.errors import plain
from ui.viewer.places import Rectangle, drawn_rectangle
from ui.widgets.classes import class_table

__all__ = ["MappedPlace", "rectangle_summary", "show_rectangle"]

_MOST = 3  # confusions that are named


@dataclass(frozen=True)
class MappedPlace:
    """A map, and what is known of the place it shows.

    Attributes:
        labels: (H, W) uint8, 255 = void.
        truth: the same place's truth; None where there is none.
        classes: class table of both.
        georeference: where it lies; None where that is unknown.
    """

    labels: np.ndarray
    truth: np.ndarray | None
    classes: ClassTable
    georeference: Georeference | None


def rectangle_summary(place: MappedPlace, rectangle: Rectangle) -> dict[str, Any]:
    """Pixels, shares and, where it has a place on Earth, areas by class within a rectangle.

    Args:
        place: the map.
        rectangle: within it.

    Returns:
        As `Prediction.summary` of the part.
    """
    part = place.labels[rectangle.slices]
    height, width = place.labels.shape
    areas = ground_areas(place.georeference, width, height)
    counts = label_counts(part)
    by_label = counts.astype(float)
    if isinstance(areas, GroundAreas):
        by_label = areas.of_part(part, rectangle.y0, rectangle.x0, 256)
    return class_summary(place.classes, part.shape[:2], counts, by_label, areas)


def show_rectangle(key: str, place: MappedPlace, title: str = "") -> None:
    """Below a viewer, the statistics of the rectangle drawn in it; nothing where there is none.

    Args:
        key: of the viewer.
        place: what it shows.
        title: of the map, where there are several.
    """
    rectangle = drawn_rectangle(key)
    if rectangle is None:
        return
    summary = rectangle_summary(place, rectangle)
    located = "pixel_area_m2" in summary
    x0, y0, x1, y1 = rectangle
    with st.container(border=True):
        heading = f"**Rectangle in {plain(title)}**" if title else "**Rectangle**"
        ground = _total(summary) if located else ""
        st.markdown(
            f"{heading}: {x1 - x0:,} × {y1 - y0:,} pixels, columns {x0:,} to {x1 - 1:,}, rows "
            f"{y0:,} to {y1 - 1:,}{ground}."
        )
        columns = ["Pixels", "Share", *(["Area"] if located else [])]
        rows = [
            [
                count(c["pixels"]),
                percent(c["share"]),
                *([ground_area(c["area_m2"])] if located else []),
            ]
            for c in summary["classes"].values()
        ]
        matrix = _matrix(place, rectangle)
        if matrix is not None:
            columns += ["True share", "IoU", "F1", "Precision", "Recall"]
            total = matrix.sum() or 1
            for row, c in zip(rows, scores(matrix).classes, strict=True):
                row += [percent(c.support / total), score(c.iou), score(c.f1)]
                row += [score(c.precision), score(c.recall)]
        class_table(place.classes, columns, rows, label="Classes within the rectangle")
        if matrix is not None:
            _confusion(matrix, place.classes)


def _total(summary: dict[str, Any]) -> str:
    area = sum(c["area_m2"] for c in summary["classes"].values())
    return f"; {ground_area(area)} of the ground are mapped"


def _matrix(place: MappedPlace, rectangle: Rectangle) -> np.ndarray | None:
    if place.truth is None:
        return None
    truth, labels = place.truth[rectangle.slices], place.labels[rectangle.slices]
    return confusion(truth, labels, len(place.classes))


def _confusion(matrix: np.ndarray, classes: ClassTable) -> None:
    result, names = scores(matrix), classes.names
    if not matrix.sum():
        st.caption("No pixel of it is labelled.")
        return
    wrong = matrix - np.diag(np.diag(matrix))
    largest = [np.unravel_index(at, wrong.shape) for at in np.argsort(-wrong, axis=None)[:_MOST]]
    named = [
        f"{plain(names[true])} taken for {plain(names[called])} {count(int(wrong[true, called]))}"
        for true, called in largest
        if wrong[true, called]
    ]
    st.caption(
        f"Mean IoU {score(result.mean_iou)}, pixel accuracy {percent(result.pixel_accuracy)} of "
        f"{count(int(matrix.sum()))} labelled pixels."
        + (f" Most often confused: {', '.join(named)}." if named else "")
    )
    with st.expander("Confusion matrix: true classes in rows, predicted in columns"):
        st.dataframe(
            pd.DataFrame(matrix, index=list(names), columns=list(names)),
            alt="Pixels within the rectangle by true and predicted class",
        )
