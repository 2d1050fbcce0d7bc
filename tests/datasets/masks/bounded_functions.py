"""Functions for the tests of `core.untrusted.bounded`."""

from __future__ import annotations

import os
import time
from pathlib import Path

from core.untrusted.bounded_child import serve


def refuse(text: str) -> None:
    raise ValueError(text)


def spin() -> None:
    while True:
        pass


if __name__ == "__main__":
    serve(
        {
            "double": lambda value: value * 2,
            "fill": lambda size: len(bytearray(size)),
            "wait": time.sleep,
            "refuse": refuse,
            "spin": spin,
            "die": lambda: os._exit(3),
            "write": lambda path: Path(path).write_text("a" * 10_000),
        }
    )
