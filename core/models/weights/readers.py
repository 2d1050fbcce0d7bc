"""The kinds of files in which encoder weights are kept: how each is fetched, read and matched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.models.weights.cache import Progress, download
from core.models.weights.lite0_weights import read_lite0
from core.models.weights.vgg11_weights import fetch_vgg11, read_vgg11
from core.models.weights.zoo_weights import read_zoo

__all__ = ["KERAS2", "LITE0", "VGG11", "Checksum", "WeightsReader"]

Checksum = tuple[str, str]
"""Name of the algorithm and hex digest."""


@dataclass(frozen=True)
class WeightsReader:
    """One kind of file.

    Attributes:
        suffixes: of such files, in lower case.
        fetch: writes the file of an address to a path, checked; progress in bytes.
        read: arrays as Keras has them by the name of the layer, of a path and an encoder's name.
        stored_name: name in the file of a layer of the network.
    """

    suffixes: tuple[str, ...]
    fetch: Callable[[str, Path, Checksum | None, Progress | None], None]
    read: Callable[[Path, str], dict[str, list[np.ndarray]]]
    stored_name: Callable[[str], str]


# No checksum is taken of the parts that are fetched.
VGG11 = WeightsReader(
    suffixes=(".safetensors",),
    fetch=lambda address, path, _, progress: fetch_vgg11(address, path, progress),
    read=lambda path, _: read_vgg11(path),
    stored_name=str,
)
"""The convolutions of timm's file for VGG11."""

LITE0 = WeightsReader(
    suffixes=(".safetensors", ".pth"),
    fetch=download,
    read=lambda path, _: read_lite0(path),
    stored_name=str,
)
"""EfficientNet-Lite0 by the names of its PyTorch package, in safetensors or in PyTorch's pickle."""

KERAS2 = WeightsReader(
    suffixes=(".h5",),
    fetch=download,
    read=read_zoo,
    # The network puts the block in front: `enc3_block3_conv1`.
    stored_name=lambda layer: layer.partition("_")[2],
)
"""Legacy HDF5, as the encoders of segmentation-models are published."""
