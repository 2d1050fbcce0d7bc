"""What every answer of the server goes through: who may ask, and what a page may load.

A page on the internet can have its own name point to this machine (DNS rebinding) and then read
what the server answers. Its requests carry that name, so that only the server's own names, and
addresses of numbers, which cannot be made to point elsewhere, are answered.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from functools import cache

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["ALLOWED_HOSTS", "PageHeaders", "TrustedHosts", "is_trusted"]

ALLOWED_HOSTS = "DSI_ALLOWED_HOSTS"
"""Environment variable: further names of the server, as ``maps.example.org,*.example.net``."""

# A name or number, or one of IPv6 in brackets, and a port (RFC 9110, 7.2).
_HOST = re.compile(r"(?:\[(?P<six>[0-9a-f:.]+)\]|(?P<name>[^\[\]:/@,\s]+))(?::[0-9]{1,5})?")

# Nothing is loaded from elsewhere, whatever a name or a text in the data asks for. Streamlit's own
# scripts make functions from text (Vega, Plotly) and modules from blobs (components).
_POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline' blob:",
        "img-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' blob: data:",
        "worker-src 'self' blob:",
        "frame-src 'self' blob: data:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    ]
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
}


class TrustedHosts:
    """Refuse what asks for the server by a name that is not its own, over HTTP and WebSocket."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        host = Headers(scope=scope).get("host", "")
        if is_trusted(host):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            answer = PlainTextResponse(
                "This server does not go by that name. Ask for it as localhost or by its number, "
                f"or name it in {ALLOWED_HOSTS} before it is started.",
                status_code=421,
            )
            await answer(scope, receive, send)


def is_trusted(host: str) -> bool:
    """Whether a request's Host header names this server: localhost, the machine's name, an address
    of numbers, or what `ALLOWED_HOSTS` says."""
    parts = _HOST.fullmatch(host.strip().lower())
    if parts is None:
        return False
    if (bracketed := parts["six"]) is not None:
        return _is_address(bracketed)
    name = parts["name"].removesuffix(".")
    if _is_address(name):
        return True
    return name == "localhost" or name in _own_names() or any(_matches(name, p) for p in _allowed())


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _allowed() -> list[str]:
    listed = os.environ.get(ALLOWED_HOSTS, "").lower().split(",")
    return [pattern.strip() for pattern in listed if pattern.strip()]


def _matches(name: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return name.endswith(pattern[1:]) and len(name) >= len(pattern)
    return name == pattern


@cache
def _own_names() -> frozenset[str]:
    name = socket.gethostname().lower()
    return frozenset({name, f"{name}.local"} if name else ())


class PageHeaders:
    """Put the headers of safety on every answer that does not have its own."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, with_headers)
