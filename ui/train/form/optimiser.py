"""The optimiser, the learning rate over the steps, and when it ends."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.training.config import TrainConfig
from core.training.schedules import learning_rates
from ui.settings.fields import Fields

__all__ = ["optimiser_fields", "schedule_plot"]

_STEPS = 100_000
_POINTS = 300  # about as many as the plot is pixels wide
_COLOR = "#8a63d2"


def optimiser_fields(fields: Fields) -> None:
    """Optimiser, schedule, and what holds back or ends a training."""
    optimizer, schedule = fields.draft.value("optimizer"), fields.draft.value("schedule")
    fields.choice("optimizer")
    fields.number("learning_rate")
    fields.choice("schedule")
    keys = {
        "warmup": schedule != "one-cycle",
        "plateau_patience": schedule == "plateau",
        "plateau_factor": schedule == "plateau",
        "weight_decay": optimizer != "adam",
        "momentum": optimizer == "sgd",
        "early_stopping": True,
        "ema": True,
        "clip_norm": True,
    }
    for key, needed in keys.items():
        if needed:
            fields.number(key)


def schedule_plot(config: TrainConfig, steps: int) -> None:
    """The learning rate over the training.

    Args:
        config: configuration with the schedule.
        steps: number of steps of the whole training.
    """
    # A schedule has the same form over more steps, of which there may be too many to count.
    shown = min(steps, _STEPS)
    rates = learning_rates(config, shown)
    at = np.unique(np.linspace(0, shown - 1, min(shown, _POINTS)).astype(int))
    figure = go.Figure(
        go.Scatter(
            x=np.rint((at + 1) * (steps / shown)),
            y=rates[at],
            mode="lines" if steps > 1 else "markers",
            line={"color": _COLOR, "width": 2},
            hovertemplate="step %{x:,d}: %{y:,.3~r}<extra></extra>",
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
