"""Weights of another training for a network of the same kind, with other bands or classes.

- Layers of the same shape take the weights as they are.
- **Other bands**: every band of the first convolution takes the mean over the bands of the source,
  times n / m for n bands before and m now, so that the layer's output stays as large as it was; a
  batch normalisation of the input takes the mean over the bands. With as many bands as before they
  are taken one by one, whatever they show: SAR after optical, too.
- **Other classes**: in the last layer a class of the same name takes its filter and offset; the
  others stay random.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.errors import ModelError
from core.formats import counted
from core.imagery.normalise import Expected
from core.models.spec import ModelSpec
from core.models.weights.pretrained import input_layers

if TYPE_CHECKING:
    import keras

__all__ = ["TRANSFER_RULE", "Transferred", "check_transfer", "expected_by", "transfer"]

TRANSFER_RULE = (
    "With other bands the first layer takes the mean over the model's bands; with other classes "
    "the last layer takes what belongs to classes of the same name, and the rest begins at random."
)

_LOGITS = "logits"
# Settings that the weights do not depend on.
_FREE = {"bands", "classes", "size", "dropout"}


@dataclass(frozen=True)
class Transferred:
    """What became of a network's layers.

    Attributes:
        copied: names of layers whose weights were copied as they were.
        adapted: weights that were copied in part or changed, in words.
        random: names of layers that stayed random.
    """

    copied: tuple[str, ...]
    adapted: tuple[str, ...]
    random: tuple[str, ...]

    def sentence(self, source: str) -> str:
        """What was done, in one sentence.

        Args:
            source: name of the model.
        """
        parts = [f"{len(self.copied)} layers taken over", *self.adapted]
        if self.random:
            parts.append(f"{', '.join(self.random)} left random")
        return f"It began with the weights of {source}: {'; '.join(parts)}."


def check_transfer(spec: ModelSpec, source: ModelSpec) -> None:
    """Refuse another architecture, or other settings than bands and classes.

    Raises:
        ModelError: it says which setting differs.
    """
    own, other = spec.model_dump(), source.model_dump()
    differing = [key for key in own if key not in _FREE and own[key] != other.get(key)]
    if not differing:
        return
    key = differing[0]
    raise ModelError(
        f"the model to start from is another network: its {key} is {other.get(key, 'unknown')}, "
        f"not {own[key]}",
        remedy="choose the same architecture and settings (bands and classes may differ)",
    )


def transfer(
    model: keras.Model,
    spec: ModelSpec,
    source_model: keras.Model,
    source_spec: ModelSpec,
    classes: Sequence[str],
    source_classes: Sequence[str],
) -> Transferred:
    """Give a network the weights of another, as far as they fit (see above).

    Args:
        model: network that receives them.
        spec: spec of the network.
        source_model: network whose weights are copied.
        source_spec: spec of that network.
        classes: class names in the order of the output.
        source_classes: class names of the source.

    Raises:
        ModelError: the architecture or its settings differ.
    """
    check_transfer(spec, source_spec)
    sources = {layer.name: layer for layer in source_model.layers if layer.weights}
    first = {layer.name for layer in input_layers(model)}
    copied: list[str] = []
    adapted: list[str] = []
    untouched: list[str] = []
    bands = source_spec.bands, spec.bands
    for layer in model.layers:
        if not layer.weights:
            continue
        values = sources[layer.name].get_weights()
        if layer.name == _LOGITS and tuple(classes) != tuple(source_classes):
            shared = [name for name in classes if name in source_classes]
            if not shared:
                untouched.append(layer.name)
                continue
            values = _by_class(layer.get_weights(), values, classes, source_classes)
            rest = [name for name in classes if name not in source_classes]
            random = f", random for {', '.join(rest)}" if rest else ""
            adapted.append(f"the last layer taken over for {', '.join(shared)}{random}")
        elif layer.name in first and bands[0] != bands[1]:
            values = [_for_bands(value, *bands) for value in _banded(values)] + _unbanded(values)
            adapted.append(f"{layer.name} adapted from {bands[0]} to {counted(bands[1], 'band')}")
        else:
            copied.append(layer.name)
        layer.set_weights(values)
    return Transferred(tuple(copied), tuple(adapted), tuple(untouched))


def expected_by(weights: Expected, bands: int) -> Expected:
    """What the weights expect once the first layer is adapted to so many bands.

    With other bands than before: the mean over the bands, for each.
    """
    if len(weights.mean) == bands:
        return weights
    means = {
        key: (float(np.mean(getattr(weights, key))),) * bands
        for key in ("mean", "std", "data_mean", "data_std")
    }
    return Expected(name=weights.name, **means)


def _banded(values: list[np.ndarray]) -> list[np.ndarray]:
    """Those of a first layer's weights that have an axis of bands."""
    return values[:1] if values[0].ndim == 4 else values


def _unbanded(values: list[np.ndarray]) -> list[np.ndarray]:
    return values[1:] if values[0].ndim == 4 else []


def _for_bands(value: np.ndarray, before: int, now: int) -> np.ndarray:
    """A kernel (h, w, before, filters), or a value a band (before,), for other bands."""
    if value.ndim == 1:
        return np.repeat(value.mean(keepdims=True), now)
    mean = value.mean(axis=2, keepdims=True) * np.float32(before / now)
    return np.repeat(mean, now, axis=2)


def _by_class(
    own: list[np.ndarray],
    values: list[np.ndarray],
    classes: Sequence[str],
    source_classes: Sequence[str],
) -> list[np.ndarray]:
    """Kernel and bias with the last axis of shared classes replaced."""
    mixed = [value.copy() for value in own]
    for index, name in enumerate(classes):
        if name in source_classes:
            for value, source in zip(mixed, values, strict=True):
                value[..., index] = source[..., source_classes.index(name)]
    return mixed
