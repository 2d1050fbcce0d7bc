"""The pictures of the compare viewer, under ``/pictures`` on the app's port.

    /pictures/labels-DIGEST

They lie in memory and are asked for by the digest of their content, 128 bits of blake2b, which
nobody knows who does not have the content or the page that shows it. No path comes from a URL.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

__all__ = ["routes"]

_HEADERS = {
    "Cache-Control": "private, max-age=3600, immutable",  # another content has another digest
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def routes() -> list[BaseRoute]:
    """The route of the pictures, for ``st.App(routes=…)``."""

    async def picture(request: Request) -> Response:
        # Not before a picture is asked for: the server is there sooner.
        from ui.viewer.encode import sent_picture

        sent = sent_picture(request.path_params["digest"])
        if sent is None:
            return Response("There is no such picture.", 404, media_type="text/plain")
        return Response(sent.data, media_type=sent.mime, headers=_HEADERS)

    return [Route("/pictures/{digest}", picture)]
