"""ImageNet weights for the encoder of U-Net-VGG11, out of timm's file for the whole of VGG11."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from core.models.architectures.unet_vgg11 import VGG11_ENCODER
from core.models.weights.cache import Progress, read_range
from core.models.weights.safetensors import file_reader, read_tensors, write_tensors

__all__ = ["fetch_vgg11", "read_vgg11", "vgg11_shapes"]

_PLACES = (0, 3, 6, 8, 11, 13, 16, 18)
"""Of the convolutions in torchvision's ``features``; between them lie ReLUs and poolings."""


def vgg11_shapes() -> dict[str, tuple[int, ...]]:
    """Shapes of the tensors that are used, by their name in the file; kernels are OIHW."""
    shapes: dict[str, tuple[int, ...]] = {}
    before = 3
    for place, (_, filters) in zip(_PLACES, VGG11_ENCODER, strict=True):
        shapes[f"features.{place}.weight"] = (filters, before, 3, 3)
        shapes[f"features.{place}.bias"] = (filters,)
        before = filters
    return shapes


def fetch_vgg11(address: str, path: Path, progress: Progress | None = None) -> None:
    """Write the convolutions' tensors to a file of their own: 37 MB of the whole's 531.

    Args:
        address: address of the safetensors file; its server must serve parts of files.
        path: file to write.
        progress: called with bytes done and bytes in all.

    Raises:
        ModelError: it cannot be fetched, or is not that file.
    """
    shapes = vgg11_shapes()
    total = sum(4 * math.prod(shape) for shape in shapes.values())
    before = 0

    def report(done: int) -> None:
        if progress:  # the header's few kB come on top
            progress(min(before + done, total), total)

    def read(start: int, end: int) -> bytes:
        nonlocal before
        data = read_range(address, start, end, report)
        before += len(data)
        return data

    write_tensors(path, read_tensors(read, shapes, address))


def read_vgg11(path: Path) -> dict[str, list[np.ndarray]]:
    """Kernel (HWIO) and bias of every layer of the encoder, by the layer's name.

    Args:
        path: timm's or torchvision's file for VGG11, or one that `fetch_vgg11` wrote.

    Raises:
        ModelError: it is none of these.
    """
    shapes = vgg11_shapes()
    with file_reader(path) as read:
        tensors = read_tensors(read, shapes, str(path))
    layers: dict[str, list[np.ndarray]] = {}
    for place, (name, _) in zip(_PLACES, VGG11_ENCODER, strict=True):
        kernel = tensors[f"features.{place}.weight"].transpose(2, 3, 1, 0)
        layers[name] = [kernel, tensors[f"features.{place}.bias"]]
    return layers
