"""Files of JSON that hold a pydantic model, such as what the workspace keeps."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from core.errors import WorkspaceError
from core.untrusted.text_file import read_text

__all__ = ["read_model_file"]

M = TypeVar("M", bound=BaseModel)


def read_model_file(path: Path, kind: type[M], what: str, remedy: str) -> M:
    """Read and validate a file.

    Args:
        path: of the file.
        kind: what it holds.
        what: of the file, for the message, such as "the model card".
        remedy: what to do where it is missing or damaged.

    Raises:
        WorkspaceError: it is.
    """
    try:
        return kind.model_validate_json(read_text(path))
    except (OSError, UnicodeDecodeError, ValidationError, RecursionError) as error:
        raise WorkspaceError(f"{what} cannot be read", where=str(path), remedy=remedy) from error
