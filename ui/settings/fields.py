"""Widgets that show settings of a draft; type, limits, label and help are those of the field."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import streamlit as st

from core.settings import Setting
from ui.settings.draft import Draft
from ui.settings.problem import Problem

__all__ = ["Fields"]

Width = int | Literal["stretch"]  # in pixels

_WHOLE = 2**53 - 1  # the largest whole number that a browser keeps exactly
_LARGE = 1.797e308


@dataclass(frozen=True)
class Fields:
    """Fields of a draft, each with what is wrong with it.

    A widget's limits give way to a value that a file brought: any draft can be shown.

    Attributes:
        draft: settings that are shown and changed.
        problem: why they do not fit, if they do not.
    """

    draft: Draft[Any]
    problem: Problem = field(default_factory=Problem)

    def number(
        self,
        key: str,
        *,
        high: float | None = None,
        step: float | None = None,
        help: str | None = None,
        width: Width = "stretch",
    ) -> None:
        """A number to be typed; a share in percent where its unit is that.

        Args:
            key: dotted key.
            high: largest value, where other settings decide it.
            step: amount of one step, where other settings decide it.
            help: what to say instead of the label's help.
            width: as of Streamlit's widgets.
        """
        setting = self.draft.setting(key)
        label, scale = setting.label, _scale(setting)
        now = _browsable(scale(self.draft.value(key)))
        low, highest = label.usual or (setting.low, setting.high)
        limits = low, highest if high is None else high
        least, most = (None if limit is None else scale(limit) for limit in limits)
        step = step or label.step or setting.multiple or 1
        decimals = "%g" if label.unit == "%" else None if setting.kind is int else "%.3f"
        st.number_input(
            label.text,
            None if least is None else min(least, now),
            None if most is None else max(most, now),
            step=scale(step),
            format=label.format or decimals,
            help=help or label.help or None,
            width=width,
            **self._tie(key, now, _stored(setting)),
        )
        self._show_problem(setting)

    def slider(self, key: str, *, width: Width = "stretch", disabled: bool = False) -> None:
        """A number, or a range of two, to be dragged.

        Args:
            key: dotted key of a setting with limits on both sides.
            width, disabled: as of Streamlit's widgets.
        """
        setting = self.draft.setting(key)
        label, scale = setting.label, _scale(setting)
        value = self.draft.value(key)
        now = tuple(map(scale, value)) if isinstance(value, list) else scale(value)
        step = scale(label.step or setting.multiple or 1)
        low, high = (scale(bound) for bound in label.usual or (setting.low, setting.high))
        # An open limit is no place for the handle.
        if not label.usual:
            low, high = low + step * setting.open_low, high - step * setting.open_high
        ends = now if isinstance(now, tuple) else (now, now)
        st.slider(
            label.text,
            min(low, *ends),
            max(high, *ends),
            step=step,
            format="%g" if label.unit == "%" else label.format or None,
            help=label.help or None,
            width=width,
            disabled=disabled,
            **self._tie(key, now, _stored(setting)),
        )
        self._show_problem(setting)

    def choice(
        self,
        key: str,
        *,
        options: Sequence[Any] | None = None,
        words: Callable[[Any], str] | None = None,
        help: str | None = None,
        width: Width = "stretch",
    ) -> None:
        """One of several values; one that a file brought is offered too.

        Args:
            key: dotted key.
            options: values that are offered, where the field does not name them, or not all.
            words: what a value is called; by default as the label says.
            help: what to say instead of the label's help.
            width: as of Streamlit's widgets.
        """
        setting = self.draft.setting(key)
        label, now = setting.label, self.draft.value(key)
        options_shown = list(setting.choices if options is None else options)
        st.selectbox(
            label.text,
            options_shown if now in options_shown else [*options_shown, now],
            format_func=words or (lambda value: label.words.get(value, str(value))),
            help=help or label.help or None,
            width=width,
            **self._tie(key, now),
        )
        self._show_problem(setting)

    def several(
        self,
        key: str,
        options: Sequence[Any],
        *,
        words: Callable[[Any], str] = str,
        placeholder: str,
    ) -> None:
        """Any of several values in an order; those that a file brought are offered too."""
        setting = self.draft.setting(key)
        now = list(dict.fromkeys(self.draft.value(key)))
        st.multiselect(
            setting.label.text,
            list(dict.fromkeys([*options, *now])),
            format_func=words,
            help=setting.label.help or None,
            placeholder=placeholder,
            **self._tie(key, now),
        )
        self._show_problem(setting)

    def switch(self, key: str) -> None:
        """On or off."""
        setting = self.draft.setting(key)
        label = setting.label
        st.toggle(label.text, help=label.help or None, **self._tie(key, self.draft.value(key)))
        self._show_problem(setting)

    def text(self, key: str, *, width: Width = "stretch") -> None:
        """A line of text."""
        setting = self.draft.setting(key)
        st.text_input(setting.label.text, width=width, **self._tie(key, self.draft.value(key)))
        self._show_problem(setting)

    def _tie(
        self, key: str, shown: Any, stored: Callable[[Any], Any] | None = None
    ) -> dict[str, Any]:
        """Key and callback that tie a widget to a setting, after its value has been set."""
        name = self.draft.widget(key)
        st.session_state[name] = shown
        return {"key": name, "on_change": self._take, "args": (key, stored)}

    def _take(self, key: str, stored: Callable[[Any], Any] | None) -> None:
        value = st.session_state[self.draft.widget(key)]
        self.draft.change({key: stored(value) if stored else value})

    def _show_problem(self, setting: Setting) -> None:
        self.problem.show_beside(self.draft, setting.key, setting.label.text)


def _scale(setting: Setting) -> Callable[[Any], Any]:
    """From a value of the field to what a widget shows."""
    if setting.label.unit == "%":
        return lambda value: round(100.0 * value, 9)
    return setting.kind


def _stored(setting: Setting) -> Callable[[Any], Any]:
    """From what a widget shows to a value of the field."""
    back = (lambda shown: round(shown / 100, 11)) if setting.label.unit == "%" else setting.kind
    return lambda shown: list(map(back, shown)) if isinstance(shown, tuple) else back(shown)


def _browsable(value: float) -> float:
    most = _WHOLE if isinstance(value, int) else _LARGE
    return min(max(value, -most), most)
