"""The samples of an evaluation by any score, the worst first, and one of them in the viewer."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.evaluation.kept.results import OpenEvaluation
from core.formats import MISSING, counted
from ui.evaluate.sample_view import whole_view
from ui.shell.address import take_name, take_number

__all__ = ["sample_rows", "samples_view"]

_MEAN, _ACCURACY, _ENTROPY = "Mean IoU", "Pixel accuracy", "Cross-entropy"
_ANY = "Any class"
_KINDS = {"In the truth": "Pixels", "Hit": "Hits", "Missed": "Misses", "False alarm": "Alarms"}


def sample_rows(opened: OpenEvaluation) -> pd.DataFrame:
    """A row a sample: all its scores, NaN where none is, and of each class the true pixels, hits,
    misses and false alarms.
    """
    nll = opened.analysis.sample_nll()
    rows = []
    for number, (sample, result) in enumerate(
        zip(opened.record.samples, opened.sample_scores, strict=True)
    ):
        pixels = sum(c.support for c in result.classes)
        by_class = zip(opened.names, result.classes, *opened.counts[number], strict=True)
        rows.append(
            {
                "number": number,
                "Sample": sample.id,
                "Scene": sample.scene,
                _MEAN: result.mean_iou,
                _ACCURACY: result.pixel_accuracy,
                _ENTROPY: nll[number] / pixels if pixels else None,
                "Labelled pixels": pixels,
            }
            | {
                key: value
                for name, c, hits, true, called in by_class
                for key, value in (
                    (f"IoU {name}", c.iou),
                    (f"Pixels {name}", int(true)),
                    (f"Hits {name}", int(hits)),
                    (f"Misses {name}", int(true - hits)),
                    (f"Alarms {name}", int(called - hits)),
                )
            }
        )
    return pd.DataFrame(rows).astype({_MEAN: float, _ACCURACY: float, _ENTROPY: float})


def samples_view(opened: OpenEvaluation) -> None:
    """Filters, the table, and the sample that is chosen."""
    frame = sample_rows(opened)
    with st.container(horizontal=True):
        by = _choose_score(opened)
        frame = _filtered(opened, frame, by)
    if frame.empty:
        st.info("No sample meets all of this: take a filter off.", icon=":material/info:")
        return
    # Of cross-entropy the largest is the worst.
    frame = frame.sort_values(by, ascending=by != _ENTROPY, kind="stable", na_position="last")
    names = list(frame["Sample"])
    st.caption(f"{counted(len(names), 'sample')}, the worst first.")
    left, right = st.columns([3, 5])
    with left:
        take_name("sample", names, "sample")
        sample = st.selectbox("Sample", names, key="sample", bind="query-params")
        _table(frame, by)
    with right:
        number = int(frame["number"].iloc[names.index(sample)])
        whole_view(opened, number, "evaluate-sample")


def _choose_score(opened: OpenEvaluation) -> str:
    ways = [_MEAN, _ACCURACY, _ENTROPY, *(f"IoU {name}" for name in opened.names)]
    take_name("by", ways, "score to sort by")
    by: str = st.selectbox("Sort by", ways, key="by", bind="query-params")
    return by


def _filtered(opened: OpenEvaluation, frame: pd.DataFrame, by: str) -> pd.DataFrame:
    choices = [_ANY, *opened.names]
    take_name("has", choices, "class to filter by")
    has = st.selectbox("With", choices, key="has", bind="query-params")
    if has != _ANY:
        kinds = list(_KINDS)
        take_name("kind", kinds, "what happened to the class")
        kind = st.selectbox("Which is", kinds, key="kind", bind="query-params")
        frame = frame[frame[f"{_KINDS[kind]} {has}"] > 0]
    if by == _ENTROPY:
        return frame
    take_number("most", 0.0, 1.0, "highest score")
    most = st.slider(f"{by} at most", 0.0, 1.0, 1.0, 0.01, key="most", bind="query-params")
    return frame if most == 1 else frame[frame[by] <= most]


def _table(frame: pd.DataFrame, by: str) -> None:
    columns = ["Sample", by, *(c for c in (_MEAN, _ACCURACY, _ENTROPY) if c != by), "Scene"]
    names = list(frame["Sample"])
    key = f"evaluate.samples.{hash(tuple(names))}"

    def choose() -> None:
        ticked = st.session_state[key]["selection"]["rows"]
        if ticked:
            st.session_state["sample"] = names[ticked[0]]

    st.dataframe(
        frame[columns],
        hide_index=True,
        key=key,
        on_select=choose,
        selection_mode="single-row",
        column_config={
            name: st.column_config.NumberColumn(format="%.3f")
            for name in columns
            if name not in ("Sample", "Scene")
        },
        placeholder=MISSING,
        height=420,
        alt="Samples, the worst first; above, one can be chosen from a list",
    )
