"""Filters of samples: alone, together, and without what they need."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.classes import ClassTable, LandClass
from core.datasets.audit.audit import Audit
from core.datasets.audit.facts import SampleFacts
from core.datasets.audit.problems import Problem
from core.datasets.audit.statistics import StatisticsBuilder
from core.datasets.dataset import Dataset, Sample
from core.datasets.filters import SampleFilter, filter_samples
from core.datasets.recipes.splits import Split
from core.errors import ConfigError
from core.mask_coding import MaskCoding

CLASSES = ClassTable(
    classes=(LandClass(name="Land", color="#8429F6"), LandClass(name="Road", color="#6EC1E4"))
)


@pytest.fixture
def dataset() -> Dataset:
    samples = tuple(
        Sample(f"{scene}/Part {n}", scene, Path("x.png"), Path("y.png") if n != 3 else None)
        for scene in ("North", "South")
        for n in (1, 2, 3)
    )
    return Dataset("d", Path("d"), "pairs", CLASSES, MaskCoding("index"), samples)


@pytest.fixture
def audit_report(dataset: Dataset) -> Audit:
    """Road in North/Part 1: 10 of 100 pixels, 80 of them void; in South/Part 1: 50 of 100."""
    counts = {
        "North/Part 1": (10, 10, 80),
        "South/Part 1": (50, 50, 0),
        "South/Part 2": (100, 0, 0),
    }
    facts = tuple(
        SampleFacts(
            s.id,
            s.scene,
            pixels_per_class={"Land": counts[s.id][0], "Road": counts[s.id][1]},
            void_pixels=counts[s.id][2],
        )
        if s.id in counts
        else SampleFacts(s.id, s.scene)
        for s in dataset.samples
    )
    problems = (
        Problem("void-share", "North/Part 1", "", "warning", ""),
        Problem("missing-mask", "North/Part 3", "", "warning", ""),
        Problem("unused-class", "", "", "info", ""),
        Problem("duplicate", "South/Part 2", "", "info", "", other="South/Part 3"),
    )
    return Audit("pairs", CLASSES.names, facts, problems, StatisticsBuilder(2).result(), ())


SPLIT = Split(train=("North/Part 1", "North/Part 2"), val=("South/Part 1",), test=("South/Part 2",))


def ids(dataset: Dataset, audit_report: Audit, **conditions: object) -> list[str]:
    chosen = SampleFilter(**conditions)  # type: ignore[arg-type]
    return [s.id for s in filter_samples(dataset, chosen, audit_report, SPLIT)]


def test_no_condition_leaves_all(dataset: Dataset, audit_report: Audit) -> None:
    assert ids(dataset, audit_report) == [s.id for s in dataset.samples]
    assert filter_samples(dataset, SampleFilter()) == dataset.samples


@pytest.mark.parametrize(
    ("conditions", "left"),
    [
        ({"text": "south"}, ["South/Part 1", "South/Part 2", "South/Part 3"]),
        ({"text": " part  2 NORTH"}, ["North/Part 2"]),
        ({"text": "nowhere"}, []),
        ({"scenes": ("South",), "mask": "with"}, ["South/Part 1", "South/Part 2"]),
        ({"mask": "without"}, ["North/Part 3", "South/Part 3"]),
        # Of all pixels, void included: 10 of 100, not 10 of 20.
        ({"class_name": "Road", "share": 0.1}, ["North/Part 1", "South/Part 1"]),
        ({"class_name": "Road", "share": 0.11}, ["South/Part 1"]),
        # At least nothing is met by every counted sample, and by no sample without a mask.
        (
            {"class_name": "Road", "share": 0.0},
            ["North/Part 1", "South/Part 1", "South/Part 2"],
        ),
        ({"flagged": True}, ["North/Part 1", "North/Part 3"]),
        ({"kinds": ("missing-mask",)}, ["North/Part 3"]),
        ({"kinds": ("unused-class",)}, []),
        # Both of a pair; a remark alone does not count among the errors and warnings.
        ({"kinds": ("duplicate",)}, ["South/Part 2", "South/Part 3"]),
        (
            {"flagged": True, "kinds": ("duplicate",), "mask": "without"},
            ["North/Part 3", "South/Part 3"],
        ),
        ({"sides": ("val", "test")}, ["South/Part 1", "South/Part 2"]),
        ({"sides": ("none",)}, ["North/Part 3", "South/Part 3"]),
        ({"sides": ("train",), "flagged": True, "text": "part"}, ["North/Part 1"]),
        ({"sides": ("val",), "flagged": True}, []),
    ],
)
def test_conditions_combine(
    dataset: Dataset, audit_report: Audit, conditions: dict[str, object], left: list[str]
) -> None:
    assert ids(dataset, audit_report, **conditions) == left


@pytest.mark.parametrize(
    "chosen",
    [SampleFilter(class_name="Road"), SampleFilter(flagged=True), SampleFilter(kinds=("x",))],
)
def test_what_needs_the_audit_says_so(dataset: Dataset, chosen: SampleFilter) -> None:
    with pytest.raises(ConfigError, match="not known yet"):
        filter_samples(dataset, chosen)


def test_what_needs_a_split_says_so(dataset: Dataset) -> None:
    with pytest.raises(ConfigError, match="no split"):
        filter_samples(dataset, SampleFilter(sides=("val",)))
