"""The ZIP of a batch over HTTP: by its id alone, and nothing else."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Match

from core.evaluation.batch.store import new_batch
from ui.routes.batches import routes, zip_url


def answer(path: str) -> Response | None:
    """What the route says, as Starlette would ask it; None where there is no such route."""
    (route,) = routes()
    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}
    match, child = route.matches(scope)
    if match != Match.FULL:
        return None
    # In a thread of its own: Playwright keeps an event loop going in this one.
    with ThreadPoolExecutor(1) as thread:
        asked = asyncio.run, route.endpoint(Request(scope | child))
        response: Response = thread.submit(*asked).result()
    return response


def test_a_packed_batch_is_served_from_the_disk(space: Path) -> None:
    kept = new_batch()
    (kept.folder / "batch.json").write_text("{}")
    missing = answer(zip_url(kept))
    assert missing and missing.status_code == 404
    kept.zip_file.write_bytes(b"PK")
    response = answer(zip_url(kept))
    assert isinstance(response, FileResponse)
    assert Path(response.path) == kept.zip_file
    assert response.headers["content-disposition"].startswith("attachment")
    assert response.headers["cache-control"].startswith("private")


def test_there_is_nothing_else(space: Path) -> None:
    kept = new_batch()
    (kept.folder / "batch.json").write_text("{}")
    (kept.folder / "results.zip").write_bytes(b"PK")
    for name in ("2026-11-28-000000-0", "..", "%2e%2e", kept.id[:-1]):
        response = answer(f"/batches/{name}.zip")
        assert response is None or response.status_code == 404
    assert answer(f"/batches/../{kept.id}/batch.json") is None
