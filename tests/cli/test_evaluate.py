"""A dataset with the model's classes in another order, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from core.classes import DUBAI_CLASSES
from core.cli.main import main
from core.imagery.output.write import png_bytes

RNG = np.random.default_rng(2)


def write_set(root: Path, pixels: np.ndarray, labels: np.ndarray, names: list[str]) -> Path:
    for folder, picture in (("images", pixels), ("masks", labels)):
        (root / folder).mkdir(parents=True)
        (root / folder / "a.png").write_bytes(png_bytes(picture))
    table = {"classes": [{"name": name, "value": at} for at, name in enumerate(names)]}
    (root / "classes.json").write_text(json.dumps(table))
    return root


@pytest.mark.training
def test_classes_are_matched_by_name_and_said(
    tmp_path: Path, tiny_model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    names = list(DUBAI_CLASSES.names)
    pixels = RNG.integers(0, 255, (64, 48, 3), np.uint8)
    labels = RNG.integers(0, 5, (64, 48), np.uint8)
    roots = [
        write_set(tmp_path / "same", pixels, labels, names),
        write_set(tmp_path / "turned", pixels, 4 - labels, names[::-1]),
    ]
    reports, notes = [], []
    for root in roots:
        assert main(["evaluate", "--model", tiny_model, "--dataset", str(root), "--json"]) == 0
        out, err = capsys.readouterr()
        reports.append(json.loads(out) | {"dataset": ""})
        notes.append("matched by name" in err)
    assert reports[0] == reports[1]
    assert list(reports[1]["per_class"]) == names
    assert notes == [False, True]
    other = write_set(tmp_path / "other", pixels, labels, ["House", *names[1:]])
    assert main(["evaluate", "--model", tiny_model, "--dataset", str(other)]) == 1
    assert "the dataset's classes are House, Land" in capsys.readouterr().err
