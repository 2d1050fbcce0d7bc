"""The command line that does the same as the form."""

from __future__ import annotations

import streamlit as st

from core.training.command import train_command
from core.training.config import TrainConfig

__all__ = ["equivalent_command"]


def equivalent_command(config: TrainConfig, name: str) -> None:
    """Show it, to be copied.

    Args:
        config: what the form says.
        name: of the run; empty leaves it to the command.
    """
    with st.expander("On the command line", icon=":material/terminal:"):
        st.caption(
            "The same training; settings that are not named have their defaults. To be given in "
            "the folder of the dashboard, with the same workspace."
        )
        st.code(train_command(config, run=name), language="bash", wrap_lines=True)
