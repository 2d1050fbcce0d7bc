"""The last predictions, kept in the workspace."""

from __future__ import annotations

import base64
import shutil
import threading
from pathlib import Path

import pytest

from core.errors import WorkspaceError
from core.models.exchange.names import delete_model, rename_model
from core.models.recent_predictions import (
    LARGEST_PICTURE,
    MOST_PREDICTIONS,
    KeptPrediction,
    forget_predictions,
    keep_prediction,
    kept_predictions,
)
from core.models.store import find_model
from core.training.config import TrainConfig
from core.training.queue.datasets import delete_dataset, rename_dataset
from core.training.queue.delete import delete_run
from core.training.runs.run import create_run


def made(
    sample: str, dataset: str = "demo", model: str = "unet", jpeg: bytes = b"a"
) -> KeptPrediction:
    picture = base64.b64encode(jpeg).decode()
    return KeptPrediction(model=model, dataset=dataset, sample=sample, overlap=30, picture=picture)


def names() -> list[tuple[str, str, str]]:
    return [(kept.dataset, kept.model, kept.sample) for kept in kept_predictions()]


def test_the_last_few_are_kept_each_once(space: Path) -> None:
    assert kept_predictions() == ()
    for number in range(MOST_PREDICTIONS + 3):
        keep_prediction(made(str(number)))
    keep_prediction(made("5", jpeg=b"again"))
    assert len(names()) == MOST_PREDICTIONS
    assert [sample for *_, sample in names()][:3] == ["5", "10", "9"]
    assert kept_predictions()[0].jpeg == b"again"


def test_a_picture_has_a_bound_and_so_has_the_file(space: Path) -> None:
    with pytest.raises(ValueError, match="picture"):
        keep_prediction(made("a", jpeg=bytes(LARGEST_PICTURE + 1)))
    for number in range(MOST_PREDICTIONS):
        keep_prediction(made(str(number), jpeg=bytes(LARGEST_PICTURE)))
    assert len(names()) == MOST_PREDICTIONS  # and they can be read


def test_each_workspace_has_its_own(
    space: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_prediction(made("a"))
    monkeypatch.setenv("DSI_WORKSPACE", str(tmp_path / "another"))
    assert kept_predictions() == ()
    forget_predictions(dataset="demo")
    assert not (tmp_path / "another").exists()


def test_many_at_once_lose_none(space: Path) -> None:
    threads = [
        threading.Thread(target=keep_prediction, args=(made(str(number)),))
        for number in range(MOST_PREDICTIONS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {sample for *_, sample in names()} == {str(n) for n in range(MOST_PREDICTIONS)}


def test_they_follow_dataset_and_model_and_go_with_them(
    space: Path, demo_dataset: Path, tiny_model: str
) -> None:
    shutil.copytree(demo_dataset, space / "datasets/demo")
    run = create_run("run", TrainConfig(dataset="demo"), {"state": "stopped", "message": "-"})
    keep_prediction(made("a", "other", "run"))
    keep_prediction(made("b", "demo", "bundled"))
    keep_prediction(made("c", "other", tiny_model))
    rename_dataset("demo", "city")
    rename_model(find_model(tiny_model), "better")
    assert names() == [
        ("other", "better", "c"),
        ("city", "bundled", "b"),
        ("other", "run", "a"),
    ]
    delete_model(find_model("better"))
    delete_dataset("city")
    assert names() == [("other", "run", "a")]
    delete_run(run)
    assert names() == []


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 2}', "x" * 4_000_000])
def test_a_damaged_file_is_one_error_and_goes_with_a_dataset(space: Path, text: str) -> None:
    keep_prediction(made("a"))
    file = space / "predictions/recent.json"
    file.write_text(text)
    with pytest.raises(WorkspaceError, match="cannot be read"):
        kept_predictions()
    with pytest.raises(WorkspaceError, match="cannot be read"):
        keep_prediction(made("b"))
    forget_predictions(dataset="demo")
    assert kept_predictions() == ()
