"""The time and the memory of a training step on this machine: measured, not estimated.

``python -m core.training.trials.step_time`` is the process in which it is measured
(`core.training.trials.child`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.device import describe, tensorflow
from core.training.config import TrainConfig
from core.training.trials.child import Progress, child_main, run_in_child

__all__ = ["STAGES", "StepTime", "measure"]

STAGES = 3
"""What progress counts: network built, first step done, steps timed."""

_SECONDS = 3.0  # for how long steps are timed
_LEAST_STEPS = 2  # steps that are timed however long they take


@dataclass(frozen=True)
class StepTime:
    """Cost of a step.

    Attributes:
        seconds_per_step: median of the steps after the first.
        seconds_first: seconds of the first step, in which TensorFlow traces the graph and Keras
            builds.
        steps: number of steps that the median is of.
        memory: bytes of main memory that the process held at its peak, TensorFlow itself
            included; None where the system has no /proc.
        gpu_memory: bytes that TensorFlow held at its peak on the GPU where it held most; None
            without a GPU.
        device: name of the device it was computed on.
    """

    seconds_per_step: float
    seconds_first: float
    steps: int
    memory: int | None
    gpu_memory: int | None
    device: str


def measure(
    config: TrainConfig, bands: int, classes: int, progress: Progress | None = None
) -> StepTime:
    """Train some steps of exactly this kind on random crops, in a process of its own.

    The network, the loss, the optimiser, the precision and the replicas are those of the training;
    the encoder trains along, also where `freeze_encoder` holds it at first. The dataset is not
    needed: one random crop is repeated, so reading and augmentation are left out. In a training
    they go on beside the step.

    Args:
        config: configuration of the training; its dataset and initial weights are left out of
            account.
        bands: number of bands that the network gets.
        classes: number of classes of the dataset.
        progress: called with the stages done and `STAGES` several times a second; if it raises,
            the process is killed.

    Raises:
        ConfigError: there is not enough memory (`key` is ``batch``), the network cannot take so
            many bands or classes, or there are not so many replicas.
        RunError: it failed otherwise; `where` is the last line the process wrote.
    """
    order = {"config": config.model_dump(mode="json"), "bands": bands, "classes": classes}
    return StepTime(
        **run_in_child(
            "core.training.trials.step_time",
            order,
            progress or (lambda done, total: None),
            "timing a step",
        )
    )


def _measure(order: dict[str, Any], progress: Progress) -> dict[str, Any]:
    config = TrainConfig.model_validate(order["config"])
    bands, classes = order["bands"], order["classes"]
    from core.training.callbacks.step_timer import StepTimer
    from core.training.session.assemble import assemble, keep_random_weights
    from core.training.session.training_data import DataProfile

    data = DataProfile(bands, np.ones(classes, np.int64), [1.0] * classes)
    assembly = assemble(config, data, keep_random_weights)
    progress(1, STAGES)
    timer = StepTimer(lambda: progress(2, STAGES), _SECONDS, _LEAST_STEPS)
    feed = _random_feed(config, bands, classes)
    assembly.compiled.fit(feed, steps_per_epoch=10**6, callbacks=[timer], shuffle=False, verbose=0)
    progress(STAGES, STAGES)
    first, *others = timer.seconds
    device = _device_name(assembly.replicas)
    return asdict(
        StepTime(
            float(np.median(others)), first, len(others), _peak_memory(), _peak_gpu_memory(), device
        )
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


def _peak_memory() -> int | None:
    """Bytes of main memory held at most by this process.

    Not `getrusage`: Linux counts in the parent's memory at the moment of the fork.
    """
    status = Path("/proc/self/status")
    if not status.is_file():
        return None
    lines = status.read_text().splitlines()
    peaks = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(peaks[0]) * 1024 if peaks else None


def _peak_gpu_memory() -> int | None:
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
    child_main(_measure)
