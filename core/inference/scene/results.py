"""The files of a scene's prediction, made from its values window by window."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.errors import RasterioError

from core.classes import VOID, ClassTable, label_counts
from core.errors import WorkspaceError
from core.imagery.ground_area import GroundAreas, NoGroundAreas, ground_areas
from core.imagery.header import Georeference
from core.imagery.output.attribute_table import Legend
from core.imagery.output.geopackage import write_geopackage
from core.imagery.output.geotiff import Content, block_windows, write_geotiff
from core.imagery.output.joined_regions import joined_regions
from core.imagery.output.label_pngs import write_label_pngs, write_png
from core.imagery.output.outlines import AS_PIXELS, OutlineSettings
from core.imagery.output.polygons import (
    SIMPLIFIED_ROWS,
    Collection,
    gathered,
    polygon_parts_of,
    with_sizes,
)
from core.imagery.output.region_sizes import RegionSizes
from core.imagery.output.regions import Regions
from core.inference.averaging import Averaging
from core.inference.certainty import FILE
from core.inference.outputs.kinds import OutputKind
from core.inference.outputs.made_from import MadeFrom
from core.inference.outputs.prediction import class_summary
from core.inference.outputs.writers import NO_GRID, confidence_content
from core.inference.scene.planes import Planes
from core.inference.small_regions import SmallRegions
from core.paths import disk_errors
from core.provenance import marked_json

__all__ = ["SceneResult", "write_result"]

_ROWS_BYTES = 16 * 1024**2  # of rows that are compressed at once


@dataclass(frozen=True)
class SceneResult:
    """The prediction of a scene, in files.

    Attributes:
        planes: its values.
        classes: class table of the model, K classes.
        georeference: grid of the image; None where it has none.
        image: path of the image.
        model: name of the model.
        averaging: over what the probabilities were averaged.
        made_from: what it depends on.
    """

    planes: Planes
    classes: ClassTable
    georeference: Georeference | None
    image: str
    model: str
    averaging: Averaging
    made_from: MadeFrom

    @property
    def height(self) -> int:
        return self.planes.labels.height

    @property
    def width(self) -> int:
        return self.planes.labels.width

    def rows(
        self, read: Callable[[slice, slice], np.ndarray], size: int, step: int = 0
    ) -> Iterator[np.ndarray]:
        """All rows of a plane, some at a time.

        Args:
            read: gives a part of the plane.
            size: bytes of a pixel.
            step: how many at a time; 0 for as many as fit into 16 MiB.
        """
        step = step or max(1, _ROWS_BYTES // (self.width * size))
        for top in range(0, self.height, step):
            rows = slice(top, min(self.height, top + step))
            if self.planes.labels.is_empty(rows):
                nothing = read(slice(top, top + 1), slice(0, 1))[0, 0]
                yield np.broadcast_to(nothing, (rows.stop - top, self.width))
            else:
                yield read(rows, slice(0, self.width))

    def areas(self) -> GroundAreas | NoGroundAreas:
        """Of the ground."""
        return ground_areas(self.georeference, self.width, self.height)

    def outlines(self, simplify: float) -> Iterator[tuple[Regions, RegionSizes]]:
        """Outlines of all regions, and their sizes.

        Args:
            simplify: see `OutlineSettings`.
        """
        areas = self.areas()
        bands = self.rows(self.planes.read_labels, 1, SIMPLIFIED_ROWS if simplify else 0)
        for part in gathered(joined_regions(bands, VOID, simplify)):
            yield with_sizes(part, areas)

    def summary(self) -> dict[str, Any]:
        """What `Prediction.summary` has, added up window by window."""
        counts, by_label = np.zeros(256, np.int64), np.zeros(256)
        areas = self.areas()
        for rows, columns in block_windows(self.height, self.width):
            if self.planes.labels.is_empty(rows):
                counts[VOID] += (rows.stop - rows.start) * (columns.stop - columns.start)
                continue
            labels = self.planes.read_labels(rows, columns)
            here = label_counts(labels)
            counts += here
            if isinstance(areas, GroundAreas) and here[VOID] < labels.size:
                by_label += areas.of_part(labels, rows.start, columns.start)
        return class_summary(self.classes, (self.height, self.width), counts, by_label, areas)


def write_result(
    result: SceneResult,
    paths: dict[OutputKind, Path],
    folder: Path,
    settings: OutlineSettings = AS_PIXELS,
) -> SmallRegions:
    """Make and put in place the files of a prediction, each in one step.

    Labels and colours are made together.

    Args:
        result: the prediction.
        paths: of the files that are wanted.
        folder: for what lies there meanwhile.
        settings: smallest region and simplification of the polygons.

    Returns:
        The regions that are too small for a polygon, where there are polygons.

    Raises:
        WorkspaceError: the disk is full, or a folder cannot be written.
    """
    small = [0, 0]

    def left_out(polygons: int, pixels: int) -> None:
        small[0] += polygons
        small[1] += pixels

    makers: dict[OutputKind, Callable[[Path], None]] = {
        "polygons": partial(_polygons, result, settings, left_out),
        "geopackage": partial(_geopackage, result, settings),
        "geotiff": partial(_labels, result),
        "probabilities": partial(_probabilities, result),
        "confidence": partial(_confidence, result),
        "confidence_png": partial(_confidence_png, result),
        "summary": partial(_summary, result, paths),
    }
    with disk_errors(folder):
        pictures = folder / "labels.png", folder / "colors.png"
        palette = result.classes.colorize(np.arange(256, dtype=np.uint8)[None])[0]
        read = result.planes.read_labels
        size = result.height, result.width
        write_label_pngs(*pictures, result.rows(read, 1), size, palette)
    _put(pictures[0], paths["labels"])
    _put(pictures[1], paths["colors"])
    for kind, path in paths.items():
        if kind not in makers:
            continue
        made = folder / path.name
        try:
            with disk_errors(path):
                makers[kind](made)
        except RasterioError as error:
            raise WorkspaceError(
                "the file cannot be written",
                where=str(path),
                remedy=f"see that the disk has room, and go on with --resume ({error})",
            ) from error
        _put(made, path)
    return SmallRegions(*small)


def _polygons(
    result: SceneResult,
    settings: OutlineSettings,
    left_out: Callable[[int, int], None],
    path: Path,
) -> None:
    names, grid = result.classes.names, result.georeference
    of = Collection(names, grid, result.areas(), settings.min_area, left_out)
    with path.open("wb") as file:
        file.writelines(polygon_parts_of(result.outlines(settings.simplify), of))


def _geopackage(result: SceneResult, settings: OutlineSettings, path: Path) -> None:
    assert result.georeference is not None
    names, grid = result.classes.names, result.georeference
    outlines = result.outlines(settings.simplify)
    write_geopackage(path, outlines, names, grid, settings.min_area)


def _put(made: Path, path: Path) -> None:
    with disk_errors(path):
        made.replace(path)


def _labels(result: SceneResult, path: Path) -> None:
    legend = Legend(result.classes.names, result.classes.colors, VOID)
    content = Content(
        result.height,
        result.width,
        1,
        "uint8",
        result.georeference or NO_GRID,
        VOID,
        ("class",),
        legend,
    )

    def window(rows: slice, columns: slice) -> np.ndarray | None:
        if result.planes.labels.is_empty(rows):
            return None
        labels = result.planes.read_labels(rows, columns)
        return None if (labels == VOID).all() else labels[..., None]

    write_geotiff(path, content, window)


def _probabilities(result: SceneResult, path: Path) -> None:
    names = result.classes.names
    content = Content(
        result.height,
        result.width,
        len(names),
        "float32",
        result.georeference or NO_GRID,
        math.nan,
        names,
    )

    def window(rows: slice, columns: slice) -> np.ndarray | None:
        if result.planes.labels.is_empty(rows):
            return None
        part = result.planes.read_probabilities(rows, columns)
        return None if np.isnan(part[..., 0]).all() else part

    write_geotiff(path, content, window)


def _confidence(result: SceneResult, path: Path) -> None:
    size = result.height, result.width
    content = confidence_content(size, result.georeference or NO_GRID)

    def window(rows: slice, columns: slice) -> np.ndarray | None:
        if result.planes.labels.is_empty(rows):
            return None
        part = result.planes.read_confidence(rows, columns)
        return None if (part == FILE.none).all() else part[..., None]

    write_geotiff(path, content, window)


def _confidence_png(result: SceneResult, path: Path) -> None:
    rows = result.rows(result.planes.read_confidence, 2)
    write_png(path, rows, (result.height, result.width))


def _summary(result: SceneResult, paths: dict[OutputKind, Path], path: Path) -> None:
    source = {"image": result.image, "model": result.model} | result.averaging.record()
    made_from = result.made_from.with_files(paths).record()
    report = marked_json(source | result.summary() | made_from)
    path.write_text(json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
