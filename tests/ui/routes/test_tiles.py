"""Tiles over HTTP: by an id and a place in the pyramid, and nothing else."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from starlette.routing import Router

from core.errors import ImageError
from core.imagery.pyramid.levels import Levels
from core.imagery.pyramid.reader import Tile
from tests.imagery.pyramid.test_tiles import write
from ui.routes.tiles import routes
from ui.viewer.tiles import sources
from ui.viewer.tiles.arrays import tiled_array
from ui.viewer.tiles.files import tiled_labels, tiled_picture
from ui.viewer.tiles.sources import TileContent, find_source, open_source


def answer(path: str, gone: threading.Event | None = None) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body, as a server would send them; `gone` when the browser leaves."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        while gone is None or not gone.is_set():
            await asyncio.sleep(0.01)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}
    # In a thread of its own: Playwright keeps an event loop going in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, Router(routes())(scope, receive, send)).result()
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(each.get("body", b"") for each in sent[1:])


def picture(body: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_UNCHANGED)


@pytest.fixture
def labels() -> np.ndarray:
    labels = np.random.default_rng(1).integers(0, 4, (1100, 1300), np.uint8)
    labels[:512, :512] = 255
    return labels


def test_a_tile_is_its_window(labels: np.ndarray) -> None:
    tiled = tiled_array(labels, "labels")
    status, headers, body = answer(f"/tiles/{tiled.id}/0/1/2")
    assert status == 200 and headers["content-type"] == "image/png"
    assert (
        headers["cache-control"].startswith("private") and "immutable" in headers["cache-control"]
    )
    assert headers["x-content-type-options"] == "nosniff"
    np.testing.assert_array_equal(picture(body), labels[512:1024, 1024:1300])
    assert answer(f"/tiles/{tiled.id}/0/0/0")[0::2] == (204, b"")  # void
    assert picture(answer(f"/tiles/{tiled.id}/2/0/0")[2]).shape == (275, 325)
    assert tiled_array(labels.copy(), "labels") == tiled
    assert tiled_array(labels, "values").id != tiled.id


@pytest.mark.parametrize(
    "place",
    [
        "3/0/0",
        "0/3/0",
        "0/0/3",
        "1/2/0",
        "99999999999999999999999/0/0",
        "0/99999999999999999/0",
        "9" * 5000 + "/0/0",
        "0/0/" + "9" * 5000,
    ],
)
def test_places_that_are_none_are_refused(labels: np.ndarray, place: str) -> None:
    status, _, body = answer(f"/tiles/{tiled_array(labels, 'labels').id}/{place}")
    assert (status, body) == (404, b"There is no such tile.")


@pytest.mark.parametrize(
    "path",
    ["/0/0/-1", "/0/0/a", "/0/0/1.5", "/0/0", "/0/0/0/0", "/%2e%2e/0/0", "/pairs", "/pairs/x/y"],
)
def test_what_is_no_place_is_no_address(labels: np.ndarray, path: str) -> None:
    assert answer(f"/tiles/{tiled_array(labels, 'labels').id}{path}")[0] == 404


@pytest.mark.parametrize(
    "key", ["0" * 32, "..", "../../etc/passwd", "%00", "a" * 5000, "é", "/etc/passwd"]
)
def test_an_id_is_a_secret_and_no_path(key: str) -> None:
    assert answer(f"/tiles/{key}/0/0/0")[0] == 404
    assert answer(f"/tiles/{key}/pairs/{key}")[0] == 404


def test_an_id_is_not_made_from_the_content_alone(
    labels: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tiled_array(labels, "labels").id
    monkeypatch.setattr(sources, "_SECRET", b"another server's")
    assert tiled_array(labels, "labels").id != before


def test_pairs_of_labels_are_counted(labels: np.ndarray) -> None:
    other = np.roll(labels, 300, axis=1)
    first, second = (tiled_array(each, "labels").id for each in (labels, other))
    status, _, body = answer(f"/tiles/{first}/pairs/{second}")
    counts = json.loads(body)
    assert status == 200 and (counts["width"], counts["height"]) == (1300, 1100)
    expected = np.zeros((256, 256), int)
    np.add.at(expected, (labels, other), 1)
    got = np.zeros((256, 256), int)
    for a, b, pixels in counts["pairs"]:
        got[a, b] = pixels
    np.testing.assert_array_equal(got, expected)


def test_pairs_are_of_two_label_maps_of_one_size(labels: np.ndarray) -> None:
    first = tiled_array(labels, "labels").id
    for pixels, role in ((labels[1:], "labels"), (labels, "values")):
        other = tiled_array(pixels, role).id  # type: ignore[arg-type]
        assert answer(f"/tiles/{first}/pairs/{other}")[0] == 400


def test_a_file_by_its_tiles_until_it_changes(tmp_path: Path, space: Path) -> None:
    pixels = np.random.default_rng(2).integers(1, 255, (700, 900, 3), np.uint8)
    path = write(tmp_path / "a.tif", pixels)
    file = tiled_picture(path)
    assert file.tiles.sharp and (file.tiles.width, file.tiles.height) == (900, 700)
    assert answer(f"/tiles/{file.tiles.id}/0/1/1")[0] == 200
    before = path.stat()
    write(path, pixels[::-1])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 10**9))
    for place in ("0/1/1", "0/0/0"):
        status, _, body = answer(f"/tiles/{file.tiles.id}/{place}")
        assert status == 410 and b"Reload" in body
    again = tiled_picture(path)
    assert again.tiles.id != file.tiles.id
    assert answer(f"/tiles/{again.tiles.id}/0/1/1")[0] == 200
    path.unlink()
    assert answer(f"/tiles/{again.tiles.id}/0/1/1")[0] == 410


def test_a_damaged_file_says_so(tmp_path: Path, space: Path) -> None:
    labels = np.random.default_rng(2).integers(0, 5, (700, 900, 1), np.uint8)
    path = write(tmp_path / "a.tif", labels, compress="deflate")
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(bytes(20_000))
    tiles = tiled_labels(path).tiles
    answers = [answer(f"/tiles/{tiles.id}/0/{row}/{column}") for row in (0, 1) for column in (0, 1)]
    assert 422 in {status for status, _, _ in answers}
    assert all(b"damaged" in body for status, _, body in answers if status == 422)
    assert all(str(tmp_path).encode() not in body for _, _, body in answers)


class Slow:
    """A reader that makes tiles as long as it is told to wait."""

    levels = Levels(2000, 2000)

    def __init__(self) -> None:
        self.go, self.read_places = threading.Event(), []  # type: ignore[var-annotated]

    def read(self, level: int, row: int, column: int) -> Tile:
        self.read_places.append((level, row, column))
        assert self.go.wait(30)
        return Tile(np.full((4, 4), row, np.uint8))


@pytest.fixture
def slow() -> Iterator[tuple[Slow, str]]:
    reader = Slow()

    @contextmanager
    def opener() -> Iterator[Slow]:
        yield reader

    source = open_source(f"slow {id(reader)}", TileContent(Slow.levels, "labels", opener))
    yield reader, source.id
    reader.go.set()


def test_what_the_browser_drops_is_not_made(slow: tuple[Slow, str]) -> None:
    reader, key = slow
    source = find_source(key)
    assert source
    first = source.tile(0, 0, 0)
    gone = threading.Event()
    gone.set()
    statuses = [answer(f"/tiles/{key}/0/1/{column}", gone)[0] for column in range(3)]
    assert statuses == [499] * 3
    reader.go.set()
    assert first.result(30).data
    assert answer(f"/tiles/{key}/0/2/2")[0] == 200
    assert reader.read_places == [(0, 0, 0), (0, 2, 2)]


def test_too_many_are_refused_for_now(
    slow: tuple[Slow, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, key = slow
    monkeypatch.setattr(sources, "_MOST_WAITING", 3)
    source = find_source(key)
    assert source
    waiting = [source.tile(0, 0, column) for column in range(3)]
    status, headers, _ = answer(f"/tiles/{key}/0/1/1")
    assert status == 503 and headers["retry-after"] == "1"
    reader.go.set()
    for future in waiting:
        future.result(30)
    assert answer(f"/tiles/{key}/0/1/1")[0] == 200


def test_a_file_is_closed_where_too_many_are_open(
    tmp_path: Path, space: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "_MOST_OPEN", 2)
    monkeypatch.setattr(sources, "_open", type(sources._open)())
    labels = np.random.default_rng(2).integers(0, 5, (300, 300, 1), np.uint8)
    ids = [tiled_labels(write(tmp_path / f"{n}.tif", labels)).tiles.id for n in range(4)]
    for _ in range(2):
        for key in ids:
            assert answer(f"/tiles/{key}/0/0/0")[0] == 200
    assert len(sources._open) == 2
    still = [key for key in ids if (source := find_source(key)) and source.is_open]
    assert still == ids[-2:]


def test_arrays_that_were_not_used_for_longest_are_let_go(
    labels: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = tiled_array(labels, "labels").id
    assert answer(f"/tiles/{first}/0/1/1")[0] == 200
    monkeypatch.setattr(sources, "_MOST_BYTES", 2 * labels.nbytes)
    second = tiled_array(labels[::-1], "labels").id
    assert find_source(second) and find_source(first) is None
    status, _, body = answer(f"/tiles/{first}/0/1/1")
    assert status == 404 and b"Reload" in body


def test_an_error_closes_the_file_and_the_next_one_opens_it(slow: tuple[Slow, str]) -> None:
    opened: list[int] = []

    class Broken(Slow):
        def read(self, level: int, row: int, column: int) -> Tile:
            if len(opened) == 1:
                raise ImageError("the image data is damaged", remedy="copy it again")
            return Tile(None)

    @contextmanager
    def opener() -> Iterator[Broken]:
        opened.append(1)
        yield Broken()

    key = open_source(f"broken {id(opened)}", TileContent(Slow.levels, "labels", opener)).id
    status, _, body = answer(f"/tiles/{key}/0/0/0")
    assert (status, body) == (422, b"the image data is damaged: copy it again")
    assert answer(f"/tiles/{key}/0/0/0")[0] == 204 and len(opened) == 2
