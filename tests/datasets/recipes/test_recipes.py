"""Recipes: what they change in a dataset, how they are kept, and how two differ."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from core.classes import VOID
from core.datasets.catalogue import open_dataset
from core.datasets.dataset import Dataset
from core.datasets.recipes.apply import prepared
from core.datasets.recipes.recipe import Augmentation, Recipe, load_recipe
from core.datasets.recipes.revisions import (
    differences,
    keep_draft,
    list_recipes,
    load_draft,
    recipe_file,
    revisions,
    save_recipe,
)
from core.errors import ConfigError, DatasetError, ImageError, WorkspaceError

FIRST = "Tile 1/image_part_001"


@pytest.fixture
def demo(demo_dataset: Path) -> Dataset:
    return open_dataset(demo_dataset)


def test_exclusions_leave_samples_out(demo: Dataset) -> None:
    used = prepared(demo, Recipe(exclude=(FIRST,)))
    assert len(used.samples) == len(demo.samples) - 1
    with pytest.raises(DatasetError, match="no sample"):
        used.sample(FIRST)


def test_windows_cut_image_and_mask_alike(demo: Dataset) -> None:
    used = prepared(demo, Recipe(windows={FIRST: (10, 20, 40, 30)}))
    sample = demo.sample(FIRST)
    whole, part = demo.load_image(sample), used.load_image(sample)
    np.testing.assert_array_equal(part.pixels, whole.pixels[20:50, 10:50])
    assert (part.header.width, part.header.height) == (40, 30)
    np.testing.assert_array_equal(
        used.load_labels(sample, (30, 40)), demo.load_labels(sample)[20:50, 10:50]
    )


def test_a_window_beyond_the_image_is_refused(demo: Dataset) -> None:
    used = prepared(demo, Recipe(windows={FIRST: (90, 0, 40, 30)}))
    with pytest.raises(ImageError, match="change the window"):
        used.load_image(used.sample(FIRST))


def test_bands_are_chosen_in_order(demo: Dataset) -> None:
    sample = demo.sample(FIRST)
    used = prepared(demo, Recipe(bands=(2, 0))).load_image(sample)
    np.testing.assert_array_equal(used.pixels, demo.load_image(sample).pixels[..., [2, 0]])
    with pytest.raises(ImageError, match="band 5"):
        prepared(demo, Recipe(bands=(4,))).load_image(sample)


@pytest.mark.parametrize(("meaning", "label"), [("void", VOID), ("Road", 2)])
def test_unknown_colours_are_read_as_decided(
    demo_dataset: Path, tmp_path: Path, meaning: str, label: int
) -> None:
    import shutil

    root = Path(shutil.copytree(demo_dataset, tmp_path / "demo"))
    dataset = open_dataset(root)
    sample = dataset.sample(FIRST)
    assert sample.mask is not None
    mask = cv2.imread(str(sample.mask))
    mask[5:9, 5:9] = (3, 2, 1)  # BGR
    cv2.imwrite(str(sample.mask), mask)
    with pytest.raises(DatasetError, match="outside the class table"):
        dataset.load_labels(sample)
    before = sample.mask.read_bytes()
    labels = prepared(dataset, Recipe(mask_values={"#010203": meaning})).load_labels(sample)
    assert (labels[5:9, 5:9] == label).all()
    assert sample.mask.read_bytes() == before


@pytest.mark.parametrize(
    ("recipe", "complaint"),
    [
        (Recipe(exclude=("nowhere",)), "excludes 'nowhere'"),
        (Recipe(windows={"nowhere": (0, 0, 1, 1)}), "cuts 'nowhere'"),
        (Recipe(mask_values={"#010203": "Lava"}), "'Lava', which is no class"),
        (Recipe(product="PS-RGB"), "product 'PS-RGB'"),
    ],
)
def test_a_recipe_for_another_dataset_is_refused(
    demo: Dataset, recipe: Recipe, complaint: str
) -> None:
    with pytest.raises(ConfigError, match=complaint):
        prepared(demo, recipe)


@pytest.mark.parametrize(
    "content",
    [
        {"normalisation": "unit", "clip": (1, 99)},
        {"normalisation": "percentile", "clip": (99, 1)},
        {"normalisation": "percentile", "clip": (-1, 99)},
        {"augmentation": {"zoom": (2, 1)}},
        {"augmentation": {"copy_paste": 1.1}},
        {"augmentation": {"label_deformation": 1.5}},
        {"augmentation": {"label_deformation": 9}},
        {"bands": (-1,)},
        {"unheard": 1},
    ],
)
def test_settings_that_do_not_fit(content: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Recipe.model_validate(content)


def test_every_saving_is_a_revision_and_nothing_is_overwritten(space: Path) -> None:
    first = save_recipe(Recipe(name="clean"))
    second = save_recipe(Recipe(name="clean", exclude=("a",)))
    assert (first.revision, second.revision) == (1, 2)
    assert save_recipe(second) == second  # nothing has changed: no third
    assert revisions("clean") == [1, 2]
    assert list_recipes() == ["clean"]
    assert load_recipe(recipe_file("clean")) == second
    assert load_recipe(recipe_file("clean", 1)) == first
    with pytest.raises(ConfigError, match="revisions are 1, 2"):
        recipe_file("clean", 3)
    with pytest.raises(ConfigError, match="no recipe 'other'"):
        recipe_file("other")
    with pytest.raises(WorkspaceError):
        save_recipe(Recipe(name="../outside"))


def test_sessions_that_save_at_once_get_revisions_of_their_own(space: Path) -> None:
    made: list[int] = []
    threads = [
        threading.Thread(
            target=lambda i=i: made.append(
                save_recipe(Recipe(name="busy", exclude=(str(i),))).revision
            )
        )
        for i in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == list(range(1, 9))


def test_differences_name_the_settings(space: Path) -> None:
    one = Recipe(name="a", exclude=("x", "y"))
    other = Recipe(
        name="b", mask_values={"#010203": "void"}, augmentation=Augmentation(rotation=30)
    )
    assert differences(one, other) == [
        ("exclude", "x, y", "none"),
        ("augmentation.rotation", "0.0", "30.0"),
        ("mask_values.#010203", "–", "void"),
    ]
    assert differences(one, one.model_copy(update={"name": "z", "revision": 9})) == []


def test_a_file_from_before_a_setting_was_there_has_it_off(tmp_path: Path) -> None:
    content = Recipe(name="old").model_dump(mode="json")
    for name in ("copy_paste", "label_deformation"):
        del content["augmentation"][name]
    path = tmp_path / "old.json"
    path.write_text(json.dumps(content))
    old = load_recipe(path)
    assert (old.augmentation.copy_paste, old.augmentation.label_deformation) == (0.0, 0)
    new = old.model_copy(update={"augmentation": Augmentation(copy_paste=0.5, label_deformation=2)})
    assert differences(old, new) == [
        ("augmentation.copy_paste", "0.0", "0.5"),
        ("augmentation.label_deformation", "0", "2"),
    ]


def test_drafts_belong_to_their_dataset(space: Path) -> None:
    assert load_draft("server/a/b") is None
    recipe = Recipe(name="b", dataset="server/a/b", exclude=("x",))
    keep_draft(recipe)
    assert load_draft("server/a/b") == recipe
    assert load_draft("server/a/c") is None
    assert list_recipes() == []
    next((space / "recipes" / ".drafts").iterdir()).write_text("{ broken")
    assert load_draft("server/a/b") is None
