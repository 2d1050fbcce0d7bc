"""Widgets that show settings of the draft, each with its help and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from core.errors import ConfigError
from ui.shell.errors import plain
from ui.train.form import draft

__all__ = ["Problem", "choice", "number", "percent", "share_range", "switch"]


@dataclass
class Problem:
    """Why the settings cannot be trained with, and where that is to be shown.

    Attributes:
        path: dotted key of the setting, or of the group it is in; empty for none in particular.
        fix: what a button beside it would change, by dotted key.
        shown: whether a field has said so already.
    """

    path: str = ""
    error: ConfigError | None = None
    fix: Mapping[str, Any] = field(default_factory=dict)
    shown: bool = field(default=False, init=False)

    def show_beside(self, path: str, label: str) -> None:
        """Say it, if it is about this setting and was not said yet."""
        meant = (
            self.path == path
            or path.startswith(f"{self.path}.")
            or (self.path.startswith(f"{path}."))
        )
        if self.error is not None and self.path and meant and not self.shown:
            self.show(label)

    def show(self, label: str = "") -> None:
        """Say it here."""
        if self.error is None:
            return
        self.shown = True
        remedy = self.error.remedy
        if label:
            remedy = remedy.replace(f"mend {self.path}", f"change “{label}”")
        lines = [f"**{plain(self.error.what)}**", plain(remedy)]
        st.error("  \n".join(lines), icon=":material/error:")
        if self.fix:
            values = ", ".join(str(value) for value in self.fix.values())
            st.button(f"Take {values}", on_click=draft.change, args=(self.fix,))


def _tied(path: str, shown: Any, stored: Callable[[Any], Any] | None = None) -> dict[str, Any]:
    key = draft.key(path)
    st.session_state[key] = shown
    return {"key": key, "on_change": _taken, "args": (path, stored)}


def _taken(path: str, stored: Callable[[Any], Any] | None) -> None:
    value = st.session_state[draft.key(path)]
    draft.change({path: stored(value) if stored else value})


def number(
    path: str,
    label: str,
    low: float,
    high: float,
    step: float,
    help: str,
    problem: Problem,
    *,
    form: str | None = None,
) -> None:
    """A number; its limits give way to a value that a file brought."""
    now = draft.value(path)
    st.number_input(
        label,
        min(low, now),
        max(high, now),
        step=step,
        format=form or ("%.3f" if isinstance(low, float) else None),
        help=help,
        **_tied(path, now),
    )
    problem.show_beside(path, label)


def percent(path: str, label: str, low: int, help: str, problem: Problem) -> None:
    """A share in whole percent."""
    now = round(100 * draft.value(path))
    st.number_input(
        label,
        min(low, now),
        max(90, now),
        step=5,
        help=help,
        **_tied(path, now, lambda shown: shown / 100),
    )
    problem.show_beside(path, label)


def choice(
    path: str,
    label: str,
    options: Sequence[Any],
    help: str,
    problem: Problem,
    *,
    words: Callable[[Any], str] = str,
) -> None:
    """One of several values; one that a file brought is offered too."""
    now = draft.value(path)
    st.selectbox(
        label,
        list(options) if now in options else [*options, now],
        format_func=words,
        help=help,
        **_tied(path, now),
    )
    problem.show_beside(path, label)


def switch(path: str, label: str, help: str, problem: Problem) -> None:
    """On or off."""
    st.toggle(label, help=help, **_tied(path, draft.value(path)))
    problem.show_beside(path, label)


def share_range(
    path: str, label: str, low: float, high: float, step: float, help: str, problem: Problem
) -> None:
    """The smallest and the largest of something."""
    first, last = draft.value(path)
    st.slider(
        label,
        min(low, first),
        max(high, last),
        step=step,
        help=help,
        **_tied(path, (float(first), float(last)), list),
    )
    problem.show_beside(path, label)
