"""Feature maps as colours."""

import numpy as np
import pytest

from core.explain.heat import colour, enlarge, sheet, span, thumbnail, to_codes, to_heat


def test_heat_spans_the_range_it_is_given():
    values = np.array([[-1.0, 0.0], [1.0, 3.0]])
    np.testing.assert_array_equal(to_heat(values, (-1, 3)), [[0, 64], [128, 255]])
    np.testing.assert_array_equal(to_heat(values, (0, 1)), [[0, 0], [255, 255]])
    assert not to_heat(np.full((2, 2), 7.0)).any()


def test_a_few_extreme_values_do_not_darken_a_map():
    values = np.linspace(0, 1, 1000).reshape(25, 40)
    values[0, 0], values[-1, -1] = -1e6, 1e6
    low, high = span(values)
    assert (low, high) == pytest.approx((0.005, 0.995), abs=2e-3)
    assert to_heat(values).std() == pytest.approx(255 / np.sqrt(12), rel=0.02)
    lone = np.zeros((40, 40))
    lone[3, 3] = 5
    assert span(lone) == (0, 5)


def test_colours_run_from_violet_to_yellow():
    # The ends of viridis as published: #440154 and #FDE725.
    np.testing.assert_array_equal(
        colour(np.array([[0, 255]], np.uint8)), [[[0x44, 0x01, 0x54], [0xFD, 0xE7, 0x25]]]
    )


def test_enlarging_keeps_values_and_their_places():
    values = np.array([[1, 2], [3, 4]])
    np.testing.assert_array_equal(enlarge(values, (4, 4)), np.kron(values, np.ones((2, 2), int)))
    # A stride of 4 over 6 pixels: the second value reaches beyond the window.
    np.testing.assert_array_equal(enlarge(values, (6, 5), (4, 4))[:, 0], [1, 1, 1, 1, 3, 3])
    np.testing.assert_array_equal(enlarge(values, (6, 5), (4, 4))[0], [1, 1, 1, 1, 2])


def test_thumbnails_are_crisp_or_averaged():
    small = np.array([[0, 255]], np.uint8)
    assert set(np.unique(thumbnail(small, 9))) == {0, 255}
    assert thumbnail(small, 9).shape == (4, 8)
    checks = np.indices((64, 64)).sum(axis=0) % 2 * 255
    assert set(np.unique(thumbnail(checks.astype(np.uint8), 32))) <= {127, 128}


def test_a_sheet_shows_every_map():
    heats = [np.full((8, 8), value, np.uint8) for value in (0, 100, 200, 255, 50)]
    colours = {tuple(rgb) for rgb in sheet(heats, range(5), side=32).reshape(-1, 3)}
    for heat in heats:
        assert tuple(colour(heat)[0, 0]) in colours


def test_codes_go_evenly_from_the_lowest_to_the_highest_value() -> None:
    values = np.array([[-2.0, 0.0, 2.0, np.nan], [-1.0, 1.0, np.inf, -9.0]], np.float32)
    codes = to_codes(values, -2, 2)
    assert codes.dtype == np.uint16
    expected = [[1, 32768, 65535, 0], [16384, 49152, 0, 1]]
    np.testing.assert_allclose(codes, expected, atol=1)
    random = np.random.default_rng(0).normal(3, 40, (50, 60))
    low, high = random.min(), random.max()
    back = low + (to_codes(random, low, high) - 1.0) / 65_534 * (high - low)
    np.testing.assert_allclose(back, random, atol=(high - low) / 65_534)
    assert (to_codes(np.full((2, 2), 7.0), 7, 7) == 1).all()
