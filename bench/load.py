"""Many browser sessions at once: how long a run of a page takes, and what the server holds.

    python -m bench.load [--sessions 1 12 40] [--rounds 3] [--app DIR] [--minutes 20]

Each session speaks Streamlit's own protocol over a WebSocket, as a browser does: it opens a page,
waits until the page has run, waits a second as a person does, and opens the next anew. Measured are
the time from the request to the end of the run, the processor time of the server per run, and its
memory. `--app` takes another checkout with the same script, for before and after on one machine in
one hour. `--minutes` goes on that long with the last number of sessions, and prints the memory each
minute. Leave the machine alone.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

_REPOSITORY = Path(__file__).resolve().parent.parent
_PAGES = {
    "overview": ("", ""),
    "gallery": ("data", "view=Gallery"),
    "sample": ("data", "view=Sample"),
    "prepare": ("data", "view=Prepare"),
    "train": ("train", "view=new"),
    "predict": ("predict", "source=Dataset"),
    "inspect": ("inspect", ""),
}
"""Name in the address and query of what is opened."""

_PAUSE = 1.0  # seconds that a person looks at a page
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Runs:
    """Times of runs, in seconds, by page."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: {page: [] for page in _PAGES})
    failed: int = 0

    @property
    def all(self) -> list[float]:
        return [value for values in self.seconds.values() for value in values]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, nargs="+", default=[1, 12, 40])
    parser.add_argument("--rounds", type=int, default=3, help="through all pages, of each session")
    parser.add_argument("--app", type=Path, default=_REPOSITORY, help="a checkout")
    parser.add_argument("--minutes", type=float, default=0.0, help="go on that long")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, _server(args.app, Path(home)) as (port, pid):
        asyncio.run(_rounds(port, 1, 1))  # what is read once is not measured
        print(
            f"{'sessions':>8} {'runs':>6} {'p50':>7} {'p95':>7} {'worst':>7} {'CPU/run':>8} memory"
        )
        for sessions in args.sessions:
            _measure(port, pid, sessions, args.rounds)
        if args.minutes:
            _soak(port, pid, args.sessions[-1], args.minutes * 60)


def _measure(port: int, pid: int, sessions: int, rounds: int) -> Runs:
    before = _processor(pid)
    runs = asyncio.run(_rounds(port, sessions, rounds))
    times = np.array(runs.all)
    print(
        f"{sessions:8d} {len(times):6d} {np.median(times):6.2f}s {np.quantile(times, 0.95):6.2f}s "
        f"{times.max():6.2f}s {(_processor(pid) - before) / len(times):7.3f}s "
        f"{_memory(pid) / 2**20:,.0f} MiB"
        + (f", {runs.failed} runs FAILED" if runs.failed else ""),
        flush=True,
    )
    for page, values in runs.seconds.items():
        print(f"         {page:>10} {np.median(values):6.2f}s", flush=True)
    return runs


def _soak(port: int, pid: int, sessions: int, seconds: float) -> None:
    began, shown = time.monotonic(), 0.0
    while time.monotonic() - began < seconds:
        runs = asyncio.run(_rounds(port, sessions, 1))
        if time.monotonic() - shown > 60:
            shown = time.monotonic()
            print(
                f"{(shown - began) / 60:5.1f} min: p95 {np.quantile(runs.all, 0.95):.2f} s, "
                f"{_memory(pid) / 2**20:,.0f} MiB, {runs.failed} failed",
                flush=True,
            )


async def _rounds(port: int, sessions: int, rounds: int) -> Runs:
    runs = Runs()
    await asyncio.gather(*(_session(port, number, rounds, runs) for number in range(sessions)))
    return runs


async def _session(port: int, number: int, rounds: int, runs: Runs) -> None:
    for turn in range(rounds * len(_PAGES)):
        page = list(_PAGES)[(number + turn) % len(_PAGES)]
        # A new session each time, as a reload makes: what is in the address counts only then.
        async with connect(
            f"ws://localhost:{port}/_stcore/stream",
            subprotocols=[Subprotocol("streamlit")],
            max_size=None,
            origin=Origin(f"http://localhost:{port}"),
        ) as socket_:
            began = time.monotonic()
            good = await _open(socket_, page)
            runs.seconds[page].append(time.monotonic() - began)
            runs.failed += not good
            await asyncio.sleep(_PAUSE)


async def _open(socket_: ClientConnection, page: str) -> bool:
    """Open a page and wait until it has run; whether it did without an exception."""
    request = BackMsg()
    request.rerun_script.page_name, request.rerun_script.query_string = _PAGES[page]
    request.rerun_script.context_info.timezone = "UTC"
    await socket_.send(request.SerializeToString())
    good = True
    async for content in socket_:
        message = ForwardMsg()
        message.ParseFromString(bytes(content))
        good &= not message.delta.new_element.HasField("exception")
        if message.WhichOneof("type") == "script_finished":
            return good and message.script_finished in (
                ForwardMsg.FINISHED_SUCCESSFULLY,
                ForwardMsg.FINISHED_EARLY_FOR_RERUN,
            )
    return False


@contextlib.contextmanager
def _server(app: Path, home: Path) -> Iterator[tuple[int, int]]:
    """A server of a checkout with a generated dataset in its workspace; its port and process."""
    workspace = os.environ | {"DSI_WORKSPACE": str(home / "workspace")}
    demo = home / "workspace/datasets/demo"
    words = [sys.executable, "-m", "core", "demo", str(demo), "--scenes", "3", "--size", "256"]
    subprocess.run(words, cwd=app, env=workspace, check=True, capture_output=True)
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    options = ["--server.port", str(port), "--server.address", "localhost"]
    with (home / "log").open("w") as log:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "streamlit",
                "run",
                "app.py",
                "--server.headless=true",
                *options,
            ],
            cwd=app,
            env=workspace,
            stdout=log,
            stderr=log,
        )
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("localhost", port), 1):
                break
            time.sleep(0.1)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


def _processor(pid: int) -> float:
    """Seconds of processor that a process has used."""
    parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / _TICKS


def _memory(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
