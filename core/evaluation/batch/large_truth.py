"""Scores of a scene that was predicted by windows, from its mask read by windows too."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.datasets.dataset import Dataset, Sample
from core.datasets.masks.decode import values_of, window_decoder
from core.datasets.masks.footprints import VECTOR_SUFFIXES
from core.errors import ImageError
from core.imagery.header import read_header
from core.imagery.pyramid.pairs import count_pairs
from core.imagery.pyramid.scene_tiles import SceneTiles
from core.imagery.resample import farthest_off
from core.imagery.scene.label_scene import open_label_scene
from core.imagery.scene.scene import obstacle

__all__ = ["confusion_by_windows"]

_OFF = 0.5  # pixels that grids may lie apart
_ALL = 1 << 62  # pixels: level 0 is counted, however large it is


def confusion_by_windows(
    dataset: Dataset,
    sample: Sample,
    prediction: Path,
    classes: int,
    lookup: np.ndarray | None = None,
) -> np.ndarray:
    """Pixels by true and predicted class, see `confusion`.

    Args:
        dataset, sample: whose mask it is; it has one, and is no part of a file.
        prediction: GeoTIFF of labels, 255 = void, as `core.inference.scene` writes it.
        classes: number of the model's classes K.
        lookup: (256,) uint8, the model's label of each of the dataset's; None where they are one.

    Returns:
        (K, K) int64, rows true, columns predicted.

    Raises:
        ImageError: the mask cannot be read by windows, is damaged, or lies on another grid.
    """
    path = sample.mask
    if path is None or path.suffix.lower() in VECTOR_SUFFIXES:
        raise ImageError(
            "footprints are not compared with images this large",
            where=str(path),
            remedy="burn them into a GeoTIFF on the image's grid: gdal_rasterize",
        )
    if sample.id in dataset.void:
        raise ImageError(
            "the recipe makes parts of this mask void, which is done of images read whole",
            where=str(path),
            remedy="cut the scene into smaller pieces",
        )
    mask, image = read_header(path), read_header(prediction)
    if error := obstacle(path, mask):
        raise error
    own, grid = mask.georeference, image.georeference
    is_off = own and grid and farthest_off(own, grid, image.height, image.width) > _OFF
    if (mask.height, mask.width) != (image.height, image.width) or is_off:
        raise ImageError(
            f"the mask of {mask.width:,} × {mask.height:,} pixels lies on another grid than the "
            f"image of {image.width:,} × {image.height:,}",
            where=str(path),
            remedy="bring it to the image's grid first: gdalwarp -tr, -te and -r near",
        )
    decode = window_decoder(dataset.classes, dataset.coding)
    with (
        open_label_scene(path, values_of(dataset.coding), decode) as truth,
        open_label_scene(prediction, "indices") as predicted,
    ):
        pairs = count_pairs(
            SceneTiles(truth, "labels"), SceneTiles(predicted, "labels"), most_pixels=_ALL
        )
    assert pairs is not None  # nothing stops it
    table = np.zeros((256, 256), np.int64)
    rows = np.arange(256) if lookup is None else lookup
    np.add.at(table, rows, pairs.counts)
    return table[:classes, :classes]
