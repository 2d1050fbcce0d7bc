"""The image's own values at a pixel, under ``/values`` on the app's port.

    /values/TOKEN/X/Y

The token was given to a page that shows the image; nobody can guess it, and no path comes from a
URL.
"""

from __future__ import annotations

import re

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

__all__ = ["routes"]

_TOKEN = re.compile(r"[0-9a-f]{32}")
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
_HEADERS = {
    "Cache-Control": "private, max-age=600, immutable",  # another content has another token
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def routes() -> list[BaseRoute]:
    """The route of the values, for ``st.App(routes=…)``."""

    async def values(request: Request) -> Response:
        asked = request.path_params
        token, x, y = asked["token"], asked["x"], asked["y"]
        known = None
        if _TOKEN.fullmatch(token) and _NUMBER.fullmatch(x) and _NUMBER.fullmatch(y):
            # Not before a value is asked for: the server is there sooner.
            from ui.viewer.band_values import band_values

            known = await run_in_threadpool(band_values, token, int(x), int(y))
        if known is None:
            return Response("There is no such pixel.", 404, media_type="text/plain")
        answer = {"values": known.values, "data": known.has_data}
        return JSONResponse(answer, headers=_HEADERS)

    return [Route("/values/{token}/{x}/{y}", values)]
