"""Every kind of problem is found where it was planted, and nowhere else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.datasets.audit.audit import Audit, audit
from core.datasets.audit.problems import KINDS
from core.datasets.catalogue import open_dataset
from core.datasets.recipes.apply import prepared
from core.datasets.recipes.fixes import apply, in_recipe
from core.datasets.recipes.recipe import Recipe
from core.datasets.synthetic.dubai import write_demo
from tests.planted import PLANTS, SAMPLES, write_clean

LAYOUTS = ("pairs", "located", "dubai")


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("clean")
    return {layout: write_clean(root / layout, layout) for layout in LAYOUTS}


def audited(root: Path) -> Audit:
    return audit(open_dataset(root))


def kinds(report: Audit) -> set[tuple[str, str]]:
    return {(problem.kind, problem.sample) for problem in report.problems}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_false_alarm_in_the_clean_set(clean: dict[str, Path], layout: str) -> None:
    report = audited(clean[layout])
    assert kinds(report) == set()
    assert len(report.facts) == SAMPLES
    assert report.neighbours == ()


@pytest.mark.parametrize("what", PLANTS)
def test_a_planted_problem_is_located_alone(
    clean: dict[str, Path], tmp_path: Path, what: str
) -> None:
    plant = PLANTS[what]
    root = Path(shutil.copytree(clean[plant.layout], tmp_path / "set"))
    expected = plant.plant(root)
    report = audited(root)
    assert kinds(report) == expected
    for problem in report.problems:
        assert problem.kind in KINDS
        assert problem.detail
        assert problem.fix


@pytest.mark.parametrize("layout", LAYOUTS)
def test_all_of_them_at_once(clean: dict[str, Path], tmp_path: Path, layout: str) -> None:
    root = Path(shutil.copytree(clean[layout], tmp_path / "set"))
    expected = set()
    for plant in PLANTS.values():
        if plant.layout == layout and not plant.alone:
            expected |= plant.plant(root)
    assert kinds(audited(root)) == expected


def test_every_kind_is_planted(clean: dict[str, Path], tmp_path: Path) -> None:
    planted = set()
    for what, plant in PLANTS.items():
        root = Path(shutil.copytree(clean[plant.layout], tmp_path / what))
        planted |= {kind for kind, _ in plant.plant(root)}
    assert planted == set(KINDS)


def test_what_is_fixed_is_not_reported_again(clean: dict[str, Path], tmp_path: Path) -> None:
    """The first fix of every problem goes into a recipe, and the prepared set is audited."""
    root = Path(shutil.copytree(clean["pairs"], tmp_path / "set"))
    for plant in PLANTS.values():
        if plant.layout == "pairs" and not plant.alone:
            plant.plant(root)
    dataset = open_dataset(root)
    recipe = Recipe()
    before = audit(dataset)
    for problem in before.problems:
        for action in problem.actions[:1]:
            recipe = apply(recipe, action)
            assert in_recipe(recipe, action)
    left = {kind for kind, _ in kinds(audit(prepared(dataset, recipe)))}
    assert left == {"orphan-mask", "file-form", "touching-scenes"}  # of which no recipe can rid one


@pytest.mark.parametrize("size", [96, 160])
def test_the_demo_set_has_nothing_but_its_mosaics(tmp_path: Path, size: int) -> None:
    report = audited(write_demo(tmp_path / "demo", scenes=3, size=size, seed=size))
    assert {(p.kind, p.severity) for p in report.problems} == {("mosaic", "info")}
    assert [p.sample.split("/")[0] for p in report.problems] == ["Tile 1", "Tile 2", "Tile 3"]
