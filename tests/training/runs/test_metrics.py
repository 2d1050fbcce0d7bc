"""Metrics as they stand in the file, and followed while it grows, is cut or replaced."""

from __future__ import annotations

import json

import numpy as np
import pytest

from core.training.config import TrainConfig
from core.training.runs.metrics import (
    EpochRecord,
    InpaintingRecord,
    Metrics,
    MetricsReader,
    StepRecord,
    seconds_trained,
)
from core.training.runs.run import Run, create_run


@pytest.fixture
def run() -> Run:
    return create_run("followed", TrainConfig())


def step(step: int, loss: float = 1.0, **more: object) -> StepRecord:
    return StepRecord(epoch=1 + (step - 1) // 10, step=step, loss=loss, **more)


def epoch(epoch: int, **more: object) -> EpochRecord:
    return EpochRecord(**{"epoch": epoch, "step": epoch * 10, "loss": 1.0, **more})


def add(run: Run, *records: StepRecord | EpochRecord) -> None:
    for record in records:
        run.append_metrics(record.model_dump())


def steps(metrics: Metrics) -> list[int]:
    return [record.step for record in metrics.steps]


def test_a_training_that_was_resumed_is_followed_as_it_is_read_whole(run: Run) -> None:
    rng = np.random.default_rng(3)
    reader = MetricsReader(run.metrics_file)
    at = 0
    for _ in range(300):
        if rng.random() < 0.05:
            at = max(0, at - int(rng.integers(1, 25)))  # killed, and resumed from before
        at += 1
        add(run, step(at, float(rng.random())))
        if at % 10 == 0:
            add(run, epoch(at // 10))
        elif rng.random() < 0.05:
            add(run, epoch(1 + at // 10, step=at, partial=True))
        if rng.random() < 0.3:
            assert reader.read() == run.metrics()
    metrics = reader.read()
    assert metrics == run.metrics()
    assert metrics.latest == metrics.steps[-1]
    for records in (metrics.steps, metrics.epochs):
        assert len(records) > 5
        assert (np.diff([record.step for record in records]) > 0).all()
    assert len({record.epoch for record in metrics.epochs}) == len(metrics.epochs)


def test_what_a_resume_did_anew_replaces_what_was(run: Run) -> None:
    add(run, step(10), epoch(1), step(14, 2.0), step(17, 2.0), epoch(2, loss=2.0))
    add(run, step(12, 3.0))
    assert run.metrics().epochs == (epoch(1),)
    assert run.epochs() == (epoch(1), epoch(2, loss=2.0))  # until there is another one
    add(run, step(20, 3.0), epoch(2, loss=3.0))
    assert run.metrics().steps == (step(10), step(12, 3.0), step(20, 3.0))
    assert run.metrics().epochs == run.epochs() == (epoch(1), epoch(2, loss=3.0))


def test_a_part_of_an_epoch_is_left_out_once_it_was_completed(run: Run) -> None:
    add(run, epoch(1, step=3, partial=True))
    assert [r.step for r in run.epochs()] == [r.step for r in run.metrics().epochs] == [3]
    add(run, epoch(1))
    assert run.epochs() == run.metrics().epochs == (epoch(1),)


def test_records_of_earlier_versions_are_read(run: Run) -> None:
    run.append_metrics({"kind": "step", "epoch": 1, "step": 1, "loss": 2.0})
    run.append_metrics({"kind": "epoch", "epoch": 1, "step": 10, "loss": 2.0, "of_later": 1})
    metrics = run.metrics()
    assert metrics == Metrics((step(1, 2.0),), (epoch(1, loss=2.0),), step(1, 2.0))
    assert not metrics.measured("memory")
    assert not metrics.measured("gradient_norm")
    add(run, step(11, memory=1, gradient_norm={"head": 1.0}))
    assert run.metrics().measured("memory")
    assert run.metrics().measured("gradient_norm")


def test_what_is_no_number_is_kept(run: Run) -> None:
    add(run, step(1, gradient_norm={"head": float("inf")}), epoch(1, val_cross_entropy=np.nan))
    assert run.metrics().steps[0].gradient_norm == {"head": np.inf}
    assert np.isnan(run.epochs()[0].val_cross_entropy)


def test_half_a_line_is_read_once_it_is_whole(run: Run) -> None:
    reader = MetricsReader(run.metrics_file)
    assert reader.read() == Metrics()  # the file is not there yet
    line = json.dumps(step(1).model_dump()) + "\n"
    with run.metrics_file.open("a") as file:
        file.write(line[:9])
        file.flush()
        assert reader.read() == Metrics()
        file.write(line[9:])
    assert reader.read().steps == (step(1),)


def test_a_line_cut_by_a_kill_is_left_out(run: Run) -> None:
    with run.metrics_file.open("a") as file:
        file.write('{"kind": "step", "ep\n')
    add(run, step(2), epoch(1))
    with run.metrics_file.open("a") as file:
        file.write('{"kind": "epoch", "val_mean_iou"')
    assert steps(run.metrics()) == [2]
    assert run.epochs() == (epoch(1),)


def test_many_records_are_merged_into_their_means(run: Run) -> None:
    reader = MetricsReader(run.metrics_file, step_limit=16)
    loss = np.random.default_rng(0).random(40)
    for at in range(40):
        norm = {"enc1": at, "head": 2.0}
        add(run, step(at + 1, loss[at], images_per_second=None, gradient_norm=norm, memory=at))
        metrics = reader.read()
    # 16 → 8 of 2, 16 of 2 → 8 of 4, then 2 of 4 more: 40 in all.
    assert steps(metrics) == list(range(4, 41, 4))
    means = loss.reshape(-1, 4).mean(axis=1)
    np.testing.assert_allclose([record.loss for record in metrics.steps], means)
    assert metrics.steps[0].gradient_norm == {"enc1": 1.5, "head": 2.0}
    assert metrics.steps[0].images_per_second is None
    assert metrics.latest is not None
    assert (metrics.latest.step, metrics.latest.memory) == (40, 39)


def test_another_run_of_the_same_name_begins_anew(run: Run) -> None:
    reader = MetricsReader(run.metrics_file)
    add(run, step(50), epoch(5))
    reader.read()
    run.metrics_file.rename(run.folder / "old")
    add(run, step(1))
    assert reader.read() == Metrics((step(1),), (), step(1))
    run.metrics_file.unlink()
    assert reader.read() == Metrics()


def test_a_file_that_was_cut_or_written_over_begins_anew(run: Run) -> None:
    reader = MetricsReader(run.metrics_file)
    add(run, step(1), step(2), step(3))
    lines = run.metrics_file.read_bytes().splitlines(keepends=True)
    reader.read()
    # In place, so that it stays the same file to the system; then longer than what was read.
    run.metrics_file.write_bytes(lines[0])
    assert steps(reader.read()) == [1]
    run.metrics_file.write_bytes(b"")
    add(run, *(step(at) for at in range(5, 15)))
    assert steps(reader.read()) == list(range(5, 15))
    add(run, step(15))
    assert steps(reader.read()) == list(range(5, 16))


def test_what_is_no_file_has_no_records(run: Run) -> None:
    """A device, above all: reading it would never end."""
    run.metrics_file.mkdir()
    assert run.metrics() == Metrics()


def test_seconds_are_those_of_steps_and_validation(run: Run) -> None:
    add(run, epoch(1, seconds=2.0, validation_seconds=0.5), epoch(2, seconds=2.5))
    assert seconds_trained(run.epochs()) == 5.0


@pytest.mark.parametrize("limit", [None, 0, 4])
def test_inpainting_comes_before_the_training_and_is_redone_by_epoch(
    run: Run, limit: int | None
) -> None:
    for number, loss in ((1, 0.9), (2, 0.8), (1, 0.7), (2, 0.6)):  # begun anew after two epochs
        run.append_metrics(InpaintingRecord(epoch=number, loss=loss, seconds=2.5).model_dump())
    add(run, step(1), epoch(1, seconds=4.0, validation_seconds=1.0))
    now = MetricsReader(run.metrics_file, limit).read()
    assert [(r.epoch, r.loss) for r in now.inpainting] == [(1, 0.7), (2, 0.6)]
    assert [record.epoch for record in now.epochs] == [1]
    assert seconds_trained(now.epochs, now.inpainting) == run.seconds_trained() == 10.0
