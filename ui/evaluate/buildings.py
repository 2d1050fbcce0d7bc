"""Buildings as objects: the SpaceNet score, and hits, misses and false alarms drawn."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st

from core.classes import ClassTable, LandClass
from core.errors import DSIError
from core.evaluation.kept.pictures import margin_box
from core.evaluation.kept.plan import plan_again
from core.evaluation.kept.results import OpenEvaluation
from core.evaluation.kept.store import find_evaluation
from core.evaluation.spacenet.objects import (
    BuildingScores,
    ObjectSettings,
    PlacedObject,
    building_label,
    building_objects,
    outcome_map,
    read_building_scores,
    score_buildings,
    write_building_scores,
)
from core.formats import count, score
from ui.evaluate.opened import evaluation_plan
from ui.evaluate.row_table import row_table
from ui.evaluate.sample_view import Part, outline, show_part, viewed_sample
from ui.shell.address import take_name, take_number
from ui.shell.errors import plain, show_error
from ui.shell.jobs import find_job, start_job, watch_job

__all__ = ["buildings_view"]

_ALL = "All samples"
_KINDS = {"Misses": "miss", "False alarms": "false alarm"}
# Those of the viewer's mode Difference (ui/viewer/frontend/layers/difference.js).
_OUTCOMES = (
    LandClass(name="Hit (as proposed)", color="#96CDFF"),
    LandClass(name="False alarm (as proposed)", color="#FF8C00"),
    LandClass(name="Miss (true building)", color="#1E28A0"),
)


def buildings_view(opened: OpenEvaluation) -> None:
    """Choose the class and what counts; then the scores, and the objects that are wrong."""
    job = f"buildings-{opened.kept.id}"
    watch_job(job)
    made = read_building_scores(opened.kept)
    _settings(opened, made, job)
    if made is None:
        return
    _scores(opened, made)
    left, right = st.columns([3, 5])
    with left:
        placed = _choose(opened, made)
    if placed is None:
        return
    with right:
        _picture(opened, made, placed)


def _settings(opened: OpenEvaluation, made: BuildingScores | None, job: str) -> None:
    names = opened.names
    label = made.settings.label if made else building_label(names)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Buildings are",
            names,
            index=label,
            placeholder="Choose a class",
            key=f"buildings.class.{opened.kept.id}",
            width=200,
        )
        area = st.number_input(
            "Least area, px",
            0.0,
            1e6,
            made.settings.min_area if made else 80.0,
            10.0,
            key=f"buildings.area.{opened.kept.id}",
            width=160,
            help="Of a building at least; a proposal is larger.",
        )
        iou = st.number_input(
            "IoU of a hit above",
            0.0,
            0.99,
            made.settings.min_iou if made else 0.5,
            0.05,
            key=f"buildings.iou.{opened.kept.id}",
            width=160,
        )
        present = find_job(job)
        settings = chosen and ObjectSettings(label=names.index(chosen), min_iou=iou, min_area=area)
        st.button(
            "Count buildings" if made is None else "Count again",
            icon=":material/home_work:",
            type="primary" if made is None else "secondary",
            key="buildings.count",
            disabled=not settings
            or (made is not None and made.settings == settings)
            or (present is not None and present.state == "running"),
            on_click=_count,
            args=(job, opened.kept.id, settings),
        )
    if made is None:
        st.caption(
            "As the SpaceNet challenges count: connected pixels of the class are a proposal, which "
            "hits the building that it overlaps best if their IoU is above a limit."
        )


def _count(job: str, evaluation: str, settings: ObjectSettings) -> None:
    def work(progress: Callable[[int, int], None]) -> None:
        kept = find_evaluation(evaluation)
        made = score_buildings(kept, plan_again(kept), settings, progress)
        write_building_scores(kept, made)

    start_job(job, "Counting buildings", "samples", work)


def _scores(opened: OpenEvaluation, made: BuildingScores) -> None:
    total = made.total
    figures = [
        ("F1", score(total.f1)),
        ("Precision", score(total.precision)),
        ("Recall", score(total.recall)),
        ("Hits", count(total.hits)),
        ("False alarms", count(total.false_alarms)),
        ("Misses", count(total.misses)),
    ]
    with st.container(horizontal=True, gap="medium"):
        for title, value in figures:
            st.metric(title, value, width="content")
    truth = (
        "The truth is the outlines of the footprints."
        if made.footprints
        else "The truth is connected pixels of the masks: buildings that touch are one."
    )
    st.caption(
        f"{plain(opened.names[made.settings.label])} of at least {made.settings.min_area:g} px; a "
        f"hit overlaps by an IoU above {made.settings.min_iou:g}. {truth}"
    )


def _choose(opened: OpenEvaluation, made: BuildingScores) -> PlacedObject | None:
    """Choose a miss or a false alarm, of all samples or of one."""
    with st.container(horizontal=True):
        take_name("objects", list(_KINDS), "kind of objects")
        kind = st.segmented_control(
            "Show", list(_KINDS), default="Misses", required=True, key="objects",
            bind="query-params",
        )  # fmt: skip
        samples = [_ALL, *(sample.id for sample in opened.record.samples)]
        take_name("in", samples, "sample")
        within = st.selectbox("In", samples, key="in", bind="query-params")
    number = samples.index(within) - 1
    objects = [
        each
        for each in made.objects
        if each.outcome == _KINDS[str(kind)] and number in (-1, each.sample)
    ]
    if number >= 0:
        own = made.of_sample(number)
        st.caption(f"F1 {score(own.f1)} here: {own.text}.")
    if not objects:
        st.info("There is none.", icon=":material/check:")
        return None
    take_number("object", 1, len(objects), "object")
    if st.session_state.get("object", 1) > len(objects):
        st.session_state["object"] = 1
    place = st.number_input(
        f"Object, 1 to {len(objects):,} by area",
        min_value=1,
        max_value=len(objects),
        step=1,
        key="object",
        bind="query-params",
    )
    _table(opened, objects)
    return objects[int(place) - 1]


def _table(opened: OpenEvaluation, objects: list[PlacedObject]) -> None:
    row_table(
        f"buildings.table.{hash(tuple(objects))}",
        {
            "Object": range(1, len(objects) + 1),
            "Area, px": [round(each.area) for each in objects],
            "Sample": [opened.record.samples[each.sample].id for each in objects],
            "Column": [each.x for each in objects],
            "Row": [each.y for each in objects],
        },
        "object",
        height=300,
        alt="Objects, the largest first; above, one can be chosen by its number",
    )


def _picture(opened: OpenEvaluation, made: BuildingScores, placed: PlacedObject) -> None:
    scored = viewed_sample(opened, placed.sample)
    if scored is None:
        return
    size = scored.prediction.shape
    try:
        plan = evaluation_plan(opened)
        objects = building_objects(plan, placed.sample, scored, made.settings)
    except DSIError as error:
        show_error(error)
        return
    classes = opened.record.classes
    drawn = outcome_map(objects, (size[0], size[1]), len(classes))
    box = placed.x, placed.y, placed.width, placed.height
    rows, columns = margin_box(box, size[0], size[1])
    frame = np.zeros(size, bool)
    frame[placed.y : placed.y + placed.height, placed.x : placed.x + placed.width] = True
    show_part(
        scored,
        Part(rows, columns, outline(frame, box)),
        {
            "prediction": ("Prediction", scored.prediction),
            "objects": ("Buildings as objects", drawn),
        },
        ClassTable(classes=(*classes.classes, *_OUTCOMES)),
        "evaluate-building",
    )
    word = "missed" if placed.outcome == "miss" else "a false alarm"
    st.caption(
        f"{plain(opened.record.samples[placed.sample].id)}: {placed.area:,.0f} px, {word}, from "
        f"column {placed.x:,}, row {placed.y:,}; framed. Light blue is a hit, orange a false "
        "alarm, dark blue a miss."
    )
