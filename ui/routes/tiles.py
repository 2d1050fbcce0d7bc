"""The tiles of large images, under ``/tiles`` on the app's port.

    /tiles/ID/LEVEL/ROW/COLUMN     a tile: PNG or JPEG, 204 where there is nothing to see
    /tiles/ID/pairs/ID             pixels by pairs of labels, of two label maps of one size

An id is made by a keyed hash when a page shows an image: nobody can guess it, and no path comes
from a URL. A request that the browser drops is not worked on any more.
"""

from __future__ import annotations

import asyncio
import re
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from core.errors import ImageError

if TYPE_CHECKING:
    from ui.viewer.tiles.sources import TileSource

__all__ = ["routes"]

T = TypeVar("T")

_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_KEPT = "private, max-age=31536000, immutable"  # another content has another id
_GONE = 499  # nobody reads it


def routes() -> list[BaseRoute]:
    """The routes of the tiles, for ``st.App(routes=…)``."""
    return [
        Route("/tiles/{id}/{level}/{row}/{column}", _tile),
        Route("/tiles/{id}/pairs/{other}", _pairs),
    ]


async def _tile(request: Request) -> Response:
    # Not before a tile is asked for: the server is there sooner.
    from ui.viewer.tiles.sources import BusyError

    source = _source(request.path_params["id"])
    if isinstance(source, Response):
        return source
    asked = [request.path_params[name] for name in ("level", "row", "column")]
    if not all(_NUMBER.fullmatch(number) for number in asked):
        return _text(404, "There is no such tile.")
    level, row, column = map(int, asked)
    if not source.content.levels.has(level, row, column):
        return _text(404, "There is no such tile.")
    try:
        tile = await _result(request, source.tile(level, row, column))
    except (BusyError, ImageError) as error:
        return _refused(error)
    if tile is None:
        return Response(status_code=_GONE)
    # A coarse tile is asked for again when the page says that there is a better one.
    headers = _HEADERS | {"Cache-Control": _KEPT if tile.sharp else "no-store"}
    if not tile.data:
        return Response(status_code=204, headers=headers)
    return Response(tile.data, media_type=tile.mime, headers=headers)


async def _pairs(request: Request) -> Response:
    from ui.viewer.tiles.pair_counts import pairs_of
    from ui.viewer.tiles.sources import BusyError

    sources = []
    for name in ("id", "other"):
        source = _source(request.path_params[name])
        if isinstance(source, Response):
            return source
        sources.append(source)
    first, second = sources
    roles = {first.content.role, second.content.role}
    if first.content.levels != second.content.levels or roles != {"labels"}:
        return _text(400, "These are not two label maps of one size.")
    stop = threading.Event()
    try:
        counts = await _result(request, pairs_of(first, second, stop))
    except (BusyError, ImageError) as error:
        return _refused(error)
    finally:
        stop.set()
    if counts is None:
        return Response(status_code=_GONE)
    return JSONResponse(counts, headers=_HEADERS | {"Cache-Control": _KEPT})


def _source(key: str) -> TileSource | Response:
    """The source of an id, or why there is none."""
    from ui.viewer.tiles.sources import find_source

    source = find_source(key)
    if source is None:
        return _text(404, "The server holds this image no more. Reload the page.")
    if not source.content.is_current():
        return _text(410, "The file has changed since. Reload the page.")
    return source


async def _result(request: Request, future: Future[T]) -> T | None:
    """What is made; None where the browser is gone before."""
    made = asyncio.wrap_future(future)
    gone = asyncio.ensure_future(_disconnect(request))
    both: set[asyncio.Future[Any]] = {made, gone}
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if made.done():
            return made.result()
        made.cancel()  # also the other, if its turn has not come
        return None
    finally:
        gone.cancel()


async def _disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _refused(error: Exception) -> Response:
    if isinstance(error, ImageError):
        return _text(422, f"{error.what}: {error.remedy}" if error.remedy else error.what)
    text = "More is asked for than is made soon. Try again."
    return _text(503, text, {"Retry-After": "1"})


def _text(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    return Response(text, status, _HEADERS | (headers or {}), media_type="text/plain")
