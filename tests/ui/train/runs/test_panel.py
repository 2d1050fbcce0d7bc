"""The runs on the Train page: table, filters, queue, notes, deletion, and the comparison."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import RunError
from core.locks import acquire
from core.paths import workspace
from core.training.config import TrainConfig, with_settings
from core.training.queue.delete import delete_run
from core.training.queue.queue import queued_runs, submit
from core.training.runs.liveness import process_start
from core.training.runs.notes import Notes, read_notes, write_notes
from core.training.runs.run import Run, create_run
from core.training.runs.sample_scores import SampleScores, write_samples
from tests.conftest import REPOSITORY
from ui.shell.address import TITLE


def runs_view() -> None:
    from ui.shell.errors import page_errors
    from ui.train.runs.panel import runs_panel
    from ui.widgets.frame import open_frame

    with open_frame("Train") as frame, page_errors():
        runs_panel(frame)


def compare_view() -> None:
    from ui.shell.errors import page_errors
    from ui.train.compare.panel import compare_panel
    from ui.widgets.frame import open_frame

    with open_frame("Train") as frame, page_errors():
        compare_panel(frame)


def open_view(view, **query: str) -> AppTest:
    at = AppTest.from_function(view, default_timeout=60)
    for key, value in query.items():
        at.query_params[key] = value
    return at.run()


def make_run(name: str, *settings: str, epochs: int = 3, **status: object) -> Run:
    config = with_settings(TrainConfig(dataset="demo", epochs=epochs), settings)
    ended = {"state": "stopped", "message": "Stopped as you asked.", "started": 1.8e9}
    run = create_run(name, config, ended | status)
    for epoch in range(1, epochs + 1):
        run.append_metrics(
            {
                "kind": "epoch",
                "epoch": epoch,
                "step": epoch * 10,
                "loss": 1.0 / epoch,
                "mean_iou": 0.2,
                "val_mean_iou": 0.1 * epoch,
                "val_iou": {"Land": 0.2 * epoch, "Road": None},
                "seconds": 60.0,
                "validation_seconds": 30.0,
            }
        )
    return run


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Another training has the device, and nobody starts a process."""
    monkeypatch.setattr("core.training.queue.processes.start_worker", lambda log: None)
    device = acquire(workspace().runs / ".device.lock")
    assert device is not None
    with device:
        yield


def _button(at: AppTest, label: str):
    return next(button for button in at.button if button.label == label)


def _names(at: AppTest) -> list[str]:
    return list(at.dataframe[0].value["Run"])


def test_the_table_tells_what_is_known() -> None:
    make_run("plain", "model.width=8", best_mean_iou=0.3, best_epoch=3, epoch=3)
    write_notes(make_run("noted", best_mean_iou=0.2), Notes(tags=("sar",), text="a try"))
    at = open_view(runs_view, run="plain")
    assert not at.exception
    table = at.dataframe[0].value.set_index("Run")
    assert table.loc["plain", "Val mean IoU"] == 0.3
    assert table.loc["plain", "Minutes"] == 4.5
    assert table.loc["plain", "Epochs"] == "3 / 3"
    assert table.loc["noted", "Tags"] == ["sar"]
    assert at.selectbox(key="runs.one").value == "plain"
    assert at.session_state[TITLE][1] == "Train · plain – DeepSpaceImaging"


def test_filters_combine_and_stand_in_the_address() -> None:
    make_run("one", "model.architecture=unet-vgg11")
    write_notes(make_run("two"), Notes(tags=("baseline",)))
    make_run("three", state="failed", message="The disk is full.")
    at = open_view(runs_view, state="stopped")
    assert set(_names(at)) == {"one", "two"}
    at.text_input(key="named").set_value("BASE").run()
    assert _names(at) == ["two"]
    at.multiselect(key="network").set_value(["unet-vgg11"]).run()
    assert not at.exception
    assert not at.dataframe
    assert any("take a filter off" in info.value for info in at.info)
    _button(at, "Show all").click().run()
    assert set(_names(at)) == {"one", "two", "three"}


def test_the_queue_is_reordered_and_left(busy: None) -> None:
    me = os.getpid()
    make_run("now", state="running", pid=me, process_start=process_start(me))
    for name in ("first", "second", "third"):
        submit(name, TrainConfig(dataset="demo"))
    at = open_view(runs_view, run="second")
    assert not at.exception
    assert any("now is being trained" in caption.value for caption in at.caption)
    assert any("Number 2 in the queue" in box.value for box in at.info)
    at.button(key="queue.Earlier.second").click().run()
    assert [run.name for run in queued_runs()] == ["second", "first", "third"]
    assert at.button(key="queue.Earlier.second").disabled
    at.button(key="queue.Later.first").click().run()
    at.button(key="queue.Take off.second").click().run()
    assert [run.name for run in queued_runs()] == ["third", "first"]
    assert not at.exception
    assert not [b for b in at.button if b.label == "Delete it" and "third" in str(b.key)]


def test_tags_and_notes_are_saved_and_a_run_is_cloned() -> None:
    run = make_run("one")
    at = open_view(runs_view)
    assert _button(at, "Save").disabled
    at.text_area(key="runs.text.one").set_value(" better than the last \n").run()
    _button(at, "Save").click().run()
    assert not at.exception
    assert read_notes(run) == Notes(text="better than the last")
    _button(at, "New training with these settings").click().run()
    assert at.query_params["clone"] == "one"
    assert at.query_params["view"] == "new"


def test_an_ended_run_is_deleted_with_its_folder() -> None:
    run, other = make_run("one"), make_run("two")
    at = open_view(runs_view, run="one")
    _button(at, "Delete it").click().run()
    assert not at.exception
    assert not run.folder.exists()
    assert other.folder.exists()
    assert _names(at) == ["two"]
    assert "run" not in at.query_params
    assert "Deleted the run one with its model" in at.toast[0].value.replace("\\", "")
    at.run()
    assert not at.toast  # once


def test_a_run_that_another_tab_deleted_is_a_line_and_another_can_be_chosen() -> None:
    run = make_run("one")
    make_run("two")
    at = open_view(runs_view, run="one")
    delete_run(run)
    at.run()
    assert not at.exception and not at.error
    assert "no training “one” any more" in at.warning[0].value
    at.selectbox(key="runs.one").set_value("two").run()
    assert not at.exception and not at.error and not at.warning
    assert [heading.value for heading in at.subheader] == ["two"]
    with pytest.raises(RunError, match="gone already"):
        delete_run(run)


def test_what_cannot_be_undone_is_marked() -> None:
    """By its key, which the style makes red (ui/train/train.css)."""
    make_run("one")
    at = open_view(runs_view)
    assert _button(at, "Delete it").key.startswith("destroy.")


def test_name_score_and_state_fit_on_a_telephone_and_the_rest_is_named() -> None:
    make_run("one", "model.architecture=unet-lite0")
    at = open_view(runs_view)
    shown = at.dataframe[0]
    assert list(shown.value)[:3] == ["Run", "Val mean IoU", "State"]
    assert shown.value["Network"][0] == "U-Net-Lite0"
    columns = json.loads(shown.proto.columns)
    assert not columns["Run"].get("pinned")  # the names of what is pinned are grey
    assert 36 + sum(columns[name]["width"] for name in list(shown.value)[:3]) <= 366
    (words,) = [block.value for block in at.get("html") if "Further to the right" in block.value]
    assert all(f">{name}" in words for name in ("Test mean IoU", "Epochs", "Started"))


def test_nothing_to_compare_says_what_to_do() -> None:
    at = open_view(compare_view)
    assert not at.exception
    assert "train two models" in at.info[0].value


def test_chosen_runs_are_compared() -> None:
    for name, width in (("small", 8), ("wide", 16), ("other", 32)):
        run = make_run(name, f"model.width={width}")
        by_class = {"Land": 0.5, "Road": None}
        write_samples(run, SampleScores(epoch=3, sides={"val": {"a": by_class}}))
    at = open_view(compare_view, compare="wide,gone,small")
    assert not at.exception
    assert at.multiselect(key="compare.chosen").value == ["wide", "small"]
    assert "There is no training “gone” any more" in at.warning[0].value
    assert at.query_params["compare"] == "wide,small"
    assert at.session_state[TITLE][1] == "Train · wide · small – DeepSpaceImaging"
    assert len(at.get("plotly_chart")) == 2
    table = at.dataframe[-1].value
    assert list(table["Setting"]) == ["Width, channels"]
    assert list(table.iloc[0][["wide", "small"]]) == ["16", "8"]
    assert table.iloc[0]["On the command line"] == "model.width"
    at.toggle(key="compare.differing").set_value(False).run()
    everything = at.dataframe[-1].value
    assert len(everything) > 60
    assert list(everything[everything["Differs"] != ""]["Setting"]) == ["Width, channels"]
    at.multiselect(key="compare.chosen").set_value(["wide", "small", "other"]).run()
    assert at.query_params["compare"] == "wide,small,other"
    assert not at.warning
    at.selectbox(key="compare.class").set_value("Land").run()
    assert not at.exception


def test_the_start_of_the_server_goes_on_with_the_queue() -> None:
    run = submit("left", TrainConfig(dataset="nowhere"))
    code = "import app, threading; [t.join() for t in threading.enumerate() if 'queue' in t.name]"
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=True)
    assert queued_runs() == []
    assert run.launched_file.is_file()
