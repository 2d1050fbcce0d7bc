"""The time-lapse in a real browser: a slider over the epochs that needs no server."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from core.classes import DUBAI_CLASSES
from core.datasets.batches.labelled_image import LabelledImage
from core.evaluation.confusion import confusion
from core.training.config import TrainConfig
from core.training.runs.liveness import process_start
from core.training.runs.run import Run, create_run
from core.training.runs.status import Status
from core.training.runs.timelapse import TimelapseWriter
from tests.e2e.conftest import Server, settled

SIZE = 64
IDS = ("north", "south")


def _after(epoch: int) -> np.ndarray:
    """A prediction that is one class all over, another one each epoch."""
    labels = np.full((SIZE, SIZE), (epoch - 1) % 5, np.uint8)
    labels[0, epoch] = 255  # no two are the same, or the browser would ask for one of them only
    return labels


def _predict(run: Run, epochs: range) -> None:
    writer = TimelapseWriter(run, IDS, DUBAI_CLASSES, 2)
    truth = np.full((SIZE, SIZE), 4, np.uint8)
    for epoch in epochs:
        for id in IDS:
            pixels = np.full((SIZE, SIZE, 3), 128, np.uint8)
            image = LabelledImage(id, pixels, truth, np.ones(truth.shape, bool))
            predicted = _after(epoch)
            writer.of(epoch)(image, predicted, confusion(truth, predicted, 5))


@pytest.fixture
def run(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """A training that goes on, as far as its files tell: this process is it."""
    monkeypatch.setenv("DSI_WORKSPACE", str(server.workspace))
    run = create_run("lapse", TrainConfig(dataset="demo", epochs=40))
    me = os.getpid()
    run.write_status(
        Status(
            state="running",
            message="Training.",
            pid=me,
            process_start=process_start(me),
            epoch=12,
            epochs=40,
            steps=10,
            started=1.8e9,
        )
    )
    _predict(run, range(1, 12))
    yield run
    shutil.rmtree(run.folder)


def _color(page: Any, pane: str) -> list[int]:
    """The colour in the middle of a pane."""
    return page.evaluate(
        """pane => {
            const root = [...document.querySelectorAll('*')].map(e => e.shadowRoot ?? e)
                .map(r => r.querySelector?.(`[data-pane="${pane}"]`)).find(Boolean);
            const at = [root.width >> 1, root.height >> 1];
            return [...root.getContext('2d').getImageData(...at, 1, 1).data].slice(0, 3);
        }""",
        pane,
    )


def _shows(page: Any, epoch: int) -> None:
    """Wait until the prediction has the colour of that epoch's class, fully opaque."""
    wanted = list(DUBAI_CLASSES.colors[(epoch - 1) % 5])
    for _ in range(600):
        if _color(page, "prediction") == wanted:
            return
        page.wait_for_timeout(50)
    pytest.fail(f"epoch {epoch} is not shown: {_color(page, 'prediction')}, not {wanted}")


def test_the_slider_goes_through_the_epochs_without_the_server(
    page: Any, server: Server, run: Run
) -> None:
    page.goto(f"{server.url}/train?view=runs&run=lapse&watch=Time-lapse")
    page.locator("[data-testid=viewer-root][data-ready='1']").wait_for()
    settled(page)
    text = page.get_by_test_id("viewer-frame-text")
    slider = page.get_by_test_id("viewer-frame")
    assert text.inner_text() == "Epoch 11 · mean IoU here 0.000"
    page.get_by_test_id("viewer-opacity-prediction").fill("100")
    _shows(page, 11)

    # All pictures are there by now: from here on nothing is asked for.
    asked: list[str] = []
    page.wait_for_load_state("networkidle")
    page.on("request", lambda request: asked.append(request.url))
    slider.fill("4")
    _shows(page, 5)
    assert text.inner_text() == "Epoch 5 · mean IoU here 1.000"
    slider.press("ArrowLeft")
    _shows(page, 4)
    assert slider.get_attribute("aria-valuetext").startswith("Epoch 4")
    assert asked == []

    # A new epoch comes: there is more to choose from, and what was chosen stays.
    with page.expect_request(lambda request: "epoch-00012.png" in request.url):
        _predict(run, range(12, 13))
    page.locator(".frames[data-frames='12']").wait_for()
    assert text.inner_text().startswith("Epoch 4 ")
    assert slider.input_value() == "3"
    _shows(page, 4)
    assert len(asked) == 1

    # The other sample at the same epoch; then played to the newest.
    page.get_by_role("radio", name="south").click()
    settled(page)
    assert text.inner_text().startswith("Epoch 4 ")
    page.get_by_test_id("viewer-play").click()
    page.get_by_role("button", name="Pause").wait_for()
    page.locator(".frames[data-number='12']").wait_for()
    page.get_by_role("button", name="Play", exact=True).wait_for()
    _shows(page, 12)
