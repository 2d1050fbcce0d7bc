"""Time that may be spent on one file, by all that is asked of it together."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field

__all__ = ["TimeBudget"]

_FILES = 4096  # that are remembered
_FORGET = 600.0  # seconds after which a file is tried again


@dataclass
class _Spent:
    """Seconds that each question took, and when the first was asked."""

    since: float
    by_call: dict[Hashable, float] = field(default_factory=dict)


class TimeBudget:
    """Remembers for ten minutes what was spent on files.

    The same question again costs nothing more: what is read for every image of a dataset would
    use up any budget. Once all is spent, though, no question is left.
    """

    def __init__(self) -> None:
        self._files: OrderedDict[Hashable, _Spent] = OrderedDict()
        self._lock = threading.Lock()

    def left(self, file: Hashable, call: Hashable, seconds: float) -> float:
        """Seconds that a question may take, 0 where all are spent.

        Args:
            file: what tells this file from others, and from itself when it was changed.
            call: what is asked.
            seconds: what may be spent on the file in all.
        """
        with self._lock:
            spent = self._files.get(file)
            if spent is None or time.monotonic() - spent.since > _FORGET:
                return seconds
            total = sum(spent.by_call.values())
            return 0.0 if total >= seconds else seconds - total + spent.by_call.get(call, 0.0)

    def spend(self, file: Hashable, call: Hashable, seconds: float) -> None:
        """Count the seconds that a question took."""
        now = time.monotonic()
        with self._lock:
            spent = self._files.get(file)
            if spent is None or now - spent.since > _FORGET:
                spent = self._files[file] = _Spent(now)
            spent.by_call[call] = max(seconds, spent.by_call.get(call, 0.0))
            self._files.move_to_end(file)
            while len(self._files) > _FILES:
                self._files.popitem(last=False)
