"""One training on a page: how it goes, how it went, and what can be done with it."""

from __future__ import annotations

import gc
from typing import Any

import streamlit as st

from core.datasets.identity import counted_samples
from core.formats import MISSING, binary_size, duration, score
from core.models.card import CARD_FILE, ModelCard
from core.models.store import read_card
from core.paths import workspace
from core.training.queue.launch import resume
from core.training.runs.metrics import Metrics
from core.training.runs.origin import read_origin
from core.training.runs.run import Run, run_exists
from core.training.runs.status import RunState, Status
from core.training.runs.summary import run_status
from core.training.runs.timelapse import read_timelapse
from ui.shell.address import ask_for
from ui.shell.errors import page_errors, plain
from ui.shell.links import page_link
from ui.train.runs.curves import (
    classes_view,
    gradients_view,
    learning_view,
    machine_view,
    run_metrics,
)
from ui.train.runs.timelapse import timelapse_view

__all__ = ["choose_run", "run_badge", "run_detail"]

_BADGES: dict[str, tuple[str, Any]] = {
    "queued": (":material/schedule:", "gray"),
    "starting": (":material/hourglass_top:", "blue"),
    "running": (":material/play_arrow:", "blue"),
    "finished": (":material/check:", "green"),
    "stopped": (":material/stop:", "gray"),
    "failed": (":material/error:", "red"),
    "interrupted": (":material/bolt:", "orange"),
}
_STATE_INTERVAL, _VIEWS_INTERVAL = "3s", "15s"
_KEPT = "; then the weights are validated and the best kept."
_VIEWS = ["Learning", "Classes", "Time-lapse", "Gradients", "Machine"]


def choose_run(name: str) -> None:
    """Choose this run; it stands in the page's URL as ``run``."""
    st.query_params["run"] = name


def run_detail(run: Run, status: Status) -> None:
    """Everything about one run; while it goes on, its parts follow the files by themselves.

    They are fragments, so this is not to be called within another one: how far it is shows every
    three seconds, and what costs more to draw, less often. Measured in Chromium on the machine that
    trains, this and the list take 0.03 to 0.05 s of processor time a second.
    """
    is_active = status.alive or status.state == "queued"
    st.fragment(_state, run_every=_STATE_INTERVAL if is_active else None)(run, status.state)
    st.fragment(_views, run_every=_VIEWS_INTERVAL if is_active else None)(run)
    with st.expander("Configuration"):
        st.json(run.config().model_dump(mode="json"), expanded=2)
    if is_active:
        _freeze_loaded_objects()


def _check_presence(run: Run) -> None:
    """Let the page say so where another tab has deleted the run meanwhile."""
    if not run_exists(run.name):
        st.rerun()


@page_errors()
def _state(run: Run, before: RunState) -> None:
    _check_presence(run)
    status = run_status(run)
    if status.state != before:
        st.rerun()  # what surrounds this shows it too, and may have nothing to follow any more
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(plain(run.name), anchor=False, width="content")
        run_badge(run, status)
    now = run_metrics(run)
    if status.alive:
        _progress(run, status, now)
    else:
        _ended(run, status)
    if status.note:
        st.info(plain(status.note), icon=":material/difference:")
    _numbers(status, _card(run), now)


@page_errors()
def _views(run: Run) -> None:
    _check_presence(run)
    status = run.status()
    card = _card(run)
    now = run_metrics(run)
    # One at a time: a chart that is not looked at costs nothing.
    ask_for("watch", _VIEWS, "view of a training")
    view = st.segmented_control(
        "What to watch",
        _VIEWS,
        default=_VIEWS[0],
        required=True,
        key="watch",
        bind="query-params",
        label_visibility="collapsed",
    )
    if view == "Learning":
        learning_view(run, status, now)
    elif view == "Gradients":
        gradients_view(run, status, now)
    elif view == "Machine":
        machine_view(run, status, now)
    else:
        lapse = read_timelapse(run)
        if view == "Time-lapse":
            timelapse_view(run, status, lapse)
        else:
            classes = card.classes if card else lapse.classes if lapse else None
            classes_view(run, status, now, classes, card)
    _log(run, status)


def _log(run: Run, status: Status) -> None:
    log = run.log_tail()
    if not log and status.state != "failed":
        return
    with st.expander("Log"):
        st.code(log or "The log is empty.", language=None, height=300)
        if log:
            st.download_button(
                "Download the log",
                run.log.read_bytes,
                f"{run.name}.log",
                "text/plain",
                key=f"runs.log.{run.name}",
                on_click="ignore",
            )


@st.cache_resource(show_spinner=False)
def _freeze_loaded_objects() -> None:
    """Take what the server has loaded by now out of garbage collection, once.

    After every run of a script Streamlit collects all garbage, and for that goes through each
    object of every package: nine tenths of what watching would cost the server.
    """
    gc.collect()
    gc.freeze()


def run_badge(run: Run, status: Status) -> None:
    """The run's state as a coloured badge."""
    icon, color = _BADGES[status.state]
    stopping = status.alive and run.stop_file.exists()
    st.badge("stopping …" if stopping else status.state, icon=icon, color=color)


def _card(run: Run) -> ModelCard | None:
    return read_card(run.folder) if (run.folder / CARD_FILE).is_file() else None


def _progress(run: Run, status: Status, now: Metrics) -> None:
    stopping = run.stop_file.exists()
    steps = max(1, status.steps * status.epochs)
    done = max(0, status.epoch - 1) * status.steps + status.step
    if status.epoch and status.step:
        text = f"Epoch {status.epoch} of {status.epochs}, step {status.step} of {status.steps}"
        if now.latest:
            text += f", loss {now.latest.loss:.3f}"
    else:
        text = "Not at the first step yet"
    st.progress(min(1.0, done / steps), text)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Stopping …" if stopping else "Stop training",
            icon=":material/stop:",
            key=f"runs.stop.{run.name}",
            disabled=stopping,
            on_click=run.request_stop,
        )
        st.caption(
            ("It ends after its present step" + (_KEPT if status.epoch else "."))
            if stopping
            else plain(status.message),
            width="content",
        )


def _ended(run: Run, status: Status) -> None:
    box, icon = {
        "queued": (st.info, ":material/schedule:"),
        "finished": (st.success, ":material/check:"),
        "stopped": (st.info, ":material/stop:"),
        "failed": (st.error, ":material/error:"),
    }.get(status.state, (st.warning, ":material/bolt:"))
    box(plain(status.message), icon=icon)
    with st.container(horizontal=True, vertical_alignment="center", key="train-run-links"):
        if (run.folder / CARD_FILE).is_file():
            page_link("predict", "Predict with it", "layers", {"model": run.name})
            page_link("evaluate", "Evaluate it", "analytics", {"model": run.name})
            page_link("inspect", "Inspect it", "account_tree", {"model": run.name})
        _origin_link(run)
        if status.state not in ("queued", "finished") and run.resumable:
            pressed = st.button(
                "Resume",
                icon=":material/resume:",
                key=f"runs.resume.{run.name}",
                help="Goes on from the last whole epoch.",
            )
            if pressed:
                resume(run)
                choose_run(run.name)
                st.rerun()


def _origin_link(run: Run) -> None:
    """From a training that was launched on the Evaluate page back to what it is compared with."""
    origin = read_origin(run)
    if origin is None or not (workspace().evaluations / origin.evaluation).is_dir():
        return
    query = {"evaluation": origin.evaluation, "view": "Splits"}
    label, icon = "Split by scene and at random", "shuffle"
    if origin.kind == "suspects":
        query |= {"view": "Before and after", "again": run.name}
        label, icon = "Before and after", "compare_arrows"
    page_link("evaluate", label, icon, query)


def _numbers(status: Status, card: ModelCard | None, now: Metrics) -> None:
    best = score(status.best_mean_iou)
    where = f"epoch {status.best_epoch}" if status.best_epoch else None
    with st.container(horizontal=True, gap="medium", key="train-run-numbers"):
        _number("Best validation mean IoU", best, where)
        if status.alive:
            rate = status.images_per_second
            _number("Crops a second", MISSING if rate is None else f"{rate:.1f}")
            _number("Time left", duration(status.seconds_left))
            if now.latest and now.latest.memory is not None:
                gpus = sum(now.latest.gpu_memory.values())
                _number(
                    "Memory",
                    binary_size(now.latest.memory),
                    f"GPU {binary_size(gpus)}" if gpus else None,
                )
            return
        test = card.training.scores.get("test") if card else None
        if card and test and test["mean_iou"] is not None:
            tested = counted_samples(card.training.test, card.training.in_blocks)
            _number("Test mean IoU", score(test["mean_iou"]), tested)
        _number("From start to end", duration(max(0.0, status.updated - status.started)))


def _number(label: str, value: str, note: str | None = None) -> None:
    st.metric(label, value, note, delta_color="off", delta_arrow="off", width="content")
