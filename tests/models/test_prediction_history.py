"""Predictions kept in the workspace: with their maps, within bounds, each whole or not at all."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from core.errors import WorkspaceError
from core.imagery.output.write import png_bytes
from core.models import prediction_history as history
from core.models.exchange.names import delete_model, rename_model
from core.models.prediction_history import (
    LARGEST_PICTURE,
    KeptPrediction,
    delete_prediction,
    forget_predictions,
    keep_prediction,
    prediction_history,
    read_maps,
    read_picture,
)
from core.models.store import find_model
from core.training.config import TrainConfig
from core.training.queue.datasets import delete_dataset, rename_dataset
from core.training.queue.delete import delete_run
from core.training.runs.run import create_run

MAPS = np.arange(36, dtype=np.uint8).reshape(3, 4, 3)


def made(sample: str, dataset: str = "demo", model: str = "unet") -> KeptPrediction:
    return KeptPrediction(
        model=model, dataset=dataset, sample=sample, weights="w", image=sample, overlap=30
    )


def keep(kept: KeptPrediction, maps: np.ndarray = MAPS, picture: bytes = b"jpeg") -> None:
    keep_prediction(kept, maps, picture)


def names() -> list[tuple[str, str, str]]:
    return [(kept.dataset, kept.model, kept.sample) for kept in prediction_history().predictions]


def files(space: Path) -> list[str]:
    return sorted(path.suffix for path in (space / "predictions").iterdir())


def test_a_map_comes_back_as_it_was_and_its_picture(space: Path) -> None:
    maps = np.random.default_rng(1).integers(0, 256, (5, 4, 3), np.uint8)
    keep(made("a"), maps, b"picture")
    (kept,) = prediction_history().predictions
    assert (read_maps(kept) == maps).all()
    assert read_picture(kept) == b"picture"
    delete_prediction(kept)
    assert prediction_history() == ([], [])
    assert files(space) == [".lock"]


def test_only_so_many_are_kept_each_once(space: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST_PREDICTIONS", 8)
    assert prediction_history() == ([], [])
    for number in range(11):
        keep(made(str(number)))
    keep(made("5"), picture=b"again")
    assert [sample for *_, sample in names()] == ["5", "10", "9", "8", "7", "6", "4", "3"]
    assert read_picture(prediction_history().predictions[0]) == b"again"
    assert files(space) == sorted([".jpg", ".json", ".png"] * 8 + [".lock"])


def test_only_so_many_bytes_are_kept_but_always_the_last(
    space: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MOST_BYTES", 60_000)
    noise = np.random.default_rng(0).integers(0, 256, (100, 80, 3), np.uint8)
    for sample in "abc":
        keep(made(sample), noise)
    assert [sample for *_, sample in names()] == ["c", "b"]
    keep(made("d"), np.tile(noise, (2, 2, 1)))
    assert [sample for *_, sample in names()] == ["d"]


def test_what_belongs_to_none_goes(space: Path) -> None:
    keep(made("a"))
    (space / "predictions/0123.png").write_bytes(b"of one that was killed")
    keep(made("b"))
    assert files(space).count(".png") == 2


def test_a_picture_has_a_bound(space: Path) -> None:
    with pytest.raises(ValueError, match="picture"):
        keep(made("a"), picture=bytes(LARGEST_PICTURE + 1))


def test_other_settings_are_another_prediction_and_other_names_are_not(space: Path) -> None:
    first = made("a")
    changed = {"weights": "v", "image": "b", "symmetries": True, "scales": (2.0,), "overlap": 10}
    others = [first.model_copy(update={name: value}) for name, value in changed.items()]
    assert len({kept.id for kept in [first, *others]}) == 6
    renamed = first.model_copy(update={"dataset": "city", "model": "better", "made": 0.0})
    assert renamed.id == first.id
    # A size read from JSON may be a whole number.
    assert first.id == KeptPrediction.identity("w", "a", False, [1], 30)


def test_each_workspace_has_its_own(
    space: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(made("a"))
    monkeypatch.setenv("DSI_WORKSPACE", str(tmp_path / "another"))
    assert names() == []
    forget_predictions(dataset="demo")
    assert not (tmp_path / "another").exists()


def test_many_at_once_lose_none(space: Path) -> None:
    threads = [threading.Thread(target=keep, args=(made(str(number)),)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {sample for *_, sample in names()} == {str(number) for number in range(12)}


def test_they_follow_dataset_and_model_and_go_with_them(
    space: Path, demo_dataset: Path, tiny_model: str
) -> None:
    shutil.copytree(demo_dataset, space / "datasets/demo")
    run = create_run("run", TrainConfig(dataset="demo"), {"state": "stopped", "message": "-"})
    keep(made("a", "other", "run"))
    keep(made("b", "demo", "bundled"))
    keep(made("c", "other", tiny_model))
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


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 1}', "x" * 4_000_000])
def test_a_damaged_one_is_named_and_goes_with_a_dataset(space: Path, text: str) -> None:
    keep(made("a"))
    keep(made("b"))
    damaged = space / "predictions" / f"{made('a').id}.json"
    damaged.write_text(text)
    assert [sample for *_, sample in names()] == ["b"]
    assert prediction_history().damaged == [damaged]
    keep(made("c"))
    assert [sample for *_, sample in names()] == ["c", "b"]
    forget_predictions(dataset="other")
    assert prediction_history().damaged == []
    assert [sample for *_, sample in names()] == ["c", "b"]


@pytest.mark.parametrize("content", [b"", b"no picture", png_bytes(np.zeros((2, 2), np.uint8))])
def test_a_map_that_is_damaged_is_an_error(space: Path, content: bytes) -> None:
    keep(made("a"))
    (kept,) = prediction_history().predictions
    (space / "predictions" / f"{kept.id}.png").write_bytes(content)
    with pytest.raises(WorkspaceError, match="map"):
        read_maps(kept)


def test_a_fourth_map_and_the_threshold_come_back(space: Path) -> None:
    maps = np.random.default_rng(4).integers(0, 256, (5, 4, 4), np.uint8)
    keep(made("a"), maps)
    (kept,) = prediction_history().predictions
    np.testing.assert_array_equal(read_maps(kept), maps)
    history.note_threshold(kept.id, 0.25)
    (moved,) = prediction_history().predictions
    assert (moved.threshold, moved.id, moved.made) == (0.25, kept.id, kept.made)
    keep(made("b"))
    delete_prediction(moved)
    assert len(files(space)) == 4  # those of b, and the lock
    history.note_threshold(kept.id, 0.75)  # of one that is not there
    assert names() == [("demo", "unet", "b")]
