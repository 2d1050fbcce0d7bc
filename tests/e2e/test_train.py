"""A training in the browser: launched, watched, left alone, come back to, and its model used."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from core.datasets.synthetic.dubai import write_demo
from core.models.store import load_model
from core.training.queue.launch import running_runs
from core.training.queue.queue import queued_runs, remove
from core.training.runs.run import Run
from tests.e2e.conftest import Server, dashboard, settled

# s; a training's first step waits for TensorFlow to start, on a machine that may be busy.
PATIENCE = 240
EPOCHS = 40


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A dashboard of these tests' own, for they kill it."""
    with dashboard(tmp_path_factory.mktemp("train") / "workspace") as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def dataset(server: Server) -> Iterator[None]:
    write_demo(server.workspace / "datasets" / "demo", scenes=3, size=96, seed=7)
    yield
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DSI_WORKSPACE", str(server.workspace))
        for run in queued_runs():
            remove(run)
        for run in running_runs():
            # Trainings outlive the server, and a failed test too.
            if (pid := run.status().pid) is not None:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


@pytest.fixture(autouse=True)
def patient(page: Any) -> None:
    page.set_default_timeout(PATIENCE * 1000)


def _fill(page: Any, **fields: str) -> None:
    for label, value in fields.items():
        name = re.compile(f"^{label.replace('_', ' ')}")
        box = page.get_by_role("spinbutton", name=name)
        box.fill(value)
        box.press("Enter")
        settled(page)


def _start(page: Any, server: Server, name: str, epochs: int) -> Run:
    page.goto(f"{server.url}/train?dataset=demo")
    settled(page)
    page.get_by_text("Tile 2", exact=True).first.wait_for()  # the split, before launching
    _fill(
        page,
        Crop_size="64",
        Batch_size="4",
        Epochs=str(epochs),
        Steps_an_epoch="20",
        Width="8",
        Depth="2",
    )
    box = page.get_by_label("Name of the run and its model")
    box.fill(name)
    box.press("Enter")
    settled(page)
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url(re.compile(f"run={name}"))
    return Run(server.workspace / "runs" / name)


def _box(page: Any, text: str) -> Any:
    # The log says so too.
    return page.get_by_test_id("stAlert").filter(has_text=text)


CHART = ".js-plotly-plot"


def _points(page: Any) -> int:
    """How many points the first chart has, the curve of the loss."""
    return page.evaluate(
        "chart => document.querySelector(chart)?._fullData?.[0]?._length ?? 0", CHART
    )


def _range(page: Any) -> list[float]:
    """What part of its horizontal axis the first chart shows."""
    return page.evaluate(
        "chart => document.querySelector(chart)._fullLayout.xaxis.range.map(Number)", CHART
    )


@contextmanager
def _held(run: Run) -> Iterator[None]:
    """Let a training wait: a short one does not end before the page was looked at, a long one
    leaves the processors to others."""
    pid = run.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _until(page: Any, holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        page.wait_for_timeout(200)


def test_a_training_outlives_page_and_server_and_its_model_predicts(
    page: Any, server: Server
) -> None:
    run = _start(page, server, "first", epochs=EPOCHS)
    page.get_by_text(re.compile(rf"Epoch \d+ of {EPOCHS}")).wait_for()
    _until(page, lambda: _points(page) > 2)
    before = _points(page)
    _until(page, lambda: _points(page) > before)  # it grows without anyone's doing

    with _held(run):
        page.reload()
        settled(page)
        page.get_by_text(re.compile(rf"Epoch \d+ of {EPOCHS}")).wait_for()
        _until(page, lambda: _points(page) > before)
        server.kill()
        epoch = run.status().epoch
        assert run.status().alive
    # The training does not need the server; on a busy machine it has but its test left.
    _until(page, lambda: run.status().epoch > epoch or run.status().state == "finished")
    server.start()
    page.reload()
    settled(page)
    _box(page, "Finished; kept epoch").wait_for()
    assert run.status().state == "finished"
    assert _points(page) > before
    assert page.get_by_role("button", name="Stop training").count() == 0
    load_model(run.folder)

    page.get_by_text("Predict with this model").click()
    page.wait_for_url(re.compile(r"/predict\?.*model=first"))
    settled(page)
    page.get_by_role("radio", name="Dataset").click()
    settled(page)
    page.get_by_role("button", name="Predict", exact=True).click()
    page.locator("[data-testid=viewer-root][data-ready='1']").wait_for()
    assert page.get_by_test_id("viewer-layer-prediction").is_checked()


def test_a_second_training_waits_over_a_restart_and_the_first_is_stopped_and_resumed(
    page: Any, server: Server
) -> None:
    run = _start(page, server, "second", epochs=400)
    page.get_by_text(re.compile(r"Epoch ([2-9]|\d\d+) of 400")).wait_for()
    _what_was_zoomed_stays(page)

    with _held(run):
        waiting = _start(page, server, "third", epochs=2)
        page.get_by_text("In the queue: 1").wait_for()
        page.get_by_text("second is being trained").wait_for()
        server.kill()
        server.start()
        assert waiting.status().state == "queued"
        assert run.status().alive

    page.goto(f"{server.url}/train?view=runs&run=second")
    page.get_by_role("button", name="Stop training").click()
    _box(page, "Stopped as you asked; kept epoch").wait_for()
    assert run.status().state == "stopped"
    epoch = run.status().epoch
    load_model(run.folder)
    # Its turn comes without anyone's doing.
    _until(page, lambda: waiting.status().state == "finished")

    page.get_by_role("button", name="Resume").click()
    page.get_by_role("button", name="Stop training").wait_for()
    _until(page, lambda: run.status().state == "running" and run.status().epoch > epoch)
    page.get_by_role("button", name="Stop training").click()
    _box(page, "Stopped as you asked; kept epoch").wait_for()
    steps = [record.step for record in run.metrics().steps]
    assert steps == sorted(steps)


def _what_was_zoomed_stays(page: Any) -> None:
    """Held still, the curves keep their zoom while the training goes on."""
    page.get_by_text("Hold the curves still").click()
    settled(page)
    chart = page.locator(CHART).first
    chart.scroll_into_view_if_needed()
    whole = _range(page)
    box = chart.locator(".nsewdrag").first.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, middle, steps=8)
    page.mouse.up()
    _until(page, lambda: _range(page) != whole)
    zoom = _range(page)
    text = page.get_by_text(re.compile(r"Epoch \d+ of 400, step")).inner_text()
    _until(page, lambda: page.get_by_text(re.compile("of 400, step")).inner_text() != text)
    assert _range(page) == zoom
    page.get_by_text("Hold the curves still").click()
    held = _points(page)
    _until(page, lambda: _points(page) > held)
