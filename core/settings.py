"""Settings files: JSON read into a model, with advice where it does not fit."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from core.errors import ConfigError

__all__ = ["load_settings", "remedy_for"]

M = TypeVar("M", bound=BaseModel)


def load_settings(path: Path, kind: type[M], what: str) -> M:
    """Read a JSON file.

    Args:
        path: the file.
        kind: the model it must fit.
        what: what to call it in messages, such as "the recipe".

    Raises:
        ConfigError: it is missing, no JSON, or has unknown or wrong settings.
    """
    try:
        return kind.model_validate_json(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        remedy = "check the path"
        raise ConfigError(f"{what} cannot be read", where=str(path), remedy=remedy) from error
    except ValidationError as error:
        remedy = remedy_for(error)
        raise ConfigError(f"{what} does not fit", where=str(path), remedy=remedy) from error


def remedy_for(error: ValidationError) -> str:
    """What to change, from pydantic's first complaint, in one line."""
    first = error.errors(include_url=False)[0]
    place = ".".join(map(str, first["loc"])) or "the file"
    if first["type"] == "extra_forbidden":
        return f"remove {place!r}: there is no such setting"
    return f"mend {place}: {first['msg'].removeprefix('Value error, ')}"
