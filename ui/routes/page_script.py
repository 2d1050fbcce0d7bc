"""A script of ours in Streamlit's page, before its own: the browser's history (`history.js`).

It has to be there before Streamlit's first message, which a component of the page is not: an
address that is corrected on the first visit would already have made an entry.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["PageScript"]

_FILE = Path(__file__).resolve().parent.parent / "shell" / "history.js"
_MARK = b"<head>"
# What was kept of the page from before it had the script is not to be taken for this one.
_STALE = ("if-none-match", "if-modified-since", "accept-encoding", "range")


@cache
def _script() -> bytes:
    return b"<head><script>\n" + _FILE.read_bytes() + b"</script>"


class PageScript:
    """Put the script at the head of Streamlit's page; other answers pass as they are."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _asks_for_page(scope):
            await self.app(scope, receive, send)
            return
        kept = [(name, value) for name, value in scope["headers"] if name.decode() not in _STALE]
        await self.app({**scope, "headers": kept}, receive, _Rewriter(send))


def _asks_for_page(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    # Netron's page has headers that allow no script within it, and needs none.
    is_netron = scope["path"].startswith("/netron")
    return not is_netron and "text/html" in Headers(scope=scope).get("accept", "")


class _Rewriter:
    """Sends an answer on; a page only when all of it is there, with the script in it."""

    def __init__(self, send: Send) -> None:
        self.send = send
        self.start: Message | None = None
        self.body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if message["status"] == 200 and headers.get("content-type", "").startswith("text/html"):
                self.start = message
                return
        if self.start is None:
            await self.send(message)
            return
        self.body += message.get("body", b"")
        if message.get("more_body", False):
            return
        body = self.body.replace(_MARK, _script(), 1)
        headers = MutableHeaders(scope=self.start)
        headers["content-length"] = str(len(body))
        for name in ("etag", "last-modified"):
            if name in headers:
                del headers[name]
        await self.send(self.start)
        await self.send({"type": "http.response.body", "body": body})
