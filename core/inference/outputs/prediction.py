"""A label map and what it is a map of, and how much of each class is in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.classes import VOID, ClassTable, label_counts
from core.imagery.ground_area import GroundAreas, NoGroundAreas, ground_areas
from core.imagery.header import Georeference
from core.inference.averaging import PLAIN, Averaging
from core.inference.certainty import HALF
from core.inference.outputs.made_from import MadeFrom

__all__ = ["Prediction", "class_summary"]


@dataclass(frozen=True)
class Prediction:
    """A label map and what it is a map of.

    Attributes:
        labels: (H, W) uint8, 255 = void.
        classes: class table of the model, K classes.
        georeference: grid of the image; None where it has none.
        image: name or path of the image.
        model: name of the model.
        probabilities: (H, W, K) float32, NaN where the image has no data; None where they were not
            asked for.
        averaging: over what the probabilities behind the labels were averaged.
        confidence: (H, W) uint16, coded as `core.inference.certainty.FILE`; None where it was not
            asked for.
        threshold: probability of class 1 of two classes from which on a pixel is of it.
        made_from: what its files depend on, for the summary; None where that is not kept.
    """

    labels: np.ndarray
    classes: ClassTable
    georeference: Georeference | None
    image: str
    model: str
    probabilities: np.ndarray | None = None
    averaging: Averaging = PLAIN
    confidence: np.ndarray | None = None
    threshold: float = HALF
    made_from: MadeFrom | None = None

    def settings(self) -> dict[str, Any]:
        """How it was made, as far as it was not made in the plain way."""
        usual = self.threshold == HALF
        threshold = {} if usual else {"threshold": {self.classes.names[1]: self.threshold}}
        return self.averaging.record() | threshold

    def summary(self) -> dict[str, Any]:
        """Pixels, share and, where the image has a place on Earth, area per class.

        Returns:
            ``{"width", "height", "void_pixels", "pixel_area_m2" or "no_area", "classes": {NAME:
            {"pixels", "share", "area_m2"?, "area_ha"?, "area_km2"?}}}``. Shares are of the pixels
            that are not void, areas those of the ground, ``pixel_area_m2`` is a pixel's mean;
            ``no_area`` says why there are none.
        """
        height, width = self.labels.shape
        areas = ground_areas(self.georeference, width, height)
        counts = label_counts(self.labels)
        by_label = areas.by_label(self.labels) if isinstance(areas, GroundAreas) else counts
        return class_summary(self.classes, (height, width), counts, by_label, areas)


def class_summary(
    classes: ClassTable,
    size: tuple[int, int],
    counts: np.ndarray,
    by_label: np.ndarray,
    areas: GroundAreas | NoGroundAreas,
) -> dict[str, Any]:
    """What `Prediction.summary` returns.

    Args:
        classes: class table of the model.
        size: height and width of the image.
        counts: (256,) pixels by label.
        by_label: (256,) m² by label; of no meaning where there are no areas.
        areas: of the image.
    """
    total = int(counts.sum() - counts[VOID])
    height, width = size
    summary: dict[str, Any] = {
        "width": width,
        "height": height,
        "void_pixels": int(counts[VOID]),
    }
    located = isinstance(areas, GroundAreas)
    if isinstance(areas, GroundAreas):
        summary["pixel_area_m2"] = areas.mean
    else:
        summary["no_area"] = areas.reason
    summary["classes"] = {}
    for index, name in enumerate(classes.names):
        pixels = int(counts[index])
        entry: dict[str, Any] = {"pixels": pixels, "share": pixels / total if total else 0.0}
        if located:
            area = float(by_label[index])
            entry |= {"area_m2": area, "area_ha": area / 1e4, "area_km2": area / 1e6}
        summary["classes"][name] = entry
    return summary
