"""A batch on the page: how far it is, its table, one image of it in the viewer, its files."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.evaluation.batch.record import BatchRecord
from core.evaluation.batch.table import BatchRow, BatchTotals, batch_rows, totals
from core.formats import count, counted, duration, percent, score
from core.inference.certainty import HALF
from ui.predict.batch.compare import choose_other
from ui.predict.batch.files import offer_files
from ui.predict.batch.form import go_on, new_batch_form
from ui.predict.batch.image_view import show_image
from ui.predict.batch.manage import manage_batch
from ui.predict.batch.opened import (
    ListedBatches,
    OpenBatch,
    choose_batch,
    job_key,
    open_batch,
)
from ui.predict.batch.table import choose_image
from ui.predict.settings import threshold_slider
from ui.shell.errors import plain
from ui.shell.jobs import Job, watch_job
from ui.widgets.frame import Frame

__all__ = ["show_batches"]


def show_batches(model: str, frame: Frame) -> None:
    """The form of a new batch in the sidebar, and the batch that is chosen.

    Args:
        model: name of the model that is chosen.
        frame: of the page.
    """
    with frame.choices:
        new_batch_form(model)
    with frame.main:
        chosen, listed = choose_batch()
    if not chosen:
        frame.note(
            "Choose images, a ZIP of them, or a dataset, and press Predict all: they are predicted "
            "one after another, also while you are elsewhere, and a table says which to look at.",
            keep=True,
        )
        return
    job = watch_job(job_key(chosen))
    running = job is not None and job.state == "running"
    if chosen not in listed:
        return  # it is being begun, or could not be
    opened = open_batch(*listed[chosen])
    _say(opened, frame)
    threshold = _threshold(opened)
    rows = batch_rows(opened.record, dict(opened.results), threshold)
    whole = totals(rows, len(opened.record.classes))
    _state(opened, whole, job if running else None)
    if whole.done or whole.failed:
        _totals(opened.record, whole)
        _show_results(opened, rows, threshold, listed)
    st.divider()
    manage_batch(opened, running)


def _say(opened: OpenBatch, frame: Frame) -> None:
    record = opened.record
    frame.facts([record.title, counted(len(record.images), "image"), duration(record.seconds)])
    frame.shown = [record.title]
    for remark in record.remarks:
        frame.note(plain(remark), warning=True)
    if record.left_out:
        more = len(record.left_out) - 8
        lines = [f"- {plain(text)}" for text in record.left_out[:8]]
        lines += [f"- and {counted(more, 'more file')}"] if more > 0 else []
        heading = f"{counted(len(record.left_out), 'file')} left out:"
        frame.note("\n".join([heading, *lines]), warning=True, icon=":material/folder_off:")


def _threshold(opened: OpenBatch) -> float:
    """The threshold of two classes, kept with the batch."""
    record = opened.record
    if len(record.classes) != 2:
        return HALF
    key = f"batch.threshold.{opened.kept.id}"

    def keep() -> None:
        now = opened.kept.record()  # others may have changed what else it says
        moved = now.model_copy(update={"threshold": float(st.session_state[key])})
        opened.kept.write_record(moved)

    return threshold_slider(record.classes, key=key, value=record.threshold, on_change=keep)


def _state(opened: OpenBatch, whole: BatchTotals, job: Job | None) -> None:
    """What is done and what is not, and what to do about it."""
    batch = opened.kept.id
    if job is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            done = whole.done + whole.failed
            st.caption(f"{counted(done, 'image')} of {len(opened.record.images):,} in the table.")
            st.button("Show what is done by now", key="batch.refresh", icon=":material/refresh:")
        return
    if whole.waiting:
        st.info(
            f"{counted(whole.waiting, 'image')} not predicted: the batch was stopped, or broke "
            "off. What is done is kept.",
            icon=":material/pause_circle:",
        )
        st.button(
            "Go on", key="batch.go-on", icon=":material/play_arrow:", on_click=go_on, args=(batch,)
        )
    if whole.failed:
        failed = [row for row in opened.results.values() if row.failed]
        names = [opened.record.images[result.number].name for result in failed]
        lines = [
            f"- {plain(name)}: {plain(result.error)}"
            for name, result in zip(names[:5], failed, strict=False)
        ]
        lines += [f"- and {len(names) - 5:,} more, in the table"] if len(names) > 5 else []
        heading = f"{counted(whole.failed, 'image')} could not be predicted:"
        st.warning("\n".join([heading, *lines]), icon=":material/broken_image:")
        st.button(
            "Try these again",
            key="batch.again",
            icon=":material/replay:",
            on_click=go_on,
            args=(batch, True),
        )


def _totals(record: BatchRecord, whole: BatchTotals) -> None:
    """All images together."""
    if whole.scores is None:
        st.caption(f"{counted(whole.done, 'image')} predicted.{_threshold_words(record)}")
        return
    cells = [
        ("Images", count(whole.done)),
        ("Mean IoU", score(whole.scores.mean_iou)),
        ("Pixel accuracy", percent(whole.scores.pixel_accuracy)),
    ]
    for column, (label, value) in zip(st.columns(len(cells)), cells, strict=True):
        column.metric(label, value, border=True)
    st.caption(
        f"Scores pooled over the pixels of {counted(whole.scored, 'image')} with a truth."
        + _threshold_words(record)
    )


def _threshold_words(record: BatchRecord) -> str:
    if record.threshold == HALF or len(record.classes) != 2:
        return ""
    return f" {plain(record.classes.names[1])} from a probability of {record.threshold:.2f} on."


def _show_results(
    opened: OpenBatch, rows: Sequence[BatchRow], threshold: float, listed: ListedBatches
) -> None:
    other = choose_other(opened, listed)
    row = choose_image(opened, rows, other)
    if row is not None:
        show_image(opened, row, threshold, other)
    offer_files(opened, threshold)
