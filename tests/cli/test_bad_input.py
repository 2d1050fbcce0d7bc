"""What nobody should give: one line says what is wrong, and nothing hangs or is left behind."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.cli.main import main
from core.errors import ConfigError
from core.provenance import is_own_file
from core.settings import load_settings
from core.training.config import TrainConfig
from core.untrusted.text_file import parse_json, read_text
from tests.conftest import REPOSITORY

LONG = "n" * 5000


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    root = tmp_path / "set"
    for folder in ("images", "masks"):
        (root / folder).mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name in "abcd":
        cv2.imwrite(str(root / f"images/{name}.png"), rng.integers(0, 256, (32, 32, 3), np.uint8))
        cv2.imwrite(str(root / f"masks/{name}.png"), np.eye(32, dtype=np.uint8))
    return root


def said(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """The one line of an error; a traceback would raise here."""
    assert main([str(word) for word in words]) == 1
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1
    return lines[0]


@pytest.mark.parametrize(
    "content",
    [
        "[" * 100_000 + "]" * 100_000,
        '{"classes": ' * 50_000,
        '{"classes": [{"name": "a"}, {"name": "b"}], "void": [{}]}',
        '{"classes": [{"name": "a"}, {"name": "b"}], "void": [[1]]}',
        '{"classes": 7}',
        '{"classes": [[]]}',
        '{"classes": [{"name": {}}]}',
    ],
)
@pytest.mark.parametrize("name", ["classes.json", "labels.txt"])
def test_class_tables(
    pairs: Path, capsys: pytest.CaptureFixture[str], content: str, name: str
) -> None:
    (pairs / name).write_text(content)
    assert "class table cannot be read" in said(capsys, "audit", pairs)


def test_names_longer_than_names_can_be(
    pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = pairs / "images/a.png"
    for words in (
        ("predict", LONG, "--model", "dubai-unet", "--out", tmp_path / "o"),
        ("predict", image, "--model", LONG, "--out", tmp_path / "o"),
        ("predict", image, "--model", "dubai-unet", "--out", tmp_path / LONG),
        ("evaluate", "--model", "dubai-unet", "--dataset", LONG),
        ("train", "--dataset", LONG, "--run", "x"),
        ("train", "--dataset", pairs, "--run", LONG),
        ("audit", LONG),
    ):
        said(capsys, *words)


def test_what_is_no_file_where_text_is_expected(
    pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero"), tmp_path):
        for option in ("--config", "--recipe"):
            line = said(capsys, "train", "--dataset", pairs, "--run", "x", option, path)
            assert "cannot be read" in line
        with pytest.raises(ConfigError, match="cannot be read"):
            load_settings(path, TrainConfig, "the configuration")
        assert not is_own_file(path)


def test_text_within_bounds(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("éa")
    assert read_text(path) == "éa"
    assert read_text(path, most=3) == "éa"
    with pytest.raises(OSError, match="more than"):
        read_text(path, most=2)
    assert parse_json("[1]") == [1]
    with pytest.raises(ValueError, match="too deep"):
        parse_json("[" * 10**6)


def test_values_that_no_setting_can_have(pairs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tiny = ("--set", "epochs=1", "--set", "steps=1", "--set", "recipe.patch.size=32")
    train = ("train", "--dataset", pairs, "--run", "x", *tiny, "--set")
    assert "recipe.split.seed" in said(capsys, *train, "recipe.split.seed=-1")
    banana = json.dumps({"banana": "void"})
    assert "banana" in said(capsys, *train, f"recipe.mask_values={banana}")


def test_complex_masks(pairs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import rasterio

    for name in "abcd":
        (pairs / f"masks/{name}.png").unlink()
        with rasterio.open(
            pairs / f"masks/{name}.tif", "w", driver="GTiff", width=32, height=32, count=1,
            dtype="complex64",
        ) as file:  # fmt: skip
            file.write(np.eye(32).astype(np.complex64), 1)
    assert main(["audit", str(pairs)]) in (0, 1)
    answer = capsys.readouterr()
    assert "complex" in answer.out + answer.err


def test_a_limit_on_the_size_of_files(pairs: Path, tmp_path: Path) -> None:
    """`ulimit -f`, as shared machines set it."""

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048))

    words = ["predict", str(pairs / "images/a.png"), "--model", "dubai-unet", "--out"]
    done = subprocess.run(
        [sys.executable, "-m", "core", *words, str(tmp_path / "out")],
        cwd=REPOSITORY, capture_output=True, text=True, preexec_fn=limited,
        # Python 3.11 keeps a module's compiled file though the limit cut it (CPython issue 126606).
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    assert "Traceback" not in done.stderr
