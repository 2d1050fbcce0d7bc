"""Functions over the limits of complexity and arguments: never more than the budget says."""

from __future__ import annotations

from tests.budget import RULES, Budget, differences, measure, read_budget


def budget(**counts: dict[str, int]) -> Budget:
    return {rule: counts.get(rule, {}) for rule in RULES}


def test_the_budget_is_what_there_is() -> None:
    assert not differences(read_budget(), measure())


def test_more_and_fewer_than_the_budget_both_differ() -> None:
    allowed = budget(C901={"core/a.py": 2})
    assert not differences(allowed, budget(C901={"core/a.py": 2}))
    [more] = differences(allowed, budget(C901={"core/a.py": 3}))
    assert more.startswith("core/a.py has 3 functions with too many paths (C901), 2 allowed")
    [fewer] = differences(allowed, budget())
    assert "run `python -m tests.budget`" in fewer
    [moved] = differences(budget(), budget(PLR0913={"core/b.py": 1}))
    assert moved.startswith("core/b.py has 1 functions with too many arguments")
