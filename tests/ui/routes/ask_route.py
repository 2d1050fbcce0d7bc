"""A route asked as Starlette would, without a server."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match


def ask_route(routes: Sequence[Any], path: str) -> Response | None:
    """What the one route says to a path; None where it is not its path."""
    (route,) = routes
    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}
    match, child = route.matches(scope)
    if match != Match.FULL:
        return None
    # In a thread of its own: Playwright keeps an event loop going in this one.
    with ThreadPoolExecutor(1) as thread:
        asked = asyncio.run, route.endpoint(Request(scope | child))
        response: Response = thread.submit(*asked).result()
    return response
