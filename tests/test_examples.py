"""The scripts in `examples/` do what they say, one after the other, on a small generated set."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import cv2
import numpy as np
import pytest

from core import find_model, read_card, read_raster
from core.device import tensorflow
from tests.conftest import REPOSITORY

EXAMPLES = sorted(path.stem for path in (REPOSITORY / "examples").glob("*.py"))
CLASSES = 5

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def trained(
    tmp_path_factory: pytest.TempPathFactory, demo_dataset: Path
) -> Iterator[tuple[Path, list[str]]]:
    """A workspace with the run ``first``, trained by examples/train.py, and what that printed."""
    folder = tmp_path_factory.mktemp("examples") / "workspace"
    tiny = ["model.width=8", "model.depth=2", "recipe.patch.size=64", "batch=2", "steps=3"]
    tiny += ["epochs=1", "timelapse=0", "tensorboard=false"]
    settings = [word for setting in tiny for word in ("--set", setting)]
    eagerly = tensorflow().config.run_functions_eagerly
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DSI_WORKSPACE", str(folder))
        eagerly(True)
        try:
            yield folder, run("train", demo_dataset, "--run", "first", *settings)
        finally:
            eagerly(False)


def run(name: str, *arguments: object) -> list[str]:
    """Run an example in this process, where TensorFlow is loaded once; the lines it prints."""
    with redirect_stdout(StringIO()) as printed:
        importlib.import_module(f"examples.{name}").main([str(a) for a in arguments])
    return printed.getvalue().splitlines()


@pytest.fixture
def model(trained: tuple[Path, list[str]], monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DSI_WORKSPACE", str(trained[0]))
    return "first"


@pytest.fixture
def image(demo_dataset: Path) -> Path:
    return next(demo_dataset.glob("*/images/*"))


def test_every_example_is_run_here() -> None:
    assert EXAMPLES == ["evaluate", "explain", "predict", "train"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_help_from_a_clone(name: str, tmp_path: Path) -> None:
    script = REPOSITORY / "examples" / f"{name}.py"
    done = subprocess.run(
        [sys.executable, script, "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"usage: {name}.py")


def test_train(trained: tuple[Path, list[str]], model: str) -> None:
    _, printed = trained
    card = read_card(find_model(model).folder)
    assert card.training.epoch == 1
    assert printed[0].startswith("first: ")
    assert f"{card.parameters:,} parameters, weights of epoch 1" in printed
    assert any(line.startswith("test: mean IoU 0.") for line in printed)


def test_evaluate_prints_the_scores_of_the_card(model: str, demo_dataset: Path) -> None:
    printed = run("evaluate", model, demo_dataset, "--split", "test")
    card = read_card(find_model(model).folder)
    test = card.training.scores["test"]
    assert printed[0] == f"{test['images']} images, {test['pixels']:,} labelled pixels"
    assert printed[-1].split() == ["mean", "IoU", f"{test['mean_iou']:.3f}"]
    assert [line.split()[0] for line in printed[1:-1]] == list(card.classes.names)


def test_predict_writes_the_map_in_class_colours(model: str, image: Path, tmp_path: Path) -> None:
    out = tmp_path / "map.png"
    printed = run("predict", image, "--model", model, "--out", out)
    colors = read_card(find_model(model).folder).classes.colors
    pixels = cv2.imread(str(out))[..., ::-1]
    assert pixels.shape == read_raster(image).pixels.shape
    assert {tuple(map(int, c)) for c in np.unique(pixels.reshape(-1, 3), axis=0)} <= set(colors)
    shares = [float(line.rpartition(" ")[2].rstrip("%")) for line in printed[:-1]]
    assert len(shares) == CLASSES and sum(shares) == pytest.approx(100, abs=0.3)
    assert printed[-1] == str(out)


def test_explain_lists_levels_and_writes_their_maps(
    model: str, image: Path, tmp_path: Path
) -> None:
    out = tmp_path / "maps"
    printed = run("explain", image, "--model", model, "--out", out)
    levels = [line for line in printed if ": " in line]
    layers = json.loads((out / f"{image.stem}_activations.json").read_text())["layers"]
    assert [line.partition(":")[0] for line in levels] == [layer["layer"] for layer in layers]
    first = [str(channel["channel"]) for channel in layers[0]["channels"][:5]]
    assert levels[0].endswith(", ".join(first))


def test_what_a_user_can_cause_is_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, REPOSITORY / "examples" / "predict.py", "no.png", "--out", "map.png"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
