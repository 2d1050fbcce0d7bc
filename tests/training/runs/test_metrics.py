"""Metrics followed while they grow are those that reading the whole file gives."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from core.training.config import TrainConfig
from core.training.runs.metrics import MetricsFollower
from core.training.runs.run import Run, create_run


@pytest.fixture
def run() -> Run:
    return create_run("followed", TrainConfig())


def follower(run: Run, limit: int = 4096) -> MetricsFollower:
    return MetricsFollower(run.folder / "metrics.jsonl", limit)


def step(step: int, loss: float = 1.0, **more: object) -> dict[str, object]:
    return {"kind": "step", "epoch": 1 + (step - 1) // 10, "step": step, "loss": loss, **more}


def epoch(epoch: int, **more: object) -> dict[str, object]:
    return {"kind": "epoch", "epoch": epoch, "step": epoch * 10, **more}


def test_a_training_that_was_resumed_is_followed_as_it_is_read_whole(run: Run) -> None:
    rng = np.random.default_rng(3)
    followed = follower(run)
    at = 0
    for _ in range(300):
        if rng.random() < 0.05:
            at = max(0, at - int(rng.integers(1, 25)))  # killed, and resumed from before
        at += 1
        run.append_metrics(step(at, float(rng.random())))
        if at % 10 == 0:
            run.append_metrics(epoch(at // 10))
        elif rng.random() < 0.05:
            run.append_metrics({**epoch(1 + at // 10), "step": at, "partial": True})
        if rng.random() < 0.3:
            assert followed.look()
    followed.look()
    whole = run.metrics()
    assert followed.steps == [record for record in whole if record["kind"] == "step"]
    assert followed.epochs == [record for record in whole if record["kind"] == "epoch"]
    assert followed.latest == followed.steps[-1]


def test_nothing_new_is_nothing_read(run: Run) -> None:
    followed = follower(run)
    assert not followed.look()  # the file is not there yet
    run.append_metrics(step(1))
    assert followed.look()
    assert not followed.look()


def test_half_a_line_is_read_once_it_is_whole(run: Run) -> None:
    followed = follower(run)
    line = json.dumps(step(1)) + "\n"
    with (run.folder / "metrics.jsonl").open("a") as file:
        file.write(line[:9])
        file.flush()
        assert not followed.look()
        file.write(line[9:])
    assert followed.look()
    assert followed.steps == [step(1)]


def test_a_line_cut_by_a_kill_is_left_out(run: Run) -> None:
    with (run.folder / "metrics.jsonl").open("a") as file:
        file.write('{"kind": "step", "ep\n')
    run.append_metrics(step(2))
    followed = follower(run)
    followed.look()
    assert [record["step"] for record in followed.steps] == [2]


def test_many_records_are_merged_into_their_means(run: Run) -> None:
    followed = follower(run, limit=16)
    loss = np.random.default_rng(0).random(40)
    for at in range(40):
        norm = {"enc1": at, "head": 2.0}
        run.append_metrics(
            step(at + 1, loss[at], images_per_second=None, gradient_norm=norm, memory=at)
        )
        followed.look()
    # 16 → 8 of 2, 16 of 2 → 8 of 4, then 2 of 4 more: 40 in all.
    assert len(followed.steps) == 10
    assert [record["step"] for record in followed.steps] == list(range(4, 41, 4))
    means = loss.reshape(-1, 4).mean(axis=1)
    np.testing.assert_allclose([record["loss"] for record in followed.steps], means)
    assert followed.steps[0]["gradient_norm"] == {"enc1": 1.5, "head": 2.0}
    assert followed.latest["step"] == 40
    assert followed.latest["memory"] == 39


def test_another_run_of_the_same_name_begins_anew(run: Run) -> None:
    followed = follower(run)
    run.append_metrics(step(50))
    run.append_metrics(epoch(5))
    followed.look()
    path: Path = run.folder / "metrics.jsonl"
    path.rename(path.with_suffix(".old"))
    run.append_metrics(step(1))
    assert followed.look()
    assert (followed.steps, followed.epochs) == ([step(1)], [])
    path.unlink()
    assert followed.look()
    assert (followed.steps, followed.latest) == ([], None)
