"""A training in the browser: launched, watched, left alone, come back to, and its model used."""

from __future__ import annotations

import os
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from core.datasets.synthetic.dubai import write_demo
from core.errors import RunError
from core.models.store import load_model
from core.training.config import TrainConfig
from core.training.queue.launch import running_runs
from core.training.queue.queue import queued_runs, remove
from core.training.runs.run import Run, create_run
from core.training.runs.status import Status
from tests.conftest import REPOSITORY
from tests.e2e.conftest import Server, dashboard, settled

# s; a training's first step waits for TensorFlow to start, on a machine that may be busy.
PATIENCE = 240
EPOCHS = 20


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
            with suppress(RunError):  # its turn may come in this moment
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
        # Not "Epochs of inpainting first" for "Epochs"; units and what 0 means may follow.
        name = re.compile(rf"^{label.replace('_', ' ')}(,| \(|$)")
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


@pytest.fixture
def two_ended(server: Server) -> Iterator[None]:
    """Two runs that ended, as their files would be, taken away afterwards."""
    made = []
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DSI_WORKSPACE", str(server.workspace))
        for name in ("older", "newer"):
            run = create_run(name, TrainConfig(dataset="demo", epochs=2))
            run.write_status(
                Status(state="stopped", message="Stopped as you asked.", epochs=2, steps=10)
            )
            for step in range(1, 21):
                run.append_metrics({"kind": "step", "epoch": 1, "step": step, "loss": 1 / step})
            os.utime(run.folder / "config.json", (2e9 + len(made),) * 2)  # the first of the list
            made.append(run)
        yield
    for run in made:
        shutil.rmtree(run.folder, ignore_errors=True)


def _ticks(page: Any) -> list[str]:
    """The runs whose rows are ticked; what is drawn on a canvas stands in a hidden table, too."""
    return page.evaluate(
        """() => [...document.querySelectorAll('[data-testid=stDataFrame] [role=row]')]
            .filter(row => row.getAttribute('aria-selected') === 'true')
            .map(row => row.innerText.match(/newer|older/)[0])"""
    )


def test_ticks_stay_as_they_are_set(page: Any, server: Server, two_ended: None) -> None:
    """Also after the tick of the run that is shown was taken away."""
    page.goto(f"{server.url}/train?view=runs")
    settled(page)
    _until(page, lambda: _ticks(page) == ["newer"])

    def click(row: int) -> None:
        box = page.get_by_test_id("stDataFrame").first.bounding_box()
        page.mouse.click(box["x"] + 16, box["y"] + 35 * (row + 1) + 17)
        settled(page)

    for row, ticked in (
        (0, []),
        (1, ["older"]),  # it was taken off again, and the first ticked in its stead
        (0, ["newer", "older"]),
        (1, ["newer"]),
        (1, ["newer", "older"]),
    ):
        click(row)
        _until(page, lambda ticked=ticked: _ticks(page) == ticked)
    page.get_by_role("button", name="Compare 2 trainings").click()
    page.wait_for_url(re.compile("view=compare"))


@pytest.mark.parametrize("size", [(390, 844), (1400, 900), (2560, 1300)])
def test_curves_begin_in_the_first_screen(
    page: Any, server: Server, two_ended: None, size: tuple[int, int]
) -> None:
    for part in (REPOSITORY / "weights/demo-unet").iterdir():
        shutil.copy(part, server.workspace / "runs/older")
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(f"{server.url}/train?view=runs&run=older")
    settled(page)
    page.locator(CHART).first.wait_for()
    top = page.locator(CHART).first.bounding_box()["y"]
    assert top < size[1] - 60
    row = page.locator(".st-key-train-run-links")
    inside = row.bounding_box()
    links = row.get_by_role("link").all()
    assert len(links) == 3
    for link in links:
        box = link.bounding_box()  # not cut off at the edge of its row
        assert box["y"] >= inside["y"]
        assert box["y"] + box["height"] <= inside["y"] + inside["height"]
    # The scores are in view, the rest of the table beyond them.
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


@pytest.mark.parametrize("size", [(390, 844), (1400, 900), (2560, 1300)])
def test_cost_problem_and_start_stay_in_view(
    page: Any, server: Server, size: tuple[int, int]
) -> None:
    """In both themes: the page is loaded in the light one, which becomes the dark one."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(f"{server.url}/train?dataset=demo")
    settled(page)
    # The crops of the preset are larger than the images of this dataset.
    bar = page.locator(".st-key-train-start")
    start = page.get_by_role("button", name="Start training")
    _fill(page, Crop_size="2048")
    assert "crops of 2048 px" in bar.inner_text()
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.get_by_text("Machine and records").scroll_into_view_if_needed()
        for part in (bar.get_by_text("crops of 2048 px"), start):
            box = part.bounding_box()
            assert box["y"] >= 0 and box["y"] + box["height"] <= size[1]
    bar.get_by_role("button", name="Take 96").click()
    settled(page)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.get_by_text("Machine and records").scroll_into_view_if_needed()
        cost = bar.get_by_text("200 steps").bounding_box()
        assert cost["y"] + cost["height"] <= start.bounding_box()["y"] + 1
        assert start.bounding_box()["y"] + start.bounding_box()["height"] <= size[1]
    page.get_by_role("button", name="Reset", exact=True).click()
    settled(page)


def test_the_form_uses_the_width(page: Any, server: Server) -> None:
    """Fields in one row at 390, 1400 and 2560 pixels, with none wider than it needs."""
    page.goto(f"{server.url}/train?dataset=demo")
    settled(page)
    for size, fewest in ((390, 1), (1400, 3), (2560, 5)):
        page.set_viewport_size({"width": size, "height": 900})
        page.wait_for_function("size => innerWidth === size", arg=size)
        settled(page)
        numbers = page.locator(".st-key-train-grid-training [data-testid=stNumberInput]")
        numbers.first.wait_for()
        fields = numbers.all()
        tops = [round(field.bounding_box()["y"] / 8) for field in fields]
        assert max(tops.count(top) for top in tops) + 1 >= fewest
        assert max(field.bounding_box()["width"] for field in fields) < 420


def test_a_training_outlives_page_and_server_and_its_model_predicts(
    page: Any, server: Server
) -> None:
    run = _start(page, server, "first", epochs=EPOCHS)
    page.get_by_text(re.compile(rf"Epoch \d+ of {EPOCHS}")).wait_for()
    # The curves are drawn anew every fifteen seconds, in which a small training may end.
    _until(page, lambda: len(run.metrics().steps) > 2)
    with _held(run):
        _until(page, lambda: _points(page) > 2)
        before = _points(page)
    _until(page, lambda: len(run.metrics().steps) > before + 1)

    with _held(run):
        _until(page, lambda: _points(page) > before)  # it grows without anyone's doing
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

    page.get_by_text("Predict with it").click()
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
