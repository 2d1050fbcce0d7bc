"""The files of a prediction, each made when its bytes are asked for."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from rasterio import Affine
from rasterio.errors import RasterioError
from shapely.errors import GEOSException

from core.errors import DSIError
from core.imagery.ground_area import ground_areas
from core.imagery.header import Georeference
from core.imagery.output.geopackage import write_geopackage
from core.imagery.output.geotiff import Content
from core.imagery.output.outlines import OutlineSettings
from core.imagery.output.polygons import outlines_of, polygon_parts
from core.imagery.output.write import content_bytes, geotiff_bytes, label_geotiff, png_bytes
from core.inference.certainty import FILE
from core.inference.outputs.kinds import FILES, OutputKind, Wanted
from core.inference.outputs.prediction import Prediction
from core.provenance import marked_json, marked_png

__all__ = ["NO_GRID", "UNMADE", "Output", "confidence_content", "prediction_outputs"]

UNMADE = (DSIError, RasterioError, GEOSException, ValueError, ArithmeticError, MemoryError)
"""What a grid that maps nothing, a shape that cannot be repaired or too little memory raise."""
NO_GRID = Georeference(None, Affine.identity())
"""Of a GeoTIFF of an image without a place."""


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


_FILES_ALONE = Wanted()


def prediction_outputs(
    prediction: Prediction, stem: str, wanted: Wanted = _FILES_ALONE
) -> list[Output]:
    """The files of a prediction, named as the command line's contract names them.

    No array is copied before a file is made.

    Args:
        prediction: label map and, where they are wanted, probabilities and confidence.
        stem: beginning of the file names.
        wanted: which files there are beside the usual ones.

    Returns:
        The files, the summary ``STEM.json`` last.

    Raises:
        ValueError: probabilities or confidence are wanted that the prediction has not.
    """
    if (wanted.probabilities and prediction.probabilities is None) or (
        wanted.confidence and prediction.confidence is None
    ):
        raise ValueError("expected a prediction with the probabilities and confidence wanted")
    return [
        Output(kind, f"{stem}{FILES[kind][0]}", FILES[kind][1], _parts(kind, prediction, wanted))
        for kind in wanted.kinds(located=prediction.georeference is not None)
    ]


def _parts(
    kind: OutputKind, prediction: Prediction, wanted: Wanted
) -> Callable[[], Iterable[bytes]]:
    if kind == "polygons":
        names, grid = prediction.classes.names, prediction.georeference
        return partial(polygon_parts, prediction.labels, names, grid, wanted.outlines)
    if kind == "geopackage":
        return partial(_in_one, partial(_geopackage, prediction, wanted.outlines))
    return partial(_in_one, partial(_MAKERS[kind], prediction))


def _in_one(make: Callable[[], bytes]) -> Iterator[bytes]:
    yield make()


def _labels(prediction: Prediction) -> bytes:
    return marked_png(png_bytes(prediction.labels))


def _colors(prediction: Prediction) -> bytes:
    return marked_png(png_bytes(prediction.classes.colorize(prediction.labels)))


def _geotiff(prediction: Prediction) -> bytes:
    classes, grid = prediction.classes, prediction.georeference or NO_GRID
    return label_geotiff(prediction.labels, grid, classes.colors, classes.names)


def _probabilities(prediction: Prediction) -> bytes:
    assert prediction.probabilities is not None
    return geotiff_bytes(
        prediction.probabilities,
        prediction.georeference or NO_GRID,
        nodata=math.nan,
        descriptions=prediction.classes.names,
    )


def _confidence(prediction: Prediction) -> bytes:
    assert prediction.confidence is not None
    content = confidence_content(prediction.labels.shape, prediction.georeference or NO_GRID)
    return content_bytes(prediction.confidence[..., None], content)


def _confidence_png(prediction: Prediction) -> bytes:
    assert prediction.confidence is not None
    return marked_png(png_bytes(prediction.confidence))


def _summary(prediction: Prediction) -> bytes:
    source = {"image": prediction.image, "model": prediction.model}
    source |= prediction.settings()
    made_from = prediction.made_from.record() if prediction.made_from else {}
    report = marked_json(source | prediction.summary() | made_from)
    text = json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def _geopackage(prediction: Prediction, outlines: OutlineSettings) -> bytes:
    labels, grid = prediction.labels, prediction.georeference
    assert grid is not None
    areas = ground_areas(grid, labels.shape[1], labels.shape[0])
    with TemporaryDirectory() as folder:
        path = Path(folder) / "result.gpkg"
        batches = outlines_of(labels, areas, outlines.simplify)
        write_geopackage(path, batches, prediction.classes.names, grid, outlines.min_area)
        return path.read_bytes()


_MAKERS: dict[OutputKind, Callable[[Prediction], bytes]] = {
    "labels": _labels,
    "colors": _colors,
    "geotiff": _geotiff,
    "probabilities": _probabilities,
    "confidence": _confidence,
    "confidence_png": _confidence_png,
    "summary": _summary,
}


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
        np.dtype(FILE.dtype).name,
        grid,
        FILE.none,
        ("confidence",),
        scale=1 / FILE.steps,
    )
