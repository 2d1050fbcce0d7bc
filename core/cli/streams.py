"""stdout and stderr that nobody reads, or that were closed before we began."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, TextIO

from core.errors import WorkspaceError

__all__ = ["guard_streams"]


def guard_streams() -> None:
    """Let work go on where its output has no reader: ``| head -1``, ``>&-``, ``2>&-``.

    A descriptor that is closed would be given to the next file that is opened, and a library's
    message would land in it: it is opened to nowhere first. To be called once, before the work.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            _redirect(number)
    sys.stdout = _Guarded(sys.stdout or _nowhere(), 1)
    sys.stderr = _Guarded(sys.stderr or _nowhere(), 2)


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def _redirect(number: int) -> None:
    """Make a descriptor lead nowhere."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    if nowhere != number:
        os.dup2(nowhere, number)
        os.close(nowhere)


class _Guarded:
    """A stream whose reader may leave: what is written then goes nowhere.

    Args:
        stream: the stream.
        number: its descriptor; what stdout cannot take for another reason is an error, what
            stderr cannot is not.
    """

    def __init__(self, stream: TextIO, number: int) -> None:
        self._stream, self._number = stream, number

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError as error:
            self._give_up(error)
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        # What the stream still holds is flushed again when the process ends.
        _redirect(self._number)
        if self._number == 1 and not isinstance(error, BrokenPipeError):
            raise WorkspaceError(
                f"the answer cannot be written ({error.strerror})",
                where="standard output",
                remedy="free some space, or write it to another place",
            ) from error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
