"""What sessions share is bounded by its size, not by its number."""

from __future__ import annotations

import threading
import time

import pytest

from ui.loaded.sized_cache import SizedCache


def test_as_many_as_fit() -> None:
    cache = SizedCache[bytes](100, 60, len)
    for key in "abc":
        cache.get(key, lambda: bytes(40))
    assert cache.bytes == 80
    made: list[str] = []
    for key in "cba":  # a went for c, and goes for nobody else
        cache.get(key, lambda key=key: made.append(key) or bytes(40))
    assert made == ["a"]


def test_one_that_is_too_large_is_given_and_not_kept() -> None:
    cache = SizedCache[bytes](100, 60, len)
    cache.get("small", lambda: bytes(60))
    assert len(cache.get("large", lambda: bytes(200))) == 200
    assert cache.bytes == 60


def test_what_nobody_asks_for_goes() -> None:
    cache = SizedCache[bytes](100, 0.2, len)
    cache.get("a", lambda: bytes(10))
    time.sleep(0.3)
    cache.get("b", lambda: bytes(10))
    assert cache.bytes == 10
    cache.clear()
    assert cache.bytes == 0


def test_it_is_made_once_for_all_who_ask() -> None:
    cache = SizedCache[bytes](100, 60, len)
    made: list[int] = []

    def make() -> bytes:
        made.append(1)
        time.sleep(0.2)
        return b"1"

    threads = [threading.Thread(target=cache.get, args=("a", make)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]


def test_one_that_cannot_be_made_is_tried_again() -> None:
    cache = SizedCache[bytes](100, 60, len)

    def fail() -> bytes:
        raise ValueError("damaged")

    for _ in range(2):
        with pytest.raises(ValueError, match="damaged"):
            cache.get("a", fail)
    assert cache.get("a", lambda: b"1") == b"1"
