"""Runs side by side: notes, scores by image, settings that differ, and the line of each run."""

from __future__ import annotations

import numpy as np
import pytest

from core.datasets.batches.labelled_image import LabelledImage
from core.errors import RunError
from core.training.config import TrainConfig, with_settings
from core.training.queue.queue import remove, submit
from core.training.runs.compare import settings
from core.training.runs.notes import Notes, read_notes, tidy_tags, write_notes
from core.training.runs.run import Run, create_run
from core.training.runs.sample_scores import (
    SampleScores,
    all_of,
    by_sample,
    read_samples,
    write_samples,
)
from core.training.runs.summary import run_status, summaries


@pytest.fixture
def run() -> Run:
    return create_run("trial", TrainConfig(dataset="demo", epochs=4))


def test_notes_are_kept_beside_the_run(run: Run) -> None:
    assert read_notes(run) == Notes()
    notes = Notes(tags=("baseline", "dé mo"), text="first\ntry")
    write_notes(run, notes)
    assert read_notes(run) == notes
    (run.folder / "notes.json").write_text("{")
    with pytest.raises(RunError, match="notes cannot be read"):
        read_notes(run)
    with pytest.raises(RunError, match="is gone"):
        write_notes(Run(run.folder.with_name("nowhere")), notes)


def test_tags_are_tidied() -> None:
    assert tidy_tags([" a  b ", "", "a b", "c\n", "x" * 60]) == ("a b", "c", "x" * 40)


def test_each_image_is_scored_by_itself() -> None:
    """Counted by hand: of Road 1 hit of 2 pixels, of Land 3 hits, 1 miss."""
    found: dict[str, dict[str, float | None]] = {}
    seen = []
    watch = all_of(
        by_sample(("Land", "Road", "Water"), found), lambda image, *_: seen.append(image.id)
    )
    empty = np.zeros((0, 0), np.uint8)
    image = LabelledImage(id="a", pixels=empty, valid=empty, labels=empty)
    watch(image, empty, np.array([[3, 0, 0], [1, 1, 0], [0, 0, 0]]))
    assert found == {"a": {"Land": 3 / 4, "Road": 1 / 2, "Water": None}}
    assert seen == ["a"]


def test_scores_by_image_are_kept(run: Run) -> None:
    assert read_samples(run) is None
    scores = SampleScores(epoch=2, sides={"val": {"a": {"Road": None, "Land": 0.25}}})
    write_samples(run, scores)
    assert read_samples(run) == scores
    (run.folder / "samples.json").write_text("[]")
    with pytest.raises(RunError, match="cannot be read"):
        read_samples(run)


def test_settings_that_differ_are_marked() -> None:
    first = TrainConfig(dataset="demo")
    second = with_settings(first, ["epochs=7", "model.width=8"])
    third = with_settings(first, ["model.architecture=unet-vgg11"])
    differing = [s.key for s in settings([first, second]) if s.differs]
    assert differing == ["model.width", "epochs"]
    found = {s.key: s for s in settings([first, third])}
    assert found["model.architecture"].values == ("unet", "unet-vgg11")
    assert found["model.depth"].values[1] == "–"
    assert found["model.depth"].differs
    assert not found["dataset"].differs
    assert found["recipe.augmentation.zoom"].values[0].startswith("[")


def test_the_list_tells_places_tags_and_what_is_damaged(run: Run) -> None:
    config = TrainConfig(dataset="demo")
    first, second = submit("first", config), submit("second", config)
    write_notes(second, Notes(tags=("sar",)))
    bad = create_run("bad", config)
    (bad.folder / "status.json").write_text("{")
    damaged: list[str] = []
    found = {line.name: line for line in summaries(lambda error: damaged.append(error.where))}
    assert damaged == [str(bad.folder / "status.json")]
    assert {name: line.place for name, line in found.items()} == {
        "trial": None,
        "first": 1,
        "second": 2,
    }
    assert found["second"].tags == ("sar",)
    assert found["second"].status.message == "Number 2 in the queue: 1 before it."
    assert run_status(second).message == found["second"].status.message
    remove(first)
    assert run_status(second).message.startswith("Number 1 in the queue")
