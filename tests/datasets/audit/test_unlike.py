"""Images unlike the others in their scaling or the order of their bands."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio

from core.datasets.audit.audit import audit
from core.datasets.audit.compare import mixed_bands
from core.datasets.audit.facts import SampleFacts
from core.datasets.audit.suspicions.scaling import scaling_problems
from core.datasets.catalogue import open_dataset
from core.datasets.recipes.fixes import apply
from core.datasets.recipes.recipe import Recipe
from tests.planted import name, texture, write_tiff


def with_means(*means: float | tuple[float, ...]) -> list[SampleFacts]:
    return [
        SampleFacts(
            name(index), "", 64, 64, 1, "float32",
            band_mean=mean if isinstance(mean, tuple) else (mean,),
        )
        for index, mean in enumerate(means)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("means", "where"),
    [
        ((-12.0, -11.0, -13.5, 0.06, 0.05), ""),
        (((-9.0, -16.0), (-10.0, -17.0), (0.1, 0.02), (0.2, 0.03)), ""),
        ((-12.0, 0.06, 0.05, 0.07), name(0)),
        ((-12.0, -11.0, 0.06), name(2)),
    ],
)
def test_decibel_beside_linear_power(means: tuple[float, ...], where: str) -> None:
    (problem,) = scaling_problems(with_means(*means))
    assert (problem.kind, problem.sample, problem.severity) == ("mixed-scaling", where, "warning")
    assert "decibel beside linear power" in problem.detail


def test_two_scalings_name_their_images_and_offer_to_leave_one_out() -> None:
    means = (4050.0, 0.42, 4100.0, 4000.0, 0.41, 4049.0, 4020.0, 4055.0, 4051.0)
    (problem,) = scaling_problems(with_means(*means))
    few, many = (name(1), name(4)), [name(i) for i in (0, 2, 3, 5, 6)]
    assert f"7 images with means near 4,050 ({', '.join(many)} and 2 more)" in problem.detail
    assert f"2 images with means near 0.415 ({', '.join(few)})" in problem.detail
    assert problem.to_json()["detail"] == problem.detail
    (action,) = problem.actions
    assert action.label == "Exclude the 2 images with means near 0.415"
    assert apply(Recipe(), action).exclude == few
    # Of two equal groups either may be the one that is meant.
    (problem,) = scaling_problems(with_means(4000.0, 0.4, 4100.0, 0.41))
    assert [apply(Recipe(), a).exclude for a in problem.actions] == [
        (name(0), name(2)),
        (name(1), name(3)),
    ]


@pytest.mark.parametrize(
    "means",
    [
        (-12.0, -11.0, -13.0, -9.0),
        (-0.4, 0.3, -0.2, 0.5),  # of mean 0 and deviation 1
        (-0.8, -0.3, 0.2, 0.7),  # an index, -1 to 1
        (-4.0, 12.0, -5.0, 31.0),  # heights
        ((-4.0, 0.2), -12.0, 0.1, 0.2),
    ],
)
def test_what_is_no_decibel_beside_power(means: tuple[float, ...]) -> None:
    assert list(scaling_problems(with_means(*means))) == []


@pytest.mark.parametrize("factor", [1e4, 1e-4, 25.0])
def test_one_image_of_another_scaling(factor: float) -> None:
    (problem,) = scaling_problems(with_means(0.2, 0.25, 0.2 * factor, 0.18, 0.22))
    assert (problem.kind, problem.sample) == ("mixed-scaling", name(2))
    assert problem.actions
    facts = with_means(0.2, 0.25, 0.2 * factor, 0.18, 0.22)
    assert list(scaling_problems(facts, {name(2)})) == []  # such as an empty one
    assert list(scaling_problems(with_means(0.2, 0.25, 0.2 * factor))) == []
    assert list(scaling_problems(with_means(0.2, 0.25, 2.0, 0.18, 0.22))) == []


def test_one_image_of_another_scaling_is_one_row(tmp_path: Path) -> None:
    for index in range(14):
        pixels = texture(index).astype(np.float32) * (50 if index == 5 else 1 / 200)
        write_tiff(tmp_path / f"images/{name(index)}.tif", pixels, (1000.0 * index, 0.0))
    rows = [(p.kind, p.sample) for p in audit(open_dataset(tmp_path)).problems if p.sample]
    assert rows == [("mixed-scaling", name(5))]


def test_another_order_of_the_bands(tmp_path: Path) -> None:
    for index in range(4):
        path = tmp_path / f"images/{name(index)}.tif"
        write_tiff(path, texture(index), (1000.0 * index, 0.0))
        with rasterio.open(path, "r+") as file:
            names = ("Blue", "Green", "Red") if index == 2 else ("Red", "Green", "Blue")
            for band, word in enumerate(names, start=1):
                file.set_band_description(band, word)
    (problem,) = (p for p in audit(open_dataset(tmp_path)).problems if p.kind == "mixed-bands")
    assert (problem.sample, problem.severity) == (name(2), "warning")
    assert "blue, green, red, most others red, green, blue" in problem.detail


def test_bands_without_names_contradict_none() -> None:
    plain = replace(with_means(0.2)[0], bands=3)
    rgb = replace(plain, named_bands=("red", "green", "blue"))
    none = replace(plain, named_bands=("", "", ""))
    partly = replace(plain, named_bands=("red", "", ""))
    assert list(mixed_bands([rgb, rgb, none, plain, partly])) == []
    (problem,) = mixed_bands([rgb, rgb, replace(partly, named_bands=("", "", "red"))])
    assert problem.kind == "mixed-bands"
