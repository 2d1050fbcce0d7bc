"""Tests over half a second of processor time, which `make test-fast` leaves out: tests/slow.txt.

python -m tests.slow    measure all but the browser tests and the trainings, and write it anew
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest

__all__ = ["LIMIT", "names_of", "read_slow", "write_slow"]

FILE = Path(__file__).with_name("slow.txt")
LIMIT = 0.5  # s


def names_of(seconds: Mapping[str, float]) -> list[str]:
    """The functions of which one case is over the limit, from seconds by test."""
    return sorted({test.partition("[")[0] for test, used in seconds.items() if used > LIMIT})


def read_slow() -> frozenset[str]:
    """What tests/slow.txt lists, as ``tests/FILE.py::NAME``."""
    return frozenset(FILE.read_text(encoding="utf-8").split())


def write_slow(names: Iterable[str]) -> None:
    FILE.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")


class _Stopwatch:
    """What each test and its fixtures take of the processor, child processes included."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        before = _used()
        result = yield
        self.seconds[item.nodeid] = _used() - before
        return result


def _used() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def main(arguments: list[str]) -> int:
    from core.device import tensorflow

    tensorflow()  # else its start is counted to the first who needs it
    stopwatch = _Stopwatch()
    options = ["-q", "-n0", "-m", "not browser and not training"]
    if status := pytest.main([*options, *arguments], plugins=[stopwatch]):
        return int(status)
    write_slow(names_of(stopwatch.seconds))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
