"""Settings while they are being chosen, kept for the session: the truth that widgets show.

So they outlive other views and pages, and are filled in by presets, files, fixes and earlier runs
alike. A draft is the content of a recipe or of a training's configuration, as JSON has it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, Generic, TypeVar

import streamlit as st
from pydantic import BaseModel

from core.settings import (
    Setting,
    get_setting,
    has_setting,
    labelled_settings,
    set_setting,
)

__all__ = ["Draft"]

M = TypeVar("M", bound=BaseModel)

_WITH_LIMITS = ("percentile", "decibel")  # normalisations that `clip` goes with


class Draft(ABC, Generic[M]):
    """A draft by its name in the session; another object of the same name is the same draft.

    Attributes:
        model: class of the settings.
        name: name in the session's state.
        widgets: what the keys of its widgets begin with.
        recipe: what the dotted keys of its recipe begin with, such as ``recipe.``.
    """

    model: type[M]
    name: str
    widgets: str
    recipe: str = ""

    @abstractmethod
    def _first(self) -> dict[str, Any]:
        """What the draft begins with in a new session."""

    def _accept(self, content: dict[str, Any]) -> None:
        """Take a changed content, checked or not."""
        st.session_state[self.name] = content

    @property
    def content(self) -> dict[str, Any]:
        """All settings; to be changed by `change` alone."""
        if self.name not in st.session_state:
            st.session_state[self.name] = self._first()
        content: dict[str, Any] = st.session_state[self.name]
        return content

    def value(self, key: str) -> Any:
        """A setting by its dotted key.

        Raises:
            KeyError: there is none; other architectures have others.
        """
        return get_setting(self.content, key)

    def has(self, key: str) -> bool:
        """Whether there is such a setting."""
        return has_setting(self.content, key)

    def change(self, settings: Mapping[str, Any]) -> None:
        """Change settings by dotted key; those that the architecture does not have are left out.

        What would contradict them follows. To be used in callbacks.
        """
        content = deepcopy(self.content)
        known = {key: value for key, value in settings.items() if has_setting(content, key)}
        for key, value in known.items():
            set_setting(content, key, value)
        recipe = content["recipe"] if self.recipe else content
        _follow(recipe, {key.removeprefix(self.recipe) for key in known})
        self._accept(content)

    def settings(self) -> Iterator[Setting]:
        """Labels and limits of the settings that fields show."""
        yield from labelled_settings(self.model)

    def setting(self, key: str) -> Setting:
        """Label and limits of a setting.

        Raises:
            KeyError: it has none.
        """
        for setting in self.settings():
            if setting.key == key:
                return setting
        raise KeyError(key)

    def label(self, key: str) -> str:
        """What a setting is called, or the first of a group; empty where no field shows it."""
        for setting in self.settings():
            if setting.key == key or setting.key.startswith(f"{key}."):
                return setting.label.text
        return ""

    def widget(self, key: str) -> str:
        """The key of the widget that shows a setting."""
        return f"{self.widgets}{key}"


def _follow(recipe: dict[str, Any], changed: set[str]) -> None:
    """Let go of what goes with another kind of normalisation or split."""
    if recipe["normalisation"] not in _WITH_LIMITS or (
        "normalisation" in changed and "clip" not in changed
    ):
        recipe["clip"] = None
    split = recipe["split"]
    if split["kind"] != "fixed":
        split |= {"val_samples": [], "test_samples": []}
    split["fold"] = min(split["fold"], split["folds"] - 1)
