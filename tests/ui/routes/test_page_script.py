"""The script at the head of Streamlit's page, and answers that pass as they are."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, JSONResponse, StreamingResponse
from starlette.routing import Route

from ui.routes.page_script import PageScript

PAGE = "<!DOCTYPE html><html><head><title>x</title></head><body>ä</body></html>"
HEADERS = {"etag": '"1"', "last-modified": "Sat, 28 Nov 2026 00:00:00 GMT"}


async def page(request):
    if request.headers.get("if-none-match"):
        return HTMLResponse("", status_code=304)
    return HTMLResponse(PAGE, headers=HEADERS)


async def in_parts(request):
    return StreamingResponse(iter([PAGE[:30], PAGE[30:]]), media_type="text/html")


async def data(request):
    return JSONResponse({"a": "<head>"}, headers=HEADERS)


async def missing(request):
    return HTMLResponse(PAGE, status_code=404)


ROUTES = [
    Route("/", page),
    Route("/parts", in_parts),
    Route("/data.json", data),
    Route("/missing", missing),
    Route("/netron/", page),
]
APP = Starlette(routes=ROUTES, middleware=[Middleware(PageScript)])


def get(path, **headers):
    """The answer to a request, without a server."""
    headers = {"accept": "text/html,*/*"} | headers
    sent, asked = [], []

    async def receive():
        if asked:  # whether the browser is gone: it is not
            await asyncio.Event().wait()
        asked.append(True)
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": [
            (name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()
        ],
    }
    # In a thread: Playwright, where its browser is open in this process, has a loop in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, APP(scope, receive, send)).result()
    content = b"".join(message.get("body", b"") for message in sent[1:])
    return SimpleNamespace(
        status=sent[0]["status"],
        headers={name.decode(): text.decode() for name, text in sent[0]["headers"]},
        content=content,
        text=content.decode(),
    )


@pytest.mark.parametrize("path", ["/", "/parts"])
def test_the_script_comes_first_in_the_page(path):
    answer = get(path)
    head, _, rest = answer.text.partition("<title>")
    assert head.startswith("<!DOCTYPE html><html><head><script>")
    assert "history.pushState = " in head
    assert rest == PAGE.partition("<title>")[2]
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_a_page_that_the_browser_kept_from_before_is_not_used():
    answer = get("/", if_none_match='"1"')
    assert answer.status == 200
    assert "etag" not in answer.headers
    assert "last-modified" not in answer.headers


@pytest.mark.parametrize("path", ["/data.json", "/missing", "/netron/"])
def test_other_answers_pass_as_they_are(path):
    assert "<script>" not in get(path).text


def test_who_asks_for_no_page_gets_it_as_it_is():
    answer = get("/", accept="*/*")
    assert answer.text == PAGE
    assert answer.headers["etag"] == '"1"'
