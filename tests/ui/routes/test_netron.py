"""Netron under /netron, asked over a socket: no HTTP client that tidies the paths first."""

import http.client
import re
import socket
import threading
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
import uvicorn
from starlette.applications import Starlette

from core.errors import ModelError
from ui.routes.netron import netron_url, routes

NAME = "My unet v2.1"
CONTENT = b"PK\x03\x04 a model file"


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    file = folder / "unet.keras"
    file.write_bytes(CONTENT)
    (folder / "secret.keras").write_bytes(b"secret")

    def resolve(name):
        if name == "gone":
            return folder / "gone.keras"
        if name == "none":
            return None
        if name != NAME:
            raise ModelError("there is no such model", where=name, remedy=f"choose {NAME}")
        return file

    listening = socket.create_server(("127.0.0.1", 0))  # queues requests until the server runs
    server = uvicorn.Server(
        uvicorn.Config(Starlette(routes=routes(resolve)), log_level="error", lifespan="off")
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield listening.getsockname()[1]
    server.should_exit = True
    thread.join()


@pytest.fixture
def get(port):
    def get(path):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return response, body

    return get


def _meta(html, key):
    return re.findall(rf'<meta name="{key}" content="([^"]*)">', html)


def test_page_names_the_model_and_is_neither_packaged_nor_out_of_date(get):
    response, body = get(netron_url(NAME))
    html = body.decode()
    assert response.status == 200
    assert _meta(html, "version") == ["0.0.0"]
    assert _meta(html, "file") == ["models/My%20unet%20v2.1.keras"]
    assert _meta(html, "identifier") == ["My unet v2.1.keras"]
    (date,) = _meta(html, "date")
    age = datetime.now(UTC) - datetime.fromisoformat(f"{date}+00:00")
    assert abs(age.total_seconds()) < 24 * 3600


def test_the_file_the_page_names_is_the_model(get):
    html = get(netron_url(NAME))[1].decode()
    folder = urlsplit(netron_url(NAME)).path
    response, body = get(folder + _meta(html, "file")[0] + "?cb=1")
    assert (response.status, body) == (200, CONTENT)


def test_consent_cookie_can_be_read_by_the_page(get):
    cookie = get(netron_url(NAME))[0].getheader("Set-Cookie")
    assert cookie.startswith("consent=1;")
    assert "httponly" not in cookie.lower()


@pytest.mark.parametrize("path", [netron_url(NAME), "/netron/view.js", "/netron/nothing.js"])
def test_every_answer_forbids_outside_requests_and_foreign_frames(get, path):
    policy = get(path)[0].getheader("Content-Security-Policy").split("; ")
    assert "connect-src 'self'" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert not [rule for rule in policy if "http" in rule or "*" in rule]


@pytest.mark.parametrize(("theme", "media"), [("dark", "all"), ("light", "not all")])
def test_theme_decides_instead_of_the_system(get, theme, media):
    html = get(netron_url(NAME, theme))[1].decode()
    assert "prefers-color-scheme" not in html
    assert f"@media {media} {{" in html


def test_the_page_follows_a_switch_of_the_theme(get):
    html = get(netron_url(NAME, "light"))[1].decode()
    assert '<script src="theme.js" defer></script>' in html
    response, body = get("/netron/theme.js")
    assert response.status == 200
    assert response.getheader("Content-Type").startswith("text/javascript")
    assert b"colorScheme" in body  # tests/e2e/test_inspect.py switches it in a browser
    # Without a theme the reader's system decides.
    assert "theme.js" not in get(netron_url(NAME))[1].decode()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_ground_is_that_of_the_page(get, theme):
    from streamlit import get_option

    html = get(netron_url(NAME, theme))[1].decode()
    ground = get_option(f"theme.{theme}.backgroundColor")
    style = html[: html.index("</head>")].rpartition("<style>")[2]
    assert ".target, .default" in style
    assert f"background-color: {ground};" in style


def test_without_a_theme_the_system_decides(get):
    assert get(netron_url(NAME))[1].decode().count("@media (prefers-color-scheme: dark)") == 3


@pytest.mark.parametrize("file", ["index.js", "browser.js", "keras-metadata.json", "icon.png"])
def test_page_files_are_served(get, file):
    response, body = get(f"/netron/{file}")
    assert response.status == 200
    assert body


@pytest.mark.parametrize("path", [netron_url("nope"), "/netron/models/nope.keras"])
def test_unknown_model_is_404_with_the_reason(get, path):
    response, body = get(path)
    assert response.status == 404
    assert response.getheader("Content-Type").startswith("text/plain")
    assert body.decode() == f"there is no such model, nope, choose {NAME}"


@pytest.mark.parametrize(
    "path",
    [
        "/netron/",
        netron_url("none"),
        netron_url("gone"),
        netron_url("../secret"),
        "/netron/?model=%2e%2e%2fsecret",
        "/netron/models/../secret.keras",
        "/netron/models/..%2fsecret.keras",
        "/netron/models/%2e%2e%2f%2e%2e%2fsecret.keras",
        "/netron/models/..%5csecret.keras",
        "/netron/models/.secret.keras",
        "/netron/models/a%00.keras",
        f"/netron/models/{'a' * 101}.keras",
        "/netron/..%2f..%2f..%2fetc%2fpasswd",
        "/netron/..%2fstreamlit%2f__init__.py",
        "/netron/../numpy/version.json",
        "/netron/server.py",
        "/netron/./index.html",
        "/netron//index.html",
    ],
)
def test_nothing_else_is_served(get, path):
    response, body = get(path)
    assert response.status == 404
    assert b"secret" not in body
    assert b"9.3.3" not in body  # the page as it was shipped


def test_address_without_the_slash_leads_to_the_page(get):
    response, _ = get("/netron?model=nope")
    assert response.status == 307
    assert response.getheader("Location") == "netron/?model=nope"
