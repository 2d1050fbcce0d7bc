"""The geometry of tiling, against brute force."""

from __future__ import annotations

import numpy as np
import pytest

from core.imagery.tiles import TileGrid, blend_window, fitting_size, reflected


@pytest.mark.parametrize("length", [1, 2, 3, 7, 50])
def test_reflection_is_numpys(length: int) -> None:
    padded = np.pad(np.arange(length), (40, 60), mode="reflect")
    np.testing.assert_array_equal(reflected(-40, length + 100, length), padded)


@pytest.mark.parametrize("length", [1, 31, 32, 33, 100, 448, 512, 513, 2061])
@pytest.mark.parametrize("overlap", [0, 32, 128])
@pytest.mark.parametrize("fitting", [False, True])
def test_tiles_cover_everything_and_overlap_enough(
    length: int, overlap: int, fitting: bool
) -> None:
    size = fitting_size(length, 256, overlap, 32) if fitting else 256
    grid = TileGrid.over(length, size, overlap, 32)
    assert grid.size % 32 == 0
    assert grid.size <= 256
    covered = np.zeros(length + 2000, int)
    for start in grid.starts:
        covered[start + 1000 : start + 1000 + grid.size] += 1
    margin = overlap // 2 // 32 * 32
    assert covered[1000 - margin : 1000 + length + margin].min() >= 1
    steps = np.diff(grid.starts)
    assert (steps > 0).all()
    assert (steps % 32 == 0).all()  # or pooling would see neighbours' pixels in other groups
    assert (grid.size - steps >= overlap).all()


def test_window_is_positive_symmetric_and_smooth() -> None:
    window = blend_window(64, 96, 32)
    assert window.shape == (64, 96)
    assert (window > 0).all()
    np.testing.assert_allclose(window, window[::-1, ::-1])
    # Where neighbours share more than the rise, the border does not count at all.
    assert blend_window(256, 256, 192)[:80].max() < 1e-5
    assert blend_window(256, 256, 192)[128, 112:144].min() == 1
    # With ramps of 16 px the middle is untouched.
    assert blend_window(64, 96, 16)[32, 48] == 1
    assert np.abs(np.diff(window, axis=1)).max() < 0.06  # 32 px from 0 to 1, no step


def test_tiles_are_no_larger_than_the_axis_needs() -> None:
    # 800 px and two margins of 96, by two tiles that share 192: 592, in steps of 64.
    assert fitting_size(800, 768, 192, 32) == 640
    for size in (768, 640):
        assert len(TileGrid.over(800, size, 192, 32).starts) == 2
    assert fitting_size(2000, 768, 192, 128) % 128 == 0


@pytest.mark.parametrize("overlap", [0, 16, 32, 64, 192, 576])
@pytest.mark.parametrize("length", [1, 32, 64, 448, 768])
def test_weights_of_neighbours_add_up(length: int, overlap: int) -> None:
    window = blend_window(length, length, overlap)[length // 2]
    assert window.max() == pytest.approx(1, abs=0.3)
    if length < 768 or not overlap or overlap > 384:
        return
    # Two tiles that share `overlap` pixels: together 1 everywhere between them.
    np.testing.assert_allclose(window[-overlap:] + window[:overlap], 1, atol=1e-5)
