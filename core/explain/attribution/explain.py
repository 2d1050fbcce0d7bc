"""From an image and a target to a map of what the class comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from core.errors import ModelError
from core.explain.attribution.class_activation import METHODS, class_activation, on_pixels
from core.explain.attribution.gradient_maps import (
    Baseline,
    baseline_batch,
    integrated_gradients,
    saliency,
    smooth_grad,
)
from core.explain.attribution.target import ScoreGradient, Target
from core.explain.attribution.trust import Stage, randomisation, stability
from core.explain.layers import last_activations, layer_output, list_layers
from core.explain.window import ImageView, Window, window_note

if TYPE_CHECKING:
    import keras

__all__ = ["KINDS", "Explanation", "Kind", "Question", "Trust", "check_trust", "explain"]

Kind = Literal[
    "saliency", "smooth-grad", "integrated-gradients", "hires", "xres", "grad-cam", "layer-cam",
    "grad-cam++",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)


_ANOTHER_MAP = 0.5  # similarity below which two maps are not of one kind


@dataclass(frozen=True)
class Question:
    """What is asked, and how it is to be answered.

    Attributes:
        target: class and region.
        kind: of map.
        layer: name of the layer of a class activation map; "" for the last activation before the
            output, of the deepest level for `grad-cam` and `grad-cam++`.
        baseline: of integrated gradients.
    """

    target: Target
    kind: Kind = "hires"
    layer: str = ""
    baseline: Baseline = "mean"


@dataclass(frozen=True)
class Explanation:
    """A map of what a class comes from.

    Attributes:
        values: (h, w) float32, a value a pixel of the window, without unit.
        score: of the target, a logit.
        layer: name of the layer that was used; "" for none.
        error: of integrated gradients, see `Integrated.error`; None for other kinds.
        window, size: part of the image, and the whole image's height and width in pixels.
    """

    values: np.ndarray
    score: float
    layer: str
    error: float | None
    window: Window
    size: tuple[int, int]

    @property
    def note(self) -> str:
        """The part of the image in words."""
        return window_note(self.window, self.size)


@dataclass(frozen=True)
class Trust:
    """How a map stands up to its checks.

    Attributes:
        stages: see `randomisation`.
        stability: see `stability`.
    """

    stages: tuple[Stage, ...]
    stability: float

    @property
    def depends_on_weights(self) -> bool:
        """Whether the map of a network that has forgotten everything is another one.

        That is, whether it shares less than a quarter of its variance of ranks (0.5²).
        """
        return self.stages[-1].similarity < _ANOTHER_MAP


def explain(
    model: keras.Model,
    view: ImageView,
    question: Question,
    progress: Callable[[int, int], None] | None = None,
) -> Explanation:
    """A map of what the class comes from.

    Args:
        model: network with logits; it is not changed.
        view: part of the image, as of `view_image`.
        question: what is asked.
        progress: called with the number of passes done and of all, where there are many.

    Raises:
        ModelError: the region is empty, there is no such class or layer, the layer's output is no
            map, or the memory does not suffice.
    """
    layer = ""
    if question.kind in METHODS:
        layer = question.layer or _default_layer(model, question.kind)
    values, score, error = _map(model, view.batch, question, layer, progress)
    window = view.window
    part = np.ascontiguousarray(values[: window.height, : window.width])
    part.setflags(write=False)  # sessions share them
    return Explanation(part, score, layer, error, window, view.size)


def check_trust(
    model: keras.Model,
    view: ImageView,
    question: Question,
    progress: Callable[[int, int], None] | None = None,
) -> Trust:
    """Whether the map changes with the weights, and stays when the image hardly changes.

    Args:
        model, view, question: as for `explain`.
        progress: called with the number of maps made and of all.
    """
    layer = question.layer
    if question.kind in METHODS:
        layer = layer or _default_layer(model, question.kind)

    def by_model(network: keras.Model) -> np.ndarray:
        return _map(network, view.batch, question, layer, None)[0]

    def by_batch(batch: np.ndarray) -> np.ndarray:
        return _map(model, batch, question, layer, None)[0]

    region = np.zeros(view.batch.shape[1:3], bool)
    region[: view.window.height, : view.window.width] = question.target.region
    stages = randomisation(model, by_model, region, progress=progress)
    return Trust(tuple(stages), stability(by_batch, view.batch, region))


def _map(
    model: keras.Model,
    batch: np.ndarray,
    question: Question,
    layer: str,
    progress: Callable[[int, int], None] | None,
) -> tuple[np.ndarray, float, float | None]:
    """Values at the batch's pixels, score, and error."""
    kind = question.kind
    if kind in METHODS:
        gradient = ScoreGradient(model, question.target, layer_output(model, layer))
        score, maps, by_maps = gradient.by_layer(batch)
        if maps.ndim != 3:
            raise ModelError(
                f"layer {layer!r} has no maps",
                remedy="choose a layer whose shape is H × W × channels",
            )
        shape = (batch.shape[1], batch.shape[2])
        values = class_activation(maps, by_maps, kind)
        return on_pixels(values, shape, shape), score, None
    gradient = ScoreGradient(model, question.target)
    score, _ = gradient.by_image(batch)
    if kind == "saliency":
        return saliency(gradient, batch), score, None
    if kind == "smooth-grad":
        return smooth_grad(gradient, batch, progress=progress), score, None
    if kind == "integrated-gradients":
        result = integrated_gradients(
            gradient, batch, baseline_batch(batch, question.baseline), progress=progress
        )
        return result.values, score, result.error
    raise ModelError(f"there is no map of kind {kind!r}", remedy=f"choose one of {KINDS}")


def _default_layer(model: keras.Model, kind: Kind) -> str:
    """The layer whose maps are most like the answer; of `grad-cam` the one that sees most."""
    layers = last_activations(list_layers(model))
    if not layers:
        raise ModelError("the model has no activation layers", remedy="name a layer")
    if kind in ("grad-cam", "grad-cam++"):
        return max(layers, key=lambda layer: layer.stride or 0).name
    return layers[-1].name
