"""A model before and after labels that were judged wrong left its training, in one view."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.datasets.identity import block_of
from core.datasets.void.store import load_regions
from core.errors import DSIError
from core.evaluation.kept.record import EvaluationOptions
from core.evaluation.kept.results import OpenEvaluation
from core.evaluation.kept.store import KeptEvaluation
from core.formats import counted
from core.models.card import CARD_FILE, ModelCard
from core.models.store import read_card
from core.training.follow_up.again import HeldOut, Wanted, held_out, kept_scores
from core.training.runs.origin import runs_of
from core.training.runs.run import Run
from ui.evaluate.compare import compare_pair, compare_table
from ui.evaluate.follow_up.scoring import score_all
from ui.evaluate.opened import Listed, open_evaluation
from ui.evaluate.scores import choose_unit
from ui.shell.address import take_name
from ui.shell.errors import plain, show_error
from ui.shell.jobs import find_job, watch_job
from ui.shell.links import page_link

__all__ = ["before_after_view"]

_ORIGINAL, _REVISED = "Labels of the files", "Revised labels"


def before_after_view(opened: OpenEvaluation, listed: Listed) -> None:
    """Choose a training that was launched from this evaluation, and compare it with its model."""
    runs = {run.name: run for run in runs_of(opened.kept.id, "suspects")}
    if not runs:
        st.info(
            "Nothing was trained again from this evaluation yet: accept suspect labels in the view "
            "Suspects, save them into the recipe, and train again with it.",
            icon=":material/model_training:",
        )
        return
    names = list(runs)
    take_name("again", names, "training")
    name = st.selectbox("Trained again as", names, key="again", bind="query-params")
    run = runs[name]
    status = run.status()
    page_link("train", "Its training", "monitoring", {"view": "runs", "run": name})
    if status.state != "finished" or not (run.folder / CARD_FILE).is_file():
        st.info(
            f"The training is {status.state}: what comes of it stands here when it has ended.",
            icon=":material/hourglass_top:",
        )
        st.button("Look again", icon=":material/refresh:", key="before-after.refresh")
        return
    try:
        before, after = opened.kept.card(), read_card(run.folder)
        _compared(opened, listed, run, before, after)
    except DSIError as error:
        show_error(error)


def _compared(
    opened: OpenEvaluation, listed: Listed, run: Run, before: ModelCard, after: ModelCard
) -> None:
    held = held_out(before, after)
    models = {opened.record.model: (before, held.before), run.name: (after, held.after)}
    wanted = _wanted(opened, run, held)
    dataset = opened.record.dataset
    kept: dict[tuple[str, str], KeptEvaluation] = {}
    missing: list[Wanted] = []
    for labels, options in wanted.items():
        for name, (card, side) in models.items():
            one = Wanted(name, card.sha256, dataset, side, options)
            made = kept_scores(listed.values(), one)
            if made is None:
                missing.append(one)
            else:
                kept[labels, name] = made
    words = "test" if held.after == "test" else "validation"
    recipe = run.config().recipe
    st.caption(
        f"{plain(opened.record.model)} before, {plain(run.name)} after (recipe "
        f"{plain(recipe.name)}, revision {recipe.revision}), on the same "
        f"{counted(len(held.ids), 'sample')}: those of the {words} side that neither was trained "
        "on."
    )
    key = f"before-after-{opened.kept.id}-{run.name}"
    watch_job(key)
    job = find_job(key)
    if missing:
        st.button(
            f"Score both models ({counted(len(missing), 'evaluation')})",
            icon=":material/analytics:",
            type="primary",
            key="before-after.score",
            disabled=job is not None and job.state == "running",
            on_click=score_all,
            args=(key, "Scoring before and after", f"Before and after {run.name}", missing),
        )
        return
    labels = _choose_labels(list(wanted))
    first, second = (
        open_evaluation(kept[labels, name]) for name in (run.name, opened.record.model)
    )
    if first is None or second is None:
        st.warning("One of the evaluations is not complete.", icon=":material/warning:")
        return
    unit = choose_unit(first)
    compare_table([first, second], unit)
    compare_pair(first, second, unit)


def _choose_labels(choices: list[str]) -> str:
    if len(choices) == 1:
        st.caption(
            "No label of these samples was accepted as wrong: there are no revised labels to score "
            "with."
        )
        return choices[0]
    take_name("labels", choices, "labels")
    chosen = st.segmented_control(
        "Scored with",
        choices,
        default=choices[0],
        required=True,
        key="labels",
        bind="query-params",
        help="The revised labels leave out what was accepted as void.",
    )
    return str(chosen)


def _wanted(opened: OpenEvaluation, run: Run, held: HeldOut) -> Mapping[str, EvaluationOptions]:
    """By what the labels are called, how both models are scored."""
    digest = run.config().recipe.void_regions
    options = opened.record.options.model_copy(update={"only": held.ids, "void_regions": ""})
    wanted = {_ORIGINAL: options}
    if digest:
        marked = load_regions(digest).samples
        if any(i in marked or block_of(i)[0] in marked for i in held.ids):
            wanted[_REVISED] = options.model_copy(update={"void_regions": digest})
    return wanted
