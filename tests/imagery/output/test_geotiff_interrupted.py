"""Writing a GeoTIFF is interrupted also within GDAL's one long call."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS
from rasterio.errors import RasterioError

from core.imagery.header import Georeference
from core.imagery.output import geotiff
from core.imagery.output.geotiff import Content, write_geotiff

PLACE = Georeference(CRS.from_epsg(32631), Affine(1, 0, 0, 0, -1, 0))
CONTENT = Content(height=64, width=64, bands=1, dtype="uint8", georeference=PLACE)


def window(rows: slice, columns: slice) -> np.ndarray:
    return np.ones((rows.stop - rows.start, columns.stop - columns.start, 1), np.uint8)


def test_a_signal_is_seen_while_gdal_copies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copying, released = threading.Event(), threading.Event()

    def copy(*_: object, **__: object) -> None:
        copying.set()
        released.wait(60)

    monkeypatch.setattr(geotiff, "copy", copy)
    ended = threading.Event()

    def interrupt() -> None:
        # Again and again, as the command does: Python drops one that is raised in a destructor.
        copying.wait(60)
        while not ended.is_set():
            signal.raise_signal(signal.SIGINT)
            ended.wait(2)

    interruption = threading.Thread(target=interrupt)
    interruption.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            write_geotiff(tmp_path / "a.tif", CONTENT, window)
    finally:
        ended.set()
    assert not released.is_set()  # the copy had not ended
    released.set()
    interruption.join()
    assert list(tmp_path.iterdir()) == []


def test_what_gdal_refuses_is_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def copy(*_: object, **__: object) -> None:
        raise RasterioError("no room")

    monkeypatch.setattr(geotiff, "copy", copy)
    with pytest.raises(RasterioError, match="no room"):
        write_geotiff(tmp_path / "a.tif", CONTENT, window)
