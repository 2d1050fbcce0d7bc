"""Fields side by side, as many as the width has room for; the style is in ui/train/train.css."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

__all__ = ["field_grid", "wide_cell"]


def field_grid(name: str) -> DeltaGenerator:
    """A container whose fields stand in columns of equal width, on a telephone in one.

    Args:
        name: unique on the page.
    """
    return st.container(key=f"train-grid-{name}")


def wide_cell(name: str) -> DeltaGenerator:
    """A container in a grid that takes two columns where there are two.

    Args:
        name: unique on the page.
    """
    return st.container(key=f"train-wide-{name}", gap="xxsmall")
