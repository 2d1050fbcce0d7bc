"""Scores by image: counted by hand, and kept beside the run."""

from __future__ import annotations

import numpy as np
import pytest

from core.datasets.batches.labelled_image import LabelledImage
from core.errors import RunError
from core.training.config import TrainConfig
from core.training.runs.run import create_run
from core.training.runs.sample_scores import (
    SampleScores,
    all_of,
    by_sample,
    read_samples,
    write_samples,
)


def test_each_image_is_scored_by_itself() -> None:
    """Counted by hand: of Road 1 hit of 2 pixels, of Land 3 hits, 1 miss."""
    result: dict[str, dict[str, float | None]] = {}
    seen = []
    watch = all_of(
        by_sample(("Land", "Road", "Water"), result), lambda image, *_: seen.append(image.id)
    )
    empty = np.zeros((0, 0), np.uint8)
    image = LabelledImage(id="a", pixels=empty, valid=empty, labels=empty)
    watch(image, empty, np.array([[3, 0, 0], [1, 1, 0], [0, 0, 0]]))
    assert result == {"a": {"Land": 3 / 4, "Road": 1 / 2, "Water": None}}
    assert seen == ["a"]


def test_scores_by_image_are_kept() -> None:
    run = create_run("trial", TrainConfig())
    assert read_samples(run) is None
    scores = SampleScores(epoch=2, sides={"val": {"a": {"Road": None, "Land": 0.25}}})
    write_samples(run, scores)
    assert read_samples(run) == scores
    (run.folder / "samples.json").write_text("[]")
    with pytest.raises(RunError, match="cannot be read"):
        read_samples(run)
