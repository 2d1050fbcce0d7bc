"""stdout and stderr that nobody reads, or that were closed before we began."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Any, TextIO

from core.errors import WorkspaceError

__all__ = ["guard_streams"]

# What a terminal obeys, or turns the text around with: a name may hold it. The bar needs \r.
_OBEYED = [*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
_SHOWN = {code: repr(chr(code))[1:-1] for code in _OBEYED if chr(code) not in "\n\r\t"}


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
    for stream in (sys.stdout, sys.stderr):
        # Names and our own words have signs that an old encoding has not: shown as their numbers.
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")
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
        self._terminal = os.isatty(number)

    def write(self, text: str) -> int:
        try:
            self._stream.write(text.translate(_SHOWN) if self._terminal else text)
            return len(text)
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
