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


def with_another(path: Path, kind: int, tile: int, form: str, *, below: bool = False) -> Path:
    """A TIFF of 16² pixels and a further image of one tile, after it or below it (tag 330).

    Args:
        path: file.
        kind: its NewSubfileType: 1 an overview, 4 a mask.
        tile: pixels a side of its tile.
        form: of the numbers: II or MM, with 42 or with 43 (BigTIFF).
        below: whether it lies within the first.
    """
    order, big = {"II": "<", "MM": ">"}[form[:2]], form.endswith("43")
    wide, entry, count = ("Q", "HHQ", "Q") if big else ("I", "HHI", "H")
    room = struct.calcsize(wide)
    tile_of = [*((322, 4, tile), (323, 4, tile), (324, 4, 800), (325, 4, 20))]
    strip_of = [*((273, 4, 900), (278, 4, 16), (279, 4, 256))]
    depth = [*((258, 3, 8), (259, 3, 1), (262, 3, 1), (277, 3, 1))]
    first = [*((256, 4, 16), (257, 4, 16)), *depth, *strip_of]
    other = [(254, 4, kind), *((256, 4, 16), (257, 4, 16)), *depth, *tile_of]
    places = (16, 400)
    if below:
        first.append((330, 4, places[1]))
    head = form[:2].encode() + (
        struct.pack(order + "HHHQ", 43, 8, 0, 16) if big else struct.pack(order + "HI", 42, 16)
    )
    data = bytearray(head.ljust(2048, b"\0"))
    for place, tags, follows in zip(
        places, (first, other), (0 if below else places[1], 0), strict=True
    ):
        text = struct.pack(order + count, len(tags))
        for tag, type_, value in sorted(tags):
            number = struct.pack(order + {3: "H", 4: "I"}[type_], value)
            text += struct.pack(order + entry, tag, type_, 1) + number.ljust(room, b"\0")
        text += struct.pack(order + wide, follows)
        data[place : place + len(text)] = text
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("kind", [1, 4])
@pytest.mark.parametrize("form", ["II42", "MM42", "II43", "MM43"])
@pytest.mark.parametrize("below", [False, True])
def test_so_is_that_of_a_mask_or_overview_within_it(
    tmp_path: Path, kind: int, form: str, below: bool
) -> None:
    """A mask of one tile of 65,520² pixels took 4.3 GB, a file of 4 MB."""
    path = with_another(tmp_path / "a.tif", kind, 65520, form, below=below)
    for source in (path, path.read_bytes()):
        with pytest.raises(ImageError, match="blocks are of 65,520 × 65,520 pixels"):
            read_raster(source)
    small = with_another(tmp_path / "b.tif", kind, 256, form, below=below)
    assert read_header(small).width == 16


def test_a_chain_of_images_has_an_end(tmp_path: Path) -> None:
    """Directories beside each other by the thousand, and one that is followed by itself."""
    path = tmp_path / "a.tif"
    data = bytearray(with_another(path, 4, 256, "II42").read_bytes())
    end = 400 + 2 + 12 * struct.unpack_from("<H", data, 400)[0]
    struct.pack_into("<I", data, end, 400)
    path.write_bytes(data)
    assert read_header(path).width == 16
    for number in range(1100):
        data += b"\0" * (len(data) % 2)
        struct.pack_into("<I", data, end, len(data))
        end = len(data) + 14
        data += struct.pack("<HHHIII", 1, 256, 4, 1, number + 1, 0)
    path.write_bytes(data)
    with pytest.raises(ImageError, match=r"more than 1,024 images"):
        read_raster(path)


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
    with pytest.raises(ImageError, match="3 MiB in memory for its bands alone, and 2 MiB"):
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


@pytest.mark.parametrize(
    ("dtype", "nodata", "masked", "bytes_of_pixel"),
    [
        ("uint8", None, False, 2),  # the band and where there is data
        ("uint8", 7, False, 2),
        ("uint8", None, True, 2),
        ("int16", None, False, 3),  # -9999 stands in it without a tag
        ("float32", None, False, 5),
    ],
)
def test_nothing_as_large_lies_beside_one_band(
    tmp_path: Path, dtype: str, nodata: float | None, masked: bool, bytes_of_pixel: int
) -> None:
    """An image of 1.8 GiB took 5.7: what is asked of every pixel was there for all at once."""
    side = 8192
    band = np.full((side, side), 50, dtype)
    if dtype != "uint8":
        band[: side // 4] = -9999
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(
            tmp_path / "a.tif", "w", driver="GTiff", width=side, height=side, count=1,
            dtype=dtype, nodata=nodata, compress="deflate", tiled=True,
        ) as file,
    ):  # fmt: skip
        file.write(band, 1)
        if masked:
            file.write_mask(band > 60)
    read_header(tmp_path / "a.tif")
    del band
    tracemalloc.start()
    raster = read_raster(tmp_path / "a.tif")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert raster.pixels.nbytes >= 64 * 1024**2
    assert raster.fill == (() if dtype == "uint8" else (-9999.0,))
    assert raster.valid.mean() == (0 if masked else 1 if dtype == "uint8" else 0.75)
    assert peak < 1.3 * side * side * bytes_of_pixel


def jpeg2000(tile: int, bands: int, *, boxed: bool) -> bytes:
    """A JPEG 2000 of 255 × 257 pixels with no data (ISO 15444-1, annexes A and I)."""
    sizes = struct.pack(">H8IH", 0, 255, 257, 0, 0, tile, tile, 0, 0, bands) + b"\7\1\1" * bands
    stream = b"\xff\x4f\xff\x51" + struct.pack(">H", len(sizes) + 2) + sizes
    stream += b"\xff\x52" + struct.pack(">HBBHBBBBBB", 12, 0, 0, 1, 0, 0, 4, 4, 0, 1)
    stream += b"\xff\x5c" + struct.pack(">HBB", 4, 0x40, 0x40)
    stream += b"\xff\x90" + struct.pack(">HHIBB", 10, 0, 14, 0, 1) + b"\xff\x93\xff\xd9"
    if not boxed:
        return stream
    head = b"\0\0\0\x0cjP  \r\n\x87\n" + struct.pack(">I4s4sI4s", 20, b"ftyp", b"jp2 ", 0, b"jp2 ")
    return head + struct.pack(">I4sQ", 1, b"jp2c", len(stream) + 16) + stream


@pytest.mark.parametrize("boxed", [False, True])
def test_tiles_of_a_jpeg_2000_are_counted_first(tmp_path: Path, boxed: bool) -> None:
    """A file of 378 bytes with 65,535 tiles of 100 bands took 7.4 GiB."""
    path = tmp_path / "a.jp2"
    path.write_bytes(jpeg2000(1, 100, boxed=boxed))
    for source in (path, path.read_bytes()):
        with pytest.raises(ImageError, match=r"65,535 tiles of 100 bands|cannot read here"):
            read_raster(source)
    path.write_bytes(jpeg2000(256, 3, boxed=boxed))
    with pytest.raises(ImageError, match=r"damaged|cannot read here"):  # it has no data
        read_raster(path)
    path.write_bytes(path.read_bytes().replace(b"\xff\x51", b"\xff\x64"))
    with pytest.raises(ImageError, match=r"header is damaged|cannot read here|not a PNG"):
        read_raster(path)


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
