"""Where findings lie, against places that were planted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.datasets.audit.audit import Audit, audit
from core.datasets.catalogue import open_dataset
from core.datasets.dataset import Dataset
from core.datasets.problem_place import box_of, problem_place
from core.errors import DSIError
from tests.planted import PLANTS, write_clean


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, Audit]:
    root = write_clean(tmp_path_factory.mktemp("broken") / "set")
    for plant in PLANTS.values():
        if plant.layout == "pairs" and not plant.alone:
            plant.plant(root)
    dataset = open_dataset(root)
    return dataset, audit(dataset)


def place_of(broken: tuple[Dataset, Audit], kind: str) -> np.ndarray | None:
    dataset, report = broken
    problem = next(p for p in report.problems if p.kind == kind)
    sample = dataset.sample(problem.sample)
    try:
        mask = dataset.read_mask(sample) if sample.mask else None
    except DSIError:
        mask = None
    return problem_place(dataset, sample, problem, dataset.load_image(sample).valid, mask)


def test_an_unknown_value_lies_where_its_pixels_are(broken: tuple[Dataset, Audit]) -> None:
    place = place_of(broken, "unknown-colour")
    assert place is not None
    assert (int(place.sum()), box_of(place)) == (20, (20, 10, 5, 4))


def test_little_labelled_is_the_part_that_is_not(broken: tuple[Dataset, Audit]) -> None:
    place = place_of(broken, "void-share")
    assert place is not None
    assert 0.5 < place.mean() < 1


def test_no_data_is_the_border(broken: tuple[Dataset, Audit]) -> None:
    place = place_of(broken, "no-data")
    assert place is not None
    assert place[:, :18].all() and not place[:, 18:].any()


@pytest.mark.parametrize("kind", ["constant", "duplicate", "size-mismatch", "all-void", "outlier"])
def test_what_is_about_all_of_an_image_has_no_place(
    broken: tuple[Dataset, Audit], kind: str
) -> None:
    assert place_of(broken, kind) is None


def test_seams_are_strips(demo_dataset: Path) -> None:
    dataset = open_dataset(demo_dataset)
    place = place_of((dataset, audit(dataset)), "mosaic")
    assert place is not None
    assert place.mean() < 0.2
