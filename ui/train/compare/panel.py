"""Any number of runs compared: curves on one axis, settings side by side, scores by image."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.classes import ClassTable
from core.errors import DSIError
from core.formats import score
from core.models.card import CARD_FILE, ModelCard
from core.models.store import read_card
from core.training.runs.compare import settings
from core.training.runs.sample_scores import read_samples
from core.training.runs.summary import RunSummary, summaries
from ui.shell.errors import page_errors, plain, show_error
from ui.train.compare.charts import epoch_chart, spread_chart
from ui.train.views import open_view
from ui.widgets.classes import class_table
from ui.widgets.frame import Frame

__all__ = ["MOST", "compare", "compare_panel"]

MOST = 20
"""Runs that can be compared at once."""

_CHOSEN = "compare.chosen"
_GONE = "compare.gone"
_SIDES = {"val": "Validation", "test": "Test"}
_KEY = "On the command line"
_NAMED = 3  # in the browser's tab
_MEAN = "All classes (mean IoU)"


def compare(names: Sequence[str]) -> None:
    """Go to the comparison of these runs; they stand in the URL as ``compare``."""
    st.session_state.pop(_CHOSEN, None)
    open_view("compare", compare=",".join(names))


def compare_panel(frame: Frame) -> None:
    """Choose runs and see them side by side; the browser's tab names them."""
    runs = {run.name: run for run in summaries(show_error)}
    if len(runs) < 2:
        st.info(
            "There is nothing to compare yet: train two models, with different settings.",
            icon=":material/compare_arrows:",
        )
        return
    chosen = _choose(list(runs), frame)
    more = len(chosen) - _NAMED
    frame.shown += [*chosen[:_NAMED], *([f"{more} more"] if more > 0 else [])]
    if len(chosen) < 2:
        st.info("Choose two runs or more.", icon=":material/compare_arrows:")
        return
    rows = [runs[name] for name in chosen]
    with page_errors():
        _curves(rows)
    cards = {run.name: card for run in rows if (card := _card(run)) is not None}
    st.subheader("Scores by class", anchor=False)
    with page_errors():
        _scores(cards, rows)
    st.subheader("Settings", anchor=False)
    _settings(rows)


def _choose(names: list[str], frame: Frame) -> list[str]:
    if _CHOSEN not in st.session_state:
        listed = st.query_params.get("compare", "").split(",")
        st.session_state[_CHOSEN] = [name for name in listed if name in names] or names[:2]
        st.session_state[_GONE] = [name for name in listed if name and name not in names]
    before = st.session_state[_CHOSEN]
    st.session_state[_GONE] += [name for name in before if name not in names]
    st.session_state[_CHOSEN] = [name for name in before if name in names]
    if gone := st.session_state[_GONE]:
        words = ", ".join(f"“{plain(name)}”" for name in gone)
        frame.note(f"There is no training {words} any more.", warning=True)
    chosen = st.multiselect(
        "Trainings",
        names,
        key=_CHOSEN,
        on_change=_forget_gone,
        max_selections=MOST,
        placeholder="Choose two or more",
        persist_state="session",
    )
    st.query_params["compare"] = ",".join(chosen)
    return chosen


def _forget_gone() -> None:
    """What was asked for and is not there was read, as others are chosen."""
    st.session_state[_GONE] = []


def _card(run: RunSummary) -> ModelCard | None:
    try:
        return read_card(run.run.folder) if (run.run.folder / CARD_FILE).is_file() else None
    except DSIError as error:
        show_error(error)
        return None


def _curves(runs: Sequence[RunSummary]) -> None:
    records = {run.name: run.run.epochs() for run in runs}
    if not any(records.values()):
        st.info("The curves begin with the first whole epoch.", icon=":material/show_chart:")
        return
    classes = dict.fromkeys(
        name for epochs in records.values() for record in epochs for name in record.val_iou
    )
    left, right = st.columns(2)
    with left:
        st.markdown("**Training loss**")
        st.caption("Of different losses the height means nothing; the shape does.")
        loss = {
            name: [(record.epoch, record.loss) for record in epochs]
            for name, epochs in records.items()
        }
        epoch_chart(loss, "Loss", "compare.loss")
    with right:
        class_name = st.selectbox(
            "Validation IoU of",
            [_MEAN, *classes],
            key="compare.class",
            persist_state="session",
            width=300,
        )
        iou = {
            name: [
                (
                    record.epoch,
                    record.val_mean_iou if class_name == _MEAN else record.val_iou.get(class_name),
                )
                for record in epochs
            ]
            for name, epochs in records.items()
        }
        epoch_chart(iou, "Mean IoU" if class_name == _MEAN else "IoU", "compare.iou", share=True)


def _scores(cards: dict[str, ModelCard], runs: Sequence[RunSummary]) -> None:
    if not cards:
        st.info("The classes are scored with the first whole epoch.", icon=":material/category:")
        return
    side = st.segmented_control(
        "Side of the split",
        list(_SIDES),
        format_func=_SIDES.__getitem__,
        default="val",
        required=True,
        key="compare.side",
        persist_state="session",
    )
    scored = {name: card for name, card in cards.items() if side in card.training.scores}
    if not scored:
        st.info("None of them was scored on this side yet.", icon=":material/category:")
        return
    if len({_samples_of(card, side) for card in scored.values()}) > 1:
        st.warning(
            "These runs were scored on different images: their scores can only be compared with "
            "care. Launch them with the same dataset and split.",
            icon=":material/warning:",
        )
    _class_scores(scored, side)
    values: dict[str, dict[str, dict[str, float]]] = {}
    for run in runs:
        by_image = read_samples(run.run)
        if by_image and side in by_image.sides:
            values[run.name] = {
                sample: {class_name: iou for class_name, iou in by_class.items() if iou is not None}
                for sample, by_class in by_image.sides[side].items()
            }
    st.markdown("**Spread over the images**")
    if not values:
        st.caption(
            "These runs kept no scores by image: they were made by an earlier version, or ended "
            "before they were scored on this side."
        )
        return
    spread_chart(values, "compare.spread")
    st.caption(
        "A dot an image, with the IoU of the class in that image alone; images without the class "
        "have none. The box holds the middle half, its line is the median."
    )


def _samples_of(card: ModelCard, side: str) -> tuple[str, ...]:
    training = card.training
    ids = (*training.train, *training.val, *training.test)
    own = set(getattr(training, side))
    if len(training.digests) == len(ids):  # the images themselves, whatever the set is called
        pairs = zip(ids, training.digests, strict=True)
        return tuple(sorted(f"{i} {digest}" for i, digest in pairs if i in own))
    return (training.dataset, *sorted(own))


def _class_scores(cards: dict[str, ModelCard], side: str) -> None:
    """The scores over all pixels of the side, a table for each class table that occurs."""
    by_table: dict[ClassTable, list[str]] = {}
    for name, card in cards.items():
        by_table.setdefault(card.classes, []).append(name)
    for classes, names in by_table.items():
        scores = [cards[name].training.scores[side]["per_class"] for name in names]
        rows = []
        for class_name in classes.names:
            values = [score[class_name]["iou"] for score in scores]
            best = max((value for value in values if value is not None), default=None)
            rows.append([_iou(value, value == best and len(values) > 1) for value in values])
        class_table(classes, names, rows, label=f"{_SIDES[side]} IoU by class, over all pixels")
    best = "The best of each class is marked ▲. " if len(cards) > 1 else ""
    st.caption(f"{best}IoU over all pixels of this side together.")


def _iou(value: float | None, best: bool) -> str:
    return f"{'▲ ' if best else ''}{score(value, 'does not occur')}"


def _settings(runs: Sequence[RunSummary]) -> None:
    only = st.toggle(
        "Only what differs", value=True, key="compare.differing", persist_state="session"
    )
    every = settings([run.config for run in runs])
    shown = [setting for setting in every if setting.differs or not only]
    differing = sum(setting.differs for setting in every)
    st.caption(f"{differing} of {len(every)} settings differ.")
    if not shown:
        return
    frame = pd.DataFrame(
        [["≠" if s.differs else "", s.name, *s.shown, s.key] for s in shown],
        columns=["Differs", "Setting", *(run.name for run in runs), _KEY],
    )
    marked = frame.style.apply(
        lambda row: ["background-color: #d9822b33" if row["Differs"] else ""] * len(row), axis=1
    )
    st.dataframe(
        frame if only else marked,
        hide_index=True,
        key="compare.settings",
        column_config={
            "Differs": st.column_config.TextColumn(width="small", pinned=True),
            "Setting": st.column_config.TextColumn(pinned=True),
            _KEY: st.column_config.TextColumn(help="With --set, on the command line."),
        },
        alt="Settings of the chosen trainings side by side",
    )
