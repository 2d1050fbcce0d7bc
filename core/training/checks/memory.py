"""How much memory a training takes, estimated before it starts and without TensorFlow."""

from __future__ import annotations

from core.device import Precision
from core.models.network import cost
from core.models.spec import ModelSpec
from core.training.config import TrainConfig

__all__ = ["largest_batch", "training_memory"]

_PROCESS = 900 * 2**20
"""Python, TensorFlow and the traced step, whatever the network; measured on Linux."""

_SLOTS = {"adamw": 2, "adam": 2, "sgd": 1}
"""Numbers that an optimiser keeps of every weight (SGD with momentum)."""

# Bytes of each value that a step keeps for the way back. In 16 bits too there are copies in 32:
# normalisations, the logits and the loss.
_BYTES: dict[Precision, float] = {
    "float32": 4.0,
    "mixed_bfloat16": 3.0,
    "mixed_float16": 3.0,
    "auto": 4.0,
}


def training_memory(spec: ModelSpec, config: TrainConfig) -> int:
    """Main memory, or that of a GPU, that a training takes at its peak, in bytes.

    Weights, their gradients and what the optimiser and the running average keep of them, and the
    outputs of all layers for one batch. The dataset's decoded images come on top. The numbers above
    come from measured peaks of a dozen trainings (U-Nets, U-Net-VGG11, the zoo), which they
    meet within about a fifth.

    Args:
        spec: the network, for the dataset's bands and classes.
        config: configuration: batch, crop, precision, optimiser and averaging.
    """
    if config.pretrain_epochs and spec.bands > spec.classes:
        spec = spec.model_copy(update={"classes": spec.bands})  # what inpainting puts out
    step = cost(spec, config.recipe.patch.size)
    copies = 2 + _SLOTS[config.optimizer] + bool(config.ema)
    weights = 4 * step.parameters * copies
    return int(_PROCESS + weights + config.batch * step.activations * _BYTES[config.precision])


def largest_batch(spec: ModelSpec, config: TrainConfig, memory: int) -> int:
    """The largest batch that fits into so many bytes; 0 where not even one crop does."""
    one = training_memory(spec, config.model_copy(update={"batch": 1}))
    two = training_memory(spec, config.model_copy(update={"batch": 2}))
    return max(0, (memory - one) // (two - one) + 1)
