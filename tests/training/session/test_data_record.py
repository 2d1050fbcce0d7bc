"""A run goes on with the samples, sides and classes it began with, or says why it cannot."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.datasets.catalogue import open_dataset
from core.datasets.dataset import Dataset
from core.datasets.identity import mask_digests, sample_digests
from core.datasets.recipes.blocks import divided
from core.datasets.recipes.splits import Split, SplitConfig, split_samples
from core.errors import ConfigError, DatasetError
from core.imagery.normalise import Normalisation
from core.paths import write_json
from core.training.config import TrainConfig, with_settings
from core.training.runs.run import Run
from core.training.session.data import load_data
from core.training.session.data_record import (
    DataRecord,
    check_classes,
    check_pixels,
    read_data_record,
    split_of_record,
    write_data_record,
)

NAMES = ("land", "roof", "water")
SPLIT = SplitConfig(kind="random", val=0.2, test=0.2)


def _write(root: Path, numbers: range, names: tuple[str, ...] = NAMES) -> Dataset:
    rng = np.random.default_rng(0)
    for name in ("images", "masks"):
        (root / name).mkdir(parents=True, exist_ok=True)
    for number in numbers:
        labels = rng.integers(0, 3, (64, 64), np.uint8)
        pixels = np.stack([labels * 60 + number] * 3, axis=-1).astype(np.uint8)
        Image.fromarray(pixels).save(root / "images" / f"t{number}.png")
        Image.fromarray(labels).save(root / "masks" / f"t{number}.png")
    table = [{"name": name, "value": NAMES.index(name)} for name in names if name in NAMES]
    table += [{"name": name, "value": 9} for name in names if name not in NAMES]
    (root / "classes.json").write_text(json.dumps({"classes": table}))
    return open_dataset(root)


def _record(dataset: Dataset) -> DataRecord:
    split = split_samples(dataset.samples, SPLIT)
    samples = [dataset.sample(i) for i in (*split.train, *split.val, *split.test)]
    return DataRecord(
        classes=dataset.classes,
        values=dict(dataset.coding.values),
        train=split.train,
        val=split.val,
        test=split.test,
        dtype="uint8",
        bands=3,
        normalisation=Normalisation(),
        digests=sample_digests(samples),
        mask_digests=mask_digests(samples),
    )


def _exchange(dataset: Dataset, one: str, other: str) -> None:
    first, second = dataset.sample(one).image, dataset.sample(other).image
    kept = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(kept)


def test_sides_stay_though_samples_come_in(tmp_path: Path) -> None:
    record = _record(_write(tmp_path / "set", range(6)))
    same, nothing = split_of_record(record, open_dataset(tmp_path / "set"))
    assert (same.train, same.val, same.test) == (record.train, record.val, record.test)
    assert nothing == ""
    more = _write(tmp_path / "set", range(10))
    split, changes = split_of_record(record, more)
    assert (split.train, split.val, split.test) == (record.train, record.val, record.test)
    assert "the dataset is not the one the run began with: 4 samples more" in changes
    # Split anew, a training sample would validate.
    anew = split_samples(more.samples, SPLIT)
    assert {*anew.val, *anew.test} & {*record.train}


def test_samples_that_are_gone(tmp_path: Path) -> None:
    dataset = _write(tmp_path / "set", range(6))
    record = _record(dataset)

    def without(*ids: str) -> Dataset:
        return replace(dataset, samples=tuple(s for s in dataset.samples if s.id not in ids))

    split, changes = split_of_record(record, without(record.train[0]))
    assert split.train == record.train[1:]
    assert "1 sample fewer" in changes
    with pytest.raises(DatasetError, match="validated or tested on is gone"):
        split_of_record(record, without(record.val[0]))
    with pytest.raises(DatasetError, match=f"{len(record.train)} samples that it trains on are"):
        split_of_record(record, without(*record.train))


def test_other_images_under_the_same_names_are_named(tmp_path: Path) -> None:
    dataset = _write(tmp_path / "set", range(8))
    record = _record(dataset)
    _exchange(dataset, record.train[0], record.train[1])
    split, changes = split_of_record(record, dataset)
    assert split.train == record.train
    assert "the images of 2 samples are others than when the run began" in changes
    assert "held-out" not in changes
    # A record of a version before says nothing of them.
    before = DataRecord.model_validate(record.model_dump(exclude={"digests"}))
    assert split_of_record(before, dataset)[1] == ""


def test_other_masks_are_counted(tmp_path: Path) -> None:
    dataset = _write(tmp_path / "set", range(8))
    record = _record(dataset)
    for number in (2, 5, 6):
        path = tmp_path / f"set/masks/t{number}.png"
        Image.fromarray(2 - np.asarray(Image.open(path))).save(path)
    split, changes = split_of_record(record, dataset)
    assert split == Split(record.train, record.val, record.test)
    assert "the masks of 3 samples are others than when the run began" in changes
    before = DataRecord.model_validate(record.model_dump(exclude={"mask_digests"}))
    assert split_of_record(before, dataset)[1] == ""


def test_a_sample_left_out_may_be_gone(tmp_path: Path) -> None:
    dataset = _write(tmp_path / "set", range(8))
    config = with_settings(
        TrainConfig(dataset=str(dataset.root)), ["recipe.split.kind=random", "recipe.patch.size=64"]
    )
    recipe = config.recipe.model_copy(update={"exclude": ("t0",)})
    config = config.model_copy(update={"recipe": recipe})
    run = Run(tmp_path / "run")
    run.folder.mkdir()
    data = load_data(config, lambda *_: None)
    write_data_record(run, data)
    record = DataRecord.model_validate_json((run.folder / "data.json").read_bytes())
    assert record.mask_digests == data.mask_digests
    assert all(record.mask_digests)
    for folder in ("images", "masks"):
        (dataset.root / folder / "t0.png").unlink()
    with pytest.raises(ConfigError, match="excludes 't0'"):
        load_data(config, lambda *_: None)
    assert load_data(config, lambda *_: None, None, record).changes == ""


def test_a_held_out_image_to_train_on_is_named(tmp_path: Path) -> None:
    dataset = _write(tmp_path / "set", range(8))
    record = _record(dataset)
    shutil.copy(dataset.sample(record.val[0]).image, dataset.sample(record.train[0]).image)
    _, changes = split_of_record(record, dataset)
    assert "the image of 1 sample is other than when" in changes
    assert "1 to train on has a held-out one" in changes


@pytest.mark.parametrize("side", ["val", "test"])
def test_what_was_trained_on_may_not_validate(tmp_path: Path, side: str) -> None:
    dataset = _write(tmp_path / "set", range(8))
    record = _record(dataset)
    held_out = getattr(record, side)[0]
    _exchange(dataset, record.train[0], held_out)
    with pytest.raises(DatasetError, match=rf"shows what it has trained on \({held_out}\)"):
        split_of_record(record, dataset)
    # It need not train on it any more.
    fewer = replace(dataset, samples=tuple(s for s in dataset.samples if s.id != record.train[0]))
    with pytest.raises(DatasetError, match="what it has trained on"):
        split_of_record(record, fewer)


def test_blocks_of_other_images_may_not_validate(tmp_path: Path) -> None:
    whole = _write(tmp_path / "set", range(2))
    dataset = divided(whole, 16)
    ids = [sample.id for sample in dataset.samples]
    train = tuple(i for i in ids if i != "t0/r1c1")
    record = _record(dataset).model_copy(
        update={
            "train": train,
            "val": ("t0/r1c1",),
            "test": (),
            "digests": sample_digests([dataset.sample(i) for i in (*train, "t0/r1c1")]),
            "mask_digests": (),
        }
    )
    assert split_of_record(record, dataset)[1] == ""
    _exchange(whole, "t0", "t1")
    with pytest.raises(DatasetError, match="what it has trained on"):
        split_of_record(record, dataset)


def test_other_classes_are_refused_with_the_reason(tmp_path: Path) -> None:
    record = _record(_write(tmp_path / "set", range(6)))
    check_classes(record, open_dataset(tmp_path / "set"))
    other = _write(tmp_path / "set", range(8), ("water", "roof", "land"))
    changed = (
        r"2 samples more; its classes were \(land, roof, water\) and are \(water, roof, land\)"
    )
    with pytest.raises(DatasetError, match=changed):
        check_classes(record, other)
    four = _write(tmp_path / "set", range(6), (*NAMES, "road"))
    with pytest.raises(DatasetError, match="the dataset has 4 classes, the run began with 3"):
        check_classes(record, four)
    coding = replace(other.coding, values={0: 1, 1: 0, 2: 2})
    swapped = replace(open_dataset(tmp_path / "set"), classes=record.classes, coding=coding)
    with pytest.raises(DatasetError, match="value 0 of the masks means roof, and meant land"):
        check_classes(record, swapped)


def test_other_pixels_are_refused() -> None:
    dataset_record = DataRecord.model_construct(dtype="uint8", bands=3)
    check_pixels(dataset_record, "uint8", 3, "t0")
    with pytest.raises(DatasetError, match="have 4 bands of uint16, the run began with 3 bands of"):
        check_pixels(dataset_record, "uint16", 4, "t0")


def test_the_record_is_read_where_there_is_a_state_to_go_on_from(tmp_path: Path) -> None:
    dataset = _write(tmp_path / "set", range(6))
    config = with_settings(
        TrainConfig(dataset=str(dataset.root)), ["recipe.split.kind=random", "recipe.patch.size=64"]
    )
    data = load_data(config, lambda *_: None)
    run = Run(tmp_path / "run")
    run.folder.mkdir()
    write_data_record(run, data)
    assert read_data_record(run) is None  # it may be put right before anything was trained
    run.checkpoint.mkdir()
    (run.checkpoint / "a.h5").touch()
    mark = {"epoch": 1, "batch": 0, "state": "a.h5"}
    write_json(run.checkpoint / "training_metadata.json", mark)
    record = read_data_record(run)
    assert record is not None
    assert (record.train, record.val, record.test) == (
        data.split.train,
        data.split.val,
        data.split.test,
    )
    assert record.normalisation == data.normalisation
    assert record.digests == data.digests != ()
    # Other samples and other pixels: sides and normalisation are those of the beginning.
    _write(dataset.root, range(2, 12))
    again = load_data(config, lambda *_: None, None, record)
    assert again.split == data.split
    assert again.normalisation == data.normalisation
    assert "6 samples more" in again.changes


@pytest.mark.training
def test_a_run_of_before_has_it_in_its_card(tmp_path: Path, trained: Path) -> None:
    shutil.copytree(trained, tmp_path / "old")
    (tmp_path / "old" / "data.json").unlink()
    record, new = read_data_record(Run(tmp_path / "old")), read_data_record(Run(trained))
    assert record is not None and new is not None
    assert (record.train, record.val, record.test) == (new.train, new.val, new.test)
    assert (record.classes, record.normalisation) == (new.classes, new.normalisation)
