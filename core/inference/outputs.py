"""The files of a prediction: label map, colours, areas by class, polygons, probabilities."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np
from rasterio import Affine
from rasterio.errors import RasterioError
from shapely.errors import GEOSException

from core.classes import VOID, ClassTable
from core.datasets.image_file import read_image_file
from core.errors import DSIError, ImageError, WorkspaceError
from core.imagery.ground_area import GroundAreas, NoGroundAreas, ground_areas
from core.imagery.header import Georeference, Header
from core.imagery.output.geopackage import write_geopackage
from core.imagery.output.geotiff import Content
from core.imagery.output.outlines import AS_PIXELS, OutlineSettings
from core.imagery.output.polygons import outlines_of, polygon_parts
from core.imagery.output.write import content_bytes, geotiff_bytes, label_geotiff, png_bytes
from core.imagery.raster import Raster
from core.imagery.window import turned
from core.inference.anchor import Anchor
from core.inference.averaging import PLAIN, Averaging
from core.inference.certainty import HALF
from core.inference.confidence import CONFIDENCE_STEPS, NO_CONFIDENCE, confidence_values
from core.inference.likeness import Difference, differences
from core.inference.predictor import Predictor
from core.inference.small_regions import SmallRegions, small_regions
from core.paths import writable_folder, write_parts
from core.provenance import check_free, marked_json, marked_png

__all__ = [
    "ENDINGS",
    "NO_GRID",
    "UNMADE",
    "Output",
    "OutputKind",
    "Prediction",
    "Wanted",
    "class_summary",
    "confidence_content",
    "paths_by_kind",
    "predict_file",
    "prediction_outputs",
]

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

# Ending and media type of each file, in the order in which they are written.
_FILES: dict[OutputKind, tuple[str, str]] = {
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
ENDINGS = tuple(end for end, _ in _FILES.values())
"""Of the names of all files of a prediction, after the image's own without its suffix."""
UNMADE = (DSIError, RasterioError, GEOSException, ValueError, ArithmeticError, MemoryError)
"""What a grid that maps nothing, a shape that cannot be repaired or too little memory raise."""
NO_GRID = Georeference(None, Affine.identity())
"""Of a GeoTIFF of an image without a place."""


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
        confidence: (H, W) uint16, see `core.inference.confidence`; None where it was not asked for.
        threshold: probability of class 1 of two classes from which on a pixel is of it.
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
        counts = np.bincount(self.labels.ravel(), minlength=256)
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


@dataclass(frozen=True)
class Output:
    """One file of a prediction, made when its bytes are asked for.

    Attributes:
        kind: what the file holds.
        name: file name.
        mime: media type.
        parts: function that gives the file's bytes, part after part.
    """

    kind: OutputKind
    name: str
    mime: str
    parts: Callable[[], Iterable[bytes]]

    def make(self) -> bytes:
        """All of the file's bytes."""
        return b"".join(self.parts())


@dataclass(frozen=True)
class Wanted:
    """Which files are written beside labels, colours and summary.

    Attributes:
        polygons: ``STEM.geojson``.
        probabilities: ``STEM_probabilities.tif``.
        confidence: ``STEM_confidence.tif``, or ``.png`` for an image without a place.
        geopackage: ``STEM.gpkg``, for an image with a grid.
        outlines: smallest region and simplification of the polygons.
    """

    polygons: bool = False
    probabilities: bool = False
    confidence: bool = False
    geopackage: bool = False
    outlines: OutlineSettings = AS_PIXELS

    def kinds(self, header: Header) -> list[OutputKind]:
        """What is written for an image, in the order in which it is."""
        located = header.georeference is not None
        left_out: dict[OutputKind, bool] = {
            "geotiff": not located,
            "polygons": not self.polygons,
            "geopackage": not (self.geopackage and located),
            "probabilities": not self.probabilities,
            "confidence": not (self.confidence and located),
            "confidence_png": not self.confidence or located,
        }
        return [kind for kind in _FILES if not left_out.get(kind)]


def paths_by_kind(image: Path, header: Header, out: Path, wanted: Wanted) -> dict[OutputKind, Path]:
    """The files of a prediction by what they hold."""
    return {kind: out / f"{image.stem}{_FILES[kind][0]}" for kind in wanted.kinds(header)}


def prediction_outputs(
    prediction: Prediction,
    stem: str,
    *,
    with_polygons: bool = False,
    with_geopackage: bool = False,
    outlines: OutlineSettings = AS_PIXELS,
) -> list[Output]:
    """The files of a prediction, named as the command line's contract names them.

    There is a GeoTIFF of the labels where the image has a grid, and one of the probabilities where
    the prediction has them. No array is copied before a file is made.

    Args:
        prediction: label map and, where they were asked for, probabilities.
        stem: beginning of the file names.
        with_polygons: whether ``STEM.geojson`` is among them.
        with_geopackage: whether ``STEM.gpkg`` is, for an image with a grid.
        outlines: smallest region and simplification of the polygons.

    Returns:
        The files, the summary ``STEM.json`` last.
    """
    labels, classes, grid = prediction.labels, prediction.classes, prediction.georeference

    def label_png() -> bytes:
        return marked_png(png_bytes(labels))

    def color() -> bytes:
        return marked_png(png_bytes(classes.colorize(labels)))

    def summary() -> bytes:
        source = {"image": prediction.image, "model": prediction.model}
        report = marked_json(source | prediction.settings() | prediction.summary())
        text = json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False)
        return f"{text}\n".encode()

    makers: dict[OutputKind, Callable[[], bytes]] = {"labels": label_png, "colors": color}
    if grid is not None:
        makers["geotiff"] = partial(label_geotiff, labels, grid, classes.colors, classes.names)
    if prediction.probabilities is not None:
        makers["probabilities"] = partial(
            geotiff_bytes,
            prediction.probabilities,
            grid or NO_GRID,
            nodata=math.nan,
            descriptions=classes.names,
        )
    if prediction.confidence is not None:
        confidence = prediction.confidence
        if grid is None:
            makers["confidence_png"] = lambda: marked_png(png_bytes(confidence))
        else:
            makers["confidence"] = partial(
                content_bytes, confidence[..., None], confidence_content(labels.shape, grid)
            )
    makers["summary"] = summary
    parts: dict[OutputKind, Callable[[], Iterable[bytes]]] = {
        kind: partial(_in_one, maker) for kind, maker in makers.items()
    }
    if with_polygons:
        parts["polygons"] = partial(polygon_parts, labels, classes.names, grid, outlines)
    if with_geopackage and grid is not None:
        parts["geopackage"] = partial(_geopackage, labels, classes.names, grid, outlines)
    return [
        Output(kind, f"{stem}{end}", mime, parts[kind])
        for kind, (end, mime) in _FILES.items()
        if kind in parts
    ]


def confidence_content(size: tuple[int, ...], grid: Georeference) -> Content:
    """What the GeoTIFF of confidence holds.

    Args:
        size: height and width of the image.
        grid: of the image.
    """
    height, width = size
    return Content(
        height,
        width,
        1,
        "uint16",
        grid,
        NO_CONFIDENCE,
        ("confidence",),
        scale=1 / CONFIDENCE_STEPS,
    )


def _geopackage(
    labels: np.ndarray, names: tuple[str, ...], grid: Georeference, outlines: OutlineSettings
) -> Iterator[bytes]:
    areas = ground_areas(grid, labels.shape[1], labels.shape[0])
    with TemporaryDirectory() as folder:
        path = Path(folder) / "result.gpkg"
        batch = outlines_of(labels, areas, outlines.simplify)
        write_geopackage(path, [batch], names, grid, outlines.min_area)
        yield path.read_bytes()


def _in_one(make: Callable[[], bytes]) -> Iterator[bytes]:
    yield make()


def predict_file(
    image: Path,
    predictor: Predictor,
    classes: ClassTable,
    model: str,
    out: Path,
    *,
    with_polygons: bool = False,
    with_probabilities: bool = False,
    with_confidence: bool = False,
    with_geopackage: bool = False,
    outlines: OutlineSettings = AS_PIXELS,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
    warn: Callable[[Difference], None] | None = None,
    left_out: Callable[[SmallRegions], None] | None = None,
) -> list[Path]:
    """Predict an image file and write the contract's files, each replaced in one step.

    Files of an earlier prediction are replaced; others are not, unless `overwrite` is set.

    Args:
        image: path of a PNG, JPEG or TIFF.
        predictor: predictor of `model`.
        classes: class table of the model.
        model: name of the model, for the summary.
        out: folder to write to, created where it is missing.
        with_polygons: also ``STEM.geojson``.
        with_probabilities: also ``STEM_probabilities.tif``, a float32 band a class.
        with_confidence: also ``STEM_confidence.tif``, or ``.png`` for an image without a grid.
        with_geopackage: also ``STEM.gpkg``, for an image with a grid.
        outlines: smallest region and simplification of the polygons.
        overwrite: whether files are replaced that this program did not write.
        progress: called with the number of tiles done and of all tiles.
        warn: called with each way in which the image is unlike those of the training.
        left_out: called with the regions that are too small for a polygon, where there are some.

    Returns:
        Paths of the files.

    Raises:
        ImageError: the image cannot be read, or is not of the model's kind; or one of the files
            could not be made, after the others are written.
        WorkspaceError: `out` cannot be written, or has files that this program did not write.
    """
    image_file = read_image_file(image, predictor.input.file_band_count)
    raster = image_file.raster
    predictor.input.check(raster.pixels, str(image))
    wanted = Wanted(with_polygons, with_probabilities, with_confidence, with_geopackage, outlines)
    paths = list(paths_by_kind(image, raster.header, out, wanted).values())
    check_free(paths, [image], overwrite=overwrite)
    writable_folder(out)
    if warn:
        for difference in differences(predictor.input, raster):
            warn(difference)
    labels, probabilities, confidence = _predicted(raster, predictor, wanted, progress)
    grid = raster.georeference
    if image_file.turned:  # the files lie on the image's own grid
        labels = labels[::-1, ::-1]
        probabilities = None if probabilities is None else probabilities[::-1, ::-1]
        confidence = None if confidence is None else confidence[::-1, ::-1]
        grid = turned(raster).georeference
    prediction = Prediction(
        labels, classes, grid, str(image), model, probabilities, predictor.averaging, confidence
    )
    outputs = prediction_outputs(
        prediction,
        image.stem,
        with_polygons=with_polygons,
        with_geopackage=with_geopackage,
        outlines=outlines,
    )
    _write_all(paths, outputs, str(image))
    if (with_polygons or with_geopackage) and left_out:
        regions = small_regions(labels, raster.georeference, outlines.min_area)
        if regions.polygons:
            left_out(regions)
    return paths


def _predicted(
    raster: Raster,
    predictor: Predictor,
    wanted: Wanted,
    progress: Callable[[int, int], None] | None,
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Labels (H, W), and if they are wanted probabilities (H, W, K) and confidence (H, W)."""
    labels = np.empty(raster.valid.shape, np.uint8)
    probabilities = confidence = None
    if wanted.probabilities:
        # Band after band in memory, as they are written: otherwise the writer copies them all.
        bands = np.empty((predictor.classes, *raster.valid.shape), np.float32)
        probabilities = np.moveaxis(bands, 0, -1)
    if wanted.confidence:
        confidence = np.empty(raster.valid.shape, np.uint16)
    anchor = Anchor.of(raster.georeference)
    for strip in predictor.strips(raster.pixels, raster.valid, progress, anchor=anchor):
        rows = slice(strip.row, strip.row + len(strip.probabilities))
        labels[rows] = strip.probabilities.argmax(axis=-1)
        if probabilities is not None:
            probabilities[rows] = strip.probabilities
        if confidence is not None:
            confidence[rows] = confidence_values(strip.probabilities.max(axis=-1))
    labels[~raster.valid] = VOID
    if probabilities is not None:
        probabilities[~raster.valid] = np.nan
    if confidence is not None:
        confidence[~raster.valid] = NO_CONFIDENCE
    return labels, probabilities, confidence


def _write_all(paths: Sequence[Path], outputs: Sequence[Output], image: str) -> None:
    """Write each file that can be made; what cannot takes no other along.

    Raises:
        ImageError: names those that could not be made, when the others are written.
        WorkspaceError: the folder cannot be written.
    """
    failed: list[str] = []
    for path, output in zip(paths, outputs, strict=True):
        try:
            write_parts(path, output.parts())
        except WorkspaceError:
            raise
        except UNMADE as error:
            failed.append(f"{path.name} ({str(error) or type(error).__name__})")
    if failed:
        raise ImageError(
            f"{', '.join(failed)} could not be made",
            where=image,
            remedy="the other files of this image are written: the labels are among them",
        )
