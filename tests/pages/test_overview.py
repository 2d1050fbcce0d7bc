"""The Overview page without a browser."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
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


def links(at: AppTest) -> list[tuple[str, str]]:
    """Page and query of every link on the page itself."""
    return [(link.proto.page, link.proto.query_string) for link in at.main.get("page_link")]


def pictures(at: AppTest) -> list[str]:
    return [image.alt for images in at.get("image") for image in images.proto.imgs]


def test_empty_workspace_offers_the_demo_set(space: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.data.add.forms.DEMO_SIZE", 64)
    monkeypatch.setattr("ui.data.add.forms.DEMO_SCENES", 1)
    at = open_page()
    assert "0 datasets" in text(at)
    assert "no GPU found" in text(at) or "NVIDIA" in text(at)
    assert not [b for b in at.button if b.key == "try-it"]  # the model for it is not there
    at.button(key="write-demo").click().run()
    job = find_job("write-demo")
    assert job is not None
    job.join()
    at.run()
    assert not at.exception
    assert "1 dataset" in text(at)
    assert not [b for b in at.button if b.key == "write-demo"]


def running(name: str, epoch: int, seconds_left: float) -> None:
    pid = os.getpid()
    status = Status(
        state="running",
        pid=pid,
        process_start=process_start(pid),
        epoch=epoch,
        epochs=10,
        step=5,
        steps=10,
        seconds_left=seconds_left,
        updated=time.time(),
        best_mean_iou=0.4321,
    )
    write_run(name, status)


def test_full_workspace(space: Path, demo_dataset: Path) -> None:
    shutil.copytree(demo_dataset, space / "datasets" / "demo")
    write_json(workspace().models / "good" / "model.json", card_with_scores())
    write_run("over", Status(state="finished"))
    records = [
        {"kind": "epoch", "epoch": n, "step": n, "loss": 1.0, "val_mean_iou": 0.2 * n}
        for n in (1, 2, 3)
    ]
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (space / "runs/over/metrics.jsonl").write_text(lines)
    write_run("broken", Status(state="finished"))
    (space / "runs/broken/status.json").write_text("{")
    running("going", 3, 600)
    at = open_page()
    for words in ("1 dataset", "2 trainings", "1 running", "1 model"):
        assert words in text(at)
    (bar,) = (progress.proto.text for progress in at.get("progress"))
    for words in ("going", "epoch 3 of 10", "10 min left", "0.432"):
        assert words in bar
    shown = {metric.label: metric.value for metric in at.metric}
    assert shown == {"Mean IoU": "0.618", "Pixel accuracy": "86.1%"}
    assert "scores on 2 images" in text(at)
    assert sorted(pictures(at)) == [
        "Samples of demo",
        "Validation mean IoU of over by epoch: 0.200 at first, 0.600 at last, best 0.600",
    ]
    there = links(at)
    assert ("data", "dataset=demo") in there
    assert ("train", "view=runs&run=over") in there
    assert ("inspect", "") in there


def test_names_are_shown_as_they_are(space: Path, demo_dataset: Path) -> None:
    shutil.copytree(demo_dataset, space / "datasets" / "a__b__c")
    at = open_page()
    labels = [link.proto.label for link in at.main.get("page_link")]
    assert r"**a\_\_b\_\_c**" in labels


def test_progress_moves_and_ends(space: Path) -> None:
    running("going", 3, 600)
    at = open_page()
    shutil.rmtree(space / "runs/going")
    running("going", 4, 500)
    at.run()
    (bar,) = (progress.proto.text for progress in at.get("progress"))
    assert "epoch 4 of 10" in bar
    shutil.rmtree(space / "runs/going")
    write_run("going", Status(state="finished"))
    at.run()
    assert not at.get("progress")


@pytest.mark.parametrize("is_active", [True, False])
def test_it_looks_again_only_while_a_training_goes_on(
    is_active: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ui.overview import runs

    intervals: list[float] = []

    def fragment(function: object, *, run_every: float) -> object:
        intervals.append(run_every)
        return lambda *arguments: None

    monkeypatch.setattr(runs.st, "fragment", fragment)
    runs.show_progress({"going": Status(state="running")} if is_active else {})
    assert intervals == ([2.0] if is_active else [])


def test_a_dataset_that_cannot_be_opened_has_a_card_that_says_so(space: Path) -> None:
    (space / "datasets/odd/images").mkdir(parents=True)
    (space / "datasets/odd/images/a.png").write_bytes(b"no picture")
    at = open_page()
    assert ":material/broken_image:" in text(at)
    assert ("data", "dataset=odd") in links(at)


def test_one_click_maps_a_scene_the_model_never_saw(
    space: Path, tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ui.overview import try_it

    shutil.copytree(tiny_folder, tmp_path / "weights/demo-unet")
    monkeypatch.setattr(try_it, "DEMO_SIZE", 64)
    monkeypatch.setattr(try_it, "DEMO_SCENES", 1)
    at = open_page()
    assert not [b for b in at.button if b.key == "write-demo"]
    at.button(key="try-it").click().run()
    job = find_job("write-demo")
    assert job is not None
    job.join()
    at.run()
    assert not at.exception
    assert not at.error
    assert at.title[0].value == "Predict"
    assert at.selectbox(key="model").value == "demo-unet"
    assert at.selectbox(key="dataset").value == "demo"
    shown = {metric.label for metric in at.metric}
    assert {"Mean IoU", "Pixel accuracy"} <= shown
    made = "demo/Tile 1/image_part_001 by demo-unet, overlap 30"
    assert at.query_params["predicted"] == made
    assert at.query_params["compare"] == "side"


def test_one_click_on_predict_maps_it_there(
    space: Path, tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ui.overview import try_it

    shutil.copytree(tiny_folder, tmp_path / "weights/demo-unet")
    monkeypatch.setattr(try_it, "DEMO_SIZE", 64)
    monkeypatch.setattr(try_it, "DEMO_SCENES", 1)
    at = open_page()
    at.switch_page(str(REPOSITORY / "pages/predict.py"))
    at.run()
    for _ in range(2):  # the second time the set is there
        at.button(key="try-it").click().run()
        if job := find_job("write-demo"):
            job.join()
            at.run()
        assert not at.exception
        assert not at.error
        assert at.selectbox(key="model").value == "demo-unet"
        assert at.segmented_control(key="source").value == "Dataset"
        assert {"Mean IoU", "Pixel accuracy"} <= {metric.label for metric in at.metric}
        assert at.query_params["compare"] == "side"
        at.segmented_control(key="source").set_value("Upload").run()


def test_no_second_click_while_scenes_are_drawn(
    space: Path, tiny_folder: Path, tmp_path: Path
) -> None:
    from ui.shell.jobs import start_job

    go_on = threading.Event()
    job = start_job("write-demo", "Drawing", "scenes", lambda progress: go_on.wait(60))
    try:
        assert open_page().button(key="write-demo").disabled
        shutil.copytree(tiny_folder, tmp_path / "weights/demo-unet")
        at = open_page()
        assert at.button(key="try-it").disabled
    finally:
        go_on.set()
        job.join()
    assert not at.run().button(key="try-it").disabled


def test_scenes_of_the_training_are_passed_over(space: Path, demo_dataset: Path) -> None:
    from core.datasets.catalogue import find_dataset
    from core.datasets.identity import sample_digests
    from core.models.card import ModelCard
    from ui.overview.try_it import find_scene

    shutil.copytree(demo_dataset, space / "datasets" / "demo")
    samples = find_dataset("demo").samples
    half = samples[: len(samples) // 2]
    content = card_with_scores()
    content["normalisation"] = {"kind": "unit"}
    content["training"] = {
        "dataset": "other",
        "train": [f"other/{sample.id}" for sample in half],
        "digests": sample_digests(half),
    }
    address = find_scene(ModelCard.model_validate(content))
    assert address is not None
    assert address.sample == samples[len(samples) // 2].id
    # What is not generated is not mapped by a model of generated scenes.
    (space / "datasets/demo/README.txt").unlink()
    assert find_scene(ModelCard.model_validate(content)) is None


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
