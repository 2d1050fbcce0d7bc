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
    opened = chromium.new_context(viewport={"width": 1400, "height": 1000})
    opened.add_init_script(AT_REST)
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


@pytest.fixture
def page(context: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A fresh page; a request that would leave this machine fails the test, and so does one that
    the policy of the page refuses.

    What a page keeps in the browser is gone with the test. What a failed test saw is kept as
    ``tests/e2e/shots/failed_NAME.png``.
    """
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE)
    outside: list[str] = []
    opened.on(
        "request",
        lambda request: (
            None
            if request.url.startswith(("http://localhost", "ws://localhost", "data:", "blob:"))
            else outside.append(request.url)
        ),
    )
    refused: list[str] = []
    opened.on(
        "console",
        lambda line: refused.append(line.text) if "Content Security Policy" in line.text else None,
    )
    yield opened
    if request.node.stash.get(FAILED, False):
        opened.screenshot(path=SHOTS / f"failed_{request.node.name}.png", timeout=10_000)
    if opened.url.startswith("http"):
        opened.evaluate("localStorage.clear()")
    context.clear_cookies()
    for left in context.pages:
        left.close()
    assert not outside, f"requests left the machine: {outside}"
    assert not refused, refused


QUIET_MS = 800  # a click's rerun begins after a message to the server and back
CALM = """quiet => new Promise(done => {
    let since = performance.now();
    const look = () => {
        const now = performance.now();
        const app = document.querySelector('[data-testid=stApp]');
        if (app?.dataset.testScriptState !== 'notRunning') since = now;
        if (now - since >= quiet) done(true); else setTimeout(look, 50);
    };
    look();
})"""


def settled(page: Any) -> None:
    """Wait until Streamlit has run the script to its end, and none follows."""
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    page.evaluate(CALM, QUIET_MS)
