"""The scores of an evaluation: over all samples, by class and by scene, with intervals."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.evaluation.confusion import scores
from core.evaluation.intervals import ScoreIntervals
from core.evaluation.kept.results import OpenEvaluation, Unit, ends_of, with_interval
from core.formats import MISSING, count, percent, score
from ui.shell.address import take_name
from ui.widgets.classes import class_table

__all__ = ["choose_unit", "scores_view"]

_UNITS: tuple[Unit, ...] = ("Scenes", "Samples")
_COLUMNS = {"iou": "IoU", "f1": "F1", "precision": "Precision", "recall": "Recall"}


def choose_unit(opened: OpenEvaluation) -> Unit:
    """What is drawn again for the intervals; it stands in the address as ``unit``."""
    take_name("unit", _UNITS, "unit of intervals")
    st.session_state.setdefault("unit", opened.usual_unit)
    unit = st.segmented_control(
        "Intervals over",
        _UNITS,
        required=True,
        key="unit",
        bind="query-params",
        help="What is drawn again with replacement (bootstrap). Scenes say more of new places, if "
        "there are enough of them.",
    )
    return unit or opened.usual_unit


def scores_view(opened: OpenEvaluation) -> None:
    """Headline figures, the table by class, and the table by scene."""
    unit = choose_unit(opened)
    intervals, edges = opened.intervals(unit), opened.edge_intervals(unit)
    _headline(opened, intervals, edges)
    st.caption(opened.interval_text(unit))
    st.subheader("By class", anchor=False)
    _by_class(opened, intervals, edges)
    st.subheader("By scene", anchor=False)
    _by_scene(opened)


def _headline(
    opened: OpenEvaluation, intervals: ScoreIntervals | None, edges: ScoreIntervals | None
) -> None:
    result = opened.scores
    error = opened.analysis.calibration.reliability().error
    entropy = opened.analysis.cross_entropy()
    edge = opened.mean_edge_iou
    figures = [
        ("Mean IoU", with_interval(result.mean_iou, *ends_of(intervals, "mean_iou"))),
        (
            "Pixel accuracy",
            with_interval(result.pixel_accuracy, *ends_of(intervals, "pixel_accuracy")),
        ),
        ("Mean boundary IoU", with_interval(edge, *ends_of(edges, "mean_iou"))),
        ("Calibration error", percent(error)),
        ("Cross-entropy", MISSING if entropy is None else f"{entropy:.3f} nats"),
    ]
    with st.container(horizontal=True, gap="medium", key="evaluate-numbers"):
        for title, value in figures:
            st.metric(title, value, width="content")


def _by_class(
    opened: OpenEvaluation, intervals: ScoreIntervals | None, edges: ScoreIntervals | None
) -> None:
    edge_ious = opened.edge_ious
    analysis = opened.analysis
    near, away = scores(analysis.near), scores(opened.matrix - analysis.near)
    rows = []
    for at, own in enumerate(opened.scores.classes):
        row = [
            with_interval(getattr(own, name), *ends_of(intervals, name, at)) for name in _COLUMNS
        ]
        row.append(with_interval(edge_ious[at], *ends_of(edges, "iou", at)))
        row += [score(near.classes[at].iou), score(away.classes[at].iou), count(own.support)]
        rows.append(row)
    pixels = f"{analysis.distance:g} px"
    columns = [
        *_COLUMNS.values(),
        "Boundary IoU",
        "IoU near edges",
        "IoU elsewhere",
        "True pixels",
    ]
    class_table(opened.record.classes, columns, rows, label="Scores by class, with intervals")
    st.caption(
        f"Boundary IoU is over the pixels of a class within {pixels} of its own outline, in truth "
        f"and prediction (Cheng et al. 2021). Near edges is within {pixels} of one "
        "of the truth."
    )


def _by_scene(opened: OpenEvaluation) -> None:
    rows = []
    for scene, numbers in opened.record.groups().items():
        matrix = opened.analysis.matrix(numbers)
        result = scores(matrix)
        ious = {n: c.iou for n, c in zip(opened.names, result.classes, strict=True)}
        rows.append(
            {
                "Scene": scene,
                "Samples": len(numbers),
                "Labelled pixels": int(matrix.sum()),
                "Mean IoU": result.mean_iou,
                "Pixel accuracy": result.pixel_accuracy,
            }
            | {f"IoU {name}": iou for name, iou in ious.items()}
        )
    frame = pd.DataFrame(rows).sort_values("Mean IoU", kind="stable")
    numbers_ = {
        name: st.column_config.NumberColumn(format="%.3f")
        for name in frame.columns
        if name.startswith(("IoU", "Mean", "Pixel"))
    } | {"Labelled pixels": st.column_config.NumberColumn(format="localized")}
    st.dataframe(
        frame,
        hide_index=True,
        key="evaluate.scenes",
        column_config=numbers_ | {"Scene": st.column_config.TextColumn(pinned=True)},
        placeholder=MISSING,
        alt="Scores of each scene, the worst first",
    )
