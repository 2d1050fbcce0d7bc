"""Batches of small images, for the tests."""

from __future__ import annotations

from typing import Any

import numpy as np
from affine import Affine
from rasterio.crs import CRS

from core.classes import ClassTable, LandClass
from core.evaluation.batch.files import NamedBytes, take_uploads
from core.evaluation.batch.plan import plan_files
from core.evaluation.batch.record import BatchOptions, BatchRecord
from core.evaluation.batch.run import run_batch
from core.evaluation.batch.source import open_source
from core.evaluation.batch.store import (
    KeptBatch,
    new_batch,
)
from core.imagery.header import Georeference
from core.imagery.output.write import geotiff_bytes, png_bytes
from core.inference.predictor import Predictor
from core.models.store import find_model, load_model

RNG = np.random.default_rng(8)
ROADS = ClassTable(
    classes=(LandClass(name="Ground", color="#999999"), LandClass(name="Road", color="#E69F00"))
)


class Stop(BaseException):
    """As the page's job stops its work."""


def picture(height: int = 40, width: int = 50) -> bytes:
    return png_bytes(RNG.integers(0, 256, (height, width, 3), np.uint8))


def located(height: int = 40, width: int = 50) -> tuple[bytes, Georeference]:
    grid = Georeference(CRS.from_epsg(32631), Affine(0.5, 0, 590_000, 0, -0.5, 5_750_000))
    return geotiff_bytes(RNG.integers(0, 256, (height, width, 3), np.uint8), grid), grid


def batch_of(
    files: list[NamedBytes], model: str = "tiny", options: BatchOptions | None = None
) -> KeptBatch:
    kept = new_batch()
    ref = find_model(model)
    taken = take_uploads(kept.uploads, files)
    kept.write_record(plan_files(kept, taken, ref, options or BatchOptions()))
    kept.write_card(load_model(ref.folder)[1])
    return kept


def predicted(kept: KeptBatch, progress: Any = None, **settings: Any) -> BatchRecord:
    record = kept.record()
    model, card = load_model(find_model(record.model).folder)
    averaging = record.options.averaging
    predictor = Predictor.of_card(
        model, card, tta=averaging.symmetries, scales=averaging.scales, **settings
    )
    return run_batch(kept, open_source(kept, record, card), predictor, progress)
