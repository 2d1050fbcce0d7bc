"""The findings as text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from core.datasets.audit.problems import Problem

__all__ = ["format_problems"]

_NARROWEST = 40


def format_problems(problems: Sequence[Problem], width: int) -> str:
    """All findings, a paragraph each: severity, kind and sample, then what, then what to do.

    Args:
        problems: in the order in which they are written.
        width: columns of the terminal.
    """
    return "\n\n".join(_paragraph(problem, max(_NARROWEST, width)) for problem in problems)


def _paragraph(problem: Problem, width: int) -> str:
    head = f"{problem.severity:<8} {problem.kind}  {problem.sample or 'whole dataset'}"
    with_other = f"{head}  beside {problem.other}" if problem.other else head
    # File names are never broken: they are there to be copied.
    body = [
        textwrap.fill(
            text,
            width,
            initial_indent=first,
            subsequent_indent=" " * len(first),
            break_long_words=False,
            break_on_hyphens=False,
        )
        for text, first in ((problem.detail, " " * 9), (problem.fix, " " * 9 + "→ "))
    ]
    return "\n".join([with_other, *body])
