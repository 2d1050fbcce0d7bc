"""Batches on the page: chosen, by the address too, and opened once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import streamlit as st

from core.errors import WorkspaceError
from core.evaluation.batch.record import BatchRecord, ImageResult
from core.evaluation.batch.source import BatchSource, open_source
from core.evaluation.batch.store import KeptBatch, find_batch, list_batches
from core.models.card import ModelCard
from core.paths import is_name
from ui.shell.address import ask_for
from ui.shell.errors import show_error
from ui.shell.jobs import Job, find_job

__all__ = [
    "ListedBatches",
    "OpenBatch",
    "batch_job",
    "choose_batch",
    "dated",
    "job_key",
    "list_seen_batches",
    "open_batch",
    "show_batch",
]

_CHOSEN = "predict.batch"
_OWN = "predict.batches"  # ids that this session may see though they are in no list

ListedBatches = Mapping[str, tuple[KeptBatch, BatchRecord]]
"""Batches by id, the last first."""


@dataclass(frozen=True)
class OpenBatch:
    """A batch and how its images are opened.

    Attributes:
        kept, record, card: as they are kept.
        results: by number of the image, as far as they are there.
    """

    kept: KeptBatch
    record: BatchRecord
    card: ModelCard
    results: Mapping[int, ImageResult]

    def source(self) -> BatchSource:
        """Its images.

        Raises:
            DatasetError, ConfigError, ModelError: they cannot be opened any more.
        """
        return _source(self.kept.id, str(self.kept.folder))


def job_key(batch: str) -> str:
    """Names the job that predicts a batch."""
    return f"batch-{batch}"


def batch_job(batch: str) -> Job | None:
    """The job that predicts, or predicted, a batch."""
    return find_job(job_key(batch))


def show_batch(batch: str) -> None:
    """Have the page show this batch, which this session may see."""
    st.session_state.setdefault(_OWN, {})[batch] = None
    st.session_state[_CHOSEN] = batch


def dated(record: BatchRecord) -> str:
    """A batch in a line, with when it was made (UTC)."""
    made = datetime.fromtimestamp(record.made, UTC)
    return f"{record.title}, {made:%d %b %Y %H:%M}"


def list_seen_batches() -> ListedBatches:
    """The batches that this session may see: those in the list, its own, and by address."""
    asked = st.query_params.get("batch", "")
    if asked and is_name(asked):
        # Whoever knows the name was given it: 128 bits are not guessed.
        try:
            find_batch(asked)
            st.session_state.setdefault(_OWN, {})[asked] = None
        except WorkspaceError:
            pass
    return list_batches(show_error, frozenset(st.session_state.get(_OWN, ())))


def choose_batch() -> tuple[str, ListedBatches]:
    """A select box of the batches; the choice stands in the address as ``batch``.

    Returns:
        The id that is chosen, empty where there is none, and all that may be seen. One that is
        being begun is chosen and not among them yet.
    """
    listed = list_seen_batches()
    titles = {name: dated(record) for name, (_, record) in listed.items()}
    fresh = st.session_state.get(_CHOSEN, "")
    job = batch_job(fresh) if fresh and fresh not in listed else None
    if job is not None and job.state in ("running", "failed"):
        titles = {fresh: job.title, **titles}
    asked = ask_for("batch", titles, "batch of predictions", widget=_CHOSEN)
    if not titles:
        st.query_params.pop("batch", None)
        return "", listed
    if asked:
        st.session_state[_CHOSEN] = asked
    elif st.session_state.get(_CHOSEN) not in titles:
        st.session_state[_CHOSEN] = next(iter(titles))
    chosen = str(st.session_state[_CHOSEN])
    names = list(titles)
    # A box whose texts change is another box: the browser would go on showing the old one.
    key = f"{_CHOSEN}.{hash(tuple(titles.values()))}"
    st.selectbox(
        "Batch",
        names,
        index=names.index(chosen),
        format_func=titles.__getitem__,
        key=key,
        on_change=lambda: st.session_state.update({_CHOSEN: st.session_state[key]}),
    )
    st.query_params["batch"] = chosen
    return chosen, listed


def open_batch(kept: KeptBatch, record: BatchRecord) -> OpenBatch:
    """A batch with what is predicted of it by now.

    Raises:
        WorkspaceError: it is damaged.
    """
    return OpenBatch(kept, record, kept.card(), _results(kept.id, _stamp(kept)))


def _stamp(kept: KeptBatch) -> str:
    """Tells what is in the results by now from what was there before."""
    try:
        status = (kept.folder / "results.jsonl").stat()
    except OSError:
        return str(kept.folder)
    return f"{kept.folder} {status.st_mtime_ns} {status.st_size}"


@st.cache_resource(max_entries=8, ttl=3600, show_spinner=False)
def _results(batch: str, stamp: str) -> Mapping[int, ImageResult]:
    return find_batch(batch).results()


@st.cache_resource(max_entries=4, ttl=60, show_spinner="Listing the images …")
def _source(batch: str, folder: str) -> BatchSource:
    kept = find_batch(batch)
    return open_source(kept, kept.record(), kept.card())
