"""The Dubai tiles as one file for a machine without our readers, and as arrays for a GPU."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

__all__ = ["VOID", "Imagery", "pack", "unpack"]

VOID = 255
_RARE = (2, 3, 4)  # Road, Vegetation, Water: whose components are pasted
_SMALLEST, _LARGEST = 64, 16_384  # pixels of a component


@dataclass(frozen=True)
class Imagery:
    """All images, pixel after pixel, so that crops of any of them are one kind of look-up.

    Attributes:
        names: the samples, N, such as ``Tile 1/image_part_001``.
        shapes: (N, 2) int32, height and width in pixels.
        offsets: (N,) int32, the first pixel of each.
        pixels: (P, 3) uint8, red, green and blue.
        labels: (P,) uint8, 255 = void.
        components: (P,) int32, number of the connected component of a rare class, 0 for none.
    """

    names: tuple[str, ...]
    shapes: np.ndarray
    offsets: np.ndarray
    pixels: np.ndarray
    labels: np.ndarray
    components: np.ndarray

    def tile(self, index: int) -> int:
        """Number of the tile that a sample is a part of."""
        return int(self.names[index].split("/")[0].split()[1])

    def image(self, index: int) -> np.ndarray:
        """(H, W, 3) uint8."""
        return self._cut(self.pixels, index)

    def truth(self, index: int) -> np.ndarray:
        """(H, W) uint8."""
        return self._cut(self.labels, index)

    def _cut(self, flat: np.ndarray, index: int) -> Any:
        height, width = self.shapes[index]
        start = self.offsets[index]
        return flat[start : start + height * width].reshape(height, width, *flat.shape[1:])


def pack(dataset: Path, out: Path) -> None:
    """Write the images as they are (JPEG) and the masks, decoded, as PNG of class numbers.

    Args:
        dataset: folder of the Dubai set.
        out: file to write, ``.npz``.
    """
    from core.datasets.catalogue import open_dataset

    opened = open_dataset(dataset, "dubai")
    arrays: dict[str, np.ndarray] = {}
    for sample in opened.samples:
        ok, mask = cv2.imencode(".png", opened.load_labels(sample))
        assert ok
        arrays[f"{sample.id}|image"] = np.frombuffer(Path(sample.image).read_bytes(), np.uint8)
        arrays[f"{sample.id}|mask"] = mask.ravel()
    np.savez(out, **arrays)


def unpack(file: Path) -> Imagery:
    """Read what `pack` wrote."""
    with np.load(file) as stored:
        names = sorted({key.split("|")[0] for key in stored.files})
        images = [_decoded(stored[f"{name}|image"], colour=True) for name in names]
        masks = [_decoded(stored[f"{name}|mask"], colour=False) for name in names]
    components, count = [], 0
    for mask in masks:
        numbered, count = _components(mask, count)
        components.append(numbered)
    shapes = np.array([mask.shape for mask in masks], np.int32)
    sizes = shapes.prod(axis=1)
    return Imagery(
        tuple(names),
        shapes,
        np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int32),
        np.concatenate([image.reshape(-1, 3) for image in images]),
        np.concatenate([mask.ravel() for mask in masks]),
        np.concatenate([part.ravel() for part in components]),
    )


def _decoded(data: np.ndarray, *, colour: bool) -> np.ndarray:
    image = cv2.imdecode(data, cv2.IMREAD_COLOR if colour else cv2.IMREAD_UNCHANGED)
    assert image is not None
    return np.ascontiguousarray(image[..., ::-1]) if colour else image


def _components(mask: np.ndarray, count: int) -> tuple[np.ndarray, int]:
    """Components of the rare classes, numbered on from `count`."""
    numbered = np.zeros(mask.shape, np.int32)
    for value in _RARE:
        _, parts, statistics, _ = cv2.connectedComponentsWithStats(
            (mask == value).astype(np.uint8), connectivity=8
        )
        areas = statistics[:, cv2.CC_STAT_AREA]
        wanted = (areas >= _SMALLEST) & (areas <= _LARGEST)
        wanted[0] = False
        numbers = np.where(wanted, np.cumsum(wanted) + count, 0).astype(np.int32)
        numbered += numbers[parts]
        count += int(wanted.sum())
    return numbered, count
