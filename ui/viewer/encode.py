"""Arrays to what the compare viewer sends to the browser: PNG or JPEG, and its address.

A label mask goes out as an 8-bit grey PNG whose grey values are the class indices, so that the
browser gets exactly the labels and does the colouring itself. Encoded pictures are kept in a
bounded cache whose key is a digest of every byte (Streamlit's own hash samples large arrays).
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from ui.loaded.own_file import own_file
from ui.loaded.sized_cache import SizedCache

DISPLAY_LIMIT = 2304
"""Longest side sent to the browser whole, in pixels; what is longer goes as tiles."""

INLINE = 32 * 1024
"""A picture of more bytes is not part of the message: the browser fetches it, and keeps it."""

JPEG_PIXELS = 1_000_000
"""A base image with more pixels than this is sent as JPEG; masks and overlays never are."""

Role = Literal["image", "rgba", "labels", "values", "values16"]


@dataclass(frozen=True)
class Encoded:
    """A picture ready to send.

    Attributes:
        digest: names the content; the browser decodes a digest once.
        data: the file.
        mime: its media type.
        width, height: in pixels.
    """

    digest: str
    data: bytes
    mime: str
    width: int
    height: int

    @property
    def src(self) -> str:
        """Its address: a small picture itself, a larger one at `ui.routes.pictures`."""
        if len(self.data) > INLINE:
            return f"/pictures/{self.digest}"
        return f"data:{self.mime};base64,{base64.b64encode(self.data).decode('ascii')}"


def digest(pixels: np.ndarray) -> str:
    """A blake2b digest of shape, dtype and every byte, as 32 hexadecimal digits."""
    hasher = hashlib.blake2b(f"{pixels.shape}{pixels.dtype.str}".encode(), digest_size=16)
    hasher.update(np.ascontiguousarray(pixels).data)
    return hasher.hexdigest()


def png_base64(pixels: np.ndarray) -> str:
    """Lossless PNG as base64 text.

    Args:
        pixels: uint8, (H, W) grey, (H, W, 3) RGB or (H, W, 4) RGBA with straight alpha.

    Raises:
        ValueError: for another shape or dtype.
    """
    return base64.b64encode(_png(pixels)).decode("ascii")


def _png(pixels: np.ndarray) -> bytes:
    return _file(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 4])


def _jpeg(pixels: np.ndarray) -> bytes:
    """Of quality 95 with full colour resolution; (H, W, 3) RGB uint8."""
    options = [cv2.IMWRITE_JPEG_QUALITY, 95]
    options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    return _file(".jpg", pixels, options)


def encode_picture(pixels: np.ndarray, role: Role) -> Encoded:
    """Encode, and remember by digest.

    Args:
        pixels: uint8; (H, W) for "labels" and "values", (H, W, 3) for "image", (H, W, 3 or 4) for
            "rgba"; (H, W) uint16 for "values16".
        role: "image" may be a JPEG, its own where there is one (`ui.loaded.own_file`), all others
            are PNG; the high byte of "values16" is red and the low byte green.
    """
    content = f"{role}-{digest(pixels)}"
    return _encoded.get(content, lambda: _encode(content, pixels, role))


_encoded: SizedCache[Encoded] = SizedCache(256 * 1024**2, 3600, lambda sent: len(sent.data))


def sent_picture(content: str) -> Encoded | None:
    """A picture that was sent within the last hour, by its digest; None where there is none."""
    return _encoded.kept(content)


def picture_file(pixels: np.ndarray, role: Role) -> tuple[bytes, str]:
    """A tile as a file, and its media type.

    Args:
        pixels: as for `encode_picture`; of an "image" (H, W, 4) too.
        role: an "image" without transparency is a JPEG where that is smaller, all others are PNG.
    """
    if role == "values16":
        pixels = _two_bytes(pixels)
    png = _png(pixels)
    if role == "image" and pixels.shape[2] == 3 and len(jpeg := _jpeg(pixels)) < len(png):
        return jpeg, "image/jpeg"
    return png, "image/png"


def _two_bytes(codes: np.ndarray) -> np.ndarray:
    high, low = (codes >> 8).astype(np.uint8), (codes & 255).astype(np.uint8)
    return np.stack([high, low, np.zeros_like(low)], axis=-1)


def _encode(content: str, pixels: np.ndarray, role: Role) -> Encoded:
    height, width = pixels.shape[:2]
    shown = _two_bytes(pixels) if role == "values16" else pixels
    if role == "image" and (own := own_file(pixels)) is not None:
        return Encoded(content, own, "image/jpeg", width, height)
    if role == "image" and height * width > JPEG_PIXELS:
        return Encoded(content, _jpeg(shown), "image/jpeg", width, height)
    return Encoded(content, _png(shown), "image/png", width, height)


def _file(extension: str, pixels: np.ndarray, options: list[int]) -> bytes:
    channels = 1 if pixels.ndim == 2 else pixels.shape[-1]
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or channels not in (1, 3, 4):
        raise ValueError(
            "expected uint8 pixels of shape (H, W), (H, W, 3) or (H, W, 4), "
            f"received {pixels.dtype} of shape {pixels.shape}"
        )
    if channels == 3:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    elif channels == 4:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGBA2BGRA)
    _, encoded = cv2.imencode(extension, pixels, options)
    return encoded.tobytes()
