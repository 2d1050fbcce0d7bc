"""Void regions of a recipe: kept, carried along, applied wherever labels are read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from core.datasets.batches.labelled_image import load_samples
from core.datasets.batches.sample_store import SampleStore
from core.datasets.catalogue import open_dataset
from core.datasets.dataset import Dataset
from core.datasets.identity import image_digest
from core.datasets.recipes.apply import prepared, with_void
from core.datasets.recipes.exchange import import_recipe, read_recipe_file, recipe_text
from core.datasets.recipes.recipe import Recipe
from core.datasets.recipes.revisions import differences, save_recipe
from core.datasets.void.regions import VoidRegion, VoidRegions, merge_regions, run_lengths
from core.datasets.void.store import keep_regions, load_regions
from core.errors import ConfigError, DatasetError
from tests.datasets.layouts.test_readers import put

MASK = "0123456789ab"


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """Two grey images of 40 × 60 pixels; the mask is the column's parity."""
    for name in ("a", "b"):
        put(tmp_path / f"set/images/{name}.png", np.full((40, 60, 3), 90, np.uint8))
        put(tmp_path / f"set/masks/{name}.png", np.indices((40, 60))[1].astype(np.uint8) % 2)
    return open_dataset(tmp_path / "set")


def marked(dataset: Dataset, sample: str, pixels: np.ndarray) -> str:
    """Keep a region of a sample; returns the digest."""
    mask = dataset.sample(sample).mask
    assert mask is not None
    region = VoidRegion.of(pixels, image_digest(mask))
    return keep_regions(VoidRegions(samples={sample: region}))


def corner() -> np.ndarray:
    pixels = np.zeros((40, 60), bool)
    pixels[5:10, 20:33] = True
    return pixels


def test_run_lengths_go_down_the_columns_as_coco_has_them() -> None:
    pixels = np.array([[0, 1, 1], [0, 1, 0]], bool)
    assert run_lengths(pixels) == (2, 3, 1)
    assert run_lengths(~pixels) == (0, 2, 3, 1)
    region = VoidRegion.of(pixels, MASK)
    assert (region.size, region.pixels) == ((2, 3), 3)
    np.testing.assert_array_equal(region.pixel_mask(), pixels)
    rng = np.random.default_rng(0)
    for _ in range(50):
        pixels = rng.random(rng.integers(1, 20, 2)) < 0.5
        pixels[0, 0] = True
        np.testing.assert_array_equal(VoidRegion.of(pixels, MASK).pixel_mask(), pixels)


@pytest.mark.parametrize(
    "content",
    [
        {"mask": MASK, "size": [2, 3], "counts": [2, 3]},  # a pixel too few
        {"mask": MASK, "size": [2, 3], "counts": [2, -1, 5]},
        {"mask": MASK, "size": [2, 3], "counts": [6]},
        {"mask": MASK, "size": [0, 3], "counts": [0, 0]},
        {"mask": MASK, "size": [10**6, 10**6], "counts": [1, 10**12 - 1]},
        {"mask": "../x", "size": [2, 3], "counts": [2, 4]},
    ],
)
def test_what_is_no_region_is_refused(content: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        VoidRegion.model_validate(content)


def test_every_reader_of_labels_has_them(dataset: Dataset) -> None:
    digest = marked(dataset, "a", corner())
    used = prepared(dataset, Recipe(void_regions=digest))
    labels = used.load_labels(used.sample("a"))
    assert (labels == 255).sum() == corner().sum() == 65
    np.testing.assert_array_equal(labels == 255, corner())
    np.testing.assert_array_equal(
        labels[~corner()], dataset.load_labels(dataset.sample("a"))[~corner()]
    )
    np.testing.assert_array_equal(
        used.load_labels(used.sample("b")), dataset.load_labels(dataset.sample("b"))
    )
    [loaded, _] = load_samples(used, used.samples)
    np.testing.assert_array_equal(loaded.labels, labels)
    assert SampleStore(used, used.samples).class_pixels().sum() == 2 * 2400 - 65
    assert not (dataset.load_labels(dataset.sample("a")) == 255).any()


def test_windows_and_turns_move_them_along(dataset: Dataset) -> None:
    from dataclasses import replace

    digest = marked(dataset, "a", corner())
    recipe = Recipe(void_regions=digest, windows={"a": (18, 4, 10, 4)})
    used = prepared(dataset, recipe)
    np.testing.assert_array_equal(used.load_labels(used.sample("a")) == 255, corner()[4:8, 18:28])
    turned = replace(dataset, samples=tuple(replace(s, turned=True) for s in dataset.samples))
    used = prepared(turned, Recipe(void_regions=digest))
    np.testing.assert_array_equal(used.load_labels(used.sample("a")) == 255, corner())


def test_blocks_have_their_part_of_them(tmp_path: Path) -> None:
    put(tmp_path / "set/images/ortho.png", np.full((200, 240, 3), 9, np.uint8))
    put(tmp_path / "set/masks/ortho.png", np.indices((200, 240))[0].astype(np.uint8) % 2)
    dataset = open_dataset(tmp_path / "set")
    pixels = np.zeros((200, 240), bool)
    pixels[90:120, 30:200] = True
    digest = marked(dataset, "ortho", pixels)
    recipe = Recipe.model_validate(
        {"void_regions": digest, "split": {"kind": "blocks"}, "patch": {"size": 32}}
    )
    used = prepared(dataset, recipe)
    assert len(used.samples) > 4
    for sample in used.samples:
        x, y, width, height = used.windows[sample.id]
        own = used.load_labels(sample) == 255
        np.testing.assert_array_equal(own, pixels[y : y + height, x : x + width])
    # The same regions, put in later.
    plain = prepared(dataset, recipe.model_copy(update={"void_regions": ""}))
    later = with_void(plain, digest)
    assert later.void == used.void
    assert not with_void(used, "").void


def test_a_mask_that_has_changed_keeps_its_labels_and_it_is_said(dataset: Dataset) -> None:
    digest = marked(dataset, "a", corner())
    mask = dataset.sample("a").mask
    assert mask is not None
    put(mask, np.zeros((40, 60), np.uint8))
    used = prepared(dataset, Recipe(void_regions=digest))
    assert not (used.load_labels(used.sample("a")) == 255).any()
    [note] = [note for note in used.notes if note not in dataset.notes]
    assert note.severity == "warning"
    assert "The masks of 1 sample have changed" in note.text
    assert "not applied: a" in note.text


def test_regions_of_another_size_are_refused(dataset: Dataset) -> None:
    digest = marked(dataset, "a", np.ones((4, 6), bool))
    used = prepared(dataset, Recipe(void_regions=digest))
    with pytest.raises(DatasetError, match="6 × 4 pixels, the mask of 60 × 40"):
        used.load_labels(used.sample("a"))


def test_samples_that_are_gone_or_left_out(dataset: Dataset) -> None:
    region = VoidRegion.of(corner(), MASK)
    digest = keep_regions(VoidRegions(samples={"gone": region}))
    with pytest.raises(ConfigError, match="has a void region of 'gone'"):
        prepared(dataset, Recipe(void_regions=digest))
    used = prepared(dataset, Recipe(void_regions=digest), own=True)
    assert "does not have any more: gone" in used.notes[-1].text
    digest = marked(dataset, "a", corner())
    assert not prepared(dataset, Recipe(void_regions=digest, exclude=("a",))).void


def test_files_are_named_by_their_content_and_checked(space: Path) -> None:
    regions = VoidRegions(samples={"a": VoidRegion.of(corner(), MASK)})
    digest = keep_regions(regions)
    assert keep_regions(regions) == digest
    [path] = (space / "recipes" / ".regions").iterdir()
    assert path.stem == digest
    assert load_regions(digest) == regions
    path.write_text(path.read_text().replace(MASK, "f" * 12))
    with pytest.raises(ConfigError, match="another than its name says"):
        load_regions(digest)
    path.write_text("{")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_regions(digest)
    path.unlink()
    with pytest.raises(ConfigError, match="not in this workspace") as error:
        load_regions(digest)
    assert error.value.key == "recipe.void_regions"


def test_a_recipe_carries_them_elsewhere(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = marked(dataset, "a", corner())
    recipe = save_recipe(Recipe(name="city", void_regions=digest))
    assert recipe.has_fixes
    text = recipe_text(recipe)
    assert len(text.splitlines()) == len(json.dumps(recipe.model_dump(), indent=2).splitlines())
    bare = recipe.model_dump_json()
    monkeypatch.setenv("DSI_WORKSPACE", str(tmp_path / "elsewhere"))
    with pytest.raises(ConfigError, match="not in this workspace"):
        import_recipe(bare, "bare.json")
    (tmp_path / "city.json").write_text(text)
    assert read_recipe_file(tmp_path / "city.json") == recipe
    assert load_regions(digest).pixels == 65
    assert import_recipe(bare, "bare.json") == recipe
    assert recipe_text(Recipe()) == json.dumps(Recipe().model_dump(mode="json"), indent=2)
    for broken in (text.replace('"counts": [', '"counts": [7, '), "{", "[]", '{"bands": "x"}'):
        with pytest.raises(ConfigError):
            import_recipe(broken, "broken.json")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_recipe_file(tmp_path / "none.json")


def test_they_add_up_and_show_among_the_differences() -> None:
    one, other = np.zeros((2, 3, 3), bool)
    one[0], other[:, 0] = True, True
    known = VoidRegions(samples={"a": VoidRegion.of(one, MASK)})
    merged = merge_regions(known, {"a": VoidRegion.of(other, MASK)})
    np.testing.assert_array_equal(merged["a"].pixel_mask(), one | other)
    # Of a mask that has changed since, the new region alone.
    merged = merge_regions(known, {"a": VoidRegion.of(other, "f" * 12)})
    np.testing.assert_array_equal(merged["a"].pixel_mask(), other)
    digest = keep_regions(known)
    assert differences(Recipe(), Recipe(void_regions=digest)) == [("void_regions", "", digest)]
