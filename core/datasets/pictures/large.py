"""Small pictures of samples that are too large to be read whole, from overviews or by places."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from core.datasets.dataset import Dataset, Sample
from core.datasets.masks.decode import values_of, window_decoder
from core.datasets.masks.footprints import VECTOR_SUFFIXES
from core.errors import ImageError
from core.imagery.header import read_header
from core.imagery.raster import MAX_BYTES
from core.imagery.scene.label_scene import open_label_scene
from core.imagery.scene.overview import read_overview
from core.imagery.scene.scene import obstacle, open_scene

__all__ = ["SmallImage", "small_image", "small_mask"]


class SmallImage(NamedTuple):
    """An image made smaller.

    Attributes:
        pixels: (h, w, C), as a `Raster` has them.
        valid: (h, w) bool, where there is data.
        height, width: of the image in the file, in pixels.
        named_bands: see `Header.named_bands`.
    """

    pixels: np.ndarray
    valid: np.ndarray
    height: int
    width: int
    named_bands: tuple[str, ...]


def small_image(dataset: Dataset, sample: Sample, side: int) -> SmallImage | None:
    """A sample's image of `side` pixels along its longer side at most.

    Args:
        dataset, sample: which.
        side: in pixels.

    Returns:
        None where it can be read whole, or is a part of a file.

    Raises:
        ImageError: it is damaged, or not read by windows either.
    """
    if dataset.windows.get(sample.id) is not None:
        return None
    header = read_header(sample.image)
    if header.bytes <= MAX_BYTES or obstacle(sample.image, header) is not None:
        return None
    with open_scene(sample.image, sampled=True) as scene:
        part = read_overview(scene, side)
        return SmallImage(
            part.pixels, part.valid, header.height, header.width, scene.header.named_bands
        )


def small_mask(dataset: Dataset, sample: Sample, image: SmallImage) -> np.ndarray:
    """The labels of such a sample, (h, w) uint8, 255 = void, made smaller as the image is.

    Args:
        dataset, sample: which; it has a mask.
        image: of the sample.

    Raises:
        ImageError: it is of another size, damaged, or not read by windows.
    """
    path = sample.mask
    if path is None or path.suffix.lower() in VECTOR_SUFFIXES:
        raise ImageError("footprints are not drawn on images this large", where=str(path))
    header = read_header(path)
    if (header.height, header.width) != (image.height, image.width):
        raise ImageError(
            f"it is {header.width:,} × {header.height:,} pixels, the image {image.width:,} × "
            f"{image.height:,}",
            where=str(path),
        )
    if error := obstacle(path, header):
        raise error
    decode = window_decoder(dataset.classes, dataset.coding)
    with open_label_scene(path, values_of(dataset.coding), decode) as scene:
        labels = read_overview(scene, max(image.valid.shape)).pixels[..., 0].astype(np.uint8)
    if labels.shape != image.valid.shape:  # fewer places were read of one of them
        rows, columns = (
            (np.arange(wanted) * there) // wanted
            for wanted, there in zip(image.valid.shape, labels.shape, strict=True)
        )
        labels = labels[np.ix_(rows, columns)]
    return np.where(image.valid, labels, np.uint8(255))
