"""Settings of several runs side by side, with the differences."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.formats import MISSING
from core.settings import flatten_settings
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
    flat = [flatten_settings(config.model_dump(mode="json")) for config in configs]
    keys = dict.fromkeys(key for content in flat for key in content)
    return [Setting(k, tuple(_text(c[k]) if k in c else MISSING for c in flat)) for k in keys]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
