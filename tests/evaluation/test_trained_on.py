"""A dataset is what is in it: the same by id, path and link; not another of its name."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.classes import numbered
from core.datasets.catalogue import find_dataset, open_dataset
from core.datasets.dataset import Dataset
from core.datasets.identity import image_digest, sample_digests
from core.datasets.recipes.apply import prepared
from core.datasets.recipes.recipe import Recipe
from core.datasets.recipes.splits import split_samples
from core.errors import ConfigError, DatasetError
from core.evaluation.evaluate import apply_card_recipe, samples_of_split
from core.evaluation.trained_on import seen_in_training, trained_on
from core.imagery.normalise import Normalisation
from core.models.architectures.unet import UNetSpec
from core.models.card import ModelCard, Training
from tests.datasets.layouts.test_readers import put

RNG = np.random.default_rng(5)
DECIDED = {"exclude": ["3"], "windows": {"0": [0, 0, 40, 30]}}


def written(root: Path, count: int = 6) -> Path:
    """Uncompressed images of one size under the same names in every set."""
    for index in range(count):
        put(root / f"images/{index}.png", RNG.integers(0, 255, (60, 80, 3), np.uint8))
        put(root / f"masks/{index}.png", RNG.integers(0, 2, (60, 80), np.uint8))
    return root


def training(dataset: Dataset, recipe: dict[str, Any], name: str = "") -> Training:
    parsed = Recipe.model_validate(recipe)
    used = prepared(dataset, parsed)
    split = split_samples(used.samples, parsed.split)
    ids = (*split.train, *split.val, *split.test)
    return Training(
        dataset=name or dataset.name,
        train=split.train,
        val=split.val,
        test=split.test,
        digests=sample_digests([used.sample(i) for i in ids]),
        config={"recipe": parsed.model_dump(mode="json")},
    )


def card_with(made: Training) -> ModelCard:
    return ModelCard(
        name="made",
        spec=UNetSpec(classes=2),
        classes=numbered(["Background", "Roof"]),
        dtype="uint8",
        normalisation=Normalisation(),
        training=made,
        sha256="0" * 64,
        parameters=1,
    )


def test_one_folder_under_any_spelling(space: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the recipe cuts and leaves out holds, and the sides are those of the training."""
    root = written(space / "datasets/mine")
    card = card_with(training(find_dataset("mine"), DECIDED))
    (space / "elsewhere").symlink_to(root)
    monkeypatch.chdir(space)
    copy = shutil.copytree(root, space / "copies/of-mine")
    spellings = ["mine", str(root), "datasets/mine", "./datasets/../datasets/mine", "elsewhere"]
    for spelling in (*spellings, str(copy)):
        dataset = find_dataset(spelling)
        assert dataset.name == ("of-mine" if "copies" in spelling else "mine"), spelling
        used = apply_card_recipe(dataset, card)
        assert dict(used.windows) == {"0": (0, 0, 40, 30)}, spelling
        assert [sample.id for sample in used.samples] == ["0", "1", "2", "4", "5"]
        assert {s.id for s in samples_of_split(used, card, "test")} == set(card.training.test)


def test_another_dataset_of_that_name_is_another(tmp_path: Path) -> None:
    made = training(open_dataset(written(tmp_path / "one/set")), DECIDED)
    other = open_dataset(written(tmp_path / "two/set"))
    assert other.name == made.dataset
    assert not trained_on(other, made)
    assert not apply_card_recipe(other, card_with(made)).windows


def test_a_dataset_that_has_grown_is_still_the_same(tmp_path: Path) -> None:
    root = written(tmp_path / "set")
    made = training(open_dataset(root), DECIDED)
    put(root / "images/new.png", RNG.integers(0, 255, (60, 80, 3), np.uint8))
    (root / "images/1.png").unlink()
    put(root / "masks/2.png", np.ones((60, 80), np.uint8))
    assert trained_on(open_dataset(root), made)


def test_cards_of_before_know_a_name(tmp_path: Path) -> None:
    dataset = open_dataset(written(tmp_path / "set"))
    assert trained_on(dataset, Training(dataset="set", train=("0",)))
    assert not trained_on(dataset, Training(dataset="other", train=("0",)))


def test_what_was_trained_on_is_seen_under_any_name(tmp_path: Path) -> None:
    """The guard against fine-tuning that holds out what the first training has seen."""
    root = written(tmp_path / "set")
    recipe: dict[str, Any] = {"split": {"kind": "random"}}
    made = training(open_dataset(root), recipe)
    renamed = tmp_path / "renamed"
    for folder in ("images", "masks"):
        for path in (root / folder).iterdir():
            (renamed / folder).mkdir(parents=True, exist_ok=True)
            shutil.copy(path, renamed / folder / f"field {path.name}")
    dataset = open_dataset(renamed)
    digests = sample_digests(dataset.samples)
    seen = seen_in_training([s.id for s in dataset.samples], digests, recipe, made, dataset.name)
    assert seen == sorted(f"field {i}" for i in made.train)
    other = open_dataset(written(tmp_path / "other/set"))
    ids = [s.id for s in other.samples]
    assert not seen_in_training(ids, sample_digests(other.samples), recipe, made, "set")


def test_blocks_are_seen_as_blocks_where_they_are_the_same(tmp_path: Path) -> None:
    put(tmp_path / "images/ortho.png", RNG.integers(0, 255, (200, 240, 3), np.uint8))
    put(tmp_path / "masks/ortho.png", RNG.integers(0, 2, (200, 240), np.uint8))
    dataset = open_dataset(tmp_path)

    def recipe(size: int, seed: int) -> dict[str, Any]:
        return {"split": {"kind": "blocks", "seed": seed}, "patch": {"size": size}}

    made = training(dataset, recipe(32, 0))
    assert trained_on(dataset, made)
    ids = (*made.val, *made.test)
    same = [made.digests[0]] * len(ids)
    assert seen_in_training(ids, same, recipe(32, 0), made, "x") == []
    again = training(dataset, recipe(32, 1))
    assert set(
        seen_in_training(again.val, same[: len(again.val)], recipe(32, 1), made, "x")
    ) == set(again.val) & set(made.train)
    assert seen_in_training(["ortho/r1c1"], same[:1], recipe(64, 0), made, "x") == ["ortho/r1c1"]
    whole = apply_card_recipe(dataset, card_with(made), "all")
    assert [s.id for s in whole.samples] == ["ortho"]
    assert len(samples_of_split(apply_card_recipe(dataset, card_with(made), "val"),
                                card_with(made), "val")) == 3  # fmt: skip


def test_files_of_one_size_differ(tmp_path: Path) -> None:
    for name, at in (("a", 0), ("b", 50_000), ("c", 99_999)):
        content = bytearray(100_000)
        content[at] = 1
        (tmp_path / name).write_bytes(content)
    assert len({image_digest(tmp_path / name) for name in "abc"}) == 3
    assert image_digest(tmp_path / "none") == ""


def test_a_side_is_known_by_its_images(tmp_path: Path) -> None:
    root = written(tmp_path / "set", 12)
    card = card_with(training(open_dataset(root), {"split": {"kind": "random"}}))
    sides = card.training
    one, other = (root / f"images/{side[0]}.png" for side in (sides.train, sides.test))
    kept = one.read_bytes(), other.read_bytes()
    assert len(samples_of_split(open_dataset(root), card, "test")) == len(sides.test)
    other.write_bytes(kept[0])
    one.write_bytes(kept[1])
    words = rf"1 of the {len(sides.test)} samples on the side 'test'.*\({sides.test[0]}\)"
    with pytest.raises(DatasetError, match=words) as refused:
        samples_of_split(open_dataset(root), card, "test")
    assert "--split all" in str(refused.value)
    assert len(samples_of_split(open_dataset(root), card, "all")) == 12
    assert len(samples_of_split(open_dataset(root), card, "val")) == len(sides.val)
    # Masks may be corrected.
    put(root / f"masks/{sides.val[0]}.png", np.zeros((60, 80), np.uint8))
    assert len(samples_of_split(open_dataset(root), card, "val")) == len(sides.val)
    before = card_with(sides.model_copy(update={"digests": ()}))
    assert len(samples_of_split(open_dataset(root), before, "test")) == len(sides.test)


def test_another_set_of_the_same_names_has_no_sides(tmp_path: Path) -> None:
    made = training(open_dataset(written(tmp_path / "one/set", 12)), {"split": {"kind": "random"}})
    other = open_dataset(written(tmp_path / "two/set", 12))
    card = card_with(made)
    with pytest.raises(DatasetError, match=f"{len(made.train)} of the .*, .*, .* …"):
        samples_of_split(apply_card_recipe(other, card, "train"), card, "train")


def test_what_was_left_out_may_be_gone(tmp_path: Path) -> None:
    root = written(tmp_path / "set")
    card = card_with(training(open_dataset(root), DECIDED))
    for folder in ("images", "masks"):
        (root / folder / "3.png").unlink()
    used = apply_card_recipe(open_dataset(root), card)
    assert dict(used.windows) == {"0": (0, 0, 40, 30)}
    assert [sample.id for sample in used.samples] == ["0", "1", "2", "4", "5"]
    assert any("does not have any more: 3." in note.text for note in used.notes)
    # What a new training is to leave out must be there.
    with pytest.raises(ConfigError, match="excludes '3'"):
        prepared(open_dataset(root), Recipe.model_validate(DECIDED))
