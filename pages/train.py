"""Train: launch a training, watch it, stop it, and take its model along."""

from __future__ import annotations

import time

import streamlit as st

from core.errors import DSIError
from core.training.config import TrainConfig
from core.training.launcher import launch, running, suggest_name
from ui.datasets import choose_dataset, open_chosen
from ui.errors import page_errors, show_error
from ui.runs import choose_run, runs_panel
from ui.train_form import settings_form

_DOUBLE_CLICK = 2  # seconds within which a second press is not another wish


def new_training() -> None:
    ref = choose_dataset()
    if ref is None:
        return
    try:
        config = settings_form(ref, open_chosen(ref))
    except DSIError as error:
        show_error(error)
        config = None
    # A name that was used is not offered again: the field is a new one after each start.
    started = st.session_state.get("train.started", 0.0)
    suggestion = suggest_name(ref.id)
    name = st.text_input(
        "Name of the run and its model", placeholder=suggestion, key=f"train.name.{started}"
    )
    others = running()
    if others:
        st.warning(
            f"{len(others)} training{'s are' if len(others) > 1 else ' is'} going on already; two "
            "at once share this machine, and both take longer.",
            icon=":material/speed:",
        )
    pressed = st.button(
        "Start training", type="primary", icon=":material/play_arrow:", disabled=config is None
    )
    if pressed and config is not None and time.time() - started > _DOUBLE_CLICK:
        start(config, name.strip() or suggestion)


def start(config: TrainConfig, name: str) -> None:
    try:
        run = launch(config, name)
    except DSIError as error:
        show_error(error)
        return
    st.session_state["train.started"] = time.time()
    choose_run(run.name)
    st.rerun()


st.title("Train")
left, right = st.columns([5, 7], gap="large")
with left, page_errors():
    st.header("New training", anchor=False)
    new_training()
with right:
    st.header("Trainings", anchor=False)
    runs_panel()
