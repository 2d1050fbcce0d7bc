"""Settings of several runs side by side, with the differences."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.formats import MISSING
from core.models.families import FAMILIES
from core.settings import Label, flatten_settings, labelled_settings
from core.training.config import TrainConfig

__all__ = ["Setting", "settings"]


@dataclass(frozen=True)
class Setting:
    """One setting of several configurations.

    Attributes:
        key: dotted name, as for ``--set``.
        values: values as text, one a configuration; – where an architecture has no such setting.
        name: what it is called where it is changed, with its unit.
        shown: the values in that unit, and in the words of that place.
    """

    key: str
    values: tuple[str, ...]
    name: str
    shown: tuple[str, ...]

    @property
    def differs(self) -> bool:
        return len(set(self.values)) > 1


def settings(configs: Sequence[TrainConfig]) -> list[Setting]:
    """All settings of the configurations, in their order, those of any one included."""
    flat = [flatten_settings(config.model_dump(mode="json")) for config in configs]
    keys = dict.fromkeys(key for content in flat for key in content)
    labels = {each.key: each.label for each in labelled_settings(TrainConfig)}
    for name in dict.fromkeys(config.model.architecture for config in configs):
        labels |= {e.key: e.label for e in labelled_settings(FAMILIES[name].spec, "model.")}
    return [_setting(key, flat, labels.get(key)) for key in keys]


def _setting(key: str, flat: Sequence[Mapping[str, Any]], label: Label | None) -> Setting:
    name = label.text if label else key.rpartition(".")[2].replace("_", " ").capitalize()
    values = tuple(_text(content[key]) if key in content else MISSING for content in flat)
    shown = tuple(_shown(content[key], label) if key in content else MISSING for content in flat)
    return Setting(key, values, name, shown)


def _shown(value: Any, label: Label | None) -> str:
    """A value as its field shows it."""
    if label is None:
        return _text(value)
    if label.unit == "%" and isinstance(value, int | float):
        return f"{round(100 * value, 9):g}"
    if isinstance(value, str | int):
        return label.words.get(value, _text(value))
    return _text(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
