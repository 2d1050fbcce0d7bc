"""Why settings do not fit, shown beside the field it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st
from pydantic import ValidationError

from core.errors import ConfigError
from core.formats import sentence
from core.settings import first_complaint, misfit
from ui.settings.draft import Draft
from ui.shell.errors import plain
from ui.shell.words import page_words

__all__ = ["Problem", "refusal"]


@dataclass
class Problem:
    """Why the settings of a draft do not fit.

    Attributes:
        error: what is wrong; None where nothing is.
        key: dotted key of the setting, or of the group it is in; empty for none in particular.
        reason: why the value is refused, where validation does; the field's label goes before it.
        fix: what a button beside it changes, by dotted key.
        shown: whether a field has shown it already.
    """

    error: ConfigError | None = None
    key: str = ""
    reason: str = ""
    fix: Mapping[str, Any] = field(default_factory=dict)
    shown: bool = field(default=False, init=False)

    def show_beside(self, draft: Draft[Any], key: str, label: str) -> None:
        """Show it, if it is about this setting and was not shown yet."""
        about = self.key == key or key.startswith(f"{self.key}.") or self.key.startswith(f"{key}.")
        if self.key and about and not self.shown:
            self.show(draft, label)

    def show(self, draft: Draft[Any], label: str = "") -> None:
        """Show it here.

        Args:
            draft: draft that the button changes.
            label: what the setting is called on the screen; empty leaves it to the remedy.
        """
        if self.error is None:
            return
        self.shown = True
        remedy = f"change “{label}”: {self.reason}" if label and self.reason else self.error.remedy
        what, remedy = page_words(self.error.what), page_words(remedy)
        lines = [f"**{plain(sentence(what))}**", plain(sentence(remedy))]
        with st.container(gap="xsmall"):  # one cell where fields stand in a grid
            st.error("  \n".join(lines), icon=":material/error:")
            self.fix_button(draft)

    def fix_button(self, draft: Draft[Any], place: str = "") -> None:
        """The button that puts it right, where there is a way to.

        Args:
            draft: draft that the button changes.
            place: tells it from the button beside the field, where it stands elsewhere too.
        """
        if self.fix:
            values = ", ".join(str(value) for value in self.fix.values())
            st.button(
                f"Take {plain(values)}",
                key=f"{draft.widgets}fix.{place}" if place else None,
                on_click=draft.change,
                args=(self.fix,),
            )


def refusal(error: ValidationError, what: str) -> Problem:
    """The problem that a model's validation finds.

    Args:
        error: pydantic's.
        what: the fact, such as "these settings do not fit".
    """
    complaint = first_complaint(error)
    reason = "" if complaint.unknown else complaint.reason
    return Problem(misfit(error, what), complaint.key, reason)
