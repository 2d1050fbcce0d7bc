"""A time-lapse's pictures over HTTP: those named by their content, and nothing else."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from starlette.requests import Request
from starlette.routing import Match

from core.training.config import TrainConfig
from core.training.runs.run import Run, create_run
from core.training.runs.timelapse import picture_digest
from ui.routes.timelapse import picture_url, routes

PICTURE = b"\x89PNG first"


@pytest.fixture
def run() -> Run:
    run = create_run("my run", TrainConfig())
    folder = run.folder / "timelapse" / "00"
    folder.mkdir(parents=True)
    (folder / "epoch-00001.png").write_bytes(PICTURE)
    (folder / "sample.json").write_text("{}")
    return run


def answer(url: str) -> tuple[int, bytes, dict[str, str]]:
    """What the route says, as Starlette would ask it."""
    parts = urlsplit(url)
    (route,) = routes()
    path = parts.path.replace("%20", " ")
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "headers": [],
        "query_string": parts.query.encode(),
    }
    match, child_scope = route.matches(scope)
    if match != Match.FULL:
        return 404, b"", {}
    # In a thread of its own: Playwright keeps an event loop going in this one.
    with ThreadPoolExecutor(1) as thread:
        response = thread.submit(asyncio.run, route.endpoint(Request(scope | child_scope))).result()
    return response.status_code, response.body, dict(response.headers)


def test_a_picture_is_given_and_may_be_kept_for_ever(run: Run) -> None:
    file = run.folder / "timelapse/00/epoch-00001.png"
    url = picture_url(run, file, picture_digest(PICTURE))
    assert url.startswith("/timelapse/my%20run/00/epoch-00001.png?")
    status, body, headers = answer(url)
    assert (status, body) == (200, PICTURE)
    assert headers["content-type"] == "image/png"
    assert "immutable" in headers["cache-control"]


def test_one_that_was_replaced_is_not_given_under_its_former_name(run: Run) -> None:
    file = run.folder / "timelapse/00/epoch-00001.png"
    url = picture_url(run, file, picture_digest(PICTURE))
    file.write_bytes(b"\x89PNG second")
    status, _, headers = answer(url)
    assert status == 404
    assert "cache-control" not in headers


@pytest.mark.parametrize(
    "path",
    [
        "/timelapse/my run/00/sample.json",
        "/timelapse/my run/00/epoch-00002.png",
        "/timelapse/my run/01/epoch-00001.png",
        "/timelapse/other/00/epoch-00001.png",
        "/timelapse/../00/epoch-00001.png",
        "/timelapse/my run/../config.json",
    ],
)
def test_nothing_else_is(run: Run, path: str) -> None:
    assert answer(f"{path}?{picture_digest(PICTURE)}")[0] == 404
    assert answer(f"{path}?{picture_digest(b'{}')}")[0] == 404
