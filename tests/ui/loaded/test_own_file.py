"""A photograph's own JPEG: sent as it is where it shows the picture, without what is private."""

from __future__ import annotations

import struct
from typing import Any

import cv2
import numpy as np
import pytest

from core.imagery.raster import read_raster
from tests.conftest import REAL_DATA
from ui.loaded import images
from ui.loaded.own_file import own_file, plain_jpeg
from ui.loaded.upload import Upload
from ui.viewer.encode import encode_picture

RAMP = np.stack(np.meshgrid(np.arange(120), np.arange(90)) * 2, axis=-1)[..., :3].astype(np.uint8)
GPS = b"GPS 25.2048 N 55.2708 E, by Jane Doe"


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def exif(orientation: int) -> bytes:
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    body = b"II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 0) + GPS
    return segment(0xE1, b"Exif\0\0" + body)


def photograph(orientation: int = 1, **options: Any) -> bytes:
    quality = [cv2.IMWRITE_JPEG_QUALITY, 92, *options.get("more", [])]
    plain = cv2.imencode(".jpg", RAMP, quality)[1].tobytes()
    extra = exif(orientation) + segment(0xE2, b"ICC_PROFILE\0\1\1" + bytes(40)) + segment(0xFE, GPS)
    return plain[:2] + extra + plain[2:] + GPS


def opened(data: bytes) -> Any:
    images._images.clear()
    upload = Upload("a.jpg", data, "1")
    raster = read_raster(data)
    return images._opened(upload.name, "d", raster, lambda: data)


@pytest.mark.parametrize(
    "more", [[], [cv2.IMWRITE_JPEG_PROGRESSIVE, 1], [cv2.IMWRITE_JPEG_RST_INTERVAL, 2]]
)
def test_it_is_sent_without_what_is_private(more: list[int]) -> None:
    data = photograph(more=more)
    assert data.count(GPS) == 3
    image = opened(data)
    sent = encode_picture(image.rgb, "image")
    assert sent.mime == "image/jpeg"
    for private in (GPS, b"Exif", b"ICC_PROFILE"):
        assert private not in sent.data
    back = cv2.cvtColor(cv2.imdecode(np.frombuffer(sent.data, np.uint8), 1), cv2.COLOR_BGR2RGB)
    assert cv2.absdiff(back, image.rgb).mean() < 1
    assert sent.data == plain_jpeg(sent.data)


@pytest.mark.parametrize("orientation", [2, 3, 4, 6, 8])
def test_what_is_turned_is_made_anew(orientation: int) -> None:
    image = opened(photograph(orientation))
    assert own_file(image.rgb) is None
    assert encode_picture(image.rgb, "image").mime == "image/png"  # small


def test_what_is_shown_otherwise_is_made_anew() -> None:
    grey = cv2.imencode(".jpg", RAMP[..., 0])[1].tobytes()
    image = opened(grey)  # one band, shown as three
    sent = encode_picture(image.rgb, "image")
    back = cv2.imdecode(np.frombuffer(sent.data, np.uint8), cv2.IMREAD_COLOR)
    assert cv2.absdiff(back, image.rgb[..., ::-1]).max() <= 4
    other = image.rgb.copy()
    assert own_file(other) is None
    png = cv2.imencode(".png", RAMP)[1].tobytes()
    assert own_file(images._opened("a.png", "e", read_raster(png), lambda: png).rgb) is None


def test_what_is_no_whole_jpeg_is_none() -> None:
    data = photograph()
    for broken in (b"", b"\xff\xd8", data[:40], data[: len(data) // 2], data[2:], b"\xff\xd8" * 9):
        assert plain_jpeg(broken) is None
    random = np.random.default_rng(0)
    for _ in range(300):
        damaged = bytearray(data)
        for at in random.integers(0, len(data), 4):
            damaged[at] = random.integers(0, 256)
        plain_jpeg(bytes(damaged))  # ends, whatever it says


@pytest.mark.skipif(not REAL_DATA.is_dir(), reason="the real data is not here")
def test_a_tile_of_dubai_is_its_own_file() -> None:
    path = sorted(REAL_DATA.glob("dubai/Tile 7/images/*.jpg"))[-1]
    image = images._opened("a", "f", read_raster(path), path.read_bytes)
    assert len(encode_picture(image.rgb, "image").data) <= path.stat().st_size
