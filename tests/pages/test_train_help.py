"""What the Train page tells and tries before a training starts: its costs, and a learning rate."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.errors import ConfigError
from core.models.network import cost
from core.paths import workspace
from core.training.config import TrainConfig
from core.training.trials.learning_rate import LearningRates
from core.training.trials.step_time import STAGES, StepTime
from tests.conftest import REPOSITORY
from ui.shell import jobs


@pytest.fixture(autouse=True)
def no_results() -> None:
    """Those of other tests are on the same server."""
    st.cache_resource.clear()


@pytest.fixture
def page(demo_dataset: Path) -> AppTest:
    (workspace().datasets / "demo").symlink_to(demo_dataset)
    return _opened()


def _opened() -> AppTest:
    at = AppTest.from_file(str(REPOSITORY / "ui/shell/router.py"), default_timeout=120)
    at.switch_page("../../pages/train.py").run()
    # A second session goes on with the draft of the first.
    fit = [button for button in at.button if button.label == "Take 96"]
    return fit[0].click().run() if fit else at


def _button(at: AppTest, label: str) -> Any:
    return next(button for button in at.button if button.label == label)


def _labels(at: AppTest) -> list[str]:
    return [button.label for button in at.button]


def _table(at: AppTest) -> dict[str, str]:
    """The cost table, without the backslashes that keep its text from being Markdown."""
    (text,) = [m.value for m in at.markdown if "| Parameters |" in m.value]
    lines = text.replace("\\", "").splitlines()[2:]
    return dict(line.strip("| ").split(" | ") for line in lines)


def _finished(at: AppTest) -> AppTest:
    """The page after every job has ended, as its bar would bring it."""
    for job in [*jobs._jobs()[0].values()]:
        job.join()
    return at.run()


def _measuring(
    monkeypatch: pytest.MonkeyPatch, measure: Callable[..., StepTime]
) -> list[tuple[TrainConfig, int, int]]:
    asked: list[tuple[TrainConfig, int, int]] = []

    def noted(config: TrainConfig, bands: int, classes: int, progress: Any) -> StepTime:
        asked.append((config, bands, classes))
        return measure(progress)

    monkeypatch.setattr("ui.train.trials.cost.measure", noted)
    return asked


MEASURED = StepTime(0.25, 5.25, 12, 3 * 2**29, 2**29, "a device")


def test_costs_are_reported_without_measuring(page: AppTest) -> None:
    assert not page.exception
    table = _table(page)
    config = TrainConfig.model_validate(page.session_state["train.draft"])
    spec = config.model.model_copy(update={"bands": 3, "classes": 5})
    assert table["Parameters"] == f"{cost(spec, 96).parameters:,}"
    macs = cost(spec, 96).macs
    assert table["Multiply-adds a crop"] == f"{macs / 1e6:.3g} M, of 96 × 96 px"
    assert table["Receptive field"].endswith(" px")
    assert "GiB" in table["Memory, estimated"]
    # Four training parts of 96² by crops of 96², 8 a step, but the preset says 25.
    assert table["Steps"] == "8 epochs of 25 = 200"
    assert table["Crops"] == "1,600"
    assert not any("measured" in name for name in table)
    page.number_input(key="train.steps").set_value(0).run()
    assert _table(page)["Steps"] == "8 epochs of 1 = 8"
    page.number_input(key="train.pretrain_epochs").set_value(4).run()
    table = _table(page)
    assert table["Steps"] == "12 epochs of 1 = 12, 4 of them inpainting"
    assert table["Crops"] == "96"


def test_a_step_is_measured_once_for_all_sessions(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _measuring(monkeypatch, lambda progress: MEASURED)
    _finished(_button(page, "Measure a step").click().run())
    ((config, bands, classes),) = asked
    assert (config.recipe.patch.size, bands, classes) == (96, 3, 5)
    table = _table(page)
    assert table["Memory, measured"] == "1.5 GiB, 0.5 GiB on the GPU"
    assert table["A step, measured"] == "250 ms, the first 5.2 s"
    assert table["Whole training"] == "about 55 s, and validations"  # 5.25 + 199 · 0.25
    # What does not change a step changes the time of all; what does asks for another measurement.
    page.number_input(key="train.epochs").set_value(80).run()
    assert _table(page)["Whole training"] == "about 8 min, and validations"
    assert "Whole training" in _table(_opened())
    page.number_input(key="train.batch").set_value(4).run()
    assert "Whole training" not in _table(page)
    assert "Measure a step" in _labels(page)
    page.number_input(key="train.batch").set_value(8).run()
    assert "Measure again" in _labels(page)
    assert len(asked) == 1


def test_a_step_that_has_too_little_memory_is_one_box(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measure(progress: Any) -> StepTime:
        raise ConfigError("there is not enough memory", where="batch", remedy="a smaller one")

    _measuring(monkeypatch, measure)
    _finished(_button(page, "Measure a step").click().run())
    assert not page.exception
    (error,) = page.error
    assert "not enough memory" in error.value
    assert "Measure a step" in _labels(page)


def test_one_that_is_going_on_can_be_stopped_also_after_settings_changed(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = threading.Event()

    def measure(progress: Any) -> StepTime:
        while True:
            progress(1, STAGES)
            started.set()

    _measuring(monkeypatch, measure)
    _button(page, "Measure a step").click().run()
    started.wait()
    page.number_input(key="train.batch").set_value(4).run()
    assert not page.exception
    assert "Measure a step" not in _labels(page)
    assert any("as they were" in caption.value for caption in page.caption)
    _button(page, "Stop").click().run()
    _finished(page)
    assert "Measure a step" in _labels(page)


def _finding(monkeypatch: pytest.MonkeyPatch, rates: LearningRates) -> list[TrainConfig]:
    asked: list[TrainConfig] = []

    def find(config: TrainConfig, progress: Any) -> LearningRates:
        asked.append(config)
        progress(100, 100)
        return rates

    monkeypatch.setattr("ui.train.trials.learning_rate.find_learning_rate", find)
    return asked


def test_the_rate_that_was_suggested_is_taken_over(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates = LearningRates((1e-4, 1e-3, 1e-2), (2.0, 1.5, 1.8), 0.0021234)
    asked = _finding(monkeypatch, rates)
    _finished(_button(page, "Find a learning rate").click().run())
    assert not page.exception
    assert asked[0].dataset == "demo"
    assert page.number_input(key="train.learning_rate").value != 0.0021
    _button(page, "Use 0.0021").click().run()
    assert page.number_input(key="train.learning_rate").value == 0.0021
    # It is shown on, and there is nothing more to take.
    assert _button(page, "Use 0.0021").disabled
    page.selectbox(key="train.optimizer").set_value("sgd").run()
    assert "Find a learning rate" in _labels(page)
    assert len(asked) == 1


@pytest.mark.parametrize("steps", [0, 3])
def test_where_no_rate_is_located_it_says_what_to_do(
    page: AppTest, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    _finding(monkeypatch, LearningRates((1e-7, 2e-7, 3e-7)[:steps], (2.0,) * steps, None))
    _finished(_button(page, "Find a learning rate").click().run())
    assert not page.exception
    assert any("none is suggested" in info.value for info in page.info)
    assert not any(label.startswith("Use ") for label in _labels(page))


def test_settings_that_cannot_be_trained_offer_neither(page: AppTest) -> None:
    for side in ("val", "test"):
        page.number_input(key=f"train.recipe.split.{side}").set_value(90).run()
    assert not page.exception
    assert not {"Measure a step", "Find a learning rate"} & {*_labels(page)}
