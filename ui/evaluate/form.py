"""A new evaluation: model, dataset and side of the split; it goes on in the server's background."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.datasets.catalogue import DatasetRef, find_dataset
from core.datasets.dataset import UnknownMaskValues
from core.errors import ModelError
from core.evaluation.boundary import MOST_DISTANCE
from core.evaluation.kept.plan import EvaluationPlan, plan_again, plan_evaluation
from core.evaluation.kept.record import EvaluationOptions, Misfits, SplitSide
from core.evaluation.kept.run import run_evaluation
from core.evaluation.kept.store import (
    KeptEvaluation,
    delete_evaluation,
    find_evaluation,
    new_evaluation,
)
from core.evaluation.kept.truth import MisfitMasks, count_unknown
from core.formats import count
from core.models.store import find_model, load_model, read_card
from ui.evaluate.opened import show_evaluation
from ui.loaded.datasets import choose_dataset, open_chosen
from ui.loaded.models import choose_model
from ui.shell.address import take_name
from ui.shell.errors import page_errors, plain
from ui.shell.jobs import Job, find_job, start_job, watch_job

__all__ = ["go_on", "is_evaluating", "new_evaluation_form", "watch_evaluation"]

_ASK = "Ask"
_MOST_VALUES = 8  # that are asked one by one
_JOB = "evaluate"  # one at a time: two would share the processors
_WANTED = "evaluate.wanted"
_SIDES: dict[str, SplitSide] = {
    "All labelled samples": "all",
    "Training": "train",
    "Validation": "val",
    "Test": "test",
}
_MISFITS: dict[str, Misfits] = {
    "Ask": "ask",
    "Leave these samples out": "leave-out",
    "Bring these masks to the image's grid by nearest neighbour": "resample",
}


def is_evaluating() -> bool:
    """Whether an evaluation goes on."""
    job = find_job(_JOB)
    return job is not None and job.state == "running"


def watch_evaluation() -> None:
    """The bar of the evaluation that goes on; when it has ended, what it made is shown."""
    job = watch_job(_JOB)
    wanted = st.session_state.get(_WANTED)
    if job and job.id == wanted and job.state != "running":
        del st.session_state[_WANTED]
        if job.state == "done":
            show_evaluation(str(job.result))


def new_evaluation_form() -> None:
    """Fields for what is to be evaluated, and the button that begins."""
    ref = choose_model("model", manage=False)
    dataset = choose_dataset("dataset")
    if ref is None or dataset is None:
        return
    take_name("split", list(_SIDES), "side of the split")
    side = st.selectbox(
        "Samples",
        list(_SIDES),
        key="split",
        bind="query-params",
        persist_state="session",
        help="Sides are those of the model's own training; for other data take all.",
    )
    with st.expander("Settings"):
        symmetries = st.toggle(
            "Average over flips and quarter turns (8 times the time)",
            key="evaluate.tta",
            persist_state="session",
        )
        edge = st.number_input(
            "Pixels from an edge that count as near it",
            min_value=1,
            max_value=MOST_DISTANCE,
            value=3,
            key="evaluate.edge",
            persist_state="session",
            help="For boundary IoU, and the scores near an edge of classes and away from one.",
        )
    options = EvaluationOptions(
        symmetries=symmetries,
        edge=float(edge),
        misfits=_ask_about_misfits(),
        mask_values=_ask_about_values(dataset),
    )
    st.button(
        "Evaluate",
        type="primary",
        icon=":material/play_arrow:",
        key="evaluate.start",
        width="stretch",
        disabled=is_evaluating(),
        on_click=_start,
        args=(ref.name, dataset.id, _SIDES[side], options),
    )


def _ask_about_misfits() -> Misfits:
    """What becomes of masks that do not fit; asked once an evaluation ended because of them."""
    job = find_job(_JOB)
    if job is None or not isinstance(job.error, MisfitMasks):
        return "ask"
    words = st.radio("Masks of another size or grid", list(_MISFITS), key="evaluate.misfits")
    return _MISFITS[words]


def _ask_about_values(ref: DatasetRef) -> dict[str, str]:
    """What values outside the class table are read as; asked once an evaluation ended by them."""
    job = find_job(_JOB)
    if job is None or not isinstance(job.error, UnknownMaskValues):
        return {}
    values = sorted(job.error.unknown.items(), key=lambda item: -item[1])
    shown = values[:_MOST_VALUES]
    with page_errors():
        meanings = [_ASK, "void", *open_chosen(ref).classes.names]
        chosen = {
            value: st.selectbox(
                f"{plain(value)} ({count(pixels)} pixels) is read as",
                meanings,
                key=f"evaluate.value.{value}",
            )
            for value, pixels in shown
        }
        if len(values) > len(shown):
            rest = st.selectbox(
                f"The {len(values) - len(shown):,} other values are read as",
                meanings[:2],
                key="evaluate.value-others",
            )
            chosen["others"] = rest
        return {value: meaning for value, meaning in chosen.items() if meaning != _ASK}
    return {}


def _start(model: str, dataset: str, side: SplitSide, options: EvaluationOptions) -> None:
    def plan(progress: Callable[[int, int], None]) -> tuple[KeptEvaluation, EvaluationPlan]:
        # Looked at is not scored yet: only a stop is asked for.
        made = plan_evaluation(
            find_model(model), find_dataset(dataset), side, options, lambda *_: progress(0, 0)
        )
        return new_evaluation(made.record, made.card), made

    _note(start_job(_JOB, f"Evaluating {model} on {dataset}", "samples", _work(plan)))


def go_on(evaluation: str) -> None:
    """Go on with an evaluation that was stopped, or whose server ended."""

    def plan(progress: Callable[[int, int], None]) -> tuple[KeptEvaluation, EvaluationPlan]:
        kept = find_evaluation(evaluation)
        made = plan_again(kept)
        card = read_card(find_model(made.record.model).folder)
        if card.sha256 != made.record.sha256:
            raise ModelError(
                f"the model {made.record.model} has other weights now than when this evaluation "
                "was begun",
                where=evaluation,
                remedy="delete the evaluation, and evaluate again",
            )
        return kept, made

    _note(start_job(_JOB, "Going on with the evaluation", "samples", _work(plan)))


def _note(job: Job) -> None:
    st.session_state[_WANTED] = job.id


def _work(
    plan: Callable[[Callable[[int, int], None]], tuple[KeptEvaluation, EvaluationPlan]],
) -> Callable[[Callable[[int, int], None]], str]:
    def work(progress: Callable[[int, int], None]) -> str:
        from core.inference.predictor import Predictor

        progress(0, 0)
        kept, made = plan(progress)
        model, card = load_model(find_model(made.record.model).folder)
        averaging = made.record.options.averaging
        predictor = Predictor.of_card(
            model, card, tta=averaging.symmetries, scales=averaging.scales
        )
        try:
            run_evaluation(kept, made, predictor, progress)
        except UnknownMaskValues:
            # It cannot go on so. Asked once, for all masks.
            delete_evaluation(kept)
            every = count_unknown(made.dataset, made.samples, lambda: progress(0, 0))
            if every is None:
                raise
            raise every from None
        return kept.id

    return work
