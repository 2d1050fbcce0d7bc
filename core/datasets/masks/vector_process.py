"""Vector files are opened here, in a process of its own (`core.untrusted.bounded`).

GDAL decides by a file's content what opens it, whatever it is called, and some of its drivers
follow what a file says to other files and to addresses. So none but three are there.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import pyogrio

from core.untrusted.bounded_child import serve

_DRIVERS = {"GeoJSON", "GeoJSONSeq", "GPKG"}


def list_layers(source: str) -> list[tuple[str, str | None]]:
    return [(str(name), kind) for name, kind in pyogrio.list_layers(source)]


def read(
    source: str, layer: str | None, columns: list[str] | None, geometry: bool
) -> tuple[str | None, list[str], list[bytes | None] | None, list[list[Any]]]:
    """Reference system, names of the columns, geometries as WKB and the columns' values."""
    meta, _, shapes, fields = pyogrio.raw.read(
        source, layer=layer, columns=columns, read_geometry=geometry
    )
    return (
        meta["crs"],
        [str(name) for name in meta["fields"]],
        None if shapes is None else list(shapes),
        [list(column) for column in fields],
    )


def info(source: str, layer: str | None, bounds: bool) -> dict[str, Any]:
    """Number of features, reference system, names of the columns and, if asked for, the extent."""
    whole = pyogrio.read_info(
        source, layer=layer, force_total_bounds=bounds, force_feature_count=bounds
    )
    return {
        "features": whole["features"],
        "bounds": None if whole["total_bounds"] is None else list(whole["total_bounds"]),
        "crs": whole["crs"],
        "fields": [str(name) for name in whole["fields"]],
    }


def keep_drivers() -> None:
    """Begin again without the other drivers, whose names GDAL wants to know before it starts."""
    others = set(pyogrio.list_drivers()) - _DRIVERS
    if not others:
        return
    if os.environ.get("GDAL_SKIP"):
        sys.exit(f"GDAL keeps {', '.join(sorted(others))}")
    os.environ["GDAL_SKIP"] = ",".join(sorted(others))
    os.execv(sys.executable, sys.orig_argv)


if __name__ == "__main__":
    keep_drivers()
    serve({"list_layers": list_layers, "read": read, "info": info})
