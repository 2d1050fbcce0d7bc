"""What the command line writes: tables and JSON on stdout, progress on stderr."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from core.formats import counted

__all__ = ["bar", "note", "print_json", "table"]


_SECONDS = 10  # between two lines of progress in a log


@contextmanager
def bar(what: str, unit: str, delay: float = 0) -> Iterator[Callable[[int, int], None]]:
    """Progress on stderr, as a callback that takes done and total.

    A bar on a terminal; elsewhere a line now and then, as a bar's carriage returns make a log one
    long line.

    Args:
        what: the work, before the bar.
        unit: name of one of the things that are counted.
        delay: seconds after which the bar appears.
    """
    if not sys.stderr.isatty():
        yield _line_writer(what, unit)
        return
    from tqdm import tqdm

    with ExitStack() as stack:
        progress_bar: Any = None

        def progress(done: int, total: int) -> None:
            nonlocal progress_bar
            if progress_bar is None:
                # Not before there is progress: what fails at once leaves its one line alone.
                progress_bar = stack.enter_context(
                    tqdm(
                        desc=what,
                        unit=unit,
                        total=total,
                        file=sys.stderr,
                        leave=False,
                        delay=delay,
                    )
                )
            progress_bar.update(done - progress_bar.n)

        yield progress


def _line_writer(what: str, unit: str) -> Callable[[int, int], None]:
    """Progress as lines of a log, none for what takes seconds."""
    last = time.monotonic()

    def progress(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _SECONDS:
            last = now
            note(f"{what}: {done} of {counted(total, unit)}")

    return progress


def note(text: str) -> None:
    """Print a line on stderr."""
    print(" ".join(text.split()), file=sys.stderr, flush=True)


def print_json(value: Any) -> None:
    """Print what JSON has a form for; NaN and infinity raise a ValueError."""
    json.dump(value, sys.stdout, indent=2, ensure_ascii=False, allow_nan=False)
    print()


def table(rows: Sequence[Sequence[object]], header: Sequence[str]) -> None:
    """Print aligned columns."""
    cells = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    for row in cells:
        print("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip())
