"""What sessions share, kept by how large it is: images differ by a factor of a thousand."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["SizedCache"]

T = TypeVar("T")


class SizedCache(Generic[T]):
    """Values by key, those that were used last, as many as fit.

    Args:
        most: bytes of all values together; a larger value is given and not kept.
        seconds: how long a value is kept that nobody asks for.
        size: bytes of a value.
    """

    def __init__(self, most: int, seconds: float, size: Callable[[T], int]) -> None:
        self._most = most
        self._seconds = seconds
        self._size = size
        self._lock = threading.Lock()
        self._values: OrderedDict[str, tuple[float, int, T]] = OrderedDict()
        self._makers: dict[str, threading.Lock] = {}

    @property
    def bytes(self) -> int:
        """Bytes of all that is kept."""
        with self._lock:
            return sum(size for _, size, _ in self._values.values())

    def get(self, key: str, make: Callable[[], T]) -> T:
        """The value of a key; where there is none, it is made, once for all who ask meanwhile."""
        with self._lock:
            if (kept := self._used(key)) is not None:
                return kept[0]
            maker = self._makers.setdefault(key, threading.Lock())
        with maker:
            with self._lock:
                if (kept := self._used(key)) is not None:
                    return kept[0]
            try:
                value = make()
                self._keep(key, value)
            finally:
                with self._lock:
                    self._makers.pop(key, None)
        return value

    def kept(self, key: str) -> T | None:
        """The value of a key; None where there is none."""
        with self._lock:
            value = self._used(key)
        return value[0] if value else None

    def clear(self) -> None:
        """Keep nothing."""
        with self._lock:
            self._values.clear()

    def _used(self, key: str) -> tuple[T] | None:
        """The value, as a tuple, as one that was used now; what is too old goes."""
        now = time.monotonic()
        for old in [k for k, (then, _, _) in self._values.items() if now - then > self._seconds]:
            del self._values[old]
        if key not in self._values:
            return None
        _, size, value = self._values.pop(key)
        self._values[key] = now, size, value
        return (value,)

    def _keep(self, key: str, value: T) -> None:
        size = self._size(value)
        with self._lock:
            if size > self._most:
                return
            self._values[key] = time.monotonic(), size, value
            while sum(size for _, size, _ in self._values.values()) > self._most:
                self._values.popitem(last=False)
