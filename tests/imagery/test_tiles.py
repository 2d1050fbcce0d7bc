"""The geometry of tiling, against brute force."""

from __future__ import annotations

import numpy as np
import pytest

from core.imagery.tiles import TileGrid, blend_window, reflected


@pytest.mark.parametrize("length", [1, 2, 3, 7, 50])
def test_reflection_is_numpys(length: int) -> None:
    padded = np.pad(np.arange(length), (40, 60), mode="reflect")
    np.testing.assert_array_equal(reflected(-40, length + 100, length), padded)


@pytest.mark.parametrize("length", [1, 31, 32, 33, 100, 448, 512, 513, 2061])
@pytest.mark.parametrize("overlap", [0, 32, 128])
def test_tiles_cover_everything_and_overlap_enough(length: int, overlap: int) -> None:
    grid = TileGrid.over(length, 256, overlap, 32)
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
    # With ramps of 16 px the middle is untouched.
    assert blend_window(64, 96, 16)[32, 48] == 1
    assert np.abs(np.diff(window, axis=1)).max() < 0.06  # 32 px from 0 to 1, no step
