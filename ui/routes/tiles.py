"""The tiles of large images, under ``/tiles`` on the app's port.

    /tiles/ID/LEVEL/ROW/COLUMN

An id is made by a keyed hash when a page shows an image: nobody can guess it, and no path comes
from a URL. A request that the browser drops is not worked on any more.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

__all__ = ["routes"]

T = TypeVar("T")

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_KEPT = "private, max-age=31536000, immutable"  # another content has another id


def routes() -> list[BaseRoute]:
    """The route of the tiles, for ``st.App(routes=…)``."""
    return [Route("/tiles/{id}/{level:int}/{row:int}/{column:int}", _tile)]


async def _tile(request: Request) -> Response:
    # Not before a tile is asked for: the server is there sooner.
    from ui.viewer.tiles.sources import BusyError, find_source

    asked = request.path_params
    source = find_source(asked["id"])
    if source is None:
        return _text(404, "The server holds this image no more. Reload the page.")
    place = asked["level"], asked["row"], asked["column"]
    if not source.levels.has(*place):
        return _text(404, "There is no such tile.")
    if not source.is_current():
        return _text(410, "The file has changed since. Reload the page.")
    try:
        future = source.tile(*place)
    except BusyError:
        return _text(503, "More tiles are asked for than are made soon.", {"Retry-After": "1"})
    return await _answer(request, future)


async def _answer(request: Request, future: Future[T]) -> Response:
    from core.errors import ImageError
    from ui.viewer.tiles.sources import TileFile

    made = asyncio.wrap_future(future)
    gone = asyncio.ensure_future(_disconnect(request))
    try:
        both: set[asyncio.Future[Any]] = {made, gone}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if not made.done():
            made.cancel()  # also the other, if its turn has not come
            return Response(status_code=499)
        tile = made.result()
    except ImageError as error:
        return _text(422, f"{error.what}: {error.remedy}" if error.remedy else error.what)
    finally:
        gone.cancel()
    assert isinstance(tile, TileFile)
    # A coarse tile is asked for again when the page says that there is a better one.
    headers = _HEADERS | {"Cache-Control": _KEPT if tile.sharp else "no-store"}
    if not tile.data:
        return Response(status_code=204, headers=headers)
    return Response(tile.data, media_type=tile.mime, headers=headers)


async def _disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _text(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    return Response(text, status, _HEADERS | (headers or {}), media_type="text/plain")
