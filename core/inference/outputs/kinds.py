"""Which files a prediction has, and what they are called."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.imagery.output.outlines import AS_PIXELS, OutlineSettings

__all__ = ["ENDINGS", "FILES", "OutputKind", "Wanted", "paths_by_kind"]

OutputKind = Literal[
    "labels",
    "colors",
    "geotiff",
    "polygons",
    "geopackage",
    "probabilities",
    "confidence",
    "confidence_png",
    "summary",
]

FILES: dict[OutputKind, tuple[str, str]] = {
    "labels": ("_labels.png", "image/png"),
    "colors": ("_color.png", "image/png"),
    "geotiff": ("_labels.tif", "image/tiff"),
    "polygons": (".geojson", "application/geo+json"),
    "geopackage": (".gpkg", "application/geopackage+sqlite3"),
    "probabilities": ("_probabilities.tif", "image/tiff"),
    "confidence": ("_confidence.tif", "image/tiff"),
    "confidence_png": ("_confidence.png", "image/png"),
    "summary": (".json", "application/json"),
}
"""Ending and media type of each file, in the order in which they are written."""
ENDINGS = tuple(end for end, _ in FILES.values())
"""Of the names of all files of a prediction, after the image's own without its suffix."""


@dataclass(frozen=True)
class Wanted:
    """Which files are written beside labels, colours and summary.

    Attributes:
        polygons: ``STEM.geojson``.
        probabilities: ``STEM_probabilities.tif``, a float32 band a class.
        confidence: ``STEM_confidence.tif``, or ``.png`` for an image without a place.
        geopackage: ``STEM.gpkg``, for an image with a grid.
        outlines: smallest region and simplification of the polygons.
    """

    polygons: bool = False
    probabilities: bool = False
    confidence: bool = False
    geopackage: bool = False
    outlines: OutlineSettings = AS_PIXELS

    def kinds(self, *, located: bool) -> list[OutputKind]:
        """What is written for an image, in the order in which it is.

        Args:
            located: whether the image has a grid.
        """
        left_out: dict[OutputKind, bool] = {
            "geotiff": not located,
            "polygons": not self.polygons,
            "geopackage": not (self.geopackage and located),
            "probabilities": not self.probabilities,
            "confidence": not (self.confidence and located),
            "confidence_png": not self.confidence or located,
        }
        return [kind for kind in FILES if not left_out.get(kind)]


def paths_by_kind(
    image: Path, out: Path, wanted: Wanted, *, located: bool
) -> dict[OutputKind, Path]:
    """The files of a prediction by what they hold.

    Args:
        image: path of the image.
        out: folder of the files.
        wanted: which there are.
        located: whether the image has a grid.
    """
    return {kind: out / f"{image.stem}{FILES[kind][0]}" for kind in wanted.kinds(located=located)}
