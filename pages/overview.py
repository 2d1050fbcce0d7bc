"""Overview: what there is in pictures, what goes on, and one click to a first map."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core import device
from core.datasets.catalogue import list_datasets
from core.errors import DSIError
from core.formats import counted
from core.models.store import list_models
from core.training.runs.summary import summaries
from ui.data.add.forms import demo_button, watch_new_datasets
from ui.overview.cards import card, card_grid, use_card_style
from ui.overview.datasets import dataset_cards, fill_pictures
from ui.overview.models import show_scores
from ui.overview.predictions import prediction_cards
from ui.overview.runs import active_runs, run_cards, show_progress
from ui.overview.try_it import scene_to_map, try_it
from ui.predict.recent import recent_predictions
from ui.shell.errors import plain
from ui.widgets.frame import Frame, open_frame

PREDICT = Path(__file__).with_name("predict.py")
INTRODUCTION = (
    "Train neural networks that map land cover in satellite and aerial imagery, pixel by pixel, "
    "and look inside them. Everything happens on this server: no image leaves it."
)
STEPS = {
    "data": ("1 Data", "photo_library", "Look through images and masks, find broken files."),
    "train": ("2 Train", "model_training", "Choose a network, start a training, watch it learn."),
    "predict": ("3 Predict", "layers", "Map an image, and compare the map with the truth."),
    "evaluate": ("4 Evaluate", "analytics", "See how good a model is, where it errs, how surely."),
    "inspect": ("5 Inspect", "account_tree", "Open a network: layers, feature maps and graph."),
}


def ignore(error: DSIError) -> None:
    """The Train page shows what is wrong with a run."""


def show_steps() -> None:
    """The way through the program, a card a page."""
    with card_grid("steps"):
        for page, (title, icon, text) in STEPS.items():
            with card(f"step-{page}", page, title, icon):
                st.markdown(text)


def show_overview(frame: Frame) -> None:
    use_card_style()
    watch_new_datasets()
    datasets, models, runs = list_datasets(), list_models(), summaries(ignore)
    active = active_runs()
    recent = recent_predictions({ref.id for ref in datasets}, {ref.name for ref in models})
    going_on = [f"{len(active)} running"] if active else []
    frame.facts(
        [
            counted(len(datasets), "dataset"),
            counted(len(runs), "training"),
            *going_on,
            counted(len(models), "model"),
        ]
    )
    with frame.choices:
        st.markdown(INTRODUCTION)
    with frame.state:
        st.caption(f":material/memory: This server computes on: {plain(device.describe())}.")
    # In one row, so that a training does not push the pictures down.
    with st.container(horizontal=True, vertical_alignment="center", key="overview-first"):
        if not try_it(primary=not (recent or runs)) and not datasets:
            demo_button()
        if scene := scene_to_map():
            st.switch_page(PREDICT, query_params=scene.query("side"))
        show_progress(active)
    slots = dataset_cards(datasets)
    if recent:
        st.subheader("Last predictions")
        prediction_cards(recent)
    if runs:
        st.subheader("Last trainings")
        run_cards(runs)
    if datasets:
        st.subheader("What can be done")
    show_steps()
    any(show_scores(ref) for ref in models)
    fill_pictures(slots)


with open_frame("DeepSpaceImaging", "Overview") as frame:
    show_overview(frame)
