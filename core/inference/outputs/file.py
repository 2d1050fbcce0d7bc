"""Predict one image file in memory, and write its files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
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
from core.inference.outputs.kinds import OutputKind, Wanted, paths_by_kind
from core.inference.outputs.made_from import MadeFrom
from core.inference.outputs.prediction import Prediction
from core.inference.outputs.writers import UNMADE, prediction_outputs
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
        resume: whether to go on with a prediction by windows that was ended before, and to leave
            results that are there and made from the same.
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
    paths = paths_by_kind(image, out, wanted, located=located)
    check_free(list(paths.values()), [image], overwrite=handling.overwrite)
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
    made_from = MadeFrom.of(image, predictor, wanted)
    _write_all(paths, prediction, wanted, made_from)
    if (wanted.polygons or wanted.geopackage) and handling.left_out:
        regions = small_regions(labels, raster.georeference, wanted.outlines.min_area)
        if regions.polygons:
            handling.left_out(regions)
    return list(paths.values())


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


def _write_all(
    paths: dict[OutputKind, Path], prediction: Prediction, wanted: Wanted, made_from: MadeFrom
) -> None:
    """Write each file that can be made; what cannot takes no other along.

    The summary, which is last, says what all of them were made from, unless one is missing.

    Raises:
        ImageError: names those that could not be made, when the others are written.
        WorkspaceError: the folder cannot be written.
    """
    failed: list[str] = []
    for output in prediction_outputs(prediction, "", wanted):
        path = paths[output.kind]
        parts = output.parts
        if output.kind == "summary" and not failed:
            complete = replace(prediction, made_from=made_from.with_files(paths))
            parts = prediction_outputs(complete, "", wanted)[-1].parts
        try:
            write_parts(path, parts())
        except WorkspaceError:
            raise
        except UNMADE as error:
            failed.append(f"{path.name} ({str(error) or type(error).__name__})")
    if failed:
        raise ImageError(
            f"{', '.join(failed)} could not be made",
            where=prediction.image,
            remedy="the other files of this image are written: the labels are among them",
        )
