"""A cloud-optimised GeoTIFF of any size, written from windows.

GDAL's driver for them copies: the pixels go into a file of blocks first, compressed, and from there
into the result, with overviews. Neither is held in memory.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from rasterio.shutil import copy
from rasterio.windows import Window

from core.imagery.header import Georeference
from core.imagery.output.attribute_table import Legend, put_attribute_table, room_for_table
from core.provenance import mark_tiff, tiff_placeholder

__all__ = ["BLOCK", "Content", "block_windows", "write_geotiff"]

BLOCK = 512
"""Pixels along a side of a block."""

_CLAIM = b"GDAL_STRUCTURAL_METADATA_SIZE="
_CACHE = 64 * 1024**2
_PATIENCE = 0.2  # seconds after which a signal is seen at the latest
_MANY = 4096  # pixels along a side of what is written at once


@dataclass(frozen=True)
class Content:
    """What a GeoTIFF is to hold.

    Attributes:
        height, width: in pixels.
        bands: number of bands C.
        dtype: of its values.
        georeference: grid and CRS, taken over exactly.
        nodata: value that means no data.
        descriptions: of the bands, from the first.
        legend: names and colours of the values, of one 8-bit band.
        scale: what the values are to be multiplied by.
        editable: whether GDAL is to open the result for editing as any other: a file that says of
            itself that it is cloud-optimised it does not, as editing takes that away. The layout is
            the same.
    """

    height: int
    width: int
    bands: int
    dtype: str
    georeference: Georeference
    nodata: float | None = None
    descriptions: tuple[str, ...] = ()
    legend: Legend | None = None
    scale: float = 1
    editable: bool = False


def block_windows(height: int, width: int, values: int = 1) -> Iterator[tuple[slice, slice]]:
    """Rows and columns of windows of whole blocks, row by row.

    Args:
        height, width: of the image.
        values: bytes of a pixel; the more, the smaller the windows.
    """
    across = max(BLOCK, _MANY // values // BLOCK * BLOCK)
    for top in range(0, height, BLOCK):
        rows = slice(top, min(height, top + BLOCK))
        for left in range(0, width, across):
            yield rows, slice(left, min(width, left + across))


def write_geotiff(
    path: Path, content: Content, window: Callable[[slice, slice], np.ndarray | None]
) -> None:
    """Write a compressed, cloud-optimised GeoTIFF, marked as this program's.

    Overviews of a map of classes have the commonest of the classes, others the mean.

    Args:
        path: to write to; in a folder that is the caller's own, for other files lie beside it
            meanwhile.
        content: what it is to hold.
        window: gives rows and columns (h, w, C) of it; None where there is no data, for a content
            that has a no-data value.

    Raises:
        RasterioError: the disk is full, or GDAL refuses.
    """
    blocked = path.with_name(f"blocked-{path.name}")
    try:
        with rasterio.Env(GDAL_PAM_ENABLED=False, GDAL_CACHEMAX=_CACHE):
            _write_blocks(blocked, content, window)
        _beside(lambda: _copy_as_cog(blocked, path, "MODE" if content.legend else "AVERAGE"))
    finally:
        blocked.unlink(missing_ok=True)
    if content.legend:
        put_attribute_table(path, content.legend.table())
    if content.editable:
        _without_claim(path)
    mark_tiff(path)


def _copy_as_cog(blocked: Path, path: Path, resampling: str) -> None:
    # What rasterio is set to holds for one thread.
    with rasterio.Env(GDAL_PAM_ENABLED=False, GDAL_CACHEMAX=_CACHE):
        copy(
            blocked,
            path,
            driver="COG",
            COMPRESS="DEFLATE",
            NUM_THREADS="ALL_CPUS",
            BLOCKSIZE=BLOCK,
            OVERVIEW_RESAMPLING=resampling,
            BIGTIFF="IF_SAFER",
            SPARSE_OK="TRUE",
        )


def _beside(work: Callable[[], None]) -> None:
    """Do work of minutes that is one call of GDAL, so that this thread can be interrupted.

    Python looks at signals between two steps of the main thread alone, and a call is one step.
    """
    done: Future[None] = Future()

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised where the work is waited for
            done.set_exception(error)
        else:
            done.set_result(None)

    # Nobody waits for it where the process ends.
    threading.Thread(target=run, daemon=True, name="GeoTIFF").start()
    while True:
        with suppress(TimeoutError):
            return done.result(timeout=_PATIENCE)


def _without_claim(path: Path) -> None:
    """Take out what GDAL says of the layout in a COG, between its header and first directory."""
    with path.open("r+b") as file:
        start = file.read(512)
        place = start.find(_CLAIM)
        if place > 0:
            file.seek(place)
            file.write(bytes(len(_CLAIM)))


def _write_blocks(
    path: Path, content: Content, window: Callable[[slice, slice], np.ndarray | None]
) -> None:
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=content.width,
        height=content.height,
        count=content.bands,
        dtype=content.dtype,
        crs=content.georeference.crs,
        transform=content.georeference.transform,
        nodata=content.nodata,
        compress="deflate",
        zlevel=1,
        tiled=True,
        blockxsize=BLOCK,
        blockysize=BLOCK,
        interleave="pixel",
        sparse_ok=True,
        bigtiff="IF_SAFER",
    ) as dataset:
        values = content.bands * np.dtype(content.dtype).itemsize
        for rows, columns in block_windows(content.height, content.width, values):
            part = window(rows, columns)
            if part is not None:
                at = Window.from_slices(rows, columns)
                dataset.write(np.moveaxis(part, -1, 0), window=at)
        if content.legend:
            dataset.write_colormap(1, content.legend.colormap())
            dataset.update_tags(
                1, **content.legend.tags(), **room_for_table(content.legend.table())
            )
        for index, text in enumerate(content.descriptions):
            dataset.set_band_description(index + 1, text)
        if content.scale != 1:
            dataset.scales = (content.scale,) * content.bands
        dataset.update_tags(TIFFTAG_SOFTWARE=tiff_placeholder())
