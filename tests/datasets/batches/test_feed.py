"""The training feed and its preview: one path, one seed, the same batches."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from core.classes import VOID
from core.datasets.batches.crops import crops
from core.datasets.batches.feed import check_photometric, scaled_batches, training_feed
from core.datasets.batches.fit_normalisation import fit_normalisation
from core.datasets.batches.labelled_image import LabelledImage, without_gaps
from core.datasets.batches.preview import augmented_preview
from core.datasets.recipes.augmentation_presets import PRESETS, at_strength
from core.datasets.recipes.recipe import Augmentation, Patch, Recipe
from core.errors import ConfigError

NONE = Augmentation(flips=False, quarter_turns=False)
STRONG = Augmentation(
    **{"zoom": (0.7, 1.4), "rotation": 30, "shear": 5, "elastic": 0.5, "brightness": 0.1},
    **{"noise": 0.05, "cutout": 0.3, "copy_paste": 0.5, "label_deformation": 2},
)


def _image(dtype: str = "uint8", bands: int = 3, seed: int = 0) -> LabelledImage:
    rng = np.random.default_rng(seed)
    blocks = rng.integers(20, 200, (8, 9, bands)).repeat(16, 0).repeat(16, 1)
    pixels = (blocks + rng.integers(0, 20, blocks.shape)).astype(dtype)
    if dtype.startswith("float"):
        pixels = pixels / 6 - 30  # dB
    labels = rng.integers(0, 4, (8, 9), np.uint8).repeat(16, 0).repeat(16, 1)
    valid = np.ones(labels.shape, bool)
    valid[:10] = False
    pixels[:10] = 0
    return LabelledImage("a", pixels, np.where(valid, labels, np.uint8(VOID)), valid)


def _batches(images: list[LabelledImage], recipe: Recipe, seed: int, count: int = 3) -> list:
    normalisation = fit_normalisation(recipe, images)
    filled = without_gaps(images, normalisation)
    feed = training_feed(filled, recipe, normalisation, 4, seed)
    return [(x.numpy(), y.numpy()) for x, y in islice(feed, count)]


@pytest.mark.parametrize("stride", [0, 48])
def test_the_same_seed_gives_the_same_batches(stride: int) -> None:
    images = [_image(), _image(seed=1)]
    recipe = Recipe(patch=Patch(size=64, stride=stride), augmentation=STRONG)
    one, other = _batches(images, recipe, 5), _batches(images, recipe, 5)
    for (x, y), (x2, y2) in zip(one, other, strict=True):
        np.testing.assert_array_equal(x, x2)
        np.testing.assert_array_equal(y, y2)
    assert x.shape == (4, 64, 64, 3) and x.dtype == np.float32
    assert y.shape == (4, 64, 64) and y.dtype == np.uint8
    assert set(np.unique(y)) <= {0, 1, 2, 3, VOID}
    assert (x[y == VOID] == 0).any()
    assert (one[0][0] != _batches(images, recipe, 6)[0][0]).any()
    assert (one[0][0] != one[1][0]).any()


def test_without_them_pasting_and_deformed_labels_change_nothing() -> None:
    """Crop by crop from the same numbers as ever, and no number is drawn for what is off."""
    images = [_image(), _image(seed=1)]
    settings = Augmentation(zoom=(0.7, 1.4), copy_paste=0.0, label_deformation=0)
    recipe = Recipe(patch=Patch(size=64, rare=0.3), augmentation=settings)
    normalisation = fit_normalisation(recipe, images)
    rng = np.random.default_rng(3)
    drawn = crops(images, recipe.patch, settings, rng)
    for pixels, labels, valid, seed in islice(
        scaled_batches(images, recipe, normalisation, 4, 3), 5
    ):
        batch = list(islice(drawn, 4))
        wanted = [normalisation.scaled(crop.pixels, cut=False) for crop in batch]
        np.testing.assert_array_equal(pixels, np.stack(wanted))
        np.testing.assert_array_equal(labels, np.stack([crop.labels for crop in batch]))
        np.testing.assert_array_equal(valid, np.stack([crop.valid for crop in batch]))
        assert seed == rng.integers(2**31 - 1)


def test_a_feed_started_twice_begins_anew() -> None:
    images = [_image()]
    recipe = Recipe(patch=Patch(size=64), augmentation=STRONG)
    feed = training_feed(images, recipe, fit_normalisation(recipe, images), 2, 0)
    first, second = (next(iter(feed))[0].numpy() for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [
        ("unit", "uint8"),
        ("standard", "uint8"),
        ("percentile", "uint16"),
        ("decibel", "float32"),
        ("imagenet", "uint8"),
    ],
)
def test_without_augmentation_it_is_what_prediction_does(kind: str, dtype: str) -> None:
    image = _image(dtype)
    recipe = Recipe(patch=Patch(size=128, minimum_labelled=0), augmentation=NONE)
    recipe = recipe.model_copy(update={"normalisation": kind})
    normalisation = fit_normalisation(recipe, [image])
    square = LabelledImage("a", *(part[:128, :128] for part in _parts(image)))
    feed = training_feed([square], recipe, normalisation, 1, 0)
    x, y = next(iter(feed))
    wanted = normalisation(square.pixels, square.valid)
    np.testing.assert_allclose(x.numpy()[0], wanted, atol=1e-6)
    np.testing.assert_array_equal(y.numpy()[0], square.labels)


def _parts(image: LabelledImage) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return image.pixels, image.labels, image.valid


@pytest.mark.parametrize("kind", ["standard", "percentile"])
def test_the_preview_is_the_first_batch_of_a_training(kind: str) -> None:
    image = _image()
    recipe = Recipe(patch=Patch(size=64), augmentation=STRONG)
    recipe = recipe.model_copy(update={"normalisation": kind})
    normalisation = fit_normalisation(recipe, [image])
    shown = augmented_preview(*_parts(image), recipe, normalisation, 4, seed=9)
    filled = without_gaps([image], normalisation)
    x, y = next(iter(training_feed(filled, recipe, normalisation, 4, 9)))
    assert len(shown) == 4
    for (rgb, labels), values, wanted in zip(shown, x.numpy(), y.numpy(), strict=True):
        np.testing.assert_array_equal(labels, wanted)
        assert rgb.dtype == np.uint8
        np.testing.assert_allclose(normalisation(rgb), values, atol=0.6 / 255 / 0.1)


@pytest.mark.parametrize("bands", [1, 2, 4])
def test_a_preview_of_radar_is_neither_black_nor_white(bands: int) -> None:
    image = _image("float32", bands)
    recipe = Recipe(
        patch=Patch(size=64), augmentation=PRESETS["radar"], normalisation="decibel", clip=(-30, 5)
    )
    shown = augmented_preview(*_parts(image), recipe, fit_normalisation(recipe, [image]), 3, seed=0)
    for rgb, _ in shown:
        assert rgb.shape == (64, 64, 3)
        assert 40 < rgb.mean() < 215
        assert (rgb[..., 0] == rgb[..., 1]).all() == (bands < 3)


def test_a_preview_says_what_cannot_be_done() -> None:
    image = _image()
    image.labels[:] = VOID
    recipe = Recipe(patch=Patch(size=64))
    with pytest.raises(ConfigError, match="every mask is void"):
        augmented_preview(*_parts(image), recipe, fit_normalisation(recipe, [image]), 2, 0)


@pytest.mark.parametrize("setting", ["brightness", "contrast", "noise", "speckle"])
def test_values_without_a_range_are_not_changed(setting: str) -> None:
    recipe = Recipe(augmentation=Augmentation(**{setting: 0.1}), normalisation="standard")
    for dtype in ("float32", "int16"):
        image = _image(dtype)
        with pytest.raises(ConfigError, match=f"{setting} cannot .* choose the normalisation"):
            check_photometric(recipe, fit_normalisation(recipe, [image]), image)
        kind = "decibel" if setting == "speckle" else "minmax"
        stretched = recipe.model_copy(update={"normalisation": kind})
        check_photometric(stretched, fit_normalisation(stretched, [image]), image)
    check_photometric(recipe, fit_normalisation(recipe, [_image("uint16")]), _image("uint16"))


def test_strength_scales_everything() -> None:
    full = PRESETS["aerial photograph"]
    assert at_strength(full, 1) == full
    assert at_strength(full, 0) == PRESETS["none"]
    twice = at_strength(full, 2)
    labels = Augmentation(label_deformation=3, copy_paste=0.4)
    assert [at_strength(labels, f).label_deformation for f in (0.5, 1, 2, 5)] == [2, 3, 6, 8]
    assert at_strength(labels, 2).copy_paste == 0.8
    assert (twice.rotation, twice.brightness) == (30, 0.2)
    assert twice.zoom == pytest.approx((0.36, 2.25))
    for name, preset in PRESETS.items():
        # Whatever comes out is a valid recipe, of the same kind.
        for strength in (0, 0.3, 5, 100):
            made = at_strength(preset, strength)
            assert isinstance(made.label_deformation, int)
            assert Augmentation.model_validate(made.model_dump()) == made, name
    with pytest.raises(ConfigError, match="means nothing"):
        at_strength(full, -1)
