"""What a built network takes and puts out, tried on it: sizes, channels, multiples of pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.errors import ModelError

if TYPE_CHECKING:
    import keras

__all__ = ["NetworkFacts", "network_facts"]

_STEPS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 3, 6, 12, 24, 48, 96, 5, 10, 20, 40)
_LEAST = 64  # pixels: about what is tried, so that what is cut off an edge leaves something
_MOST_ENLARGED = 32


@dataclass(frozen=True)
class NetworkFacts:
    """What has to be known of a network beside its layers.

    Attributes:
        bands: channels of the input.
        channels: channels of the output.
        side: the input's only height and width in pixels; 0 where they are free.
        step: height and width must be multiples of this many pixels.
        enlarge: times by which the output is smaller than the input.
        parameters: number of weights.
        low, high: least and greatest value put out for an image of noise.
        sums_to_one: whether the values of each pixel added up to 1 there.
    """

    bands: int
    channels: int
    side: int
    step: int
    enlarge: int
    parameters: int
    low: float
    high: float
    sums_to_one: bool


def network_facts(model: keras.Model) -> NetworkFacts:
    """Find out, by the shapes in the graph and by small images.

    Args:
        model: from `core.models.imported.network.build_network`, with its weights.

    Raises:
        ModelError: the output is no map of the input's place: wrong axes, not of its size or an
            even part of it; or the input is not square.
    """
    shape = model.output_shape
    if len(shape) != 4 or shape[-1] is None:
        shown = " × ".join("?" if side is None else str(side) for side in shape[1:])
        raise ModelError(
            f"the network puts out {shown or 'one number'} for an image, and a map has height, "
            "width and channels",
            remedy="give a network for segmentation; where the map is flattened, leave out the "
            "last Reshape or Flatten and save it again",
        )
    _, height, width, bands = model.input_shape
    if (height is None) != (width is None) or (height and height != width):
        raise ModelError(
            f"the network takes images of {height or 'any'} × {width or 'any'} px, and tiles are "
            "square",
            remedy="build it with keras.Input((None, None, BANDS)), give it the same weights and "
            "save it again",
        )
    side = height or 0
    step, enlarge = (1, _share(model, side)) if side else _step(model)
    tried = side or max(step, -(-_LEAST // step) * step)
    noise = np.random.default_rng(0).uniform(0, 1, (1, tried, tried, bands))
    values = np.asarray(model(noise.astype(np.float32), training=False), np.float64)
    if not np.isfinite(values).all():
        raise ModelError(
            "the network puts out values that are no numbers",
            remedy="its training went wrong: train it again with a lower learning rate",
        )
    return NetworkFacts(
        bands=int(bands),
        channels=int(shape[-1]),
        side=side,
        step=step,
        enlarge=enlarge,
        parameters=int(model.count_params()),
        low=float(values.min()),
        high=float(values.max()),
        sums_to_one=bool(np.allclose(values.sum(axis=-1), 1, atol=1e-3)),
    )


def _share(model: keras.Model, side: int) -> int:
    """How many times smaller the output of a network of one size is."""
    height, width = model.output_shape[1:3]
    if height and height == width and side % height == 0 and side // height <= _MOST_ENLARGED:
        return int(side // height)
    raise _other_size(f"{height or '?'} × {width or '?'} px for one of {side} × {side} px")


def _step(model: keras.Model) -> tuple[int, int]:
    """Of how many pixels the sides must be multiples, and how many times smaller the output is."""
    example = ""
    for step in _STEPS:
        # Two odd multiples, which differ: a smaller power of two would not do by chance.
        odd = max(3, -(-_LEAST // step) | 1)
        height, width = odd * step, (odd + 2) * step
        size = _output_size(model, height, width)
        if size is None:
            continue
        share = height // size[0] if size[0] else 0
        fits = share and (height, width) == (size[0] * share, size[1] * share)
        if fits and share <= _MOST_ENLARGED and _runs(model, height, width):
            return step, int(share)
        example = f"{size[0]} × {size[1]} px for one of {height} × {width} px"
    raise _other_size(example or "none for images of any size that was tried")


def _output_size(model: keras.Model, height: int, width: int) -> tuple[int, int] | None:
    import keras

    bands = model.input_shape[-1]
    try:
        shape = model.compute_output_spec(keras.KerasTensor((1, height, width, bands))).shape
    except (ValueError, TypeError, RuntimeError, AssertionError):
        return None
    return None if None in shape[1:3] else (int(shape[1]), int(shape[2]))


def _runs(model: keras.Model, height: int, width: int) -> bool:
    """Whether it computes such an image: the shapes alone do not say where halves do not meet."""
    try:
        model(np.zeros((1, height, width, model.input_shape[-1]), np.float32), training=False)
    except Exception as error:  # TensorFlow's own have no common class with Keras'
        if type(error).__name__ == "ResourceExhaustedError":
            raise
        return False
    return True


def _other_size(example: str) -> ModelError:
    return ModelError(
        f"the network's map is not of the image's size or an even part of it: {example}",
        remedy="build it with padding='same' and as many steps up as down, and save it again",
    )
