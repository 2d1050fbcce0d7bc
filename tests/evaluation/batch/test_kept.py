"""Batches in the workspace: listed, bounded, damaged."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.errors import WorkspaceError
from core.evaluation.batch import store
from core.evaluation.batch.files import NamedBytes
from core.evaluation.batch.store import (
    delete_batch,
    find_batch,
    held_batch,
    list_batches,
    make_room,
)
from tests.evaluation.batch.made_batches import (
    batch_of,
    picture,
    predicted,
)


def test_the_list_and_its_bounds(tiny_model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    batches = [batch_of([NamedBytes("a.png", picture())]) for _ in range(3)]
    assert list_batches(pytest.fail) == {}
    assert list(list_batches(pytest.fail, [batches[1].id])) == [batches[1].id]
    for kept in batches:
        kept.write_record(kept.record().model_copy(update={"listed": True}))
    assert set(list_batches(pytest.fail)) == {kept.id for kept in batches}
    monkeypatch.setattr(store, "MOST_BYTES", 1)
    with held_batch(batches[0]):
        make_room(batches[2])
        assert batches[0].folder.is_dir()  # it goes on
        with pytest.raises(WorkspaceError, match="already"):
            delete_batch(batches[0])
    assert not batches[1].folder.exists()
    make_room(batches[2])
    assert set(list_batches(pytest.fail)) == {batches[2].id}
    delete_batch(batches[2])
    with pytest.raises(WorkspaceError, match="gone already"):
        delete_batch(batches[2])
    with pytest.raises(WorkspaceError, match="no such batch"):
        find_batch("../../etc")


def test_unlisted_batches_go_after_a_day(tiny_model: str) -> None:
    old, new = (batch_of([NamedBytes("a.png", picture())]) for _ in range(2))
    old.write_record(old.record().model_copy(update={"made": 0.0}))
    make_room(new)
    assert not old.folder.exists() and new.folder.exists()


@pytest.mark.parametrize("name", ["batch.json", "model.json", "maps/000000.png"])
def test_damaged_files_are_said(tiny_model: str, name: str) -> None:
    kept = batch_of([NamedBytes("a.png", picture())])
    predicted(kept)
    kept.write_record(kept.record().model_copy(update={"listed": True}))
    (kept.folder / name).write_bytes(b"{")
    reads: dict[str, Callable[[], object]] = {
        "batch.json": kept.record,
        "model.json": kept.card,
        "maps/000000.png": lambda: kept.maps(0, 5),
    }
    with pytest.raises(WorkspaceError, match=r"cannot be read|damaged"):
        reads[name]()
    errors: list[WorkspaceError] = []
    list_batches(errors.append)
    assert len(errors) == (name == "batch.json")


def test_a_record_names_no_file_outside_its_batch(tiny_model: str) -> None:
    kept = batch_of([NamedBytes("a.png", picture())])
    record = kept.record()
    image = record.images[0].model_copy(update={"file": "../../../../../etc/hostname"})
    kept.write_record(record.model_copy(update={"images": (image,)}))
    predicted(kept)
    assert "outside the batch" in kept.results()[0].error
