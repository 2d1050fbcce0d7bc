"""Overview: what this is, the way through it, and where things stand."""

from __future__ import annotations

import streamlit as st

from core import device
from core.datasets.catalogue import list_datasets
from core.datasets.identity import counted_samples
from core.errors import DSIError
from core.formats import counted, duration, millions, percent, score
from core.models.store import ModelRef, list_models, read_card
from core.training.runs.run import Run, list_runs
from core.training.runs.status import Status
from ui.data.add.forms import demo_button, watch_new_datasets
from ui.shell.errors import plain
from ui.shell.links import page_link
from ui.widgets.classes import class_table

SCORES = {"iou": "IoU", "precision": "Precision", "recall": "Recall"}


def statuses_of(runs: list[Run]) -> dict[str, Status]:
    statuses = {}
    for run in runs:
        try:
            statuses[run.name] = run.status()
        except DSIError:
            continue  # the Train page shows what is wrong with it
    return statuses


def page_card(page: str, title: str, icon: str, text: str, state: str) -> None:
    with st.container(border=True, height="stretch"):
        page_link(page, f"**{title}**", icon)
        st.markdown(text)
        st.caption(state)


def show_progress(name: str, status: Status) -> None:
    left = f", about {duration(status.seconds_left)} left" if status.seconds_left else ""
    best = f"; best mean IoU so far {score(status.best_mean_iou)}" if status.best_mean_iou else ""
    steps = status.epochs * status.steps
    done = ((status.epoch - 1) * status.steps + status.step) / steps if steps else 0.0
    st.progress(
        min(1.0, max(0.0, done)),
        text=f"Training **{plain(name)}**: epoch {status.epoch} of {status.epochs}{left}{best}",
    )
    page_link("train", "Watch it", "monitoring", {"view": "runs", "run": name})


def show_scores(ref: ModelRef) -> bool:
    """Show the test scores of a model; whether its card has any."""
    try:
        model = read_card(ref.folder)
    except DSIError:
        return False
    test = model.training.scores.get("test")
    if not test:
        return False
    st.subheader(f"{'Bundled model' if ref.source == 'bundled' else 'Model'}: {plain(model.name)}")
    st.caption(
        f"{millions(model.parameters)} parameters, trained on {plain(model.training.dataset)}; "
        f"scores on {counted_samples(model.training.test, model.training.in_blocks)} that it never "
        "saw."
    )
    left, right = st.columns([1, 2], gap="large")
    with left:
        st.metric("Mean IoU", score(test["mean_iou"]))
        st.metric("Pixel accuracy", percent(test["pixel_accuracy"]))
        page_link("predict", "Predict with it", "layers")
    with right:
        per_class = test["per_class"]
        rows = [
            [score(per_class.get(name, {}).get(key)) for key in SCORES]
            for name in model.classes.names
        ]
        class_table(model.classes, list(SCORES.values()), rows, label="Test scores")
    return True


st.title("DeepSpaceImaging")
st.markdown(
    "Train neural networks that map land cover in satellite and aerial imagery, pixel by pixel, "
    "and look inside them. Everything happens on this server: no image leaves it."
)
watch_new_datasets()
datasets, models, runs = list_datasets(), list_models(), list_runs()
active = {name: status for name, status in statuses_of(runs).items() if status.alive}
if not datasets:
    with st.container(border=True):
        st.markdown(
            "**Start here.** Write a set of generated scenes with exact masks to try it on."
        )
        demo_button()
for name, status in active.items():
    show_progress(name, status)

ends = "one is running" if len(active) == 1 else f"{len(active)} are running" if active else ""
columns = st.columns(4)
with columns[0]:
    text = "Look through images and masks, count the classes, find broken files."
    page_card("data", "1 Data", "photo_library", text, counted(len(datasets), "dataset"))
with columns[1]:
    text = "Choose a network and settings, start a training, watch it learn."
    state = counted(len(runs), "run") + (f", {ends}" if ends else "")
    page_card("train", "2 Train", "model_training", text, state)
with columns[2]:
    text = "Map an image, lay the map over it and compare it with the truth."
    page_card("predict", "3 Predict", "layers", text, counted(len(models), "model"))
with columns[3]:
    text = "Open a network: its layers, feature maps and graph."
    page_card("inspect", "4 Inspect", "account_tree", text, counted(len(models), "model"))

st.caption(f":material/memory: This server computes on: {plain(device.describe())}.")
for ref in models:
    if show_scores(ref):
        break
