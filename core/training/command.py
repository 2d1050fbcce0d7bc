"""The command line that trains with a configuration."""

from __future__ import annotations

import json
import shlex
from typing import Any

from core.models.families import default_spec
from core.settings import flatten_settings
from core.training.config import TrainConfig

__all__ = ["changed_settings", "train_command"]

# Tables whose names are free, and may hold dots: they are set as a whole.
_WHOLE = ("class_weights", "mask_values", "windows")


def train_command(
    config: TrainConfig, *, base: TrainConfig | None = None, recipe: str = "", run: str = ""
) -> str:
    """``python -m core train …`` with what differs from the defaults, quoted for a POSIX shell.

    Args:
        config: configuration to be trained.
        base: configuration that the command begins with, where `recipe` is given: the defaults
            with that recipe.
        recipe: path of a recipe file.
        run: name of the run; empty leaves it to the command.

    Returns:
        One command over several lines, joined by backslashes.
    """
    parts = [f"python -m core train --dataset {shlex.quote(config.dataset)}"]
    if recipe:
        parts.append(f"--recipe {shlex.quote(recipe)}")
    if run:
        parts.append(f"--run {shlex.quote(run)}")
    parts += [f"--set {shlex.quote(setting)}" for setting in changed_settings(config, base)]
    return " \\\n  ".join(parts)


def changed_settings(config: TrainConfig, base: TrainConfig | None = None) -> list[str]:
    """``KEY=VALUE`` for each setting that differs; `with_settings` makes the configuration of them.

    Args:
        config: configuration; its dataset is not among the settings.
        base: configuration that the settings are applied to; by default the defaults.
    """
    before = (base or TrainConfig()).model_dump(mode="json")
    after = config.model_dump(mode="json")
    architecture = config.model.architecture
    changed = []
    if architecture != before["model"]["architecture"]:
        changed.append(f"model.architecture={architecture}")
        before["model"] = default_spec(architecture).model_dump(mode="json")
    before["dataset"] = after["dataset"]
    old = flatten_settings(before, _WHOLE)
    new = flatten_settings(after, _WHOLE).items()
    return changed + [f"{key}={_text(value)}" for key, value in new if value != old[key]]


def _text(value: Any) -> str:
    """JSON, or a string as it is where it is no JSON."""
    if isinstance(value, str):
        try:
            json.loads(value)
        except ValueError:
            return value
    return json.dumps(value, ensure_ascii=False)
