"""An image at another size part by part, against OpenCV's resizing of the whole."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from core.imagery.normalise import Normalisation
from core.inference.averaging import PLAIN, Averaging
from core.inference.scales import ScaledImage, Taps, brought_back, mean_of_rows
from core.models.architectures.unet import UNetSpec
from core.models.model_input import ModelInput

RNG = np.random.default_rng(31)
INPUT = ModelInput.of_spec(UNetSpec(), Normalisation(divisor=1.0))


@pytest.mark.parametrize(
    ("size", "other"),
    [
        ((300, 413), (225, 310)), ((31, 40), (39, 50)), ((7, 5), (3, 4)), ((101, 77), (25, 19)),
        ((8, 8), (8, 8)), ((1, 9), (4, 36)), ((2, 3), (1, 1)),
    ],
)  # fmt: skip
def test_taps_are_those_of_opencv(size: tuple[int, int], other: tuple[int, int]) -> None:
    values = RNG.random((*size, 3)).astype(np.float32)
    flags = cv2.INTER_AREA if other < size else cv2.INTER_LINEAR
    for make, how in ((Taps.image, flags), (Taps.linear, cv2.INTER_LINEAR)):
        rows, columns = (make(a, b) for a, b in zip(size, other, strict=True))
        made = columns.resample(rows.resample(values, 0), 1)
        np.testing.assert_allclose(
            made, cv2.resize(values, other[::-1], interpolation=how), atol=1e-6
        )
        for taps in (rows, columns):
            np.testing.assert_allclose(taps.weights.sum(axis=1), 1, atol=1e-6)
            assert (np.diff(taps.indices, axis=0) >= 0).all()
            assert (np.diff(taps.indices, axis=1) >= 0).all()


@pytest.mark.parametrize("scale", [0.37, 0.75, 1, 1.6])
def test_a_part_is_what_the_whole_has_there(scale: float) -> None:
    pixels = RNG.random((61, 47, 3)).astype(np.float32)
    valid = RNG.random((61, 47)) > 0.3
    image = ScaledImage(INPUT, pixels, valid, scale)
    assert (image.height, image.width) == (round(61 * scale), round(47 * scale))
    whole = image.part(np.arange(image.height), np.arange(image.width))
    # Mirrored beyond both ends, as tiles are.
    rows = np.array([3, 2, 1, 0, 1, 2, image.height - 1, image.height - 2])
    columns = np.arange(image.width - 4, image.width)
    np.testing.assert_array_equal(image.part(rows, columns), whole[np.ix_(rows, columns)])


def test_the_mean_is_of_what_has_data() -> None:
    pixels = np.full((8, 8, 3), 5, np.float32)
    valid = np.ones((8, 8), bool)
    valid[0, 0] = False  # a quarter of a pixel of half the size
    valid[4:6, 4:6] = valid[6, :2] = False
    valid[7, 0] = False  # three quarters
    pixels[~valid] = np.nan
    half = ScaledImage(INPUT, pixels, valid, 0.5).part(np.arange(4), np.arange(4))
    expected = np.full((4, 4, 3), 5, np.float32)
    expected[2, 2] = expected[3, 0] = 0
    np.testing.assert_allclose(half, expected)


@pytest.mark.parametrize("scale", [0.3, 0.75, 1.5])
@pytest.mark.parametrize("at_once", [1, 7, 1000])
def test_rows_brought_back_are_those_of_the_whole(scale: float, at_once: int) -> None:
    height, width = round(53 * scale), round(40 * scale)
    scores = RNG.random((height, width, 4)).astype(np.float32)
    parts = iter(np.split(scores, [3, 4, height // 2]))
    taps = Taps.linear(height, 53), Taps.linear(width, 40)
    rows = list(brought_back(parts, *taps, at_once))
    assert max(map(len, rows)) <= at_once
    expected = cv2.resize(scores, (40, 53), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(np.concatenate(rows), expected, atol=1e-6)


def test_streams_are_averaged_in_step() -> None:
    arrays = [RNG.random((20, 2, 3)).astype(np.float32) for _ in range(3)]
    before = [array.copy() for array in arrays]
    given = [0, 0, 0]

    def stream(place: int, step: int) -> Iterator[np.ndarray]:
        for row in range(0, 20, step):
            given[place] = min(20, row + step)
            yield arrays[place][row : row + step]

    rows = []
    for part in mean_of_rows([stream(0, 3), stream(1, 7), stream(2, 20)]):
        rows.append(part)
        done = sum(map(len, rows))
        assert given[0] < done + 3 and given[1] < done + 7
    np.testing.assert_allclose(np.concatenate(rows), np.mean(arrays, axis=0), atol=1e-6)
    np.testing.assert_array_equal(arrays, before)


def test_what_is_averaged_is_said_with_its_cost() -> None:
    assert PLAIN.is_plain and PLAIN.record() == {} and PLAIN.cost == 1
    turned = Averaging(True)
    assert (str(turned), turned.cost) == ("8 symmetries", 8)
    all_of_both = Averaging(True, (0.75, 1, 1.25))
    assert all_of_both.cost == 25
    assert all_of_both.cost_text == (
        "the mean over 8 symmetries, scales 0.75, 1, 1.25, "
        "about 25 times the time of one prediction"
    )
    assert all_of_both.record() == {"averaging": {"symmetries": 8, "scales": [0.75, 1, 1.25]}}
    half = Averaging(scales=(0.5,))
    assert (str(half), half.cost, half.is_plain) == ("scale 0.5", 0.25, False)
