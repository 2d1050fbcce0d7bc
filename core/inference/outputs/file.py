"""Predict one image file in memory, and write its files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.classes import VOID, ClassTable
from core.datasets.image_file import read_image_file
from core.errors import ImageError, WorkspaceError
from core.imagery.raster import Raster
from core.imagery.window import turned
from core.inference.anchor import Anchor
from core.inference.certainty import FILE
from core.inference.likeness import Difference, differences
from core.inference.outputs.kinds import Wanted, paths_by_kind
from core.inference.outputs.prediction import Prediction
from core.inference.outputs.writers import UNMADE, Output, prediction_outputs
from core.inference.predictor import Predictor
from core.inference.small_regions import SmallRegions, small_regions
from core.paths import writable_folder, write_parts
from core.provenance import check_free

__all__ = ["Handling", "NamedModel", "predict_file"]


@dataclass(frozen=True)
class NamedModel:
    """A model that predicts.

    Attributes:
        predictor: of the model.
        classes: its class table.
        name: of the model, for the summary.
    """

    predictor: Predictor
    classes: ClassTable
    name: str


@dataclass(frozen=True)
class Handling:
    """How a prediction goes about its files, and what is called meanwhile.

    Attributes:
        overwrite: whether files are replaced that this program did not write.
        resume: whether to go on with a prediction by windows that was ended before.
        progress: with the number of tiles done and of all tiles.
        warn: with each way in which the image is unlike those of the training.
        left_out: with the regions that are too small for a polygon, where there are some.
        note: with a line on how the work goes.
    """

    overwrite: bool = False
    resume: bool = False
    progress: Callable[[int, int], None] | None = None
    warn: Callable[[Difference], None] | None = None
    left_out: Callable[[SmallRegions], None] | None = None
    note: Callable[[str], None] | None = None


_USUAL, _QUIETLY = Wanted(), Handling()


def predict_file(
    image: Path,
    model: NamedModel,
    out: Path,
    wanted: Wanted = _USUAL,
    handling: Handling = _QUIETLY,
) -> list[Path]:
    """Predict an image file in memory and write the contract's files, each replaced in one step.

    Files of an earlier prediction are replaced; others only where `handling` says so.

    Args:
        image: path of a PNG, JPEG or TIFF.
        model: model that predicts it.
        out: folder to write to, created where it is missing.
        wanted: which files beside the usual ones.
        handling: how it goes about them, and what is called meanwhile.

    Returns:
        Paths of the files.

    Raises:
        ImageError: the image cannot be read, or is not of the model's kind; or one of the files
            could not be made, after the others are written.
        WorkspaceError: `out` cannot be written, or has files that this program did not write.
    """
    predictor = model.predictor
    image_file = read_image_file(image, predictor.input.file_band_count)
    raster = image_file.raster
    predictor.input.check(raster.pixels, str(image))
    located = raster.georeference is not None
    paths = list(paths_by_kind(image, out, wanted, located=located).values())
    check_free(paths, [image], overwrite=handling.overwrite)
    writable_folder(out)
    if handling.warn:
        for difference in differences(predictor.input, raster):
            handling.warn(difference)
    labels, probabilities, confidence = _predicted(raster, predictor, wanted, handling.progress)
    grid = raster.georeference
    if image_file.turned:  # the files lie on the image's own grid
        labels = labels[::-1, ::-1]
        probabilities = None if probabilities is None else probabilities[::-1, ::-1]
        confidence = None if confidence is None else confidence[::-1, ::-1]
        grid = turned(raster).georeference
    prediction = Prediction(
        labels,
        model.classes,
        grid,
        str(image),
        model.name,
        probabilities,
        predictor.averaging,
        confidence,
    )
    _write_all(paths, prediction_outputs(prediction, image.stem, wanted), str(image))
    if (wanted.polygons or wanted.geopackage) and handling.left_out:
        regions = small_regions(labels, raster.georeference, wanted.outlines.min_area)
        if regions.polygons:
            handling.left_out(regions)
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
        confidence = np.empty(raster.valid.shape, FILE.dtype)
    anchor = Anchor.of(raster.georeference)
    for strip in predictor.strips(raster.pixels, raster.valid, progress, anchor=anchor):
        rows = slice(strip.row, strip.row + len(strip.probabilities))
        labels[rows] = strip.probabilities.argmax(axis=-1)
        if probabilities is not None:
            probabilities[rows] = strip.probabilities
        if confidence is not None:
            confidence[rows] = FILE.codes(strip.probabilities.max(axis=-1))
    labels[~raster.valid] = VOID
    if probabilities is not None:
        probabilities[~raster.valid] = np.nan
    if confidence is not None:
        confidence[~raster.valid] = FILE.none
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
