"""Text files of others: read within bounds, as no file, a device or a book may be called so too."""

from __future__ import annotations

import errno
import json
import stat
from pathlib import Path
from typing import Any

__all__ = ["MAX_BYTES", "parse_json", "read_text"]

MAX_BYTES = 64 * 1024**2
"""Largest text file that is read, if nothing else is said."""


def read_text(path: Path, encoding: str = "utf-8", most: int = MAX_BYTES) -> str:
    """The text of a file.

    Args:
        path: the file.
        encoding: its encoding.
        most: bytes that it may have.

    Raises:
        OSError: it cannot be read, is no file (a pipe or a device never ends), or is larger.
        UnicodeDecodeError: it is no text in this encoding.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "it is no file")
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"it has more than {most // 1024**2} MiB")
    return data.decode(encoding)


def parse_json(text: str) -> Any:
    """What a text holds as JSON.

    Raises:
        ValueError: it is no JSON, or nested deeper than anyone writes it.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
