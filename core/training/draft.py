"""The settings of the next training while they are being chosen, kept in the workspace.

There is one, in ``runs/.draft.json``: a form that is reloaded goes on with what was chosen last.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from core.models.families import default_spec
from core.paths import workspace, write_json
from core.training.config import TrainConfig
from core.untrusted.text_file import parse_json, read_text

__all__ = ["forget_draft", "keep_draft", "load_draft"]

_FILE = ".draft.json"
# What pydantic says of a file of another form, not of a value that does not fit.
_OTHER_FORM = ("missing", "extra_forbidden", "architecture")


def keep_draft(content: Mapping[str, Any]) -> None:
    """Keep the settings, also those that do not fit yet.

    Args:
        content: a `TrainConfig` as JSON has it.

    Raises:
        WorkspaceError: the disk is full or cannot be written.
    """
    write_json(workspace().runs / _FILE, dict(content))


def forget_draft() -> None:
    """Let the next form begin anew."""
    (workspace().runs / _FILE).unlink(missing_ok=True)


def load_draft() -> dict[str, Any] | None:
    """The settings that were kept, with those that have come since; None where there are none.

    A draft of another form, as of another version, counts as none.
    """
    try:
        content = parse_json(read_text(workspace().runs / _FILE))
    except (OSError, ValueError, RecursionError):
        return None
    try:
        return TrainConfig.model_validate(content).model_dump(mode="json")
    except ValidationError as error:
        kinds = {complaint["type"] for complaint in error.errors(include_url=False)}
        if any(kind in _OTHER_FORM or kind.endswith(("_type", "_parsing")) for kind in kinds):
            return None
    whole = TrainConfig().model_dump(mode="json")
    if name := content.get("model", {}).get("architecture"):
        whole["model"] = default_spec(name).model_dump(mode="json")
    return _laid_over(whole, content)


def _laid_over(whole: dict[str, Any], content: Mapping[str, Any]) -> dict[str, Any]:
    """The whole of the settings with those values that there are."""
    for key, value in content.items():
        inner = whole.get(key)
        if isinstance(inner, dict) and inner and isinstance(value, dict):
            value = _laid_over(inner, value)
        whole[key] = value
    return whole
