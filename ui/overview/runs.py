"""The last trainings with their curves, and how far those that go on are."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.errors import DSIError
from core.formats import counted, duration, score
from core.training.runs.metrics import MetricsReader
from core.training.runs.run import Run, list_runs
from core.training.runs.status import Status
from core.training.runs.summary import RunSummary
from ui.overview.cards import card, card_grid
from ui.overview.sparkline import show_sparkline
from ui.shell.errors import page_errors, plain
from ui.shell.links import page_link

__all__ = ["active_runs", "run_cards", "show_progress"]

_SHOWN = 4
_INTERVAL = 2.0  # seconds


def active_runs() -> dict[str, Status]:
    """The trainings that go on, by name."""
    active = {}
    for run in list_runs():
        try:
            status = run.status()
        except DSIError:
            continue  # the Train page shows what is wrong with it
        if status.alive:
            active[run.name] = status
    return active


def show_progress(active: Mapping[str, Status]) -> None:
    """How far these trainings are; it follows them by itself, and looks no more when none is on.

    Args:
        active: as of `active_runs`.
    """
    if active:
        st.fragment(_progress, run_every=_INTERVAL)(list(active))


@page_errors()
def _progress(before: Sequence[str]) -> None:
    active = active_runs()
    if list(active) != list(before):
        st.rerun()  # what surrounds this counts them too
    for name, status in active.items():
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            _bar(name, status)


def _bar(name: str, status: Status) -> None:
    left = f", about {duration(status.seconds_left)} left" if status.seconds_left else ""
    best = f"; best mean IoU so far {score(status.best_mean_iou)}" if status.best_mean_iou else ""
    steps = status.epochs * status.steps
    done = ((status.epoch - 1) * status.steps + status.step) / steps if steps else 0.0
    st.progress(
        min(1.0, max(0.0, done)),
        text=f"Training **{plain(name)}**: epoch {status.epoch} of {status.epochs}{left}{best}",
    )
    page_link("train", "Watch it", "monitoring", {"view": "runs", "run": name})


def run_cards(runs: Sequence[RunSummary]) -> None:
    """A card for each of the last trainings.

    Args:
        runs: trainings, the last started first.
    """
    with card_grid("runs"):
        for number, run in enumerate(runs[:_SHOWN]):
            query = {"view": "runs", "run": run.name}
            with card(f"run-{number}", "train", plain(run.name), "monitoring", query) as above:
                _contents(run, above)
    if len(runs) > _SHOWN:
        text = f"All {counted(len(runs), 'training')}"
        page_link("train", text, "model_training", {"view": "runs"})


def _contents(run: RunSummary, above: DeltaGenerator) -> None:
    values = _validation_curve(run.run)
    if values:
        with above:
            show_sparkline(values, f"Validation mean IoU of {run.name} by epoch")
    facts = [f"{run.status.state}, epoch {run.status.epoch} of {run.status.epochs}"]
    if run.val_mean_iou is not None:
        facts.append(f"validation mean IoU {score(run.val_mean_iou)}")
    if run.test_mean_iou is not None:
        facts.append(f"test {score(run.test_mean_iou)}")
    st.caption(" · ".join([*facts, plain(run.config.dataset)]))


@st.cache_resource(max_entries=32, show_spinner=False)
def _reader(path: Path) -> tuple[MetricsReader, threading.Lock]:
    return MetricsReader(path, step_limit=0), threading.Lock()


def _validation_curve(run: Run) -> list[float]:
    """The validation mean IoU after each epoch; the file is followed, not read anew each time."""
    reader, lock = _reader(run.metrics_file)
    with lock:
        epochs = reader.read().epochs
    return [epoch.val_mean_iou for epoch in epochs if epoch.val_mean_iou is not None]
