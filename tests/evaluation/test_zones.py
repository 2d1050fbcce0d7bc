"""Pixels in shadow, at the image's edge and at borders of classes: hand-made cases."""

from __future__ import annotations

import io

import numpy as np
import pytest

from core.datasets.batches.labelled_image import LabelledImage
from core.evaluation.analysis import Analysis
from core.evaluation.confusion import confusion
from core.evaluation.kept.slices import failure_slices
from core.evaluation.zones import IMAGE_EDGE, ZONES, pixel_counts, shadow_pixels, zone_counts
from tests.evaluation.kept.test_slices import simulated


def image_of(pixels: np.ndarray, labels: np.ndarray | None = None) -> LabelledImage:
    labels = np.zeros(pixels.shape[:2], np.uint8) if labels is None else labels
    return LabelledImage("a", pixels, labels, labels != 255)


def colored(height: int = 10, width: int = 10) -> np.ndarray:
    """Bright ground with a corner in bluish shadow, and one that is dark and grey."""
    pixels = np.full((height, width, 3), (200, 190, 180), np.uint8)
    pixels[:3, :4] = (20, 30, 50)  # S 0.6, V 0.2: an index of 0.5
    pixels[7:, :4] = (40, 40, 42)  # S 0.05, V 0.16: dark, and no shadow by the index
    return pixels


def test_shadow_is_dark_and_of_more_saturation_than_value() -> None:
    expected = np.zeros((10, 10), bool)
    expected[:3, :4] = True
    shadow = shadow_pixels(image_of(colored()))
    np.testing.assert_array_equal(shadow, expected)
    # The same of 16 bit, by their own white.
    shadow = shadow_pixels(image_of(colored().astype(np.uint16) * 40))
    np.testing.assert_array_equal(shadow, expected)
    labels = np.zeros((10, 10), np.uint8)
    labels[:2] = 255
    shadow = shadow_pixels(image_of(colored(), labels))
    assert shadow is not None
    assert shadow.sum() == 4


def test_a_lake_is_no_shadow() -> None:
    pixels = np.full((120, 200, 3), (200, 190, 180), np.uint8)
    pixels[20:80, 20:80] = pixels[20:80, 100:130] = (20, 30, 50)
    expected = np.zeros((120, 200), bool)
    expected[20:80, 100:130] = True
    np.testing.assert_array_equal(shadow_pixels(image_of(pixels)), expected)


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((4, 4, 1), np.uint8), np.zeros((4, 4, 3), np.float32)],
    ids=["one band", "no whole numbers"],
)
def test_of_other_images_it_says_nothing(pixels: np.ndarray) -> None:
    assert shadow_pixels(image_of(pixels)) is None


def test_counts_by_zone() -> None:
    labels = np.zeros((80, 100), np.uint8)
    labels[:, 50:] = 1
    labels[0] = 255
    prediction = labels.copy()
    prediction[1:4, :5] = 1
    prediction[40, 49] = 255
    pixels = colored(80, 100)
    border = np.array([[5, 6], [7, 8], [9, 10]])
    made = zone_counts(image_of(pixels, labels), prediction, border, 2)
    assert len(made) == len(ZONES)
    # Two rows of four in the shadow, all of them taken for class 1.
    np.testing.assert_array_equal(made[0], [[0, 0], [8, 0], [0, 8]])
    inner = (80 - 2 * IMAGE_EDGE) * (100 - 2 * IMAGE_EDGE)
    near = 79 * 100 - inner
    np.testing.assert_array_equal(made[1].sum(axis=1), [near - 15, near, near])
    assert made[1, 2].tolist() == [79 * 50 - inner // 2 - 15, 79 * 50 - inner // 2 + 15]
    np.testing.assert_array_equal(made[2], border)
    np.testing.assert_array_equal(
        pixel_counts(labels.ravel(), prediction.ravel(), 2)[0].sum(), 79 * 100 - 16
    )


def test_counts_of_an_earlier_version_have_no_zones_and_go_on() -> None:
    image = image_of(colored())
    analysis = Analysis(2, 2)
    matrix = confusion(image.labels, image.labels, 2)
    analysis.on_image(image, image.labels, matrix)
    arrays = analysis.arrays()
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    file.seek(0)
    with np.load(file) as kept:
        again = Analysis.from_arrays(kept)
    assert again.zones() is not None
    np.testing.assert_array_equal(again.zones(), analysis.zones())
    del arrays["zones"]
    before = Analysis.from_arrays(arrays)
    before.on_image(image, image.labels, matrix)
    assert before.zones() is None
    assert "zones" not in before.arrays()
    assert len(before) == 2
    arrays = analysis.arrays() | {"zones": np.zeros((3, 3, 3, 2), np.int64)}
    with pytest.raises(ValueError, match="one number of samples"):
        Analysis.from_arrays(arrays)


def test_pixels_that_are_worse_within_their_samples_stand_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened = simulated(40)
    counts = opened.counts
    zones = np.zeros((40, 3, 3, 2), np.int64)
    # A tenth of the pixels of each sample in shadow, of which none is right.
    zones[:, 0] = counts // 10
    zones[:, 0, 0] = 0
    monkeypatch.setattr(type(opened.analysis), "zones", lambda _: zones)
    slices = failure_slices(opened)
    [shadow] = [each for each in slices if each.name == "Pixels in shadow"]
    assert slices[0] is shadow
    assert shadow.score == 0
    pooled = counts.sum(axis=0)
    own = zones[:, 0].sum(axis=0)
    rest = (pooled - own).sum(axis=1)
    assert shadow.others == pytest.approx(rest[0] / rest[1])
    assert shadow.samples == tuple(range(40))
    # 2,000 random signs, none of which is as far: Holm's factor is the number of slices.
    assert shadow.p_value == pytest.approx(len(slices) / 2001)
    # The other way round the rest is what is named.
    zones[:, 0, 0] = zones[:, 0, 1]
    [rest_slice] = [e for e in failure_slices(opened) if "outside of shadow" in e.name]
    assert rest_slice.others == 1
