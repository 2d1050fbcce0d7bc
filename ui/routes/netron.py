"""Netron's own page from its package, under ``/netron`` on the app's port, kept from the web.

Served as it is, that page asks for cookie consent, asks an outside host where the reader is, sends
telemetry and refuses to work 180 days after its release. Its ``<meta>`` tags and one cookie steer
all of it (``browser.js`` in the package), so they are set here on every answer; a Content Security
Policy makes an outside request impossible besides.

    /netron/?model=NAME[&theme=light|dark]    the page, opened on that model
    /netron/models/NAME.keras                 its file; below /netron/, for Netron resolves the
                                              name against the page's own folder
    /netron/theme.js                          our script: follows the theme of the page around
    /netron/FILE                              the page's scripts, style sheet, icons and metadata

A model is asked for by name only, and the name is looked up; no path comes from a URL.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from html import escape
from importlib import metadata
from pathlib import Path
from typing import Literal
from urllib.parse import quote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import get_option

from core.errors import DSIError

__all__ = ["netron_url", "routes"]

Resolver = Callable[[str], Path | None]
Theme = Literal["light", "dark"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}")
_SERVED = {".js", ".json", ".css", ".png", ".ico"}
_THEME_SCRIPT = Path(__file__).with_name("netron_theme.js")
_DARK = "@media (prefers-color-scheme: dark)"
_HEADERS = {
    "Content-Security-Policy": "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "worker-src 'self'",
            "connect-src 'self'",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",  # its export as PNG draws an SVG data URL
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'self'",
        ]
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",  # revalidated, so an updated Netron or a retrained model shows
}


def netron_url(name: str, theme: Theme | None = None) -> str:
    """Address of Netron's page for a model, for ``st.iframe(netron_url(name), height=700)``.

    Args:
        name: the model's name, as the model store knows it.
        theme: "light" or "dark" (``st.context.theme.type``); None follows the reader's system.

    Returns:
        A URL on this server, from its root.
    """
    query = {"model": name} | ({"theme": theme} if theme else {})
    return "/netron/?" + urlencode(query, quote_via=quote)


def routes(resolve: Resolver | None = None) -> list[BaseRoute]:
    """The routes of Netron, for ``st.App(routes=…)``.

    Args:
        resolve: from a model's name to its ``.keras`` file; None or a
            :class:`~core.errors.DSIError` for a name that is not to be had. It runs in a thread.
            By default the model store's :func:`core.models.keras_file.graph_file`.

    Returns:
        A redirect from ``/netron`` and the folder ``/netron/``.
    """
    resolve = resolve or _graph_file

    async def page(request: Request) -> Response:
        name = request.query_params.get("model", "")
        await _look_up(resolve, name)
        response = HTMLResponse(
            await run_in_threadpool(_page, name, request.query_params.get("theme"))
        )
        # Read by the page's own script, so not HttpOnly. Without a path it counts for the page's
        # folder as the browser sees it, also behind a proxy's prefix.
        response.set_cookie("consent", "1", path=None, samesite="strict")
        return response

    async def model(request: Request) -> Response:
        file = await _look_up(resolve, request.path_params["name"])
        return FileResponse(file, media_type="application/zip")

    async def theme_script(request: Request) -> Response:
        return FileResponse(_THEME_SCRIPT, media_type="text/javascript")

    async def slash(request: Request) -> Response:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"netron/{query}")

    return [
        Route("/netron", slash),
        Mount(
            "/netron",
            routes=[
                Route("/", page),
                Route("/index.html", page),
                Route("/models/{name}.keras", model),
                Route("/theme.js", theme_script),
                Mount("/", _PageFiles(directory=_package())),
            ],
            # Errors become answers inside, so that they carry the headers too.
            middleware=[Middleware(_SecurityHeaders), Middleware(ExceptionMiddleware)],
        ),
    ]


def _graph_file(name: str) -> Path:
    from core.models.keras_file import graph_file  # imports TensorFlow

    return graph_file(name)


async def _look_up(resolve: Resolver, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise HTTPException(404, "There is no model of this name: choose one on the Inspect page.")
    try:
        file = await run_in_threadpool(resolve, name)
    except DSIError as error:
        raise HTTPException(404, str(error)) from error
    if file is None or not file.is_file():
        raise HTTPException(404, f"There is no model {name}: choose one on the Inspect page.")
    return file


@cache
def _package() -> Path:
    # Looked up, not imported: only its files are served.
    return Path(str(metadata.distribution("netron").locate_file("netron")))


@cache
def _source(file: str) -> str:
    return (_package() / file).read_text(encoding="utf-8")


def _page(name: str, theme: str | None) -> str:
    """Netron's ``index.html`` for one model, with its style sheet put in."""
    html = _substitute(r'<meta name="date" content="[^"]*">', "", _source("index.html"))
    html = _substitute(r'<meta name="version" content="[^"]*">', _meta(name), html)
    style = f"<style>\n{_source('grapher.css')}</style>"
    html = _substitute(r'<link [^>]*href="grapher\.css"[^>]*>', style, html)
    if theme in ("light", "dark"):
        script = '<script src="theme.js" defer></script>\n</head>'
        html = _substitute("</head>", script, html)
        # A frame's own colour scheme is the system's, not the one chosen in the app.
        html = html.replace(_DARK, "@media all" if theme == "dark" else "@media not all")
        # Last, so that it is stronger than Netron's own: the graph stands on the page's ground.
        ground = get_option(f"theme.{theme}.backgroundColor")
        places = ".target, .default, .default body, .welcome, .welcome body"
        html = _substitute(
            "</head>", f"<style>{places} {{ background-color: {ground}; }}</style>\n</head>", html
        )
    return html


def _meta(name: str) -> str:
    values = {
        "version": "0.0.0",  # unpackaged: no telemetry
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}",  # today: not out of date
        "file": f"models/{quote(name)}.keras",
        "identifier": f"{name}.keras",
    }
    return "\n".join(f'<meta name="{key}" content="{escape(v)}">' for key, v in values.items())


def _substitute(pattern: str, text: str, html: str) -> str:
    html, count = re.subn(pattern, lambda _: text, html)
    if count != 1:
        raise RuntimeError(f"netron's index.html has {count} of {pattern}, expected 1")
    return html


class _PageFiles(StaticFiles):
    """What Netron's page loads, without its unchanged ``index.html`` and the Python beside it."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        if Path(path).suffix not in _SERVED:
            raise HTTPException(404, "Netron has no such file.")
        return await super().get_response(path, scope)


class _SecurityHeaders:
    """Put the headers on every answer below ``/netron/``, errors included."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await self.app(scope, receive, with_headers)
