"""What tiles are made from: named by ids that nobody can guess, read by a thread each.

A page that shows an image registers it and is given an id; `ui.routes.tiles` gives out tiles by
that id alone. GDAL's datasets are not for several threads, so each source has one of its own, in
which its file is opened, read and closed. What is asked for waits there until it is cancelled.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, TypeVar

from core.errors import ImageError
from core.imagery.pyramid.levels import Levels
from core.imagery.pyramid.reader import TileReader
from ui.loaded.sized_cache import SizedCache
from ui.viewer.encode import Role, picture_file

__all__ = ["BusyError", "TileFile", "TileSource", "Tiled", "find_source", "open_source"]

T = TypeVar("T")
_Task = tuple[Future[Any], Callable[[TileReader], Any]]

_MOST_BYTES = 1536 * 1024**2  # of the arrays of all sources
_MOST_SOURCES = 256
_MOST_OPEN = 12  # files, and threads
_MOST_WAITING = 256  # tiles of one source
_SECRET = secrets.token_bytes(16)
_turns = threading.BoundedSemaphore(max(2, os.cpu_count() or 2))


class BusyError(Exception):
    """More tiles are asked for than are made soon."""


@dataclass(frozen=True)
class Tiled:
    """A picture of which the browser fetches the tiles that it shows.

    Attributes:
        id: of its source; what has another content has another id.
        width, height: of the picture in full resolution.
        sharp: whether all its tiles are made of all its pixels, see `Tile.sharp`.
    """

    id: str
    width: int
    height: int
    sharp: bool = True

    @property
    def payload(self) -> dict[str, object]:
        """What the browser is sent."""
        levels = Levels(self.height, self.width)
        return {
            "src": f"/tiles/{self.id}",
            "size": [self.width, self.height],
            "side": levels.side,
            "levels": levels.count,
        }


@dataclass(frozen=True)
class TileFile:
    """A tile ready to send: a picture file, empty where there is nothing to see.

    Attributes:
        data: the file.
        mime: its media type.
        sharp: see `Tile.sharp`.
    """

    data: bytes
    mime: str
    sharp: bool


@dataclass(frozen=True)
class TileContent:
    """What tiles are made of.

    Attributes:
        levels: its pyramid.
        role: how the browser reads its pixels.
        open: gives its reader, in the thread that uses it.
        is_current: whether it still is what it was when the page showed it.
        size: bytes that it holds in memory.
    """

    levels: Levels
    role: Role
    open: Callable[[], AbstractContextManager[TileReader]]
    is_current: Callable[[], bool] = lambda: True
    size: int = 0


@dataclass
class TileSource:
    """Something that gives tiles.

    Attributes:
        id: by which it is asked for.
        content: what they are made of.
    """

    id: str
    content: TileContent
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _tasks: SimpleQueue[_Task | None] | None = None
    _waiting: int = 0

    def tile(self, level: int, row: int, column: int) -> Future[TileFile]:
        """A tile, as soon as it is made; a future that is cancelled in time is not made.

        Raises:
            BusyError: too many are waiting.
        """
        key = f"{self.id} {level} {row} {column}"
        if kept := _files.kept(key):
            ready: Future[TileFile] = Future()
            ready.set_result(kept)
            return ready

        def make(reader: TileReader) -> TileFile:
            return _files.get(key, lambda: self._file(reader, level, row, column))

        return self.work(make)

    def work(self, make: Callable[[TileReader], T]) -> Future[T]:
        """What a function makes of the source's reader, in the source's thread.

        Raises:
            BusyError: too much is waiting.
        """
        with self._lock:
            if self._waiting >= _MOST_WAITING:
                raise BusyError
            self._waiting += 1
            if self._tasks is None:
                self._tasks = SimpleQueue()
                # A daemon: its file is nothing that must be closed before the server ends.
                args = self.content.open, self._tasks
                threading.Thread(target=_work, args=args, daemon=True, name="tiles").start()
            future: Future[T] = Future()
            future.add_done_callback(self._count_down)
            self._tasks.put((future, make))
        _note_open(self)
        return future

    @property
    def is_open(self) -> bool:
        """Whether it has a thread, and a file that is open."""
        return self._tasks is not None

    def close(self) -> None:
        """Close the file after what is waiting; it is opened again when it is needed."""
        with self._lock:
            if self._tasks is not None:
                self._tasks.put(None)
            self._tasks = None

    def _count_down(self, _: object) -> None:
        with self._lock:
            self._waiting -= 1

    def _file(self, reader: TileReader, level: int, row: int, column: int) -> TileFile:
        if not self.content.is_current():
            raise ImageError("the file has changed since the page showed it", remedy="reload it")
        tile = reader.read(level, row, column)
        if tile.pixels is None:
            return TileFile(b"", "image/png", tile.sharp)
        data, mime = picture_file(tile.pixels, self.content.role)
        return TileFile(data, mime, tile.sharp)


def _work(
    opener: Callable[[], AbstractContextManager[TileReader]], tasks: SimpleQueue[_Task | None]
) -> None:
    """A source's thread: does one task after the other, the file open meanwhile."""
    stack, reader = ExitStack(), None
    while (task := tasks.get()) is not None:
        future, make = task
        if not future.set_running_or_notify_cancel():
            continue
        try:
            with _turns:
                if reader is None:
                    reader = stack.enter_context(opener())
                result = make(reader)
        except BaseException as error:  # noqa: BLE001 - raised where the result is waited for
            future.set_exception(_in_words(error, stack))
            stack, reader = ExitStack(), None  # it is opened anew
        else:
            future.set_result(result)
    stack.close()


def _in_words(error: BaseException, stack: ExitStack) -> BaseException:
    """What the context that a file is open in makes of an error."""
    try:
        stack.__exit__(type(error), error, error.__traceback__)
    except BaseException as better:  # noqa: BLE001 - it is given back
        return better
    return error


_files: SizedCache[TileFile] = SizedCache(256 * 1024**2, 3600, lambda tile: len(tile.data) + 200)
_sources: OrderedDict[str, TileSource] = OrderedDict()
_open: OrderedDict[str, TileSource] = OrderedDict()
_registry = threading.Lock()


def open_source(name: str, content: TileContent) -> TileSource:
    """Register what gives tiles, or what was registered by that name before.

    Args:
        name: tells one content from another, such as a digest.
        content: what tiles are made of.
    """
    text = f"{content.role} {name}".encode()
    key = hashlib.blake2b(text, digest_size=16, key=_SECRET).hexdigest()
    with _registry:
        source = _sources.pop(key, None)
        if source is None:
            source = TileSource(key, content)
        _sources[key] = source
        gone = []
        while len(_sources) > _MOST_SOURCES or (
            len(_sources) > 1 and sum(each.content.size for each in _sources.values()) > _MOST_BYTES
        ):
            gone.append(_sources.popitem(last=False)[1])
    for old in gone:
        old.close()
    return source


def find_source(key: str) -> TileSource | None:
    """The source of an id; None where there is none, or none any more."""
    with _registry:
        source = _sources.get(key)
        if source is not None:
            _sources.move_to_end(key)
    return source


def _note_open(source: TileSource) -> None:
    """Close the file that was not read for longest where too many are open."""
    old = None
    with _registry:
        _open[source.id] = source
        _open.move_to_end(source.id)
        if len(_open) > _MOST_OPEN:
            old = _open.popitem(last=False)[1]
    if old is not None:
        old.close()
