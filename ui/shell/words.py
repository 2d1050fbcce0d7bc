"""Messages in the words of the screen: a setting by the label of its field, not by its key."""

from __future__ import annotations

import re
from functools import cache

from core.settings import Setting, labelled_settings

__all__ = ["page_words"]

_KEY = re.compile(r"\b(recipe(?:\.[a-z_]+)+)(?:=(\{[^}]*\}|[^\s,;)]+))?")
# Settings that no field changes: fixes do.
_WITHOUT_FIELD = {
    "recipe.mask_tolerance": "Tolerance of mask values",
    "recipe.mask_values": "Mask values read as",
    "recipe.void_regions": "Void regions",
    "recipe.windows": "Parts of samples",
    "recipe.split": "Split",
}


def page_words(text: str) -> str:
    """A message of `core` as a page says it: ``recipe.split.kind=blocks`` is “Split”: by blocks."""
    return _KEY.sub(_as_label, text)


def _as_label(match: re.Match[str]) -> str:
    key, value = match.groups()
    setting = _settings().get(key)
    name = setting.label.name if setting else _WITHOUT_FIELD.get(key)
    if name is None:
        return match[0]
    if value is None:
        return f"“{name}”"
    words = setting.label.words if setting else {}
    return f"“{name}”: {words.get(value, value)}"


@cache
def _settings() -> dict[str, Setting]:
    from core.training.config import TrainConfig  # not before there is something to say

    return {setting.key: setting for setting in labelled_settings(TrainConfig)}
