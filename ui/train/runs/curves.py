"""What a training measures, as curves: learning, classes, gradients and the machine.

Watching must cost the training little: the file is followed rather than read again, by one reader
for all who watch, and only the view that is looked at is drawn.
"""

from __future__ import annotations

import threading
from pathlib import Path

import streamlit as st

from core.classes import ClassTable
from core.formats import score
from core.models.card import ModelCard
from core.training.runs.metrics import Metrics, MetricsReader
from core.training.runs.run import Run
from core.training.runs.status import Status
from ui.train.runs.charts import (
    class_curves,
    gradient_curves,
    inpainting_curve,
    iou_curves,
    loss_curve,
    memory_curves,
    rate_curve,
    speed_curve,
)
from ui.widgets.classes import class_table

__all__ = ["classes_view", "gradients_view", "learning_view", "machine_view", "run_metrics"]


@st.cache_resource(max_entries=16, show_spinner=False)
def _reader(path: Path) -> tuple[MetricsReader, threading.Lock]:
    return MetricsReader(path), threading.Lock()


def run_metrics(run: Run) -> Metrics:
    """The run's metrics as they stand now."""
    reader, lock = _reader(run.metrics_file)
    with lock:
        return reader.read()


def _curves(run: Run, status: Status, now: Metrics) -> Metrics:
    """The metrics to draw: as they are now, or as they were when the curves were held."""
    key = f"runs.held.{run.name}"
    if status.alive and st.toggle(
        "Hold the curves still, to zoom into them", key=f"runs.hold.{run.name}"
    ):
        held: Metrics = st.session_state.setdefault(key, now)
        return held
    st.session_state.pop(key, None)
    return now


def _caption(text: str = "") -> None:
    zoom = "Drag over a part of a chart to zoom in, double click to see all again."
    st.caption(f"{text} {zoom}".strip())


def _total(status: Status) -> int:
    return status.steps * status.epochs


def learning_view(run: Run, status: Status, now: Metrics) -> None:
    """Loss, mean IoU and learning rate."""
    if not (now.steps or now.epochs or now.inpainting):
        st.info("The curves begin with the first steps.", icon=":material/show_chart:")
        return
    drawn = _curves(run, status, now)
    if drawn.inpainting:
        st.markdown("**Loss of inpainting, before the training**")
        inpainting_curve(drawn.inpainting, f"runs.inpainting.{run.name}")
    if not (now.steps or now.epochs):
        return
    left, right = st.columns(2)
    with left:
        st.markdown("**Loss**")
        loss_curve(drawn.steps, drawn.epochs, _total(status), f"runs.loss.{run.name}")
    with right:
        st.markdown("**Mean IoU**")
        iou_curves(drawn.epochs, status.epochs, f"runs.iou.{run.name}")
    if drawn.measured("learning_rate"):
        st.markdown("**Learning rate**")
        rate_curve(drawn.steps, _total(status), f"runs.rate.{run.name}")
    # With a Dice or focal part the training's loss is another quantity: the shapes compare.
    _caption(
        "Validation is the cross-entropy over whole validation images after every epoch; where it "
        "rises while the training's loss falls, the network learns its samples by heart."
    )


def classes_view(
    run: Run, status: Status, now: Metrics, classes: ClassTable | None, card: ModelCard | None
) -> None:
    """The validation IoU of each class by epoch, and a table of it.

    Args:
        classes: class table of the training; None before the first validation.
        card: card of the weights that are kept; None before the first validation.
    """
    if classes is None or not now.epochs:
        st.info(
            "The classes are scored when the first epoch has been validated.",
            icon=":material/category:",
        )
        return
    drawn = _curves(run, status, now)
    st.markdown("**Validation IoU by class**")
    class_curves(drawn.epochs, classes, status.epochs, f"runs.classes.{run.name}")
    _caption()
    last = now.epochs[-1]
    columns = {f"Epoch {last.epoch}": last.val_iou}
    sides = card.training.scores if card else {}
    titles = {"val": "Validation, kept weights", "test": "Test, kept weights"}
    for side, title in titles.items():
        if side in sides:
            scored = sides[side]["per_class"]
            columns[title] = {name: scored[name]["iou"] for name in classes.names}
    rows = [
        [score(column.get(name), "does not occur") for column in columns.values()]
        for name in classes.names
    ]
    class_table(classes, list(columns), rows, label="IoU by class")


def gradients_view(run: Run, status: Status, now: Metrics) -> None:
    """The norm of the gradient of each block of the network."""
    if not now.measured("gradient_norm"):
        _not_measured(now, "gradient norms")
        return
    drawn = _curves(run, status, now)
    st.markdown("**Gradient norm by block**")
    gradient_curves(drawn.steps, _total(status), f"runs.gradients.{run.name}")
    _caption(
        "Before clipping, from the first block of the network to its head. Blocks of which one "
        "falls far below the others hardly learn; a sudden rise of all comes before a loss that "
        "grows: lower the learning rate then."
    )


def machine_view(run: Run, status: Status, now: Metrics) -> None:
    """Throughput and memory."""
    if not (now.measured("images_per_second") or now.measured("memory")):
        _not_measured(now, "throughput and memory")
        return
    drawn = _curves(run, status, now)
    left, right = st.columns(2)
    if drawn.measured("images_per_second"):
        with left:
            st.markdown("**Crops a second**")
            speed_curve(drawn.steps, _total(status), f"runs.speed.{run.name}")
    if drawn.measured("memory"):
        with right:
            st.markdown("**Memory**")
            memory_curves(drawn.steps, _total(status), f"runs.memory.{run.name}")
    _caption()


def _not_measured(now: Metrics, what: str) -> None:
    text = (
        f"This training measured no {what}: it was made by an earlier version."
        if now.steps
        else f"The {what} come with the first steps."
    )
    st.info(text, icon=":material/show_chart:")
