"""Regions of a label map as a GeoPackage, in the image's own reference system."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import shapely

from core.imagery.header import Georeference
from core.imagery.output.places import in_system
from core.imagery.output.region_sizes import RegionSizes
from core.imagery.output.regions import Regions
from core.provenance import mark_geopackage

__all__ = ["write_geopackage"]

_LAYER = "regions"

# A grid without a reference system is written without one.
warnings.filterwarnings("ignore", message="'crs' was not provided", category=UserWarning)


def write_geopackage(
    path: Path,
    batches: Iterable[tuple[Regions, RegionSizes]],
    names: tuple[str, ...],
    georeference: Georeference,
    min_area: float = 0,
) -> None:
    """Write a layer of polygons with `class`, `label`, `pixels` and, where known, `area_m2`.

    Coordinates are those of the image's grid, without any loss; areas are of the ground. Outer
    rings are counter-clockwise.

    Args:
        path: to write to.
        batches: outlines and the sizes of their regions.
        names: of the classes, in label order.
        georeference: of the image.
        min_area: least area of a region, as in `OutlineSettings`.

    Raises:
        OSError: it cannot be written.
    """
    import pyogrio
    from pyogrio.errors import DataSourceError

    crs = None if georeference.crs is None else georeference.crs.to_wkt()
    there = False
    try:
        for outlines, sizes in batches:
            large = sizes.measure >= min_area
            outlines, sizes = outlines.select(large), sizes.select(large)
            if there and not len(outlines):
                continue
            fields = {
                "class": np.array(names, object)[outlines.labels],
                "label": outlines.labels.astype(np.int32),
                "pixels": sizes.pixels.astype(np.int64),
            }
            if sizes.square_metres is not None:
                fields["area_m2"] = sizes.square_metres
            pyogrio.raw.write(
                path,
                shapely.to_wkb(_polygons(outlines, georeference)),
                list(fields.values()),
                list(fields),
                layer=_LAYER,
                driver="GPKG",
                geometry_type="Polygon",
                crs=crs,
                append=there,
            )
            there = True
    except DataSourceError as error:
        raise OSError(f"the GeoPackage cannot be written ({error})") from error
    mark_geopackage(path, _LAYER)


def _polygons(outlines: Regions, georeference: Georeference) -> np.ndarray:
    """(P,) of shapely, in the grid's coordinates."""
    if not len(outlines):
        return np.empty(0, object)
    points = np.column_stack(in_system(georeference, outlines.corners.astype(np.float64)))
    owner = np.repeat(np.arange(len(outlines.rings) - 1), np.diff(outlines.rings))
    rings = shapely.linearrings(points, indices=owner)
    owner = np.repeat(np.arange(len(outlines)), np.diff(outlines.polygons))
    return np.asarray(shapely.orient_polygons(shapely.polygons(rings, indices=owner)))
