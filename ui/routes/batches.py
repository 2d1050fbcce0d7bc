"""The ZIP of a batch of predictions, under ``/batches`` on the app's port, from the server's disk.

    /batches/ID.zip

A batch is asked for by its id, 128 bits of which cannot be guessed, and looked up; no path comes
from a URL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from core.errors import DSIError

if TYPE_CHECKING:
    from core.evaluation.batch.store import KeptBatch

__all__ = ["routes", "zip_url"]

_HEADERS = {
    "Cache-Control": "private, no-cache",  # it may be packed anew
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def zip_url(kept: KeptBatch) -> str:
    """The address of a batch's ZIP, from the server's root."""
    return f"/batches/{quote(kept.id)}.zip"


def routes() -> list[BaseRoute]:
    """The route of the ZIPs, for ``st.App(routes=…)``."""

    async def packed(request: Request) -> Response:
        kept = await run_in_threadpool(_find, request.path_params["batch"])
        if kept is None:
            return Response("There is no such file.", 404, media_type="text/plain")
        return FileResponse(
            kept.zip_file,
            media_type="application/zip",
            filename=f"predictions-{kept.id[:17]}.zip",
            headers=_HEADERS,
        )

    return [Route("/batches/{batch}.zip", packed)]


def _find(batch: str) -> KeptBatch | None:
    # Not before a file is asked for: the server is there sooner.
    from core.evaluation.batch.store import find_batch

    try:
        kept = find_batch(batch)
    except DSIError:
        return None
    return kept if kept.zip_file.is_file() else None
