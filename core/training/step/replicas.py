"""Several devices that share each batch: `tf.distribute.MirroredStrategy` in one place."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import keras

from core.device import tensorflow
from core.errors import ConfigError

__all__ = ["check_replicas", "mirrored", "scalar", "summed", "synchronise"]


def check_replicas(replicas: int, batch: int) -> int:
    """How many devices share each batch.

    Args:
        replicas: number of devices; 0 = every GPU, or the one processor.
        batch: batch size in crops, of all replicas together.

    Raises:
        ConfigError: there are fewer GPUs, or the batch cannot be divided by the replicas.
    """
    # Not the logical devices: to ask for them begins the run time, which fixes what there is.
    gpus = tensorflow().config.list_physical_devices("GPU") if replicas != 1 else []
    count = replicas or len(gpus) or 1
    if gpus and count > len(gpus):
        raise ConfigError(
            f"there are {len(gpus)} GPUs, {count} replicas are wanted",
            remedy=f"set replicas to 0 (all of them) or at most {len(gpus)}",
        )
    if batch % count:
        raise ConfigError(
            f"a batch of {batch} cannot be divided evenly among {count} replicas",
            remedy=f"set batch to a multiple of {count}, or replicas to a divisor of {batch}",
        )
    return count


def mirrored(replicas: int, batch: int) -> Any:
    """The strategy that a model is to be built under, with ``strategy.scope()``.

    Args:
        replicas: number of devices, as in `check_replicas`. Without a GPU the processor is divided
            into so many logical devices, which is of use for trials only.
        batch: batch size in crops, of all replicas together.

    Returns:
        A `tf.distribute.Strategy`; the default one, which does nothing, for a single device.

    Raises:
        ConfigError: see `check_replicas`; or the processor is in use already and cannot be divided.
    """
    tf = tensorflow()
    count = check_replicas(replicas, batch)
    if count == 1:
        return tf.distribute.get_strategy()
    kind = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
    if kind == "CPU":
        _divide_processor(count)
    return _strategy(kind, count)


@lru_cache(maxsize=1)
def _strategy(kind: str, count: int) -> Any:
    """One for the whole process: two of the same devices number their sums alike, and mix them."""
    return tensorflow().distribute.MirroredStrategy([f"{kind}:{i}" for i in range(count)])


def _divide_processor(count: int) -> None:
    """Make logical devices of it, which goes only before TensorFlow's first operation."""
    tf = tensorflow()
    processor = tf.config.list_physical_devices("CPU")[0]
    parts = [tf.config.LogicalDeviceConfiguration()] * count
    try:
        tf.config.set_logical_device_configuration(processor, parts)
    except RuntimeError as error:
        raise ConfigError(
            f"the processor cannot be divided among {count} replicas any more",
            remedy="set replicas to 0, or train in a process of its own",
        ) from error


def summed(value: Any) -> Any:
    """The sum of a value over all replicas, on each of them; gradients flow back through it.

    Outside a strategy, and with one replica, the value itself.
    """
    tf = tensorflow()
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return value
    return context.all_reduce(tf.distribute.ReduceOp.SUM, value)


def scalar(variable: keras.Variable) -> float:
    """The value of a variable that holds one number, the same on every replica."""
    return float(keras.ops.convert_to_numpy(variable))


def synchronise(model: keras.Model) -> None:
    """Let batch normalisation use the statistics of the whole batch, not of a replica's share."""
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.synchronized = True
