"""What `make test-fast` leaves out is listed, is there, and is run by `make test`."""

from __future__ import annotations

import ast
from collections import defaultdict

import pytest

from tests.conftest import REPOSITORY
from tests.slow import names_of, read_slow


def test_what_is_listed_is_there() -> None:
    """Else a renamed test would slow the inner loop down, and its line stand for ever."""
    listed = defaultdict(set)
    for name in read_slow():
        path, _, function = name.partition("::")
        listed[path].add(function)
    assert listed
    for path, functions in listed.items():
        tree = ast.parse((REPOSITORY / path).read_text(encoding="utf-8"))
        there = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert not functions - there, f"{path}: take it off tests/slow.txt, or measure anew"


def test_a_case_over_the_limit_lists_its_function() -> None:
    seconds = {
        "tests/a.py::test_x[1]": 0.1,
        "tests/a.py::test_x[2]": 0.6,
        "tests/a.py::test_y": 0.4,
    }
    assert names_of(seconds) == ["tests/a.py::test_x"]


def test_all_is_run_by_make_test() -> None:
    """Only the inner loop chooses by markers."""
    rules = (REPOSITORY / "Makefile").read_text(encoding="utf-8").split("\n\n")
    (whole,) = (rule for rule in rules if "\npytest: " in rule)
    (fast,) = (rule for rule in rules if rule.startswith("test-fast: "))
    assert "-m pytest -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)" in whole
    assert "not browser and not training and not slow" in fast


def test_the_marker_is_put_on(request: pytest.FixtureRequest) -> None:
    for item in request.session.items:
        slow = item.get_closest_marker("slow") is not None
        assert slow == (item.nodeid.partition("[")[0] in read_slow())
