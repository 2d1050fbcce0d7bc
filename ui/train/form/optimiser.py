"""The optimiser, the learning rate over the steps, and when it ends."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.training.config import TrainConfig
from core.training.schedules import learning_rates
from ui.train.form import draft
from ui.train.form.fields import Problem, choice, number

__all__ = ["optimiser_fields", "schedule_plot"]

_OPTIMIZERS = {"adamw": "AdamW", "adam": "Adam", "sgd": "SGD with Nesterov momentum"}
_SCHEDULES = {
    "cosine": "cosine, after a warm-up",
    "constant": "constant, after a warm-up",
    "plateau": "reduced on a plateau",
    "one-cycle": "one cycle",
}
_POINTS = 300  # about as many as the plot is pixels wide
_COLOR = "#8a63d2"


def optimiser_fields(problem: Problem) -> None:
    """Optimiser, schedule, and what holds back or ends a training."""
    left, right = st.columns(2)
    with left:
        choice(
            "optimizer",
            "Optimiser",
            list(_OPTIMIZERS),
            "AdamW suits most; SGD wants a larger learning rate, such as 0.01 to 0.1.",
            problem,
            words=_OPTIMIZERS.__getitem__,
        )
        number(
            "learning_rate",
            "Learning rate",
            1e-8,
            1.0,
            1e-4,
            "The peak, after the warm-up.",
            problem,
            form="%g",
        )
        if draft.value("optimizer") != "adam":
            number(
                "weight_decay",
                "Weight decay",
                0.0,
                1.0,
                0.001,
                "Pulls kernels towards 0, per step times the learning rate.",
                problem,
                form="%g",
            )
        if draft.value("optimizer") == "sgd":
            number(
                "momentum",
                "Momentum",
                0.0,
                0.999,
                0.05,
                "Share of the last step that goes on.",
                problem,
            )
    with right:
        schedule = draft.value("schedule")
        choice(
            "schedule",
            "Schedule",
            list(_SCHEDULES),
            "The learning rate over the steps.",
            problem,
            words=_SCHEDULES.__getitem__,
        )
        if schedule != "one-cycle":
            number(
                "warmup",
                "Warm-up",
                0.0,
                0.5,
                0.05,
                "Share of all steps, 0 to 0.5, over which the rate rises to its peak.",
                problem,
            )
        if schedule == "plateau":
            number(
                "plateau_patience",
                "Patience, epochs",
                1,
                10000,
                1,
                "Epochs without a better validation mean IoU before the rate is cut.",
                problem,
            )
            number(
                "plateau_factor",
                "Cut to, times",
                0.001,
                0.999,
                0.1,
                "What the rate is multiplied by.",
                problem,
            )
    left, middle, right = st.columns(3)
    with left:
        number(
            "early_stopping",
            "Early stopping, epochs (0 = never)",
            0,
            10000,
            1,
            "Ends after so many epochs without a better validation mean IoU.",
            problem,
        )
    with middle:
        number(
            "ema",
            "Averaging of weights (0 = off)",
            0.0,
            0.9999,
            0.005,
            "Momentum of the running average (EMA) that is validated and kept; 0.99 averages over "
            "about 100 steps.",
            problem,
            form="%g",
        )
    with right:
        number(
            "clip_norm",
            "Gradient clipping (0 = off)",
            0.0,
            1000.0,
            1.0,
            "Largest norm of all gradients together; larger ones are scaled down.",
            problem,
            form="%g",
        )


def schedule_plot(config: TrainConfig, steps: int) -> None:
    """The learning rate over the training.

    Args:
        config: its schedule.
        steps: of the whole training.
    """
    rates = learning_rates(config, steps)
    at = np.unique(np.linspace(0, steps - 1, min(steps, _POINTS)).astype(int))
    figure = go.Figure(
        go.Scatter(
            x=at + 1,
            y=rates[at],
            mode="lines" if steps > 1 else "markers",
            line={"color": _COLOR, "width": 2},
            hovertemplate="step %{x}: %{y:.3~e}<extra></extra>",
        )
    )
    figure.update_xaxes(title="Step", rangemode="tozero")
    figure.update_yaxes(title="Learning rate", rangemode="tozero", exponentformat="e", nticks=5)
    figure.update_layout(height=190, margin={"l": 0, "r": 0, "t": 8, "b": 0}, showlegend=False)
    st.plotly_chart(
        figure,
        key="train.schedule.plot",
        config={"displayModeBar": False},
        alt="Learning rate over the steps of the training",
    )
    if config.schedule == "plateau":
        st.caption("As long as the validation keeps getting better; each plateau cuts the rate.")
