"""Vector files are opened here, in a process of its own (`core.untrusted.bounded`).

GDAL decides by a file's content what opens it, whatever it is called, and some of its drivers
follow what a file says to other files and to addresses. So none but three are there.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pyogrio

from core.untrusted.bounded_child import serve

_DRIVERS = {"GeoJSON", "GeoJSONSeq", "GPKG"}
# Versions of writing and of reading in the header of a file of SQLite (sqlite.org/fileformat.html).
_MODES = slice(18, 20)
_ROLLED_BACK, _LOGGED = b"\1\1", b"\2\2"


def list_layers(source: str) -> list[tuple[str, str | None]]:
    # It takes no options. With another mark in its header the file is one without a log.
    file = _without_log(Path(source).read_bytes()) if _has_no_log(source) else source
    return [(str(name), kind) for name, kind in pyogrio.list_layers(file)]


def _has_no_log(source: str) -> bool:
    """Whether a GeoPackage of SQLite's mode with a write-ahead log has nothing in one.

    SQLite would make its two files beside it, and we may write none: they stay, empty.
    """
    path = Path(source)
    if not path.is_absolute():  # `GeoJSON:` and the like stand before other files
        return False
    with path.open("rb") as file:
        header = file.read(20)
    log = path.with_name(path.name + "-wal")
    return header[_MODES] == _LOGGED and not (log.is_file() and log.stat().st_size)


def _without_log(data: bytes) -> bytes:
    return data[: _MODES.start] + _ROLLED_BACK + data[_MODES.stop :]


def _options(source: str) -> dict[str, str]:
    """How GDAL opens a file."""
    if not Path(source).is_absolute():
        return {"DATE_AS_STRING": "YES"}  # Python's have no year 0
    return {"IMMUTABLE": "YES"} if _has_no_log(source) else {}


def read(
    source: str, layer: str | None, columns: list[str] | None, geometry: bool
) -> tuple[str | None, list[str], list[bytes | None] | None, list[list[Any]]]:
    """Reference system, names of the columns, geometries as WKB and the columns' values."""
    meta, _, shapes, fields = pyogrio.raw.read(
        source,
        layer=layer,
        columns=columns,
        read_geometry=geometry,
        datetime_as_string=True,
        **_options(source),
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
        source,
        layer=layer,
        force_total_bounds=bounds,
        force_feature_count=bounds,
        **_options(source),
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
