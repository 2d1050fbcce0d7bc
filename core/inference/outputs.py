"""What a prediction leaves behind: label files, areas per class, and the comparison with a mask."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from core.classes import VOID, ClassTable
from core.errors import ImageError
from core.imagery.raster import Raster, read_raster
from core.imagery.write import geotiff_bytes, label_geotiff, png_bytes, polygons
from core.inference.predictor import Predictor
from core.paths import writable_folder, write_bytes, write_json

__all__ = ["predict_file", "summary"]


def summary(labels: np.ndarray, classes: ClassTable, raster: Raster) -> dict[str, Any]:
    """Pixels, share and, where the image has a place on Earth, area in m² per class.

    Args:
        labels: (H, W) uint8, 255 = void.
        classes: their table.
        raster: the image, for its grid.

    Returns:
        ``{"width", "height", "void_pixels", "pixel_area_m2"?, "classes": {NAME: {"pixels",
        "share", "area_m2"?}}}``; shares are of the pixels that are not void.
    """
    counts = np.bincount(labels.ravel(), minlength=256)
    total = int(counts.sum() - counts[VOID])
    height, width = labels.shape
    place = raster.georeference
    pixel = place.pixel_area(width, height) if place else None
    report: dict[str, Any] = {
        "width": width,
        "height": height,
        "void_pixels": int(counts[VOID]),
        **({"pixel_area_m2": pixel} if pixel is not None else {}),
        "classes": {},
    }
    for index, name in enumerate(classes.names):
        pixels = int(counts[index])
        entry: dict[str, Any] = {"pixels": pixels, "share": pixels / total if total else 0.0}
        if pixel is not None:
            entry["area_m2"] = pixels * pixel
        report["classes"][name] = entry
    return report


def predict_file(
    image: Path,
    predictor: Predictor,
    classes: ClassTable,
    model: str,
    out: Path,
    *,
    with_polygons: bool = False,
    with_probabilities: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Predict an image file and write the contract's files into `out`.

    Args:
        image: PNG, JPEG or TIFF.
        predictor: of `model`.
        classes: the model's class table.
        model: its name, for the report.
        out: a folder; made if it is not there.
        with_polygons: also ``STEM.geojson``.
        with_probabilities: also ``STEM_probabilities.tif``, a float32 band a class.
        progress: called with tiles done and in all.

    Returns:
        The files written, each replaced in one step.

    Raises:
        ImageError: it cannot be read, or is not of the model's kind.
        WorkspaceError: `out` cannot be written.
    """
    raster = read_raster(image)
    try:
        predictor.check(raster.pixels)
    except ImageError as error:
        raise ImageError(error.what, where=str(image), remedy=error.remedy) from error
    writable_folder(out)
    if with_probabilities:
        scores = predictor.probabilities(raster.pixels, raster.valid, progress)
        labels = scores.argmax(axis=-1).astype(np.uint8)
        labels[~raster.valid] = VOID
    else:
        scores = None
        labels = predictor.predict(raster.pixels, raster.valid, progress)
    stem, place = image.stem, raster.georeference
    files = {
        f"{stem}_labels.png": png_bytes(labels),
        f"{stem}_color.png": png_bytes(classes.colorize(labels)),
    }
    if place:
        files[f"{stem}_labels.tif"] = label_geotiff(labels, place, classes.colors)
    if with_polygons:
        found = polygons(labels, classes.names, place)
        files[f"{stem}.geojson"] = json.dumps(found, ensure_ascii=False).encode()
    if scores is not None:
        from rasterio import Affine

        from core.imagery.raster import Georeference

        grid = place or Georeference(None, Affine.identity())
        files[f"{stem}_probabilities.tif"] = geotiff_bytes(scores, grid, descriptions=classes.names)
    written = []
    for name, data in files.items():
        write_bytes(out / name, data)
        written.append(out / name)
    report = {"image": str(image), "model": model} | summary(labels, classes, raster)
    write_json(out / f"{stem}.json", report)
    return [*written, out / f"{stem}.json"]
