"""Reading ahead and writing behind, while the network computes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeVar

__all__ = ["WriterThread", "read_ahead"]

_T = TypeVar("_T")
_END = object()
_WAIT = 0.2  # seconds between two looks at whether anybody still wants what is read


class _Failure:
    """What a thread ended with."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


def read_ahead(
    items: Iterator[_T], depth: int, context: Callable[[], AbstractContextManager[Any]]
) -> Iterator[_T]:
    """The items, made in a thread, a few of them before they are asked for.

    Args:
        items: made in the thread, and only there.
        depth: how many may wait.
        context: what the thread works in.

    Raises:
        Whatever making them raised.
    """
    reader = _Reader(items, depth, context)
    try:
        while (item := reader.ready.get()) is not _END:
            if isinstance(item, _Failure):
                raise item.error
            yield item
    finally:
        reader.end()


class _Reader:
    """The thread of `read_ahead`."""

    def __init__(
        self, items: Iterator[Any], depth: int, context: Callable[[], AbstractContextManager[Any]]
    ) -> None:
        self.ready: queue.Queue[Any] = queue.Queue(depth)
        self._items, self._context = items, context
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Have the thread end, whatever is left."""
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        try:
            with self._context():
                for item in self._items:
                    if not self._put(item):
                        return
        except BaseException as error:  # noqa: BLE001 (raised where the items are asked for)
            self._put(_Failure(error))
        else:
            self._put(_END)

    def _put(self, item: Any) -> bool:
        """Whether anybody still wants it."""
        while not self._stop.is_set():
            try:
                self.ready.put(item, timeout=_WAIT)
                return True
            except queue.Full:
                continue
        return False


class WriterThread(Generic[_T]):
    """Does something with items in a thread, in their order; a context.

    Args:
        write: what is done with each.
        depth: how many may wait.
    """

    def __init__(self, write: Callable[[_T], None], depth: int) -> None:
        self._write = write
        self._waiting: queue.Queue[Any] = queue.Queue(depth)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> WriterThread[_T]:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._waiting.put(_END)
        self._thread.join()

    def put(self, item: _T) -> None:
        """Hand over an item.

        Raises:
            Whatever writing one before raised.
        """
        self._check()
        self._waiting.put(item)

    def drain(self) -> None:
        """Wait until all are written.

        Raises:
            Whatever writing one raised.
        """
        self._waiting.join()
        self._check()

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        while (item := self._waiting.get()) is not _END:
            try:
                if self._error is None:
                    self._write(item)
            except BaseException as error:  # noqa: BLE001 (raised where items are handed over)
                self._error = error
            finally:
                self._waiting.task_done()
