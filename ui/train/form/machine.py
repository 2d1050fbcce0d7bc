"""How a training runs, and what it writes down."""

from __future__ import annotations

import streamlit as st

from ui.settings.fields import Fields

__all__ = ["machine_fields"]


def machine_fields(fields: Fields) -> None:
    """Precision, devices, limits, records and the seed."""
    left, right = st.columns(2)
    with left:
        fields.choice("precision")
        fields.number("limit_minutes")
        fields.number("seed")
    with right:
        fields.number("replicas")
        fields.number("timelapse")
        fields.switch("tensorboard")
