"""Suspect labels: where the model is sure that a label is wrong, to be judged one by one or many
at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st

from core.errors import ModelError
from core.evaluation.kept.pictures import margin_box
from core.evaluation.kept.plan import plan_again
from core.evaluation.kept.results import OpenEvaluation
from core.evaluation.kept.store import find_evaluation
from core.evaluation.suspects.record import (
    Suspect,
    SuspectList,
    read_suspects,
    write_suspects,
)
from core.evaluation.suspects.review import read_review, states
from core.evaluation.suspects.search import search_suspects
from core.formats import MISSING, count, counted, percent, score
from core.models.store import find_model, load_model, read_card
from ui.evaluate.sample_view import Part, outline, show_part, viewed_sample
from ui.evaluate.suspects.save import save_section
from ui.evaluate.suspects.table import choose_suspect, filtered_suspects
from ui.shell.errors import plain
from ui.shell.jobs import find_job, start_job, watch_job
from ui.widgets.classes import class_table

__all__ = ["suspects_view"]

_MANY = 0.1  # share of the labelled pixels


def suspects_view(opened: OpenEvaluation) -> None:
    """Look for them once; then the list, the one that is chosen in its place, and the saving."""
    job = f"suspects-{opened.kept.id}"
    watch_job(job)
    listed = read_suspects(opened.kept)
    if listed is None:
        _begin(opened, job)
        return
    _facts(opened, listed)
    if not listed.suspects:
        st.success("The model is surely against no label.", icon=":material/check:")
        _thresholds(opened, listed)
        _again(opened, job)
        return
    review = read_review(opened.kept, listed)
    decided = states(listed, review)
    frame = filtered_suspects(opened, listed, decided)
    left, right = st.columns([4, 5])
    with left:
        place = choose_suspect(opened.kept, frame, review)
    with right:
        if place is not None:
            _picture(opened, listed.suspects[place])
    save_section(opened, listed, review, decided)
    _thresholds(opened, listed)
    _again(opened, job)


def _begin(opened: OpenEvaluation, job: str) -> None:
    st.markdown(
        "Labels are drawn by people, and some are wrong. A model that did not learn them shows "
        "which: where it is surely of another class than the label, one of the two errs, and a "
        "look at the picture tells which. Nothing of the dataset is changed: what is accepted "
        "becomes void in a new revision of the recipe."
    )
    present = find_job(job)
    st.button(
        "Look for suspect labels",
        icon=":material/search:",
        type="primary",
        key="suspects.search",
        disabled=present is not None and present.state == "running",
        help="Predicts the samples once more, as their probabilities were not kept.",
        on_click=_search,
        args=(job, opened.kept.id),
    )


def _again(opened: OpenEvaluation, job: str) -> None:
    st.button(
        "Look again",
        icon=":material/refresh:",
        key="suspects.search",
        type="tertiary",
        help="Predicts the samples once more. Decisions that are not saved are lost.",
        on_click=_search,
        args=(job, opened.kept.id),
    )


def _search(job: str, evaluation: str) -> None:
    def work(progress: Callable[[int, int], None]) -> None:
        from core.inference.predictor import Predictor

        progress(0, 0)
        kept = find_evaluation(evaluation)
        plan = plan_again(kept)
        ref = find_model(plan.record.model)
        if read_card(ref.folder).sha256 != plan.record.sha256:
            raise ModelError(
                f"the model {plan.record.model} has other weights now than in this evaluation",
                where=evaluation,
                remedy="evaluate it again",
            )
        model, card = load_model(ref.folder)
        averaging = plan.record.options.averaging
        predictor = Predictor.of_card(
            model, card, tta=averaging.symmetries, scales=averaging.scales
        )
        write_suspects(kept, search_suspects(plan, predictor, progress))

    start_job(job, "Looking for suspect labels", "samples", work)


def _facts(opened: OpenEvaluation, listed: SuspectList) -> None:
    with st.container(horizontal=True, gap="medium"):
        st.metric("Suspect pixels", percent(listed.share, 2), width="content")
        st.metric("Regions", count(len(listed.suspects) + listed.dropped), width="content")
    seen, total = len(listed.seen), len(opened.record.samples)
    if seen:
        which = "all" if seen == total else f"{seen:,} of the {total:,}"
        st.warning(
            f"The model was trained on {which} samples: there it has learned the labels, wrong "
            "ones too, and doubts too few of them. Train folds (split by folds of scenes) to have "
            "every sample judged by a model that has not seen it.",
            icon=":material/warning:",
        )
    else:
        st.caption("The model was trained on none of these samples: it judges them out of sample.")
    if (listed.share or 0) > _MANY:
        st.info(
            "So many are more likely the model's errors than the labels': begin with those of most "
            "confidence, or evaluate a better model.",
            icon=":material/info:",
        )
    if listed.dropped:
        st.caption(
            f"The {count(len(listed.suspects))} regions of most weight are listed; "
            f"{count(listed.dropped)} smaller ones are not."
        )


def _thresholds(opened: OpenEvaluation, listed: SuspectList) -> None:
    with st.expander("How labels become suspect"):
        st.markdown(
            "Of every class, the mean of its probability over the pixels that are labelled so is "
            "its threshold. A pixel is suspect where the likeliest class is not its label and "
            "reaches its own threshold (confident learning: Northcutt et al. 2021; for "
            "segmentation Lad and Mueller 2023). Connected ones of one label and one suggestion "
            f"are a region; those below {listed.least_area} pixels, and those that lie within "
            f"{listed.border:g} pixels of a border of classes altogether, are left out as borders "
            "drawn inexactly. Weight is the area times how much surer the model is of its class "
            "than of the label. Quality of a sample is the softmin of the probabilities of its "
            "labels (temperature 0.1): one wrong corner lowers it, however large the rest."
        )
        rows = [
            [
                score(threshold),
                count(labelled),
                percent(sum(pixels) / labelled, 2) if labelled else MISSING,
            ]
            for threshold, labelled, pixels in zip(
                listed.thresholds, listed.labelled, listed.pixels, strict=True
            )
        ]
        columns = ["Threshold", "Labelled pixels", "Suspect"]
        class_table(opened.record.classes, columns, rows, label="Thresholds by class")


def _picture(opened: OpenEvaluation, suspect: Suspect) -> None:
    scored = viewed_sample(opened, suspect.sample)
    if scored is None:
        return
    height, width = scored.prediction.shape
    here = np.zeros((height, width), bool)
    suspect.draw(here)
    rows, columns = margin_box(suspect.box, height, width)
    show_part(
        scored,
        Part(rows, columns, outline(here, suspect.box)),
        {"prediction": ("Prediction", scored.prediction)},
        opened.record.classes,
        "evaluate-suspect",
    )
    names = opened.names
    st.caption(
        f"{plain(opened.record.samples[suspect.sample].id)}, from column {suspect.x:,}, row "
        f"{suspect.y:,}: {counted(suspect.area, 'pixel')} labelled "
        f"{plain(names[suspect.label])}; the model says {plain(names[suspect.suggestion])} with "
        f"{percent(suspect.confidence)}, and gives the label {percent(suspect.doubted)}."
    )
