"""A normalisation's numbers against scikit-learn and NumPy on the same arrays."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from core.datasets.batches.fit_normalisation import fit_normalisation, value_range_warning
from core.datasets.batches.labelled_image import LabelledImage
from core.datasets.recipes.recipe import Recipe
from core.errors import ConfigError
from core.imagery.normalise import IMAGENET_MEAN


def _images(dtype: str, bands: int = 3) -> list[LabelledImage]:
    """Three images of different size, a tenth of their pixels without data and far off."""
    rng = np.random.default_rng(5)
    made = []
    for index, shape in enumerate([(40, 50), (31, 17), (64, 64)]):
        values = rng.normal(90, 30, (*shape, bands)) * (1 + np.arange(bands))
        if np.issubdtype(np.dtype(dtype), np.integer):
            values = np.clip(values, 3, np.iinfo(dtype).max - 2)
        valid = rng.random(shape) > 0.1
        pixels = values.astype(dtype)
        pixels[~valid] = 0
        labels = np.zeros(shape, np.uint8)
        made.append(LabelledImage(str(index), pixels, labels, valid))
    return made


def _seen(images: list[LabelledImage]) -> np.ndarray:
    """(pixels, bands) with data, of all images."""
    return np.concatenate([image.pixels[image.valid] for image in images]).astype(np.float64)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32"])
def test_standard_agrees_with_scikit_learn(dtype: str) -> None:
    images = _images(dtype)
    values = _seen(images)
    ours = fit_normalisation(Recipe(normalisation="standard"), images)(values)
    np.testing.assert_allclose(ours, StandardScaler().fit_transform(values), atol=1e-4)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float64"])
def test_minmax_agrees_with_scikit_learn(dtype: str) -> None:
    images = _images(dtype)
    values = _seen(images)
    ours = fit_normalisation(Recipe(normalisation="minmax"), images)
    np.testing.assert_allclose(ours(values), MinMaxScaler().fit_transform(values), atol=1e-5)
    assert ours.low == tuple(values.min(axis=0))  # pixels without data are 0, and do not count


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("limits", [None, (2.0, 98.0), (0.0, 99.9), (10.0, 100.0)])
def test_percentiles_of_whole_numbers_are_exact(dtype: str, limits: tuple | None) -> None:
    images = _images(dtype)
    ours = fit_normalisation(Recipe(normalisation="percentile", clip=limits), images)
    wanted = np.percentile(_seen(images), limits or (1, 99), axis=0, method="inverted_cdf")
    np.testing.assert_array_equal([ours.low, ours.high], wanted)


def test_percentiles_of_other_numbers() -> None:
    images = _images("float32")
    values = _seen(images)
    recipe = Recipe(normalisation="percentile", clip=(2, 98))
    wanted = np.percentile(values, (2, 98), axis=0)
    ours = fit_normalisation(recipe, images)
    np.testing.assert_allclose([ours.low, ours.high], wanted, rtol=1e-6)
    # Of a part of the values they are near, and the ends stay exact.
    ours = fit_normalisation(recipe, images, most_values=2000)
    assert not np.allclose([ours.low, ours.high], wanted, rtol=1e-6)
    np.testing.assert_allclose([ours.low, ours.high], wanted, atol=30)
    ends = fit_normalisation(
        Recipe(normalisation="percentile", clip=(0, 100)), images, most_values=2000
    )
    np.testing.assert_array_equal([ends.low, ends.high], [values.min(axis=0), values.max(axis=0)])


def test_what_needs_no_statistics() -> None:
    images = _images("uint16")
    assert fit_normalisation(Recipe(normalisation="unit"), images).divisor == 65535
    assert fit_normalisation(Recipe(normalisation="imagenet"), images).mean == IMAGENET_MEAN
    assert (
        fit_normalisation(Recipe(normalisation="decibel", clip=(-25, 0)), images).high == (0,) * 3
    )


def test_decibel_limits_are_those_of_the_data() -> None:
    """SpaceNet 6 is in positive dB: two limits for all radar would cut all of it off."""
    images = _images("float32", 4)
    radar = fit_normalisation(Recipe(normalisation="decibel"), images)
    wanted = np.percentile(_seen(images), (1, 99), axis=0)
    np.testing.assert_allclose([radar.low, radar.high], wanted, rtol=1e-6)
    assert radar.kind == "decibel"


def _of_range(dtype: str, largest: float, bands: int = 3) -> list[LabelledImage]:
    values = np.random.default_rng(0).uniform(0, largest, (64, 64, bands)).astype(dtype)
    values[0, 0] = np.iinfo(dtype).max if np.dtype(dtype).kind in "ui" else largest
    return [LabelledImage("a", values, np.zeros((64, 64), np.uint8), np.ones((64, 64), bool))]


@pytest.mark.parametrize("kind", ["unit", "imagenet"])
@pytest.mark.parametrize(
    ("dtype", "largest", "words"),
    [
        ("uint16", 2047, "divided by 65,535"),
        ("uint16", 10_000, "nearly black"),
        ("int16", 4000, "divided by 32,767"),
        ("float32", 10_000, "far too bright"),
        ("uint16", 65_000, ""),
        ("uint8", 20, ""),
        ("float32", 1.3, ""),
    ],
)
def test_values_that_leave_their_range_unused_are_said(
    kind: str, dtype: str, largest: float, words: str
) -> None:
    images = _of_range(dtype, largest)
    said = value_range_warning(fit_normalisation(Recipe(normalisation=kind), images), images)
    assert words in said
    assert bool(said) == bool(words)
    assert not said or "choose the normalisation percentile" in said
    for other in ("percentile", "standard", "minmax"):
        normalisation = fit_normalisation(Recipe(normalisation=other), images)
        assert not value_range_warning(normalisation, images)


@pytest.mark.parametrize("kind", ["standard", "minmax", "percentile"])
@pytest.mark.parametrize("value", [7, 0])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_a_constant_band_is_no_division_by_zero(kind: str, value: int, dtype: str) -> None:
    pixels = np.full((5, 6, 1), value, dtype)
    image = LabelledImage("flat", pixels, np.zeros((5, 6), np.uint8), np.ones((5, 6), bool))
    normalise = fit_normalisation(Recipe(normalisation=kind), [image])
    np.testing.assert_allclose(normalise(pixels), 0, atol=1e-6)


@pytest.mark.parametrize("kind", ["standard", "minmax", "percentile"])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_images_without_any_data_still_give_numbers(kind: str, dtype: str) -> None:
    nothing = LabelledImage(
        "void", np.zeros((4, 4, 2), dtype), np.full((4, 4), 255, np.uint8), np.zeros((4, 4), bool)
    )
    got = fit_normalisation(Recipe(normalisation=kind), [nothing])
    assert np.isfinite(got(nothing.pixels)).all()


def test_what_cannot_be_normalised_is_said() -> None:
    with pytest.raises(ConfigError, match="three bands, these images have 4"):
        fit_normalisation(Recipe(normalisation="imagenet"), _images("uint8", 4))
    with pytest.raises(ConfigError, match="complex values"):
        fit_normalisation(Recipe(), _images("complex64"))
