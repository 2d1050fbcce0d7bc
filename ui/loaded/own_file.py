"""A photograph's own JPEG, for the browser: smaller than one made anew, and no worse.

Without what a camera or a program wrote beside the picture: where and when it was taken, by whom,
previews, colour profiles (the pixels are read without one too).
"""

from __future__ import annotations

import re
import weakref

import cv2
import numpy as np

from core.imagery.source.tiff_tags import orientation

__all__ = ["keep_own_file", "own_file", "plain_jpeg"]

_START, _END, _SCAN = 0xD8, 0xD9, 0xDA
_LEFT_OUT = {*range(0xE1, 0xEE), 0xEF, 0xFE}  # APP1 to APP13, APP15 and comments
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
# By how much decoders differ, which fill in colours in other ways: grey levels in the mean, and the
# share of values that are off by more than so many.
_MEAN, _FAR, _SHARE = 1.0, 16, 0.01

_files: dict[int, tuple[weakref.ref[np.ndarray], bytes]] = {}


def plain_jpeg(data: bytes) -> bytes | None:
    """A JPEG without all that is not needed to decode it; None where it is not a whole one.

    What follows its end is left out too.
    """
    if data[:2] != bytes([0xFF, _START]):
        return None
    kept, at = [data[:2]], 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # padding
            at += 1
            continue
        if marker == _END:
            return b"".join([*kept, data[at : at + 2]])
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == _SCAN:
            following = _AFTER_SCAN.search(data, end)
            if following is None:
                return None
            end = following.start()
        if marker not in _LEFT_OUT:
            kept.append(data[at:end])
        at = end
    if data[at : at + 2] == bytes([0xFF, _END]):
        return b"".join([*kept, data[at : at + 2]])
    return None


def keep_own_file(rgb: np.ndarray, data: bytes) -> None:
    """Keep a JPEG for a picture, as long as that is there, if it shows it pixel for pixel.

    It does not where the picture was turned by what is left out, or is of other colours.

    Args:
        rgb: (H, W, 3) uint8, not written to any more.
        data: the file it came from, of any format.
    """
    jpeg = plain_jpeg(data)
    if jpeg is None or orientation(data) != 1:
        return
    decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if decoded is None or decoded.shape != rgb.shape:
        return
    off = cv2.absdiff(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), rgb)
    if off.mean() > _MEAN or (off > _FAR).mean() > _SHARE:
        return
    for old in [key for key, (ref, _) in list(_files.items()) if ref() is None]:
        _files.pop(old, None)
    _files[id(rgb)] = weakref.ref(rgb), jpeg


def own_file(rgb: np.ndarray) -> bytes | None:
    """The JPEG that was kept for a picture; None where there is none."""
    known = _files.get(id(rgb))
    return known[1] if known and known[0]() is rgb else None
