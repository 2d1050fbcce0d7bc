"""How long one training step takes on this machine, and how much memory: tried, not estimated.

``python -m core.training.trials.step_time`` is the process it is tried in
(`core.training.trials.child`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.device import describe, resolve_precision, tensorflow
from core.training.checks.checks import network_of
from core.training.config import TrainConfig
from core.training.trials.child import Progress, child_main, run_in_child

__all__ = ["STAGES", "Measured", "measure"]

STAGES = 3
"""What progress counts: network built, first step done, steps timed."""

_SECONDS = 3.0  # for how long steps are timed
_LEAST = 2  # steps that are timed however long they take


@dataclass(frozen=True)
class Measured:
    """What a step took.

    Attributes:
        seconds_per_step: median of the steps after the first.
        seconds_first: of the first one, in which TensorFlow traces the graph and Keras builds.
        steps: how many steps the median is of.
        memory: bytes of main memory that the process held at its peak, TensorFlow itself
            included; None where the system does not tell (it has no /proc).
        gpu_memory: bytes that TensorFlow held at its peak on the GPU where it held most; None
            without a GPU.
        device: what it was computed on.
    """

    seconds_per_step: float
    seconds_first: float
    steps: int
    memory: int | None
    gpu_memory: int | None
    device: str


def measure(
    config: TrainConfig, bands: int, classes: int, progress: Progress | None = None
) -> Measured:
    """Train some steps of exactly this kind on random crops, in a process of its own.

    The network, the loss, the optimiser, the precision and the replicas are those of the training;
    the encoder trains along, also where `freeze_encoder` holds it at first. The dataset is not
    needed: crops are random numbers, made once, so reading and augmentation are left out. They go
    on beside the step in a training.

    Args:
        config: its dataset and starting weights are left out of account.
        bands: that the network gets.
        classes: of the dataset.
        progress: called with the stages done and `STAGES` several times a second; if it raises,
            the process is killed.

    Raises:
        ConfigError: there is not enough memory (`where` is ``batch``), the network cannot take so
            many bands or classes, or there are not so many replicas.
        RunError: it failed otherwise; `where` is the last line the process wrote.
    """
    order = {"config": config.model_dump(mode="json"), "bands": bands, "classes": classes}
    tell = progress or (lambda done, total: None)
    return Measured(**run_in_child("core.training.trials.step_time", order, tell, "timing a step"))


def _timed(order: dict[str, Any], progress: Progress) -> dict[str, Any]:
    config = TrainConfig.model_validate(order["config"])
    tensorflow()
    import keras

    from core.models.network import build_model
    from core.training.step.compile import compile_model
    from core.training.step.replicas import mirrored, synchronise

    strategy = mirrored(config.replicas, config.batch)
    keras.utils.set_random_seed(config.seed)
    keras.config.set_dtype_policy(resolve_precision(config.precision))
    spec = network_of(config, order["bands"], order["classes"])
    with strategy.scope():
        model = build_model(spec)
        if strategy.num_replicas_in_sync > 1:
            synchronise(model)
        factors = [1.0] * spec.classes
        compiled = compile_model(model, spec, config, np.ones(spec.classes, np.int64), factors)
    progress(1, STAGES)
    clock = _clock(progress)
    feed = _random_feed(config, spec.bands, spec.classes)
    compiled.fit(feed, steps_per_epoch=10**6, callbacks=[clock], shuffle=False, verbose=0)
    progress(STAGES, STAGES)
    first, *others = clock.seconds
    device = _device_name(strategy.num_replicas_in_sync)
    return asdict(
        Measured(float(np.median(others)), first, len(others), _peak(), _gpu_peak(), device)
    )


def _random_feed(config: TrainConfig, bands: int, classes: int) -> Any:
    """Batches as `training_feed` makes them, of one random crop again and again.

    A batch in memory would become a constant of the graph, which must be smaller than 2 GiB.
    """
    tf = tensorflow()
    size = config.recipe.patch.size
    rng = np.random.default_rng(config.seed)
    image = rng.standard_normal((size, size, bands), np.float32)
    labels = rng.integers(0, classes, (size, size), np.uint8)

    def crops() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        while True:
            yield image, labels

    stream = tf.data.Dataset.from_generator(
        crops,
        output_signature=(
            tf.TensorSpec((size, size, bands), tf.float32),
            tf.TensorSpec((size, size), tf.uint8),
        ),
    )
    return stream.batch(config.batch, drop_remainder=True).prefetch(2)


def _clock(progress: Progress) -> Any:
    """A Keras callback that notes the seconds of every step and ends the training in time."""
    import keras

    class Clock(keras.callbacks.Callback):
        def on_train_begin(self, logs: Any = None) -> None:
            self.seconds: list[float] = []
            self.last = time.perf_counter()

        def on_train_batch_end(self, step: int, logs: Any = None) -> None:
            float(logs["loss"])  # a GPU goes on beside us: wait for it
            now = time.perf_counter()
            self.seconds.append(now - self.last)
            self.last = now
            if step == 0:
                progress(2, STAGES)
            others = self.seconds[1:]
            if len(others) >= _LEAST and sum(others) >= _SECONDS:
                self.model.stop_training = True

    return Clock()


def _peak() -> int | None:
    """Bytes of main memory held at most by this process.

    Not `getrusage`: Linux counts in the parent's memory at the moment of the fork.
    """
    status = Path("/proc/self/status")
    if not status.is_file():
        return None
    lines = status.read_text().splitlines()
    peaks = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(peaks[0]) * 1024 if peaks else None


def _gpu_peak() -> int | None:
    tf = tensorflow()
    gpus = tf.config.list_logical_devices("GPU")
    ask_memory = tf.config.experimental.get_memory_info
    peaks = [int(ask_memory(gpu.name.removeprefix("/device:"))["peak"]) for gpu in gpus]
    return max(peaks, default=None)


def _device_name(replicas: int) -> str:
    tf = tensorflow()
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return describe()
    details = tf.config.experimental.get_device_details(gpus[0])
    name = str(details.get("device_name", "GPU"))
    return name if replicas == 1 else f"{replicas} × {name}"


if __name__ == "__main__":
    child_main(_timed)
