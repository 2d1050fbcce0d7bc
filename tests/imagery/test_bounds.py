"""What an image may take, whatever its header says."""

from __future__ import annotations

import struct
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import rasterio

from core.errors import ImageError
from core.imagery.header import read_header
from core.imagery.raster import read_raster


def one_tile(path: Path, side: int, tile: int, bands: int) -> Path:
    """A TIFF of some hundred bytes with one tile (TIFF 6.0, sections 2 and 15)."""
    tags = [
        *((256, 4, side), (257, 4, side), (258, 3, 8), (259, 3, 1)),
        *((262, 3, 1), (277, 3, bands), (284, 3, 1)),
        *((322, 4, tile), (323, 4, tile), (324, 4, 300), (325, 4, 20)),
    ]
    head = b"II*\0" + struct.pack("<IH", 8, len(tags))
    for tag, kind, value in tags:
        head += struct.pack("<HHII", tag, kind, 1, value)
    path.write_bytes((head + struct.pack("<I", 0)).ljust(320, b"\0"))
    return path


@pytest.mark.parametrize(("tile", "bands"), [(36864, 4), (36864, 1), (12000, 1), (8192, 3)])
def test_a_block_far_larger_than_its_image(tmp_path: Path, tile: int, bands: int) -> None:
    """A few bytes took 5.4 GB: a block is decoded whole, however small the image."""
    path = one_tile(tmp_path / "a.tif", 16, tile, bands)
    tracemalloc.start()
    for read in (read_header, read_raster):
        with pytest.raises(ImageError, match=f"blocks are of {tile:,} × {tile:,} pixels"):
            read(path)
    with pytest.raises(ImageError, match="blocks are of"):
        read_raster(path.read_bytes())
    assert tracemalloc.get_traced_memory()[1] < 50 * 1024**2
    tracemalloc.stop()


def test_so_is_that_of_a_mask_beside_it(tmp_path: Path) -> None:
    with rasterio.open(
        tmp_path / "a.tif", "w", driver="GTiff", width=16, height=16, count=1, dtype="uint8"
    ) as file:
        file.write(np.ones((1, 16, 16), np.uint8))
    one_tile(tmp_path / "a.tif.msk", 16, 36864, 1)
    with pytest.raises(ImageError, match="blocks are of"):
        read_raster(tmp_path / "a.tif")


@pytest.mark.parametrize("values", ["measured", "stored"])
def test_a_palette_counts_as_the_colours_it_becomes(
    tmp_path: Path, values: Literal["measured", "stored"]
) -> None:
    """2 GiB of indices took 9 GiB: each became three values."""
    path = tmp_path / "a.tif"
    form = {"driver": "GTiff", "width": 1024, "height": 1024, "count": 1, "dtype": "uint8"}
    with rasterio.open(path, "w", **form, photometric="palette") as file:
        file.write(np.ones((1, 1024, 1024), np.uint8))
        file.write_colormap(1, {1: (1, 2, 3, 255)})
    with pytest.raises(ImageError, match="3 MiB in memory, and 2 MiB"):
        read_raster(path, max_bytes=2 * 1024**2, values=values)
    indices = read_raster(path, max_bytes=2 * 1024**2, values="indices")
    assert indices.pixels.nbytes == 1024**2
    assert read_raster(path, max_bytes=3 * 1024**2, values=values).pixels.nbytes == 3 * 1024**2


@pytest.mark.parametrize("options", [{"tiled": True, "blockxsize": 512, "blockysize": 512}, {}])
def test_ordinary_blocks_are_read(tmp_path: Path, options: dict[str, object]) -> None:
    """A tile larger than a small image, and one strip for all of it."""
    with rasterio.open(
        tmp_path / "a.tif", "w", driver="GTiff", width=20, height=10, count=2, dtype="float32",
        **options,
    ) as file:  # fmt: skip
        file.write(np.ones((2, 10, 20), np.float32))
    assert read_raster(tmp_path / "a.tif").pixels.shape == (10, 20, 2)


@pytest.mark.parametrize("interleave", ["pixel", "band"])
def test_an_image_is_in_memory_once(tmp_path: Path, interleave: str) -> None:
    """It was there three times while it was read."""
    pixels = np.random.default_rng(0).integers(0, 4000, (4, 1000, 1500)).astype(np.uint16)
    with rasterio.open(
        tmp_path / "a.tif", "w", driver="GTiff", width=1500, height=1000, count=4,
        dtype="uint16", interleave=interleave,
    ) as file:  # fmt: skip
        file.write(pixels)
    read_header(tmp_path / "a.tif")
    tracemalloc.start()
    raster = read_raster(tmp_path / "a.tif")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_array_equal(np.moveaxis(raster.pixels, -1, 0), pixels)
    assert peak < 1.7 * pixels.nbytes


VIRTUAL = {
    "vrt": '<VRTDataset rasterXSize="8" rasterYSize="8"><VRTRasterBand dataType="Byte" band="1">'
    "<SimpleSource><SourceFilename>{place}</SourceFilename></SimpleSource></VRTRasterBand>"
    "</VRTDataset>",
    "wms": '<GDAL_WMS><Service name="TMS"><ServerUrl>{place}</ServerUrl></Service></GDAL_WMS>',
    "wmts": "<GDAL_WMTS><GetCapabilitiesUrl>{place}</GetCapabilitiesUrl></GDAL_WMTS>",
    "stac": '{{"type": "Feature", "stac_version": "1.0.0", '
    '"assets": {{"a": {{"href": "{place}"}}}}}}',
}


@pytest.mark.parametrize("kind", VIRTUAL)
@pytest.mark.parametrize("name", ["a.tif", "a.png", "a.jp2"])
def test_no_file_leads_to_another(tmp_path: Path, kind: str, name: str) -> None:
    with rasterio.open(
        tmp_path / "secret.tif", "w", driver="GTiff", width=8, height=8, count=1, dtype="uint8"
    ) as file:
        file.write(np.full((1, 8, 8), 77, np.uint8))
    path = tmp_path / name
    path.write_text(VIRTUAL[kind].format(place=tmp_path / "secret.tif"))
    with pytest.raises(ImageError, match="not a PNG, JPEG or TIFF"):
        read_raster(path)
    with pytest.raises(ImageError, match="not a PNG, JPEG or TIFF"):
        read_raster(path.read_bytes())


@pytest.mark.parametrize(
    "place",
    ["/vsicurl/http://127.0.0.1:9/a.tif", "/vsizip//tmp/a.zip/a.tif", "GTIFF_DIR:1:/etc/passwd"],
)
def test_a_name_of_gdals_own_is_no_file(place: str) -> None:
    with pytest.raises(ImageError, match="there is no such file"):
        read_raster(Path(place))


def test_drivers_that_reach_out_are_not_there() -> None:
    """In a process of its own: GDAL asks for this once, when it is first used."""
    code = "import core, rasterio\nwith rasterio.Env() as env: print(*env.drivers())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    drivers = set(done.stdout.split())
    assert {"GTiff", "PNG", "JPEG", "MEM", "COG"} <= drivers
    assert not drivers & {"VRT", "WMS", "WMTS", "WCS", "HTTP", "STACIT", "STACTA", "GTI", "EEDAI"}
