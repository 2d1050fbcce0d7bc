"""The learning-rate finder: a short training with a rising rate, its plot, and what it suggests."""

from __future__ import annotations

import math

import plotly.graph_objects as go
import streamlit as st

from core.formats import significant
from core.training.config import TrainConfig
from core.training.queue.launch import running_runs
from core.training.trials.child import Progress
from core.training.trials.learning_rate import LearningRates, find_learning_rate
from ui.train.form.draft import TrainDraft
from ui.train.trials.trial import start_trial, trial_key, watch_trial

__all__ = ["learning_rate_finder"]

_KIND = "finder"
_CURVE, _MARK = "#d9822b", "#8a63d2"
# What the trial does not depend on.
_LEFT_OUT = {
    "learning_rate", "schedule", "warmup", "plateau_patience", "plateau_factor", "epochs", "steps",
    "early_stopping", "ema", "timelapse", "tensorboard", "limit_minutes",
}  # fmt: skip


def learning_rate_finder(config: TrainConfig) -> None:
    """A button that starts the finder, its progress, and its result with a button to use it.

    Args:
        config: configuration to be trained; its learning rate and schedule do not matter.
    """
    key = trial_key(_KIND, config.model_dump(mode="json", exclude=_LEFT_OUT))
    with st.expander("Learning-rate finder", icon=":material/show_chart:"):
        st.caption(
            "Trains 100 steps with a rate that rises from far too small to far too large, and "
            "suggests the one where the loss falls steepest (Smith 2017). Nothing of it is kept."
        )
        job = watch_trial(_KIND, key)
        if job is not None and job.state == "running":
            return
        result: LearningRates | None = job.result if job and job.state == "done" else None
        _start_button(key, config, again=result is not None)
        if result:
            _result(result, config)


def _start_button(key: str, config: TrainConfig, again: bool) -> None:
    def work(progress: Progress) -> LearningRates:
        return find_learning_rate(config, progress)

    pressed = st.button("Find again" if again else "Find a learning rate", icon=":material/search:")
    if running_runs():
        st.caption("A training is going on: both take longer while a rate is looked for.")
    if pressed:
        start_trial(_KIND, key, "Looking for a learning rate", "steps", work)


def _result(result: LearningRates, config: TrainConfig) -> None:
    if result.rates:
        _plot(result)
    if result.suggestion is None:
        st.info(
            "The loss falls at none of these rates, so none is suggested. Check the masks on the "
            "Data page, choose a larger batch, or begin with other weights.",
            icon=":material/info:",
        )
        return
    # As it is written, so that what the button says is what the form gets.
    suggestion = significant(result.suggestion)
    st.button(
        f"Use {suggestion}",
        icon=":material/check:",
        disabled=float(suggestion) == config.learning_rate,
        on_click=TrainDraft().change,
        args=({"learning_rate": float(suggestion)},),
    )


def _plot(result: LearningRates) -> None:
    """Loss against learning rate on a logarithmic axis, the suggestion marked."""
    figure = go.Figure(
        go.Scatter(
            x=list(result.rates),
            y=list(result.losses),
            mode="lines",
            line={"color": _CURVE, "width": 2},
            hovertemplate="%{x:,.2~r}: %{y:.3f}<extra></extra>",
        )
    )
    if result.suggestion is not None:
        figure.add_vline(result.suggestion, line_color=_MARK, line_dash="dash")
        figure.add_annotation(
            x=math.log10(result.suggestion),  # on a logarithmic axis text is placed by exponents
            y=1,
            yref="paper",
            xanchor="left",
            text=significant(result.suggestion),
            showarrow=False,
        )
    figure.update_xaxes(title="Learning rate", type="log", exponentformat="power", dtick=1)
    figure.update_yaxes(title="Loss, smoothed")
    figure.update_layout(height=240, margin={"l": 0, "r": 0, "t": 20, "b": 0}, showlegend=False)
    st.plotly_chart(
        figure,
        key="train.finder.plot",
        config={"displayModeBar": False},
        alt="Training loss against the learning rate",
    )
    if result.suggestion is not None:
        st.caption(
            "The curve is an average that lags some ten steps behind; the mark allows for it."
        )
