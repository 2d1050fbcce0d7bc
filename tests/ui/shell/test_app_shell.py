"""The server as it is started: what it imports, what it answers, what its settings say."""

import http.client
import os
import socket
import subprocess
import sys
import tomllib

import pytest
from streamlit import config
from streamlit.testing.v1 import AppTest

from tests.conftest import REPOSITORY
from ui.routes.guard import is_trusted

SETTINGS = tomllib.loads((REPOSITORY / ".streamlit" / "config.toml").read_text())


def _flat(table, prefix=""):
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def test_importing_the_server_imports_no_heavy_package():
    code = "import app, ui.shell.errors, ui.routes.netron, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "ui.routes.netron" in loaded
    assert not loaded & {"tensorflow", "keras", "segmentation_models"}


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    """A real server on a free port, as `make run` starts it."""
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", "0"]
    process = subprocess.Popen(
        [*command, "--server.headless", "true"],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"NO_COLOR": "1", "DSI_WORKSPACE": str(tmp_path_factory.mktemp("server"))},
    )
    try:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "URL: http://localhost:" in line:
                break
        else:
            pytest.fail("the server ended:\n" + "".join(lines))
        yield int(line.rsplit(":", 1)[1])
    finally:
        process.terminate()
        process.communicate()


def _asked(port, path, **headers):
    connection = http.client.HTTPConnection("localhost", port, timeout=120)
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    body = response.read().decode(errors="replace")
    connection.close()
    return response, body


def _get(port, path):
    response, body = _asked(port, path)
    return response.status, body


def test_netron_comes_before_streamlits_own_catch_all(port):
    status, script = _get(port, "/netron/view.js")
    assert status == 200
    assert "view.View" in script


@pytest.mark.parametrize("page", ["", "data", "train", "predict", "inspect"])
def test_deep_links_are_answered(port, page):
    status, html = _get(port, f"/{page}")
    assert status == 200
    assert '<div id="root">' in html


ROUTES = [
    "/",
    "/data",
    "/_stcore/health",
    "/_stcore/host-config",
    "/media/a.png",
    "/netron/?model=dubai-unet",
    "/netron/view.js",
    "/timelapse/run/00/image.png",
    "/static/a.js",
]
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.mark.parametrize("path", ROUTES)
def test_another_name_of_the_machine_is_no_way_in(port, path):
    """DNS rebinding: the page of a website, whose name points to this machine."""
    response, body = _asked(port, path, Host=f"rebound.example:{port}")
    assert response.status == 421
    assert "DSI_ALLOWED_HOSTS" in body


def test_nor_over_the_web_socket(port):
    for host, status in ((f"rebound.example:{port}", 403), (f"localhost:{port}", 101)):
        connection = http.client.HTTPConnection("localhost", port, timeout=120)
        connection.request("GET", "/_stcore/stream", headers=UPGRADE | {"Host": host})
        assert connection.getresponse().status == status
        connection.close()


@pytest.mark.parametrize("path", ROUTES)
def test_what_every_answer_says_of_itself(port, path):
    response, _ = _asked(port, path)
    policy = response.headers["Content-Security-Policy"]
    assert "frame-ancestors 'self'" in policy
    assert "//" not in policy and "*" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("host", "trusted"),
    [
        ("localhost:8501", True),
        ("LOCALHOST", True),
        ("127.0.0.1:8501", True),
        ("[::1]:8501", True),
        ("192.168.4.7", True),
        (f"{socket.gethostname()}:80", True),
        ("maps.example.org", True),
        ("a.tiles.example.net", True),
        ("tiles.example.net", False),
        ("eviltiles.example.net", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("evil.example:8501", False),
        ("evil.example:localhost", False),
        ("localhost:evil.example", False),
        ("localhost:", False),
        ("localhost:80:90", False),
        ("localhost@evil.example", False),
        ("localhost, evil.example", False),
        ("[::1]", True),
        ("[::1].evil.example", False),
        ("[::1]evil.example:80", False),
        ("[localhost]", False),
        ("[::1", False),
        ("::1", False),
        ("", False),
    ],
)
def test_names_of_the_server(monkeypatch, host, trusted):
    monkeypatch.setenv("DSI_ALLOWED_HOSTS", "Maps.example.org, *.tiles.example.net")
    assert is_trusted(host) is trusted


def test_paths_out_of_the_folder_are_refused_by_the_whole_server(port):
    assert _get(port, "/netron/..%2f..%2fapp.py")[0] in (400, 404)


@pytest.mark.parametrize("key", [key for key, _ in _flat(SETTINGS)])
def test_every_setting_exists_in_this_streamlit(key):
    assert key in config._config_options_template


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("browser.gatherUsageStats", False),
        ("server.enableXsrfProtection", True),
        ("server.enableCORS", True),
        ("server.showEmailPrompt", False),
        ("server.address", "localhost"),
        ("client.showErrorLinks", False),
    ],
)
def test_settings_keep_the_server_private(key, value):
    assert dict(_flat(SETTINGS))[key] == value


def test_no_setting_names_an_outside_address():
    assert not [value for _, value in _flat(SETTINGS) if "//" in str(value)]


def _page():
    import streamlit as st

    from core.errors import DatasetError
    from ui.shell.errors import page_errors

    with page_errors():
        raise DatasetError("a *mask* is missing", where="tile_1/$x$.png", remedy="add it")
    st.write("goes on")


def test_our_error_is_one_box_of_three_lines_as_written():
    page = AppTest.from_function(_page).run()
    (box,) = page.error
    assert box.value == (
        r"**A \*mask\* is missing\.**" + "  \n" + r"tile\_1/\$x\$\.png" + "  \n" + r"Add it\."
    )
    assert not page.exception
    assert page.markdown[0].value == "goes on"


def _broken_page():
    from ui.shell.errors import page_errors

    with page_errors():
        raise ZeroDivisionError("a defect")


def test_any_other_exception_is_left_alone():
    page = AppTest.from_function(_broken_page).run()
    assert [error.message for error in page.exception] == ["a defect"]
    assert not page.error


def test_a_view_with_a_default_that_a_link_chooses_is_no_warning():
    """Views are chosen by session state as well: Streamlit would warn in the server's log once."""
    assert SETTINGS["global"]["disableWidgetStateDuplicationWarning"] is True
