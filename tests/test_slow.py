"""What `make test-fast` leaves out is listed, is there, and is run by `make test`."""

from __future__ import annotations

import ast
from collections import defaultdict

import pytest

from tests.conftest import REPOSITORY
from tests.slow import names_of, read_slow


def test_what_is_listed_is_there() -> None:
    """But for a few that were renamed: their lines go when all is measured anew."""
    listed = defaultdict(set)
    for name in read_slow():
        path, _, function = name.partition("::")
        listed[path].add(function)
    assert listed
    gone = [f"{path}::{name}" for path, names in listed.items() for name in names - there(path)]
    assert len(gone) <= 10, f"take them off tests/slow.txt, or run `python -m tests.slow`: {gone}"


def there(path: str) -> set[str]:
    file = REPOSITORY / path
    tree = ast.parse(file.read_text(encoding="utf-8") if file.is_file() else "")
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


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
