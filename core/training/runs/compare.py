"""Settings of several runs side by side, with the differences."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.formats import MISSING
from core.training.config import TrainConfig

__all__ = ["Setting", "settings"]


@dataclass(frozen=True)
class Setting:
    """One setting of several configurations.

    Attributes:
        key: dotted name, as for ``--set``.
        values: values as text, one a configuration; – where an architecture has no such setting.
    """

    key: str
    values: tuple[str, ...]

    @property
    def differs(self) -> bool:
        return len(set(self.values)) > 1


def settings(configs: Sequence[TrainConfig]) -> list[Setting]:
    """All settings of the configurations, in their order, those of any one included."""
    flat = [dict(_flat(config.model_dump(mode="json"))) for config in configs]
    keys = dict.fromkeys(key for content in flat for key in content)
    return [Setting(key, tuple(content.get(key, MISSING) for content in flat)) for key in keys]


def _flat(content: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    pairs = []
    for key, value in content.items():
        if isinstance(value, Mapping) and value:
            pairs += _flat(value, f"{prefix}{key}.")
        else:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            pairs.append((prefix + key, text))
    return pairs
