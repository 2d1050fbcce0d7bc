"""A new training: dataset, settings, name, and the button that starts it."""

from __future__ import annotations

import time

import streamlit as st

from core.datasets.catalogue import DatasetRef
from core.errors import DSIError
from core.models.network import network_name
from core.training.config import TrainConfig
from core.training.queue.launch import launch, running_runs, suggest_name
from core.training.queue.queue import queued_runs
from ui.loaded.datasets import choose_dataset, open_chosen
from ui.shell.errors import page_errors, plain, show_error
from ui.train.command import equivalent_command
from ui.train.form.draft import TrainDraft
from ui.train.form.form import settings_form
from ui.train.form.plan import Plan
from ui.train.form.source import take_from_url
from ui.train.trials.cost import cost_line, cost_table
from ui.train.trials.learning_rate import learning_rate_finder
from ui.train.views import open_view
from ui.widgets.frame import Frame

__all__ = ["new_training"]

_NAME = "name"  # in the URL
_DOUBLE_CLICK = 2  # seconds within which a second press is not another wish


@page_errors()
def new_training(frame: Frame) -> None:
    """Choose what to train and start it; then the page shows that run."""
    with page_errors():
        take_from_url()
    with frame.choices:
        ref = choose_dataset()
    if ref is None:
        return
    left, right = st.columns([8, 4], gap="large")
    plan = None
    with left, page_errors():
        plan = settings_form(ref, open_chosen(ref))
    with right, st.container(key="train-plan"):
        _launch(ref, plan)


def _launch(ref: DatasetRef, plan: Plan | None) -> None:
    """Name and button, and what can be told and tried before it is pressed."""
    config = plan.ready if plan else None
    # A name that was used is not offered again: the field is a new one after each start.
    started = st.session_state.get("train.started", 0.0)
    suggestion = suggest_name(ref.id, network_name(config.model) if config else "unet")
    key = f"train.name.{started}"
    st.session_state.setdefault(key, st.query_params.get(_NAME, ""))
    name = st.text_input(
        "Name of the run and its model",
        placeholder=suggestion,
        key=key,
        on_change=_keep_name,
        args=(key,),
    )
    _queue()
    with st.container(key="train-start", gap="xsmall"):
        _in_a_line(plan)
        with st.container(horizontal=True, gap="small"):
            if plan:
                plan.problem.fix_button(TrainDraft(), "plan")
            pressed = st.button(
                "Start training",
                type="primary",
                icon=":material/play_arrow:",
                disabled=config is None,
                width="stretch",
            )
    if pressed and config is not None and time.time() - started > _DOUBLE_CLICK:
        _start(config, name.strip() or suggestion)
    if config is None:
        st.caption("What is marked in red has to be changed first.")
        return
    if plan and plan.spec:
        cost_table(config, plan.spec, plan.steps)
    learning_rate_finder(config)
    equivalent_command(config, name.strip())


def _keep_name(key: str) -> None:
    """A page that is reloaded has the name still."""
    if name := st.session_state[key].strip():
        st.query_params[_NAME] = name
    else:
        st.query_params.pop(_NAME, None)


def _in_a_line(plan: Plan | None) -> None:
    """What it takes, or why it cannot start: what stays in view with the button."""
    if plan and plan.ready and plan.spec:
        st.caption(plain(cost_line(plan.ready, plan.spec, plan.steps)))
        return
    error = plan.problem.error if plan else None
    with st.container(key="train-problem"):
        what = plain(error.what) if error else "It cannot start as it is."
        st.markdown(f":material/error: {what}")


def _queue() -> None:
    """Say so where the next training will have to wait."""
    going_on, waiting = running_runs(), len(queued_runs())
    if not going_on and not waiting:
        return
    name = f"“{plain(going_on[0].name)}” is going on" if going_on else "Others wait"
    place = f"number {waiting + 1} in the queue"
    st.info(
        f"{name}: one training runs at a time, and this one will be {place}. It starts by itself.",
        icon=":material/schedule:",
    )


def _start(config: TrainConfig, name: str) -> None:
    try:
        run = launch(config, name)
    except DSIError as error:
        show_error(error)
        return
    st.session_state["train.started"] = time.time()
    st.query_params.pop(_NAME, None)
    open_view("runs", run=run.name)
    st.rerun()
