"""Opening images: every depth and format, and everything that can be wrong with a file."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import rasterio
from rasterio.io import MemoryFile
from rasterio.transform import from_origin

from core.errors import ImageError
from core.imagery.header import read_header
from core.imagery.raster import read_raster
from core.imagery.scene.scene import open_scene

RNG = np.random.default_rng(1)


def tiff(pixels: np.ndarray, **profile: object) -> bytes:
    """A GeoTIFF of (H, W, C)."""
    height, width, count = pixels.shape
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff",
            height=height,
            width=width,
            count=count,
            dtype=pixels.dtype,
            **{"transform": from_origin(500000, 4000000, 0.5, 0.5), "crs": "EPSG:32631"} | profile,
        ) as dataset:
            dataset.write(np.moveaxis(pixels, -1, 0))
        return bytes(memory.read())


def jpeg(size: int = 200) -> bytes:
    pixels = RNG.integers(0, 256, (size, size, 3), np.uint8)
    return cv2.imencode(".jpg", pixels)[1].tobytes()


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and has next to no data."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "float64"])
@pytest.mark.parametrize("bands", [1, 3, 4, 8])
def test_tiff_round_trip_of_every_depth(dtype: str, bands: int) -> None:
    pixels = RNG.integers(0, 200, (40, 30, bands)).astype(dtype)
    raster = read_raster(tiff(pixels, photometric="minisblack"))
    np.testing.assert_array_equal(raster.pixels, pixels)
    assert raster.pixels.dtype == dtype
    assert raster.valid.all()


def test_png_keeps_every_value() -> None:
    pixels = RNG.integers(0, 65536, (20, 30), np.uint16)
    data = cv2.imencode(".png", pixels)[1].tobytes()
    np.testing.assert_array_equal(read_raster(data).pixels[..., 0], pixels)


def test_alpha_and_nodata_become_invalid_pixels() -> None:
    rgba = RNG.integers(1, 256, (10, 12, 4), np.uint8)
    rgba[..., 3] = 255
    rgba[:3, :, 3] = 0
    raster = read_raster(cv2.imencode(".png", rgba)[1].tobytes())
    assert raster.pixels.shape == (10, 12, 3)
    assert not raster.valid[:3].any()
    assert raster.valid[3:].all()
    floats = RNG.random((10, 12, 2), np.float32) + 1
    floats[0, :, :] = -9999
    floats[1, 0, 1] = np.nan
    raster = read_raster(tiff(floats, nodata=-9999))
    assert not raster.valid[0].any()
    assert not raster.valid[1, 0]
    assert raster.valid.sum() == 10 * 12 - 12 - 1


def test_near_infrared_is_no_alpha() -> None:
    """GDAL tags the fourth band of an 8-bit TIFF as alpha, whatever it holds."""
    pixels = RNG.integers(0, 256, (20, 20, 4), np.uint8)
    raster = read_raster(tiff(pixels))
    np.testing.assert_array_equal(raster.pixels, pixels)
    assert raster.valid.all()
    pixels[..., 3] = RNG.choice(np.array([0, 255], np.uint8), (20, 20))
    raster = read_raster(tiff(pixels))
    np.testing.assert_array_equal(raster.pixels, pixels[..., :3])
    np.testing.assert_array_equal(raster.valid, pixels[..., 3] > 0)


def test_palette_comes_out_in_its_colours() -> None:
    index = RNG.integers(0, 3, (16, 16), np.uint8)
    colors = {0: (10, 20, 30, 255), 1: (200, 100, 0, 255), 2: (0, 0, 255, 255)}
    with MemoryFile() as memory:
        with memory.open(driver="PNG", height=16, width=16, count=1, dtype="uint8") as dataset:
            dataset.write(index, 1)
            dataset.write_colormap(1, colors)
        raster = read_raster(bytes(memory.read()))
    expected = np.array([colors[i][:3] for i in range(3)], np.uint8)[index]
    np.testing.assert_array_equal(raster.pixels, expected)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"this is a letter, not a picture", "not a PNG, JPEG or TIFF"),
        (jpeg()[:4000], "damaged or cut off"),
        (tiff(RNG.integers(0, 255, (300, 300, 3), np.uint8))[:90_000], "damaged or cut off"),
        (b"II*\0" + bytes(40), "damaged"),
        (b'<VRTDataset rasterXSize="5" rasterYSize="5"></VRTDataset>', "not a PNG"),
    ],
    ids=["zero bytes", "text", "truncated JPEG", "truncated TIFF", "TIFF header alone", "VRT"],
)
def test_damaged_files_are_refused_with_advice(data: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    path.write_bytes(data)
    for source in (data, path):
        with pytest.raises(ImageError, match=message) as caught:
            read_raster(source, name="photo.png")
        assert caught.value.where == "photo.png"
        assert caught.value.remedy


def test_missing_file_and_folder(tmp_path: Path) -> None:
    for path, words in ((tmp_path / "absent.tif", "no such file"), (tmp_path, "this is a folder")):
        with pytest.raises(ImageError, match=words):
            read_header(path)


def test_huge_header_is_refused_before_pixels_are_read() -> None:
    # 60,000 × 60,000 × 3 bytes are 10 GiB: had they been allocated or read, the missing data
    # would be the complaint.
    with pytest.raises(ImageError, match=r"60,000 × 60,000.*10\.1 GiB"):
        read_raster(png_header(60_000, 60_000))


def test_complex_integers_are_read_as_complex_numbers(tmp_path: Path) -> None:
    # CInt16, Sentinel-1's own type, is one that NumPy has no name for.
    path = tmp_path / "slc.tif"
    values = (np.arange(12) - 5 + 7j).reshape(1, 3, 4).astype(np.complex64)
    profile = {"driver": "GTiff", "width": 4, "height": 3, "count": 1, "dtype": "complex_int16"}
    with rasterio.open(path, "w", **profile) as file:
        file.write(values)
    assert read_header(path).dtype == "complex64"
    np.testing.assert_array_equal(read_raster(path).pixels[..., 0], values[0])
    with open_scene(path) as scene:
        np.testing.assert_array_equal(
            scene.part(slice(0, 2), slice(0, 3)).pixels[..., 0], values[0, :2, :3]
        )


def test_real_images_open(real_data: Path) -> None:
    crops = real_data / "spacenet/sn6_crops"
    assert read_raster(crops / "ms1.tif").pixels.shape == (300, 300, 4)
    sar = read_raster(crops / "sar_masked.tif")
    assert sar.valid.mean() == pytest.approx(0.61, abs=0.01)  # 39 % NaN, says its README
    assert np.iscomplexobj(read_raster(crops / "sar_hh.tif").pixels)
