"""The Overview page without a browser."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.classes import DUBAI_CLASSES
from core.paths import workspace, write_json
from core.training.runs.liveness import process_start
from core.training.runs.status import Status
from tests.conftest import REPOSITORY
from ui.shell.jobs import find_job


@pytest.fixture(autouse=True)
def no_bundled_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.models.store.BUNDLED_MODELS", tmp_path / "weights")


def open_page() -> AppTest:
    at = AppTest.from_file(str(REPOSITORY / "ui/shell/router.py"), default_timeout=120).run()
    assert not at.exception
    assert not at.error
    return at


def text(at: AppTest) -> str:
    return " ".join(e.value for e in [*at.markdown, *at.caption, *at.subheader])


def write_run(name: str, status: Status) -> None:
    folder = workspace().runs / name
    folder.mkdir()
    write_json(folder / "config.json", {})
    write_json(folder / "status.json", status.model_dump(mode="json"))


def card_with_scores() -> dict[str, object]:
    per_class = {
        name: {"iou": 0.5, "f1": 0.6, "precision": 0.7, "recall": 0.25, "support": 9}
        for name in DUBAI_CLASSES.names
    }
    return {
        "name": "good",
        "spec": {"classes": 5},
        "classes": DUBAI_CLASSES.model_dump(mode="json"),
        "dtype": "uint8",
        "normalisation": {},
        "training": {
            "dataset": "dubai",
            "test": ["a", "b"],
            "scores": {
                "test": {"mean_iou": 0.618, "pixel_accuracy": 0.861, "per_class": per_class}
            },
        },
        "sha256": "0" * 64,
        "parameters": 4_400_000,
    }


def test_empty_workspace_offers_the_demo_set(space: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.data.add.forms.DEMO_SIZE", 64)
    monkeypatch.setattr("ui.data.add.forms.DEMO_SCENES", 1)
    at = open_page()
    assert "0 datasets" in text(at)
    assert "no GPU found" in text(at) or "NVIDIA" in text(at)
    at.button(key="write-demo").click().run()
    job = find_job("write-demo")
    assert job is not None
    job.join()
    at.run()
    assert not at.exception
    assert "1 dataset" in text(at)
    assert not [b for b in at.button if b.key == "write-demo"]


def test_full_workspace(space: Path, demo_dataset: Path) -> None:
    shutil.copytree(demo_dataset, space / "datasets" / "demo")
    write_json(workspace().models / "good" / "model.json", card_with_scores())
    pid = os.getpid()
    alive = Status(
        state="running",
        pid=pid,
        process_start=process_start(pid),
        epoch=3,
        epochs=10,
        step=5,
        steps=10,
        seconds_left=600,
        updated=time.time(),
        best_mean_iou=0.4321,
    )
    write_run("going", alive)
    write_run("over", Status(state="finished"))
    write_run("broken", Status(state="finished"))
    (space / "runs/broken/status.json").write_text("{")
    at = open_page()
    assert "1 dataset" in text(at)
    assert "3 runs, one is running" in text(at)
    assert "1 model" in text(at)
    (bar,) = (progress.proto.text for progress in at.get("progress"))
    for words in ("going", "epoch 3 of 10", "10 min left", "0.432"):
        assert words in bar
    shown = {metric.label: metric.value for metric in at.metric}
    assert shown == {"Mean IoU": "0.618", "Pixel accuracy": "86.1%"}
    assert "scores on 2 images" in text(at)


def test_a_damaged_card_is_passed_over(space: Path) -> None:
    (workspace().models / "bad").mkdir()
    (workspace().models / "bad/model.json").write_text("{")
    at = open_page()
    assert not at.metric


def test_first_paint_is_without_tensorflow(space: Path, demo_dataset: Path) -> None:
    shutil.copytree(demo_dataset, space / "datasets" / "demo")
    write_json(workspace().models / "good" / "model.json", card_with_scores())
    code = f"""
import json, sys
from streamlit.testing.v1 import AppTest
at = AppTest.from_file({str(REPOSITORY / "ui/shell/router.py")!r}, default_timeout=120).run()
print(json.dumps([len(at.exception), len(at.metric), "tensorflow" in sys.modules]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    exceptions, shown, tensorflow = json.loads(done.stdout.splitlines()[-1])
    assert (exceptions, tensorflow) == (0, False)
    assert shown == 2
