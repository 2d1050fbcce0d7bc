"""Whole images scored, gaps in them included."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from core.datasets.batches.labelled_image import (
    LabelledImage,
    band_statistics,
    load_samples,
    without_gaps,
)
from core.datasets.catalogue import open_dataset
from core.errors import DatasetError, ModelError
from core.evaluation.confusion import confusion
from core.evaluation.evaluate import apply_card_recipe, evaluate, evaluate_images, samples_of_split
from core.imagery.header import Georeference
from core.imagery.normalise import Normalisation
from core.imagery.output.write import geotiff_bytes, png_bytes
from core.inference.anchor import FREE, Anchor
from core.inference.predictor import Predictor, Strip
from core.models.model_input import ModelInput
from core.models.store import find_model, load_model, read_card
from tests.imagery.test_raster import tiff

RNG = np.random.default_rng(11)


@pytest.fixture
def gappy(tmp_path: Path) -> Path:
    """Two float images, half of each without data, tagged −9999."""
    for name in ("a", "b"):
        pixels = RNG.normal([10, 20, 30], [1, 2, 3], (64, 80, 3)).astype(np.float32)
        pixels[:32] = -9999
        labels = RNG.integers(0, 5, (64, 80), np.uint8)
        for folder, data, suffix in (
            ("images", tiff(pixels, nodata=-9999), "tif"),
            ("masks", png_bytes(labels), "png"),
        ):
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / f"{name}.{suffix}").write_bytes(data)
    return tmp_path


def test_statistics_are_of_the_pixels_with_data(gappy: Path) -> None:
    dataset = open_dataset(gappy)
    images = load_samples(dataset, dataset.samples)
    mean, std = band_statistics(images, 1.0)
    np.testing.assert_allclose(mean, [10, 20, 30], rtol=0.01)
    np.testing.assert_allclose(std, [1, 2, 3], rtol=0.05)
    assert all((image.labels[:32] == 255).all() for image in images)
    normalisation = Normalisation(kind="standard", divisor=1.0, mean=tuple(mean), std=tuple(std))
    # Training gives the network there what prediction gives it.
    filled = without_gaps(images, normalisation)[0]
    np.testing.assert_allclose(normalisation(filled.pixels)[:32], 0, atol=1e-4)
    np.testing.assert_array_equal(filled.pixels[32:], images[0].pixels[32:])


def test_evaluation_is_prediction_compared(gappy: Path, space: Path, tiny_model: str) -> None:
    model, card = load_model(space / "models" / tiny_model)
    card = card.model_copy(update={"classes": open_dataset(gappy).classes})
    dataset = open_dataset(gappy)
    predictor = Predictor(model, ModelInput.of_spec(card.spec, Normalisation(divisor=1.0)))
    calls: list[tuple[int, int]] = []
    result = evaluate(
        predictor,
        card,
        dataset,
        dataset.samples,
        lambda done, total: calls.append((done, total)),
    )
    assert calls == [(1, 2), (2, 2)]
    by_hand = np.zeros((5, 5), np.int64)
    for image in load_samples(dataset, dataset.samples):
        by_hand += confusion(image.labels, predictor.predict(image.pixels, image.valid), 5)
    np.testing.assert_array_equal(result.matrix, by_hand)
    assert result.matrix.sum() == 2 * 32 * 80


def test_predictions_are_handed_over_image_by_image(
    gappy: Path, space: Path, tiny_model: str
) -> None:
    model, card = load_model(space / "models" / tiny_model)
    images = load_samples(open_dataset(gappy), open_dataset(gappy).samples)
    # Tiles of 32: an image comes in several strips.
    predictor = Predictor(model, ModelInput.of_spec(card.spec, Normalisation(divisor=1.0)), tile=32)
    seen: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def on_image(image: LabelledImage, labels: np.ndarray, own: np.ndarray) -> None:
        seen[image.id] = labels, own

    result = evaluate_images(predictor, images, on_image)
    assert list(seen) == [image.id for image in images]
    for image in images:
        labels, own = seen[image.id]
        np.testing.assert_array_equal(labels, predictor.predict(image.pixels, image.valid))
        np.testing.assert_array_equal(own, confusion(image.labels, labels, 5))
    np.testing.assert_array_equal(sum(own for _, own in seen.values()), result.matrix)


def test_a_side_must_be_there_whole(gappy: Path, space: Path, tiny_model: str) -> None:
    _, card = load_model(space / "models" / tiny_model)
    dataset = open_dataset(gappy)
    training = card.training.model_copy(update={"test": ("a",), "val": ("a", "c")})
    card = card.model_copy(update={"training": training})
    assert [sample.id for sample in samples_of_split(dataset, card, "test")] == ["a"]
    assert len(samples_of_split(dataset, card, "all")) == 2
    with pytest.raises(DatasetError, match="1 of the 2 samples"):
        samples_of_split(dataset, card, "val")


def test_a_recipe_of_a_card_that_cannot_be_read_is_reported(tiny_model: str, gappy: Path) -> None:
    card = read_card(find_model(tiny_model).folder)
    training = card.training.model_copy(update={"config": {"recipe": {"unheard": 1}}})
    with pytest.raises(ModelError, match="recipe in the model card cannot be read"):
        apply_card_recipe(open_dataset(gappy), card.model_copy(update={"training": training}))


def test_tiles_lie_where_a_prediction_has_them(tmp_path: Path) -> None:
    """They depend on the ground, and labels with them by a few pixels."""
    place = Georeference(CRS.from_epsg(32631), Affine(2, 0, 500_006, 0, -2, 5_000_010))
    pixels = RNG.integers(1, 255, (8, 10, 3), np.uint8)
    for folder, data, suffix in (
        ("images", geotiff_bytes(pixels, place), "tif"),
        ("masks", png_bytes(np.zeros((8, 10), np.uint8)), "png"),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"a.{suffix}").write_bytes(data)
    anchors = []

    class Recorder:
        classes = 2

        def strips(self, image: np.ndarray, *_: object, anchor: Anchor) -> Iterator[Strip]:
            anchors.append(anchor)
            yield Strip(0, np.full((*image.shape[:2], 2), 0.5, np.float32))

    dataset = open_dataset(tmp_path)
    evaluate_images(Recorder(), load_samples(dataset, dataset.samples))  # type: ignore[arg-type]
    assert anchors == [Anchor.of(place)] != [FREE]
