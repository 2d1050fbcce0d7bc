"""Work of some seconds to minutes in the server's background, with progress and a way to stop.

A job goes on while its page is used, reloaded or left; all sessions see the same one. It ends with
the server: trainings, which must not, are processes of their own (`core.training`).
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import streamlit as st

from core.errors import DSIError
from core.formats import duration
from ui.shell.errors import plain, show_error

__all__ = ["Job", "find_job", "start_job", "watch_job"]


class ProgressOfParts(Protocol):
    """What a job's work calls now and then; it is stopped by what this raises."""

    def __call__(self, done: int, total: int, *, share: float = ..., detail: str = ...) -> None:
        """Take a report; see `Job` for what is what."""


_KEPT = 32  # finished jobs remembered


class _Stopped(BaseException):
    """Raised in the job's thread when its stop button was pressed; like KeyboardInterrupt, no
    handler for errors is to catch it."""


@dataclass
class Job:
    """One piece of work.

    Attributes:
        title: its purpose, for the screen.
        unit: things counted, such as "samples".
        done, total: progress; a total of 0 means it is not known yet.
        share: of all the work, 0 to 1, where things differ in size; None counts them.
        detail: what of the present thing is done, for the screen.
        result: return value of the work, once it is ``done``.
        error: reason why it ``failed``.
        id: name of its own, so that it is not taken for an earlier job of the same key.
    """

    title: str
    unit: str
    state: Literal["running", "done", "failed", "stopped"] = "running"
    done: int = 0
    total: int = 0
    share: float | None = None
    detail: str = ""
    result: Any = None
    error: DSIError | None = None
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    _started: float = field(default_factory=time.monotonic)
    _first_share: float | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def stop(self) -> None:
        """Ask it to end at its next step."""
        self._stop.set()

    def join(self) -> None:
        """Wait until it has ended."""
        if self._thread:
            self._thread.join()

    @property
    def progress_text(self) -> str:
        """Title, count and time left."""
        if not self.total:
            return f"{self.title} …"
        text = f"{self.title}: {self.done:,} of {self.total:,} {self.unit}"
        if self.detail:
            text += f", {self.detail}"
        spent, first = time.monotonic() - self._started, self._first_share or 0.0
        made = self.done_share - first
        if made > 0 and self.done_share < 1 and spent > 2:
            left = spent / made * (1 - self.done_share)
            text += f", about {duration(max(1, left))} left"
        return text

    @property
    def done_share(self) -> float:
        """How much is done, 0 to 1."""
        if self.share is not None:
            return min(1.0, self.share)
        return min(1.0, self.done / self.total) if self.total else 0.0

    def _report(
        self, done: int, total: int, *, share: float | None = None, detail: str = ""
    ) -> None:
        self.done, self.total, self.share, self.detail = done, total, share, detail
        if share is not None and self._first_share is None:
            # What was done before this job takes none of its time.
            self._first_share, self._started = share, time.monotonic()
        if self._stop.is_set():
            raise _Stopped

    def _run(self, work: Callable[..., Any]) -> None:
        try:
            self.result = work(self._report)
            self.state = "done"
        except _Stopped:
            self.state = "stopped"
        except DSIError as error:
            self.error = _without_frames(error)
            self.state = "failed"
        finally:
            if self.state == "running":  # a defect of ours; its traceback goes to the server's log
                self.error = DSIError(
                    f"{self.title} broke off",
                    remedy="this is a defect: the server's log has the traceback",
                )
                self.state = "failed"


def _without_frames(error: DSIError) -> DSIError:
    """The error without what it was raised from: the variables there hold a whole upload."""
    error.__traceback__ = error.__cause__ = error.__context__ = None
    return error


@st.cache_resource
def _jobs() -> tuple[dict[str, Job], threading.Lock]:
    return {}, threading.Lock()


def find_job(key: str) -> Job | None:
    """The job last started under this key."""
    return _jobs()[0].get(key)


def start_job(key: str, title: str, unit: str, work: Callable[[ProgressOfParts], Any]) -> Job:
    """Start work in the background, unless it is running under this key already.

    Args:
        key: name of the job; another session that asks for the same gets the running one.
        title: its purpose, for the screen: "Writing the demo set".
        unit: things counted: "scenes".
        work: function that is called in a thread with a progress function (done, total), through
            which it is also stopped; it uses no Streamlit. Where things differ in size it may say
            the share that is done and what of the present thing is.
    """
    jobs, lock = _jobs()
    with lock:
        current = jobs.get(key)
        if current and current.state == "running":
            return current
        job = jobs[key] = Job(title, unit)
        # Whoever starts it sees how it ends, however soon that is.
        _note_watcher(job)
        for old in [k for k, j in jobs.items() if j.state != "running"][:-_KEPT]:
            del jobs[old]
        job._thread = threading.Thread(target=job._run, args=(work,), daemon=True, name=key)
        job._thread.start()
        return job


def watch_job(key: str) -> Job | None:
    """Show the job's bar while it runs, and its error if it failed while this session looked on.

    Use it at the top level of a page, not in a fragment. When the job ends the page runs again.

    Returns:
        The job, whatever its state; None if there is none.
    """
    job = find_job(key)
    if job is None:
        return None
    seen: set[str] = st.session_state.setdefault("jobs_seen", set())
    if job.state == "running":
        _note_watcher(job)
        _running(key)
    elif job.error and job.id in seen:
        show_error(job.error)
    elif job.state == "stopped" and job.id in seen:
        st.toast(f"{plain(job.title)} was stopped.", icon=":material/stop_circle:")
        seen.discard(job.id)
    return job


def _note_watcher(job: Job) -> None:
    """Note that this session looks on."""
    st.session_state.setdefault("jobs_seen", set()).add(job.id)


@st.fragment(run_every=1.0)
def _running(key: str) -> None:
    job = find_job(key)
    if job is None or job.state != "running":
        st.rerun(scope="app")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(job.done_share, text=plain(job.progress_text))
        if st.button("Stop", key=f"stop-{key}", icon=":material/stop:"):
            job.stop()
