"""The pictures of a training's time-lapse, under ``/timelapse`` on the app's port.

    /timelapse/RUN/00/epoch-00012.png?DIGEST

The browser asks for each picture once and keeps it: while a training is watched, an epoch costs one
small picture. A run is asked for by name and looked up; no path comes from a URL. A picture that
was replaced since (an epoch trained again) is not given out under its former digest.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from core.errors import DSIError

if TYPE_CHECKING:
    from core.training.runs.run import Run

__all__ = ["picture_url", "routes"]

_PLACE = re.compile(r"\d\d")
_FILE = re.compile(r"(image|truth|epoch-\d{5,})\.png")
_HEADERS = {
    "Cache-Control": "private, max-age=31536000, immutable",  # another content has another digest
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def picture_url(run: Run, file: Path, digest: str) -> str:
    """The address of a picture in the run's time-lapse, from the server's root."""
    return f"/timelapse/{quote(run.name)}/{file.parent.name}/{file.name}?{digest}"


def routes() -> list[BaseRoute]:
    """The route of the pictures, for ``st.App(routes=…)``."""

    async def picture(request: Request) -> Response:
        data = await run_in_threadpool(
            _read_picture,
            request.path_params["run"],
            request.path_params["place"],
            request.path_params["name"],
            request.url.query,
        )
        if data is None:
            return Response("There is no such picture.", 404, media_type="text/plain")
        return Response(data, media_type="image/png", headers=_HEADERS)

    return [Route("/timelapse/{run}/{place}/{name}", picture)]


def _read_picture(run: str, place: str, name: str, digest: str) -> bytes | None:
    if not (_PLACE.fullmatch(place) and _FILE.fullmatch(name)):
        return None
    # Not before a picture is asked for: the server is there sooner.
    from core.training.runs.run import find_run
    from core.training.runs.timelapse import picture_digest

    try:
        data = (find_run(run).folder / "timelapse" / place / name).read_bytes()
    except (DSIError, OSError):
        return None
    return data if picture_digest(data) == digest else None
