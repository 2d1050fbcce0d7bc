"""Another batch of the same images beside the one that is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from core.errors import DSIError
from core.evaluation.batch.compare import BatchPair, compare_batches, pair_images
from core.evaluation.batch.record import BatchRecord
from core.evaluation.batch.store import KeptBatch, find_batch
from core.formats import counted, percent, score
from ui.predict.batch.opened import ListedBatches, OpenBatch, dated
from ui.shell.errors import plain, show_error

__all__ = ["OtherBatch", "choose_other"]

_NONE = "None"


@dataclass(frozen=True)
class OtherBatch:
    """A batch that another one is compared with.

    Attributes:
        kept, record: the batch.
        pairs: by number of the image in the one that is shown.
    """

    kept: KeptBatch
    record: BatchRecord
    pairs: Mapping[int, BatchPair]

    def rank(self, number: int) -> tuple[bool, float]:
        """By which images are in order, those that agree least first."""
        pair = self.pairs.get(number)
        return pair.rank if pair else (True, 0.0)


def choose_other(opened: OpenBatch, listed: ListedBatches) -> OtherBatch | None:
    """A box of the batches with the same images, where there are some; None where none is chosen.

    Args:
        opened: the batch that is shown.
        listed: all that may be seen.
    """
    titles = {
        name: dated(record)
        for name, (_, record) in listed.items()
        if name != opened.kept.id and pair_images(opened.record, record)
    }
    if not titles:
        return None
    key = f"batch.other.{opened.kept.id}"
    if st.session_state.get(key) not in titles:
        st.session_state.pop(key, None)
    chosen = st.selectbox(
        "Compare with another batch of these images",
        [_NONE, *titles],
        format_func=lambda name: titles.get(name, name),
        key=key,
        persist_state="session",
    )
    if chosen == _NONE:
        return None
    kept, record = listed[chosen]
    try:
        stamps = _stamp(opened.kept, opened.record), _stamp(kept, record)
        pairs = _compared(opened.kept.id, chosen, str(opened.kept.folder), stamps)
    except DSIError as error:
        show_error(error)
        return None
    other = OtherBatch(kept, record, {pair.number: pair for pair in pairs})
    _say(opened.record, other)
    return other


def _stamp(kept: KeptBatch, record: BatchRecord) -> str:
    path = kept.folder / "results.jsonl"
    return f"{path.stat().st_size if path.is_file() else 0} {record.threshold}"


@st.cache_resource(max_entries=8, ttl=3600, show_spinner="Comparing the maps …")
def _compared(batch: str, other: str, folder: str, stamps: tuple[str, str]) -> list[BatchPair]:
    return compare_batches(find_batch(batch), find_batch(other))


def _say(record: BatchRecord, other: OtherBatch) -> None:
    pairs = [pair for pair in other.pairs.values() if pair.agreement is not None]
    if not pairs:
        st.caption("No image is predicted in both.")
        return
    same = sum(pair.agreement or 0.0 for pair in pairs) / len(pairs)
    text = (
        f"The same class on {percent(same)} of the pixels, in the mean over "
        f"{counted(len(pairs), 'image')}."
    )
    both = [
        (p.mean_iou, p.other_mean_iou)
        for p in pairs
        if p.mean_iou is not None and p.other_mean_iou is not None
    ]
    if both:
        better = sum(one > two for one, two in both)
        means = [sum(column) / len(both) for column in zip(*both, strict=True)]
        text += (
            f" Mean IoU, in the mean over {counted(len(both), 'image')} with a truth: "
            f"{score(means[0])} by {plain(record.model)}, {score(means[1])} by "
            f"{plain(other.record.model)}; the former is better on {better:,}."
        )
    st.caption(text)
