"""Predict a batch image by image, keep what was reached, and go on from there after a stop."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from core.classes import VOID, label_counts
from core.errors import DSIError, WorkspaceError
from core.evaluation.batch.record import BatchImage, BatchRecord, Grid, ImageResult
from core.evaluation.batch.source import BatchSource, ImageTruth
from core.evaluation.batch.store import ImageMaps, KeptBatch, held_batch
from core.evaluation.confusion import confusion
from core.imagery.ground_area import GroundAreas, ground_areas
from core.imagery.header import Georeference, read_header
from core.imagery.raster import Raster
from core.inference.anchor import Anchor
from core.inference.certainty import likelihood_codes, predict_with_certainty
from core.inference.outputs.file import Handling, NamedModel
from core.inference.outputs.kinds import Wanted, paths_by_kind
from core.inference.predictor import Predictor
from core.inference.scene.predict import predict_image
from core.paths import existing_folder

__all__ = ["BatchProgress", "run_batch"]

_BY_WINDOWS = "Predicted by windows: its labels are the likeliest class at any threshold."

SCENE_FILES = Wanted(confidence=True)
"""What is written of an image that is predicted by windows."""


class BatchProgress(Protocol):
    """Called with how far a batch is; what it raises stops it."""

    def __call__(self, done: int, total: int, *, share: float = ..., detail: str = ...) -> None:
        """Take a report.

        Args:
            done, total: images.
            share: of all the work, 0 to 1, by the pixels of the images.
            detail: what of the present image is done.
        """


def run_batch(
    kept: KeptBatch,
    source: BatchSource,
    predictor: Predictor,
    progress: BatchProgress | None = None,
) -> BatchRecord:
    """Predict the images that are left; what `progress` raises stops it, and it can go on later.

    An image that cannot be read or predicted is noted with the reason, and the others follow.

    Args:
        kept: the batch's folder, with its record.
        source: its images.
        predictor: predictor of the model, with the averaging of the options.
        progress: called tile by tile.

    Returns:
        The record, finished.

    Raises:
        WorkspaceError: the disk refuses, or the folder was deleted; what is done is kept.
    """
    with held_batch(kept), existing_folder(kept.folder):
        record = kept.record()
        work = _Work(kept, record, predictor, _Reports(record, progress))
        done = kept.results()
        start, before = time.monotonic(), record.seconds
        try:
            for number, image in enumerate(record.images):
                if number in done:
                    work.reports.skip(image)
                    continue
                work.reports.begin(image)
                kept.add_result(work.result_of(number, image, source))
                work.reports.end()
        finally:
            seconds = before + time.monotonic() - start
            whole = len(kept.results()) == len(record.images)
            now = kept.record()  # its threshold or listing may have been changed meanwhile
            record = now.model_copy(update={"seconds": seconds, "finished": whole})
            kept.write_record(record)
    return record


class _Reports:
    """How far the batch is, by images and by the pixels of these."""

    def __init__(self, record: BatchRecord, progress: BatchProgress | None) -> None:
        self._progress, self._total = progress, len(record.images)
        self._all = sum(image.weight for image in record.images)
        self._images = self._pixels = 0
        self._present: BatchImage | None = None

    def skip(self, image: BatchImage) -> None:
        """Count an image that was predicted before."""
        self._images += 1
        self._pixels += image.weight

    def begin(self, image: BatchImage) -> None:
        self._present = image
        self._report(0.0, image.name)

    def tiles(self, done: int, total: int) -> None:
        """Tiles of the present image."""
        name = self._present.name if self._present else ""
        self._report(done / total, f"tile {done:,} of {total:,} of {name}")

    def end(self) -> None:
        if self._present:
            self.skip(self._present)
            self._present = None
        self._report(0.0, "")

    def _report(self, part: float, detail: str) -> None:
        if self._progress:
            weight = self._present.weight if self._present else 0
            share = (self._pixels + part * weight) / self._all
            self._progress(self._images, self._total, share=share, detail=detail)


_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Work:
    """What is done with every image."""

    kept: KeptBatch
    record: BatchRecord
    predictor: Predictor
    reports: _Reports

    def result_of(self, number: int, image: BatchImage, source: BatchSource) -> ImageResult:
        """Predict an image; an error of its own is its result.

        Raises:
            WorkspaceError: the disk refuses.
        """
        start = time.monotonic()
        try:
            predict = self._by_windows if image.large else self._whole
            result = predict(number, source)
        except WorkspaceError:
            raise
        except DSIError as error:
            return ImageResult(number=number, error=error.sentences[:4096])
        except MemoryError:
            text = "There is too little memory for it. Close other pages, or cut it into pieces."
            return ImageResult(number=number, error=text)
        except Exception:  # noqa: BLE001 - a defect of ours is no reason to lose the others
            _log.exception("image %d of the batch %s", number, self.kept.id)
            text = "An unexpected error; the server's log has it. The other images are not touched."
            return ImageResult(number=number, error=text)
        return result.model_copy(update={"seconds": time.monotonic() - start})

    def _whole(self, number: int, source: BatchSource) -> ImageResult:
        raster = source.raster(number)
        self.predictor.input.check(raster.pixels, self.record.images[number].name)
        labels, certainty = predict_with_certainty(
            self.predictor,
            raster.pixels,
            raster.valid,
            self.reports.tiles,
            anchor=Anchor.of(raster.georeference),
        )
        maps = ImageMaps(labels, certainty)
        self.kept.write_maps(number, maps)
        return _counted(number, raster, maps, source.truth(number, raster), self.record)

    def _by_windows(self, number: int, source: BatchSource) -> ImageResult:
        path = source.path(number)
        out = self.kept.scene_folder(number)
        model = NamedModel(self.predictor, self.record.classes, self.record.model)
        handling = Handling(overwrite=True, resume=True, progress=self.reports.tiles)
        predict_image(path, model, out, SCENE_FILES, handling)
        header = read_header(path)
        paths = paths_by_kind(path, out, SCENE_FILES, located=header.georeference is not None)
        report = json.loads(paths["summary"].read_text(encoding="utf-8"))
        table, why = source.compared(number, self.kept.scene_path(number))
        matrix = () if table is None else tuple(tuple(map(int, row)) for row in table)
        classes = list(report["classes"].values())
        return ImageResult(
            number=number,
            width=header.width,
            height=header.height,
            grid=_grid(header.georeference),
            note=f"{_BY_WINDOWS} {why}".strip(),
            matrix=matrix if any(map(any, matrix)) else (),
            counts=(*(c["pixels"] for c in classes), report["void_pixels"]),
            areas=tuple(c["area_m2"] for c in classes if "area_m2" in c),
        )


def _counted(
    number: int, raster: Raster, maps: ImageMaps, truth: ImageTruth, record: BatchRecord
) -> ImageResult:
    """What is counted of an image's maps."""
    labels, classes = maps.labels, len(record.classes)
    height, width = labels.shape
    counts = label_counts(labels)
    ground = ground_areas(raster.georeference, width, height)
    areas: tuple[float, ...] = ()
    if isinstance(ground, GroundAreas):
        areas = tuple(map(float, ground.by_label(labels)[:classes]))
    codes = maps.certainty.confidence
    by_code = label_counts(codes)[1:]  # 0: no data
    matrix: tuple[tuple[int, ...], ...] = ()
    if truth.labels is not None:
        table = confusion(truth.labels, labels, classes)
        matrix = tuple(tuple(map(int, row)) for row in table) if table.any() else ()
    likelihood: tuple[tuple[int, ...], ...] = ()
    likelihood_areas: tuple[float, ...] = ()
    if classes == 2:
        likelihood = _likelihood(maps, truth.labels)
        if isinstance(ground, GroundAreas):
            areas_by_code = ground.by_label(likelihood_codes(labels, codes))
            likelihood_areas = tuple(map(float, areas_by_code))
    note = truth.note
    if truth.labels is not None and not matrix:
        note = f"{note} No scores: no labelled pixel has data.".strip()
    return ImageResult(
        number=number,
        width=width,
        height=height,
        grid=_grid(raster.georeference),
        note=note[:4096],
        matrix=matrix,
        counts=(*map(int, counts[:classes]), int(counts[VOID])),
        areas=areas,
        confidence=float(by_code @ np.arange(255) / by_code.sum() / 254) if by_code.any() else None,
        likelihood=likelihood,
        likelihood_areas=likelihood_areas,
    )


def _likelihood(maps: ImageMaps, truth: np.ndarray | None) -> tuple[tuple[int, ...], ...]:
    codes = likelihood_codes(maps.labels, maps.certainty.confidence)
    rows = np.full(codes.shape, 2, np.uint8) if truth is None else np.minimum(truth, 2)
    counts = np.stack([label_counts(codes[rows == row]) for row in range(3)])
    return tuple(tuple(map(int, row)) for row in counts)


def _grid(georeference: Georeference | None) -> Grid | None:
    if georeference is None:
        return None
    crs = georeference.crs.to_wkt() if georeference.crs else ""
    return Grid(crs=crs, transform=tuple(georeference.transform)[:6])
