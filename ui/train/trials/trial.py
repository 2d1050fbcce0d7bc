"""Trials of a new training's settings, which may be changed while one is going on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import streamlit as st

from core.training.trials.child import Progress
from ui.shell.jobs import Job, find_job, start_job, watch_job

__all__ = ["start_trial", "trial_key", "watch_trial"]


def trial_key(kind: str, content: Any) -> str:
    """The key of a trial's job: the same settings, in whatever session, share one result.

    Args:
        kind: kind of trial.
        content: settings that its result depends on, as JSON has them.
    """
    text = json.dumps(content, sort_keys=True)
    return f"{kind}-{hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}"


def start_trial(
    kind: str, key: str, title: str, unit: str, work: Callable[[Progress], Any]
) -> None:
    """Start a trial in the background and run the page again; see `ui.shell.jobs.start_job`."""
    st.session_state[f"trial.{kind}"] = key
    start_job(key, title, unit, work)
    st.rerun()


def watch_trial(kind: str, key: str) -> Job | None:
    """Show the progress of a trial, or of one that this session started with other settings.

    Returns:
        The job that is going on, else that of these settings, whatever its state; None if there is
        none.
    """
    started = st.session_state.get(f"trial.{kind}", key)
    other = find_job(started) if started != key else None
    if other is None or other.state != "running":
        return watch_job(key)
    watch_job(started)
    st.caption("With the settings as they were when it was started.")
    return other
