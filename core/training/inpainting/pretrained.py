"""What comes out of an inpainting: weights by layer, and how they came about, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.formats import counted
from core.models.network import block_of
from core.models.spec import ModelSpec

if TYPE_CHECKING:
    import keras

__all__ = ["Pretrained"]


@dataclass(frozen=True)
class Pretrained:
    """Weights of a network that learned to fill in what was cut out.

    Attributes:
        weights: weights of each layer that has some, by its name.
        epochs: epochs of inpainting.
        trained: number of images on the training side.
        unlabelled: number of images without masks.
        loss: loss of the last epoch; None where that was not kept.
    """

    weights: dict[str, list[np.ndarray]]
    epochs: int
    trained: int
    unlabelled: int
    loss: float | None = None

    def put_into(self, network: keras.Model, spec: ModelSpec) -> None:
        """Give a network all weights but those of its head, which stay as they are.

        Args:
            network: network of the same spec but for the classes.
            spec: spec of that network.
        """
        for layer in network.layers:
            if layer.weights and block_of(spec, layer.name) != "head":
                layer.set_weights(self.weights[layer.name])

    def sentence(self) -> str:
        """How it was done."""
        loss = "" if self.loss is None else f", to a loss of {self.loss:.3f}"
        return (
            f"Before the training it learned, in {counted(self.epochs, 'epoch')}{loss}, to fill in "
            f"what was cut out of {counted(self.trained + self.unlabelled, 'image')}: "
            f"{self.trained} that train and {self.unlabelled} without masks. No label was used; "
            "its last layer began anew."
        )
