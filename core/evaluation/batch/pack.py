"""All files of a batch in one ZIP, written to the disk image by image."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rasterio import Affine
from rasterio.crs import CRS
from rasterio.errors import CRSError

from core.errors import WorkspaceError
from core.evaluation.batch.files import safe_name, unused
from core.evaluation.batch.record import BatchRecord, Grid, ImageResult
from core.evaluation.batch.store import ImageMaps, KeptBatch, free_bytes
from core.evaluation.batch.table import BatchRow, BatchTotals, batch_rows, table_csv, totals
from core.formats import binary_size
from core.imagery.header import Georeference
from core.imagery.output.outlines import AS_PIXELS, OutlineSettings
from core.inference.certainty import FILE, HALF, SCREEN, labels_at
from core.inference.outputs.kinds import Wanted
from core.inference.outputs.prediction import Prediction
from core.inference.outputs.writers import UNMADE, Output, prediction_outputs
from core.paths import write_atomic
from core.provenance import marked_json

__all__ = ["PackOptions", "georeference_of", "pack_batch"]

_ROOM = 8  # bytes of results for a pixel at most, without polygons
_STORED = (".png", ".tif", ".gpkg")  # compressed already
_TIME = (1980, 1, 1, 0, 0, 0)  # of entries: two ZIPs of one content are equal


@dataclass(frozen=True)
class PackOptions:
    """What goes into the ZIP beside labels, colours, table and summary.

    Attributes:
        confidence: the likeliest class's probability, in the 254 steps that are kept.
        polygons: GeoJSON.
        outlines: smallest region and simplification of the polygons.
        threshold: probability of class 1 of two classes from which on a pixel is of it.
    """

    confidence: bool = False
    polygons: bool = False
    outlines: OutlineSettings = AS_PIXELS
    threshold: float = HALF


def pack_batch(
    kept: KeptBatch,
    options: PackOptions,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write `results.zip` into the batch's folder; one that is there is replaced when it is whole.

    No more than one image's files are in memory at once. A file that cannot be made is named in
    the summary, and takes no other along.

    Args:
        kept: the batch, as far as it is predicted.
        options: what goes into it.
        progress: called with the number of images packed and of all.

    Raises:
        WorkspaceError: the batch is damaged, or the disk is full or has plainly too little room.
    """
    record, results = kept.record(), kept.results()
    rows = batch_rows(record, results, options.threshold)
    _check_room(kept, results.values())
    place = kept.zip_file

    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w", allowZip64=True) as archive:
            _write_all(archive, _Packed(kept, record, options), rows, progress)

    write_atomic(place, write)
    return place


def _check_room(kept: KeptBatch, results: Iterable[ImageResult]) -> None:
    pixels = sum(result.width * result.height for result in results)
    needed, free = pixels * _ROOM // 4, free_bytes(kept)
    if needed > free:
        raise WorkspaceError(
            f"the files need about {binary_size(needed)} on the disk, and {binary_size(free)} are "
            "free",
            where=kept.id,
            remedy="make room, or delete older batches",
        )


@dataclass(frozen=True)
class _Packed:
    """What is packed."""

    kept: KeptBatch
    record: BatchRecord
    options: PackOptions

    def files(self, row: BatchRow, stem: str) -> Iterator[tuple[str, Iterable[bytes]]]:
        """The files of an image: names, and parts of the bytes."""
        result = row.result
        if result is None or result.failed:
            return
        if self.record.images[row.number].large:
            for path in sorted(self.kept.scene_folder(row.number).glob("*")):
                if path.is_file() and not path.name.startswith("."):
                    yield stem + _ending(path), _parts(path)
            return
        maps = self.kept.maps(row.number, len(self.record.classes))
        for output in self._outputs(maps, result, row.name, stem):
            yield output.name, output.parts()

    def _outputs(self, maps: ImageMaps, result: ImageResult, name: str, stem: str) -> list[Output]:
        labels, sure = maps.labels, maps.certainty.confidence
        if len(self.record.classes) == 2:
            labels = labels_at(labels, sure, self.options.threshold)
        confidence = None
        if self.options.confidence:
            shares = (sure.astype(np.float32) - SCREEN.first) / SCREEN.steps
            confidence = FILE.codes(np.where(sure == SCREEN.none, np.nan, shares))
        prediction = Prediction(
            labels,
            self.record.classes,
            georeference_of(result.grid),
            name,
            self.record.model,
            averaging=self.record.options.averaging,
            confidence=confidence,
            threshold=self.options.threshold,
        )
        wanted = Wanted(
            polygons=self.options.polygons,
            confidence=self.options.confidence,
            outlines=self.options.outlines,
        )
        return prediction_outputs(prediction, stem, wanted)


def _ending(path: Path) -> str:
    """What comes after an image's own name in that of a result."""
    for ending in ("_labels.png", "_labels.tif", "_color.png", "_confidence.tif"):
        if path.name.endswith(ending):
            return ending
    return path.suffix


def _parts(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while part := file.read(1024**2):
            yield part


def _write_all(
    archive: zipfile.ZipFile,
    packed: _Packed,
    rows: list[BatchRow],
    progress: Callable[[int, int], None] | None,
) -> None:
    used: set[str] = set()
    problems: list[str] = []
    for done, row in enumerate(sorted(rows, key=lambda row: row.number)):
        if progress:
            progress(done, len(rows))
        stem = unused(safe_stem(row.name), used)
        try:
            for name, parts in packed.files(row, stem):
                _add(archive, f"images/{name}", parts)
        except UNMADE as error:
            problems.append(f"{row.name}: {error}")
    record = packed.record
    _add(archive, "table.csv", [table_csv(record, rows).encode("utf-8-sig")])
    report = marked_json(summary(record, rows, packed.options.threshold, problems))
    text = json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False)
    _add(archive, "summary.json", [f"{text}\n".encode()])


def safe_stem(name: str) -> str:
    """The beginning of an image's file names: folders become part of it."""
    flat = "_".join(part for part in name.replace("\\", "/").split("/") if part)
    stem = safe_name(f"{flat}.x" if "." not in flat else flat).rpartition(".")[0]
    return stem.lstrip(".") or "image"


def _add(archive: zipfile.ZipFile, name: str, parts: Iterable[bytes]) -> None:
    entry = zipfile.ZipInfo(name, _TIME)
    stored = name.endswith(_STORED)
    entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    # Parts are made before the entry is begun: one that fails leaves no half of it behind.
    held = iter(parts)
    first = next(held, b"")
    with archive.open(entry, "w", force_zip64=True) as file:
        file.write(first)
        for part in held:
            file.write(part)


def summary(
    record: BatchRecord, rows: list[BatchRow], threshold: float, problems: list[str]
) -> dict[str, Any]:
    """What `summary.json` holds.

    Args:
        record: of the batch.
        rows: of `batch_rows`.
        threshold: of class 1, where there are two classes.
        problems: files that could not be made.
    """
    names = record.classes.names
    whole: BatchTotals = totals(rows, len(names))
    report: dict[str, Any] = {
        "model": record.model,
        "sha256": record.sha256,
        "images": {"done": whole.done, "failed": whole.failed, "waiting": whole.waiting},
        **record.options.averaging.record(),
    }
    if record.side:
        report |= {"dataset": record.side.dataset, "side": record.side.side}
    if threshold != HALF:
        report["threshold"] = {names[1]: threshold}
    if whole.scores:
        report["scores"] = {
            "images": whole.scored,
            "mean_iou": whole.scores.mean_iou,
            "pixel_accuracy": whole.scores.pixel_accuracy,
            "per_class": whole.scores.per_class(names),
        }
    report["classes"] = {
        name: {"pixels": whole.counts[label]}
        | ({"area_m2": whole.areas[label]} if whole.areas else {})
        for label, name in enumerate(names)
    }
    report["pixels_without_data"] = whole.counts[-1]
    report["failed"] = {
        row.name: row.result.error for row in rows if row.result and row.result.error
    }
    report["left_out"] = list(record.left_out)
    if problems:
        report["not_made"] = problems
    return report


def georeference_of(grid: Grid | None) -> Georeference | None:
    """A result's grid as images have it."""
    if grid is None:
        return None
    try:
        crs = CRS.from_wkt(grid.crs) if grid.crs else None
    except CRSError:
        crs = None
    return Georeference(crs, Affine(*grid.transform))
