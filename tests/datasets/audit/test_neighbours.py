"""Samples that touch: found by their images or their place, and nothing else."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from core.datasets.audit.neighbours import (
    ImageEdges,
    Leak,
    Pair,
    find_neighbours,
    groups,
    image_edges,
    leak,
)
from core.datasets.dataset import Sample
from core.datasets.recipes.splits import Split, SplitConfig, split_samples
from core.imagery.header import Georeference, Header
from tests.planted import texture

SIDE = 64


def header(pixels: np.ndarray, place: Georeference | None = None) -> Header:
    height, width, bands = pixels.shape
    return Header(width, height, bands, str(pixels.dtype), "PNG", None, place)


def edges_of(name: str, pixels: np.ndarray, limits: tuple[float, float] = (0, 255)) -> ImageEdges:
    return image_edges(name, "scene", pixels, header(pixels), limits)


def cut(whole: np.ndarray, rows: int, columns: int) -> dict[str, np.ndarray]:
    return {
        f"{r}{c}": whole[r * SIDE : (r + 1) * SIDE, c * SIDE : (c + 1) * SIDE]
        for r, c in itertools.product(range(rows), range(columns))
    }


def seams(rows: int, columns: int) -> set[tuple[str, str, str]]:
    pairs = {(f"{r}{c}", f"{r}{c + 1}", "right") for r in range(rows) for c in range(columns - 1)}
    return pairs | {
        (f"{r}{c}", f"{r + 1}{c}", "bottom") for r in range(rows - 1) for c in range(columns)
    }


def named(pairs: tuple[Pair, ...]) -> set[tuple[str, str, str]]:
    return {(p.one, p.other, p.side) for p in pairs}


def test_a_mosaic_is_put_together_whatever_the_order() -> None:
    parts = cut(texture(5, 3 * SIDE, 4 * SIDE), 3, 4)
    names = np.random.default_rng(0).permutation(list(parts))
    pairs = find_neighbours([edges_of(str(n), parts[str(n)]) for n in names])
    assert named(pairs) == seams(3, 4)
    assert groups(pairs) == [tuple(sorted(parts))]


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_of_other_types_too(dtype: str) -> None:
    whole = texture(6, 2 * SIDE, 2 * SIDE).astype(dtype) * 7 + 300
    images = [edges_of(n, p, (500, 1900)) for n, p in cut(whole, 2, 2).items()]
    assert named(find_neighbours(images)) == seams(2, 2)


def test_a_seam_over_still_water_follows_from_the_others() -> None:
    whole = texture(8, 2 * SIDE, 2 * SIDE)
    whole[SIDE - 20 : SIDE + 20, : SIDE + 10] = 60  # nothing to match between 00 and 10
    pairs = find_neighbours([edges_of(n, p) for n, p in cut(whole, 2, 2).items()])
    assert named(pairs) == seams(2, 2)
    assert {(p.one, p.other) for p in pairs if p.how == "grid"} == {("00", "10")}


def test_sizes_of_a_mosaic_may_differ_by_a_pixel() -> None:
    whole = texture(9, SIDE, 2 * SIDE)
    pairs = find_neighbours([edges_of("a", whole[:, :SIDE]), edges_of("b", whole[:-1, SIDE:])])
    assert named(pairs) == {("a", "b", "right")}


def test_what_does_not_touch_is_no_pair() -> None:
    apart = [edges_of(str(seed), texture(seed, SIDE, SIDE)) for seed in range(40)]
    flat = [edges_of(f"flat{v}", np.full((SIDE, SIDE, 3), 50, np.uint8)) for v in range(3)]
    assert find_neighbours([*apart, *flat]) == ()
    # The same edge, but a step in brightness that no mosaic has.
    whole = texture(11, SIDE, 2 * SIDE)
    dark = np.clip(whole[:, SIDE:].astype(int) - 60, 0, 255).astype(np.uint8)
    assert find_neighbours([edges_of("a", whole[:, :SIDE]), edges_of("b", dark)]) == ()


def test_a_picture_that_goes_on_in_itself_is_no_pair() -> None:
    half = texture(12, SIDE, SIDE // 2)
    assert find_neighbours([edges_of("a", np.concatenate([half, half[:, ::-1]], axis=1))]) == ()


def located(
    name: str, x: float, y: float, crs: str = "EPSG:32631", pixel: float = 0.5
) -> ImageEdges:
    place = Georeference(CRS.from_string(crs), Affine(pixel, 0, x, 0, -pixel, y))
    pixels = np.zeros((100, 100, 1), np.float32)
    return image_edges(name, "s", pixels, header(pixels, place), (0, 1))


def test_places_decide_where_they_are_known() -> None:
    images = [
        located("a", 0, 0),
        located("right", 50, 0),  # touches
        located("overlaps", 30, -20),
        located("corner", 50, 50),  # meets `a` in a point, `right` along an edge
        located("far", 500, 0),
        located("elsewhere", 0, 0, "EPSG:32632"),
    ]
    pairs = {frozenset((p.one, p.other)) for p in find_neighbours(images)}
    assert pairs == {
        frozenset(pair)
        for pair in (("a", "right"), ("a", "overlaps"), ("right", "overlaps"), ("right", "corner"))
    }


def test_bounds_agree_with_shapely() -> None:
    from shapely import box

    rng = np.random.default_rng(4)
    # Whole metres: none of them misses another by less than the half pixel that is allowed for.
    images = [located(str(i), *rng.integers(0, 300, 2).astype(float)) for i in range(80)]
    pairs = {frozenset((p.one, p.other)) for p in find_neighbours(images)}
    expected = set()
    for a, b in itertools.combinations(images, 2):
        shared = box(*a.bounds).intersection(box(*b.bounds))
        if shared.is_empty:
            continue
        left, bottom, right, top = shared.bounds
        if max(right - left, top - bottom) > 12:  # 24 pixels of half a metre
            expected.add(frozenset((a.id, b.id)))
    assert pairs == expected


def test_leak_counts_the_pairs_a_split_parts() -> None:
    pairs = [Pair("a", "b", "edge", "right"), Pair("b", "c", "edge", "right"),
             Pair("c", "left out", "edge", "right")]  # fmt: skip
    assert leak(Split(("a", "b"), ("c",), ()), pairs) == Leak(pairs=2, across=1)
    assert leak(Split(("a", "b", "c"), (), ()), pairs).share == 0
    assert leak(Split((), (), ()), []).share == 0


def test_a_random_split_leaks_and_one_by_scene_does_not() -> None:
    images, samples = [], []
    for scene in range(6):
        for name, pixels in cut(texture(100 + scene, 2 * SIDE, 2 * SIDE), 2, 2).items():
            one = edges_of(f"{scene}/{name}", pixels)
            images.append(replace(one, scene=str(scene)))
            samples.append(Sample(one.id, str(scene), Path("x.png"), Path("x.png")))
    pairs = find_neighbours(images)
    assert len(pairs) == 6 * 4
    assert leak(split_samples(samples, SplitConfig(kind="random")), pairs).share > 0.3
    assert leak(split_samples(samples, SplitConfig(kind="scene")), pairs) == Leak(24, 0)
