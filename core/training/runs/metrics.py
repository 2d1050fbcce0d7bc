"""What a training measures: the records of `metrics.jsonl`, and their one reader.

The file is append only, a JSON object a line. A reader follows it while it grows: only what is new
is read, and memory is bounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

__all__ = [
    "EpochRecord",
    "InpaintingRecord",
    "Metrics",
    "MetricsReader",
    "StepRecord",
    "seconds_trained",
]


class _Record(BaseModel):
    # A field that only a newer version writes is no reason to lose the line.
    model_config = ConfigDict(frozen=True, extra="ignore")


class StepRecord(_Record):
    """Means over the steps of about a second; what older versions did not measure is missing.

    Attributes:
        epoch: epoch, from 1.
        step: steps of the training done by then.
        images_per_second: crops trained a second.
        memory: main memory of the process, in bytes.
        gpu_memory: memory by device, in bytes.
        gradient_norm: norm by block of the network, before clipping.
    """

    kind: Literal["step"] = "step"
    epoch: int
    step: int
    loss: float
    learning_rate: float | None = None
    images_per_second: float | None = None
    memory: float | None = None
    gpu_memory: dict[str, float] = Field(default_factory=dict)
    gradient_norm: dict[str, float] = Field(default_factory=dict)


class EpochRecord(_Record):
    """An epoch and the validation after it; what older versions did not measure is missing.

    Attributes:
        epoch: epoch, from 1.
        step: steps of the training done by then.
        partial: whether the epoch was cut short.
        loss, mean_iou: means over the training crops.
        gradient_norm: norm by block of the network, before clipping.
        val_cross_entropy, val_mean_iou, val_pixel_accuracy: scores of the validation images; None
            where all of them are void.
        val_iou: validation IoU by class name; None where the class does not occur.
        seconds, validation_seconds: wall time of the training steps, and of the validation.
    """

    kind: Literal["epoch"] = "epoch"
    epoch: int
    step: int
    partial: bool = False
    loss: float
    mean_iou: float | None = None
    learning_rate: float | None = None
    gradient_norm: dict[str, float] = Field(default_factory=dict)
    val_cross_entropy: float | None = None
    val_mean_iou: float | None = None
    val_pixel_accuracy: float | None = None
    val_iou: dict[str, float | None] = Field(default_factory=dict)
    seconds: float = 0.0
    validation_seconds: float = 0.0


class InpaintingRecord(_Record):
    """An epoch of inpainting, before the first of the training.

    Attributes:
        epoch: epoch of the inpainting, from 1.
        loss: mean absolute error over the normalised pixels that were cut out.
        seconds: wall time.
    """

    kind: Literal["inpainting"] = "inpainting"
    epoch: int
    loss: float
    seconds: float = 0.0


Record = StepRecord | EpochRecord | InpaintingRecord
_RECORD: TypeAdapter[Record] = TypeAdapter(Annotated[Record, Field(discriminator="kind")])
_STEP = b'"kind": "step"'
_TAIL = 512  # bytes


@dataclass(frozen=True)
class Metrics:
    """The records of a training as they stand.

    Attributes:
        steps: by rising step; where some were merged, `step` is the last of them and every other
            number the mean.
        epochs: by rising epoch, all of them.
        latest: the newest step record as it is in the file, or None.
        inpainting: by rising epoch, all of them.
    """

    steps: tuple[StepRecord, ...] = ()
    epochs: tuple[EpochRecord, ...] = ()
    latest: StepRecord | None = None
    inpainting: tuple[InpaintingRecord, ...] = ()

    def measured(self, name: str) -> bool:
        """Whether any step record has this field; those of older runs may not."""
        return any(getattr(record, name) not in (None, {}) for record in self.steps)


class MetricsReader:
    """Reads a metrics.jsonl, which may grow, be replaced or be missing.

    Left out are a half-written line, what a resumed training did anew, and the summary of a part
    of an epoch that was completed later. Step records come about once a second, so of a long
    training neighbours are merged: a curve stays legible and cheap to draw.

    Args:
        path: the file; it need not be there yet.
        step_limit: step records kept at most, an even number; then they are merged two by two.
            None keeps all of them as they are. 0 leaves them unread, which is many times faster;
            then an epoch that is being trained anew is replaced when it ends, not when it begins.
    """

    def __init__(self, path: Path, step_limit: int | None = 4096) -> None:
        self._path, self._limit = path, step_limit
        self._forget()

    def _forget(self) -> None:
        self._steps: list[StepRecord] = []
        self._epochs: list[EpochRecord] = []
        self._inpainting: list[InpaintingRecord] = []
        self._latest: StepRecord | None = None
        # Bytes read, and the last of them: where others stand in their place, it is another file.
        self._position, self._tail = 0, b""
        # How many records one of `_steps` stands for, and those that wait to become one.
        self._every = 1
        self._waiting: list[StepRecord] = []

    def read(self) -> Metrics:
        """Read what was appended since the last call; all records so far."""
        for line in self._new_lines():
            if self._limit == 0 and _STEP in line:
                continue
            try:
                record = _RECORD.validate_json(line)
            except ValidationError:
                continue  # a writer was killed in the middle of it
            if isinstance(record, EpochRecord):
                self._add_epoch(record)
            elif isinstance(record, InpaintingRecord):
                self._add_inpainting(record)
            elif self._limit != 0:
                self._add_step(record)
        steps, epochs = tuple(self._steps), tuple(self._epochs)
        return Metrics(steps, epochs, self._latest, tuple(self._inpainting))

    def _new_lines(self) -> Sequence[bytes]:
        if not self._path.is_file():  # nor a device, which has no end
            self._forget()
            return []
        try:
            with self._path.open("rb") as file:
                file.seek(self._position - len(self._tail))
                if file.read(len(self._tail)) != self._tail:
                    self._forget()  # cut, or another run of the same name
                    file.seek(0)
                new = file.read()
        except FileNotFoundError:  # deleted in this moment
            self._forget()
            return []
        whole = new[: new.rfind(b"\n") + 1]
        self._position += len(whole)
        self._tail = (self._tail + whole)[-_TAIL:]
        return whole.splitlines()

    def _add_inpainting(self, record: InpaintingRecord) -> None:
        while self._inpainting and self._inpainting[-1].epoch >= record.epoch:
            self._inpainting.pop()
        self._inpainting.append(record)

    def _add_epoch(self, record: EpochRecord) -> None:
        # An epoch's last step and its summary have the same step.
        for steps in (self._waiting, self._steps):
            while steps and steps[-1].step > record.step:
                steps.pop()
        while self._epochs and (
            self._epochs[-1].step >= record.step or self._epochs[-1].epoch >= record.epoch
        ):
            self._epochs.pop()
        self._epochs.append(record)

    def _add_step(self, record: StepRecord) -> None:
        for known in (self._waiting, self._steps, self._epochs):
            while known and known[-1].step >= record.step:
                known.pop()
        self._latest = record
        self._waiting.append(record)
        if len(self._waiting) < self._every:
            return
        self._steps.append(_merged(self._waiting))
        self._waiting = []
        if len(self._steps) == self._limit:
            pairs = zip(self._steps[::2], self._steps[1::2], strict=True)
            self._steps = [_merged(pair) for pair in pairs]
            self._every *= 2


def seconds_trained(
    epochs: Iterable[EpochRecord], inpainting: Iterable[InpaintingRecord] = ()
) -> float:
    """Seconds that the epochs took, validation and inpainting included."""
    trained = sum(record.seconds + record.validation_seconds for record in epochs)
    return trained + sum(record.seconds for record in inpainting)


def _merged(records: Sequence[StepRecord]) -> StepRecord:
    """The last of the records, with the means of what all of them measured."""
    last = records[-1]
    if len(records) == 1:
        return last
    measured = [record.model_dump(exclude={"kind", "epoch", "step"}) for record in records]
    return last.model_copy(update=_means(measured))


def _means(measured: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The mean of each number that the last one has, over all that have it."""
    means: dict[str, Any] = {}
    for key, value in measured[-1].items():
        values = [each[key] for each in measured if each.get(key) is not None]
        if isinstance(value, dict):
            means[key] = _means(values)
        elif value is not None:
            means[key] = sum(values) / len(values)
    return means
