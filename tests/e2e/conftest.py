"""A real server and a real Chromium for the end-to-end tests."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REAL_DATA, REPOSITORY

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# What is moving when the button goes down is elsewhere when it comes up: no click at all.
# People wait until an opened box has come to rest; here nothing moves.
AT_REST = """
const animate = Element.prototype.animate;
Element.prototype.animate = function (frames, options) {
    const rest = { duration: 0, delay: 0 };
    return animate.call(this, frames, typeof options === 'object' ? { ...options, ...rest } : rest);
};
addEventListener('DOMContentLoaded', () => {
    const sheet = document.createElement('style');
    // What turns for as long as something loads would be drawn anew in every frame.
    sheet.textContent = `*, *::before, *::after {
        transition-duration: 0s !important; transition-delay: 0s !important;
        animation-duration: 1ms !important; animation-delay: 0s !important;
        animation-iteration-count: 1 !important; }`;
    document.head.append(sheet);
});
"""
WINDOW = {"width": 1400, "height": 1000}
SHOTS = REPOSITORY / "tests/e2e/shots"
PATIENCE = 150_000  # ms: the machine may be small and busy; nothing is asserted about time


@dataclass
class Server:
    """A running dashboard: its address, its workspace, and a way to restart it."""

    url: str
    port: int
    workspace: Path
    process: subprocess.Popen[bytes]

    def start(self) -> None:
        environment = os.environ | {
            "DSI_WORKSPACE": str(self.workspace),
            "DSI_DATA_ROOTS": str(self.workspace.parent / "data"),
            "CUDA_VISIBLE_DEVICES": "",
        }
        log = (self.workspace.parent / "server.log").open("ab")
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "streamlit", "run", "app.py"),
                *(f"--server.port={self.port}", "--server.headless=true"),
            ],
            cwd=REPOSITORY,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2):
                    return
            except OSError:
                time.sleep(0.2)
        raise RuntimeError("the dashboard did not answer within three minutes, see server.log")

    def kill(self) -> None:
        """End the server at once, as a crash would; trainings are processes of their own."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def _some_of_dubai(root: Path) -> None:
    """Two tiles of the real set, whose audit does not keep the processors for a minute."""
    root.mkdir()
    if REAL_DATA.is_dir():
        (root / "dubai").mkdir()
    for name in ("classes.json", "Tile 7", "Tile 8") if REAL_DATA.is_dir() else ():
        source = REAL_DATA / "dubai" / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, root / "dubai" / name)


@contextmanager
def dashboard(workspace: Path) -> Iterator[Server]:
    """A dashboard on a free port with a new workspace, killed at the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    workspace.mkdir()
    _some_of_dubai(workspace.parent / "data")
    running = Server(f"http://localhost:{port}", port, workspace, None)  # type: ignore[arg-type]
    try:
        running.start()
        yield running
    finally:
        running.kill()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The dashboard of all browser tests but those that kill it; each names its own datasets."""
    with dashboard(tmp_path_factory.mktemp("e2e") / "workspace") as running:
        yield running


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Debian's Chromium, driven by Playwright."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def context(chromium: Any) -> Iterator[Any]:
    """The profile of all pages, which keeps what Streamlit's page loads: half of a page's time."""
    opened = chromium.new_context(viewport=WINDOW)
    opened.add_init_script(AT_REST)
    opened.add_init_script(ASKED)
    yield opened
    opened.close()


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Remember whether a test failed, for `page`."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture(scope="session")
def tabs(context: Any) -> list[Any]:
    """The tab that goes from test to test; it has the program in memory, half of a page's time."""
    return []


@pytest.fixture
def own_tab(tabs: list[Any]) -> Iterator[None]:
    """Give the test a tab without a past, and nobody else that tab: for its history, or what is
    to run in each of its pages."""
    _close(tabs)
    yield
    _close(tabs)


def _close(tabs: list[Any]) -> None:
    while tabs:
        tabs.pop().close()


@pytest.fixture
def page(context: Any, tabs: list[Any], request: pytest.FixtureRequest) -> Iterator[Any]:
    """An empty page; a request that would leave this machine fails the test, and so does one that
    the policy of the page refuses.

    What a page keeps in the browser is gone with the test. What a failed test saw is kept as
    ``tests/e2e/shots/failed_NAME.png``.
    """
    opened = tabs.pop() if tabs else context.new_page()
    opened.set_default_timeout(PATIENCE)
    outside: list[str] = []
    refused: list[str] = []

    def note_request(request: Any) -> None:
        if not request.url.startswith(("http://localhost", "ws://localhost", "data:", "blob:")):
            outside.append(request.url)

    def note_refusal(line: Any) -> None:
        if "Content Security Policy" in line.text:
            refused.append(line.text)

    opened.on("request", note_request)
    opened.on("console", note_refusal)
    yield opened
    failed = request.node.stash.get(FAILED, False)
    if failed:
        opened.screenshot(path=SHOTS / f"failed_{request.node.name}.png", timeout=10_000)
    if opened.url.startswith("http"):
        opened.evaluate("localStorage.clear(); sessionStorage.clear()")
    context.clear_cookies()
    for left in context.pages:
        if failed or left is not opened:
            left.close()
    if not failed:
        opened.remove_listener("request", note_request)
        opened.remove_listener("console", note_refusal)
        opened.goto("about:blank")
        opened.set_viewport_size(WINDOW)
        opened.emulate_media(color_scheme="null")
        tabs.append(opened)
    assert not outside, f"requests left the machine: {outside}"
    assert not refused, refused


# Whether the server was asked to run the script and has not answered: that time, however long on a
# busy machine, is not mistaken for rest. The question is `rerun_script`, field 11 of BackMsg.
ASKED = """
const { send } = WebSocket.prototype;
const heard = new WeakSet();
window.asked = false;
WebSocket.prototype.send = function (message) {
    const [tag] = ArrayBuffer.isView(message) ? message : new Uint8Array(message);
    if (tag === (11 << 3 | 2)) window.asked = true;
    if (!heard.has(this)) {
        heard.add(this);
        this.addEventListener('message', () => { window.asked = false; });
        this.addEventListener('close', () => { window.asked = false; });
    }
    return send.call(this, message);
};
"""
# A table waits for 150 ms before it tells the server what was selected, the viewer 250 for a second
# click.
QUIET_MS = 300
CALM = """quiet => new Promise(done => {
    let since = performance.now();
    const look = () => {
        const now = performance.now();
        const app = document.querySelector('[data-testid=stApp]');
        if (app?.dataset.testScriptState !== 'notRunning' || window.asked) since = now;
        if (now - since >= quiet) done(true); else setTimeout(look, 25);
    };
    look();
})"""


def settled(page: Any) -> None:
    """Wait until Streamlit has run the script to its end, and none follows."""
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    page.evaluate(CALM, QUIET_MS)
