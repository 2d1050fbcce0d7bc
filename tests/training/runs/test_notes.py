"""Tags and notes beside a run."""

from __future__ import annotations

import pytest

from core.errors import RunError
from core.training.config import TrainConfig
from core.training.runs.notes import Notes, read_notes, tidy_tags, write_notes
from core.training.runs.run import Run, create_run


def test_notes_are_kept_beside_the_run() -> None:
    run = create_run("trial", TrainConfig())
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
