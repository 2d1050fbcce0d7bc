"""One pass over samples: its counts are those of the parts, and can be kept and gone on with."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from core.datasets.batches.labelled_image import LabelledImage
from core.evaluation.analysis import Analysis
from core.evaluation.boundary import edge_counts
from core.evaluation.calibration import Calibration
from core.evaluation.confusion import confusion
from core.evaluation.evaluate import evaluate_images
from core.imagery.normalise import Normalisation
from core.inference.predictor import Predictor
from core.models.model_input import ModelInput
from core.models.store import load_model


def some_images() -> list[LabelledImage]:
    rng = np.random.default_rng(8)
    images = []
    for number in range(4):
        labels = rng.integers(0, 5, (8, 10), np.uint8).repeat(8, 0).repeat(8, 1)
        pixels = (labels[..., None] * 40 + rng.integers(0, 9, (64, 80, 3))).astype(np.uint8)
        valid = np.ones(labels.shape, bool)
        valid[: 10 * number] = False
        labels[~valid] = 255
        images.append(LabelledImage(str(number), pixels, labels, valid))
    return images


@pytest.fixture
def predictor(space: Path, tiny_model: str) -> Predictor:
    model, card = load_model(space / "models" / tiny_model)
    normalisation = Normalisation(divisor=1.0)
    return Predictor(model, ModelInput.of_spec(card.spec, normalisation), tile=32)


def test_counts_are_those_of_the_parts(predictor: Predictor) -> None:
    images = some_images()
    counts = Analysis(5, 2)
    whole = evaluate_images(predictor, images, counts.on_image, counts.on_strip)
    np.testing.assert_array_equal(counts.matrix(), whole.matrix)
    assert counts.cross_entropy() == pytest.approx(whole.cross_entropy)
    calibration = Calibration(5)
    near = np.zeros((5, 5), np.int64)
    for number, image in enumerate(images):
        labels = predictor.predict(image.pixels, image.valid)
        own = confusion(image.labels, labels, 5)
        np.testing.assert_array_equal(counts.matrix([number]), own)
        edges = edge_counts(image.labels, labels, 5, 2)
        near += edges.near
        np.testing.assert_array_equal(counts.edges()[number], [edges.shared, edges.either])
        calibration.add(image.labels, predictor.probabilities(image.pixels, image.valid))
    np.testing.assert_array_equal(counts.near, near)
    np.testing.assert_array_equal(counts.calibration.pixels, calibration.pixels)
    assert counts.calibration.reliability().error == calibration.reliability().error
    by_two = counts.counts([[0, 1], [2, 3]])
    np.testing.assert_array_equal(by_two.sum(axis=0), counts.counts().sum(axis=0))
    np.testing.assert_array_equal(by_two[1, 1], counts.matrix([2, 3]).sum(axis=1))
    wrong = counts.matrix() - np.diag(np.diag(counts.matrix()))
    by_cell = counts.regions.by_cell
    assert set(by_cell) == {(int(t), int(p)) for t, p in zip(*np.nonzero(wrong), strict=True)}
    assert all(sum(r.area for r in kept) <= wrong[cell] for cell, kept in by_cell.items())


def test_it_goes_on_from_its_arrays(predictor: Predictor) -> None:
    images = some_images()
    through, first = Analysis(5, 2), Analysis(5, 2)
    evaluate_images(predictor, images, through.on_image, through.on_strip)
    evaluate_images(predictor, images[:3], first.on_image, first.on_strip)
    file = io.BytesIO()
    np.savez(file, **first.arrays())
    file.seek(0)
    resumed = Analysis.from_arrays(np.load(file, allow_pickle=False))
    assert len(resumed) == 3
    evaluate_images(predictor, images[3:], resumed.on_image, resumed.on_strip)
    for name, values in through.arrays().items():
        np.testing.assert_allclose(resumed.arrays()[name], values, err_msg=name)


def test_nothing_seen_is_no_score() -> None:
    empty = Analysis.from_arrays(Analysis(3, 2).arrays())
    assert len(empty) == 0
    assert empty.cross_entropy() is None
    assert empty.counts().shape == (0, 3, 3)
    arrays = Analysis(3, 2).arrays() | {"nll": np.zeros(2)}
    with pytest.raises(ValueError, match="number of samples"):
        Analysis.from_arrays(arrays)
