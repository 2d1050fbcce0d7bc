"""Several runs side by side: their settings with the differences, and what they measured."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.settings import flatten_settings
from core.training.config import TrainConfig
from core.training.runs.run import Run

__all__ = ["Setting", "epoch_records", "seconds_trained", "settings"]

_MISSING = "–"


@dataclass(frozen=True)
class Setting:
    """One setting of several configurations.

    Attributes:
        key: dotted, as for ``--set``.
        values: as text, one a configuration; – where an architecture has no such setting.
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
    return [Setting(k, tuple(_text(c[k]) if k in c else _MISSING for c in flat)) for k in keys]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def epoch_records(run: Run) -> list[dict[str, Any]]:
    """The epoch records of metrics.jsonl by rising epoch, without parsing those of the steps.

    What a resumed training did anew replaces what was.
    """
    path = run.folder / "metrics.jsonl"
    found: list[dict[str, Any]] = []
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return found
    for line in content.splitlines():
        if b'"val_mean_iou"' not in line:
            continue
        try:
            record = json.loads(line)
        except ValueError:
            continue  # the writer was killed, or is, in the middle of it
        while found and found[-1]["epoch"] >= record["epoch"]:
            found.pop()
        found.append(record)
    return found


def seconds_trained(records: Sequence[Mapping[str, Any]]) -> float:
    """Seconds that the epochs of `epoch_records` took, validation included."""
    return float(sum(r.get("seconds", 0.0) + r.get("validation_seconds", 0.0) for r in records))
