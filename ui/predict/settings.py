"""How images are predicted: the overlap of tiles, and over what is averaged."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.classes import ClassTable
from core.imagery.tiles import OVERLAP
from core.inference.averaging import OWN_SIZE, Averaging
from core.inference.certainty import HALF
from ui.predict.address import scale_text
from ui.shell.address import take_flag, take_names, take_number
from ui.shell.errors import plain

__all__ = ["THRESHOLD", "choose_averaging", "choose_threshold", "threshold_slider"]

THRESHOLD = "threshold"
"""Key of the slider of a single prediction's threshold, and its name in the address."""

_MOST_OVERLAP = 75  # %
_SCALES = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0)


def choose_averaging() -> tuple[Averaging, int]:
    """Fields of the settings, which stand in the address.

    Returns:
        Over what is averaged, and the overlap of neighbouring tiles in % of a tile.
    """
    with st.expander("Settings"):
        take_number("overlap", 0, _MOST_OVERLAP, "overlap")
        overlap = st.slider(
            "Overlap of neighbouring tiles, % of a tile",
            min_value=0,
            max_value=_MOST_OVERLAP,
            value=round(100 * OVERLAP),
            step=5,
            key="overlap",
            bind="query-params",
            persist_state="session",
        )
        take_flag("tta", "averaging over flips and turns")
        tta = st.toggle(
            "Average over flips and quarter turns (8 times the time)",
            key="tta",
            bind="query-params",
            persist_state="session",
        )
        take_names("tta_scales", _SCALES, "size to average over", text=scale_text)
        scales = st.pills(
            "Average over sizes, in multiples of the image's own",
            _SCALES,
            selection_mode="multi",
            default=list(OWN_SIZE),
            format_func=scale_text,
            key="tta_scales",
            bind="query-params",
            persist_state="session",
            help="The image is predicted at each size and the maps are brought back to its own. "
            "With flips and turns, each size is turned too. With none chosen, its own size alone.",
        )
        averaging = Averaging(tta, tuple(sorted(scales)) or OWN_SIZE)
        if not averaging.is_plain:
            st.caption(f"{averaging.cost_text.capitalize()}.")
    return averaging, overlap


def choose_threshold(classes: ClassTable) -> float:
    """The probability from which on a pixel is of the second class; a slider where there are two.

    Args:
        classes: of the model.

    Returns:
        One half for a model of more classes, whose labels are the likeliest class.
    """
    if len(classes) != 2:
        return HALF
    take_number(THRESHOLD, 0.0, 1.0, "threshold")
    return threshold_slider(classes, key=THRESHOLD, bind="query-params", persist_state="session")


def threshold_slider(classes: ClassTable, *, key: str, value: float = HALF, **more: Any) -> float:
    """The slider itself.

    Args:
        classes: of the model, two.
        key: of the widget.
        value: where it stands at first.
        more: as of ``st.slider``.
    """
    name = plain(classes.names[1])
    return float(
        st.slider(
            f"{name} from a probability of",
            min_value=0.0,
            max_value=1.0,
            value=value,
            step=0.01,
            key=key,
            help="Lower finds more of it, with more false alarms. Labels, scores, areas and "
            "downloads follow; nothing is predicted again. 0.50 is the likelier class.",
            **more,
        )
    )
