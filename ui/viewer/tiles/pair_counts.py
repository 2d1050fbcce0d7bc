"""Pixels by pairs of labels, of two tiled label layers: for the viewer's difference."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np

from core.imagery.pyramid.pairs import count_pairs
from ui.loaded.sized_cache import SizedCache
from ui.viewer.tiles.sources import BusyError, TileSource

__all__ = ["pairs_of"]

_MOST_PIXELS = 2**27  # of the level that is counted: seconds, not minutes
_MOST_WAITING = 16

_counts: SizedCache[dict[str, Any]] = SizedCache(16 * 1024**2, 3600, lambda _: 4096)
_pool = ThreadPoolExecutor(1, "pairs")
_waiting = threading.BoundedSemaphore(_MOST_WAITING)


def pairs_of(
    first: TileSource, second: TileSource, stop: threading.Event
) -> Future[dict[str, Any] | None]:
    """Count them in a thread of its own.

    Args:
        first, second: of labels, of one size.
        stop: set when nobody waits for it any more.

    Returns:
        ``{"width", "height", "pairs": [[label, label, pixels], …]}`` of the level that was
        counted; None where it was stopped.

    Raises:
        BusyError: too much is waiting.
    """
    if not _waiting.acquire(blocking=False):
        raise BusyError

    def count() -> dict[str, Any] | None:
        key = f"{first.id} {second.id}"
        if kept := _counts.kept(key):
            return kept
        with first.content.open() as one, second.content.open() as other:
            counted = count_pairs(one, other, _MOST_PIXELS, stop.is_set)
        if counted is None:
            return None
        pairs = [
            [int(a), int(b), int(counted.counts[a, b])] for a, b in np.argwhere(counted.counts)
        ]
        answer = {"width": counted.width, "height": counted.height, "pairs": pairs}
        return _counts.get(key, lambda: answer)

    future = _pool.submit(count)
    future.add_done_callback(lambda _: _waiting.release())
    return future
