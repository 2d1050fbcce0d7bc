"""The line of each run: places in the queue, tags, and what is damaged."""

from __future__ import annotations

import pytest

from core.training.config import TrainConfig
from core.training.queue.queue import remove, submit
from core.training.runs.metrics import EpochRecord
from core.training.runs.notes import Notes, write_notes
from core.training.runs.run import Run, create_run
from core.training.runs.summary import run_status, summaries, with_queue_place


@pytest.fixture
def run() -> Run:
    return create_run("trial", TrainConfig(dataset="demo", epochs=4))


def test_the_list_has_places_tags_and_what_is_damaged(run: Run) -> None:
    config = TrainConfig(dataset="demo")
    first, second = submit("first", config), submit("second", config)
    write_notes(second, Notes(tags=("sar",)))
    bad = create_run("bad", config)
    (bad.folder / "status.json").write_text("{")
    damaged: list[str] = []
    result = {line.name: line for line in summaries(lambda error: damaged.append(error.where))}
    assert damaged == [str(bad.folder / "status.json")]
    assert {name: line.place for name, line in result.items()} == {
        "trial": None,
        "first": 1,
        "second": 2,
    }
    assert result["second"].tags == ("sar",)
    assert result["second"].status.message == "Number 2 in the queue: 1 before it."
    assert run_status(second).message == result["second"].status.message
    remove(first)
    assert run_status(second).message.startswith("Number 1 in the queue")


def test_a_waiting_run_has_its_place_in_the_message(run: Run) -> None:
    assert with_queue_place(run.status(), 1).message == (
        "Number 1 in the queue: it starts when the present training has ended."
    )
    assert with_queue_place(run.status(), 3).message == "Number 3 in the queue: 2 before it."


def test_minutes_are_those_of_the_epochs_as_the_file_stands(run: Run) -> None:
    def minutes() -> float:
        (line,) = summaries(print)
        return line.minutes

    assert minutes() == 0
    epoch = EpochRecord(epoch=1, step=10, loss=1.0, seconds=60, validation_seconds=30)
    run.append_metrics(epoch.model_dump())
    assert minutes() == 1.5
    run.append_metrics(epoch.model_copy(update={"epoch": 2, "step": 20}).model_dump())
    assert minutes() == 3
