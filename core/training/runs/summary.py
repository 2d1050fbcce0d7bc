"""What is worth knowing of each run, in a line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from core.errors import DSIError
from core.models.card import CARD_FILE, ModelCard
from core.models.network import network_name
from core.models.store import read_card
from core.training.config import TrainConfig
from core.training.runs.notes import read_notes
from core.training.runs.run import Run, list_runs
from core.training.runs.status import Status

__all__ = ["RunSummary", "place_in_queue", "run_status", "summaries", "with_queue_place"]


@dataclass(frozen=True)
class RunSummary:
    """A run in a line.

    Attributes:
        run: the run itself.
        status: status as its files stand; where it waits, its place stands in the message.
        config: configuration it was started with.
        place: place in the queue, from 1; None where it does not wait.
        tags, text: its notes.
        val_mean_iou: best score so far, on the validation images.
        test_mean_iou: score of the kept weights, on the test images.
        minutes: time that its epochs took.
        parameters: size of the network; None before the first validation.
    """

    run: Run
    status: Status
    config: TrainConfig
    place: int | None
    tags: tuple[str, ...]
    text: str
    val_mean_iou: float | None
    test_mean_iou: float | None
    minutes: float
    parameters: int | None

    @property
    def name(self) -> str:
        return self.run.name

    @property
    def architecture(self) -> str:
        return self.config.model.architecture

    @property
    def network(self) -> str:
        return network_name(self.config.model)


def summaries(damaged: Callable[[DSIError], object]) -> list[RunSummary]:
    """All runs, the last started first.

    Args:
        damaged: called with the error of each run that is left out.
    """
    read = []
    for run in list_runs():
        try:
            read.append((run, run.status(), _config(run, _stamp(run.folder / "config.json"))))
        except DSIError as error:
            damaged(error)
    places = _places([(run, status) for run, status, _ in read])
    lines = []
    for run, status, config in read:
        try:
            lines.append(_summary(run, status, config, places.get(run)))
        except DSIError as error:
            damaged(error)
    return lines


def place_in_queue(run: Run) -> int | None:
    """The run's place in the queue, from 1; None where it does not wait."""
    statuses = []
    for other in list_runs():
        try:
            statuses.append((other, other.status()))
        except DSIError:
            continue
    return _places(statuses).get(run)


def run_status(run: Run) -> Status:
    """The run's status; where it waits, its place stands in the message.

    Raises:
        RunError: its status.json is missing or damaged.
    """
    status = run.status()
    if status.state != "queued" or (place := place_in_queue(run)) is None:
        return status
    return with_queue_place(status, place)


def _places(statuses: list[tuple[Run, Status]]) -> dict[Run, int]:
    waiting = [(run, status) for run, status in statuses if status.state == "queued"]
    waiting.sort(key=lambda pair: (pair[1].place or 0.0, pair[0].name))
    return {run: number for number, (run, _) in enumerate(waiting, start=1)}


def _summary(run: Run, status: Status, config: TrainConfig, place: int | None) -> RunSummary:
    card_file = run.folder / CARD_FILE
    card = _card(run, _stamp(card_file)) if card_file.is_file() else None
    test = card.training.scores.get("test") if card else None
    notes = read_notes(run)
    return RunSummary(
        run=run,
        status=with_queue_place(status, place) if place else status,
        config=config,
        place=place,
        tags=notes.tags,
        text=notes.text,
        val_mean_iou=status.best_mean_iou,
        test_mean_iou=test["mean_iou"] if test else None,
        minutes=_seconds(run, _stamp(run.metrics_file)) / 60,
        parameters=card.parameters if card else None,
    )


# A list of many runs is looked at every few seconds: what has not changed is not read again.
@lru_cache(maxsize=2048)
def _config(run: Run, stamp: tuple[int, int]) -> TrainConfig:
    return run.config()


@lru_cache(maxsize=2048)
def _card(run: Run, stamp: tuple[int, int]) -> ModelCard:
    return read_card(run.folder)


@lru_cache(maxsize=2048)
def _seconds(run: Run, stamp: tuple[int, int]) -> float:
    return run.seconds_trained()


def _stamp(path: Path) -> tuple[int, int]:
    """Changes whenever the file does; zeros where there is none."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return 0, 0
    return stat.st_mtime_ns, stat.st_size


def with_queue_place(status: Status, place: int) -> Status:
    """The status of a waiting run with its place in the message.

    Args:
        status: status of the run.
        place: place in the queue, from 1.
    """
    turn = (
        "it starts when the present training has ended" if place == 1 else f"{place - 1} before it"
    )
    command = " The command that was given for it waits, too." if status.pid else ""
    message = f"Number {place} in the queue: {turn}.{command}"
    return status.model_copy(update={"message": message})
