"""Whether the model's probabilities can be believed, and what a threshold on them leaves."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.evaluation.calibration import Coverage, Reliability
from core.evaluation.kept.results import OpenEvaluation
from core.formats import MISSING, percent, score
from ui.shell.address import take_name, take_number
from ui.shell.errors import figure_text, plain
from ui.widgets.classes import class_table

__all__ = ["calibration_view"]

_ALL = "All classes"
_SHARE, _SCORE, _IDEAL = "#b8671a", "#1c9aa8", "#808c9b"
_HEIGHT = 320


def calibration_view(opened: OpenEvaluation) -> None:
    """Reliability overall and by class, and score and coverage against the threshold."""
    calibration = opened.analysis.calibration
    by_class = calibration.class_reliability()
    left, right = st.columns(2)
    with left:
        choices = [_ALL, *opened.names]
        take_name("of", choices, "class")
        of = st.selectbox("Reliability of", choices, key="of", bind="query-params")
        at = choices.index(of) - 1
        _reliability(calibration.reliability() if at < 0 else by_class[at], of)
    with right:
        _coverage(opened, calibration.coverage())
    st.subheader("Calibration error by class", anchor=False)
    rows = [
        [percent(each.error, 2), score(_mean(each.probability, each.pixels)),
         score(_mean(each.frequency, each.pixels))]
        for each in by_class
    ]  # fmt: skip
    columns = ["Expected calibration error", "Mean probability", "Share of the pixels"]
    class_table(opened.record.classes, columns, rows, label="Calibration error by class")
    st.caption(
        f"Over all labelled pixels, in {len(calibration.pixels)} bins: how far what the model says "
        "is from how often it is so (Guo et al. 2017). Of a class, its probability at every pixel "
        "is compared with the share of it there."
    )


def _mean(values: np.ndarray, pixels: np.ndarray) -> float | None:
    total = int(pixels.sum())
    return float(np.nansum(values * pixels) / total) if total else None


def _reliability(curve: Reliability, of: str) -> None:
    there = curve.pixels > 0
    shares = curve.pixels[there] / max(1, curve.pixels.sum())
    figure = go.Figure(
        [
            go.Scatter(x=[0, 1], y=[0, 1], mode="lines", name="as it should be",
                       line={"color": _IDEAL, "dash": "dot"}, hoverinfo="skip"),
            go.Scatter(
                x=curve.probability[there], y=curve.frequency[there], mode="lines+markers",
                name="as it is", line={"color": _SCORE, "width": 2},
                marker={"color": _SCORE, "size": 5 + 12 * np.sqrt(shares)},
                customdata=shares,
                hovertemplate="says %{x:.1%}, is %{y:.1%}; %{customdata:.1%} of the pixels"
                "<extra></extra>",
            ),
        ]
    )  # fmt: skip
    figure.update_xaxes(title="What the model says", range=[0, 1], tickformat=".0%")
    figure.update_yaxes(title="How often it is so", range=[0, 1], tickformat=".0%")
    _show(figure, "evaluate.reliability", f"Reliability of {of}")
    error = percent(curve.error, 2)
    st.caption(
        f"Expected calibration error {error}. Below the dotted line the model is surer than it is "
        "right. The size of a point is its share of the pixels."
    )


def _coverage(opened: OpenEvaluation, left: tuple[Coverage, ...]) -> None:
    if not left:
        st.info("No pixel is labelled.", icon=":material/info:")
        return
    take_number("threshold", 0, 99, "threshold in %")
    percents = st.slider(
        "Map only pixels of at least this confidence, %",
        0,
        99,
        0,
        1,
        key="threshold",
        bind="query-params",
    )
    x = [each.threshold for each in left]
    accuracy = [each.scores.pixel_accuracy for each in left]
    mean = [each.scores.mean_iou for each in left]
    figure = go.Figure(
        [
            _line(x, [each.share for each in left], "pixels mapped", _SHARE),
            _line(x, mean, "mean IoU of these", _SCORE),
            _line(x, accuracy, "accuracy of these", "#8a63d2"),
        ]
    )
    figure.add_vline(x=percents / 100, line={"color": _IDEAL, "dash": "dot"})
    figure.update_xaxes(title="Least confidence", range=[0, 1], tickformat=".0%")
    figure.update_yaxes(range=[0, 1], tickformat=".0%")
    _show(figure, "evaluate.coverage", "Score and coverage by least confidence")
    chosen = next((each for each in left if round(100 * each.threshold) == percents), None)
    if chosen is None:
        st.caption(f"No pixel has a confidence of {percents} % or more.")
        return
    worst = min(
        (
            (c.iou, name)
            for name, c in zip(opened.names, chosen.scores.classes, strict=True)
            if c.iou is not None
        ),
        default=None,
    )
    words = f"; the lowest is {plain(worst[1])} with {score(worst[0])}" if worst else ""
    st.caption(
        f"At {percents} %: {percent(chosen.share)} of the labelled pixels are mapped, mean IoU "
        f"{score(chosen.scores.mean_iou, MISSING)}, accuracy "
        f"{percent(chosen.scores.pixel_accuracy)}{words}."
    )


def _line(x: list[float], y: list[float | None], name: str, color: str) -> go.Scatter:
    return go.Scatter(
        x=x, y=y, name=figure_text(name), mode="lines", line={"color": color, "width": 2},
        hovertemplate="%{y:.1%}",
    )  # fmt: skip


def _show(figure: go.Figure, key: str, alt: str) -> None:
    figure.update_layout(
        height=_HEIGHT,
        margin={"l": 0, "r": 8, "t": 36, "b": 0},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )
    config = {"displaylogo": False, "displayModeBar": False}
    st.plotly_chart(figure, key=key, config=config, alt=alt)
