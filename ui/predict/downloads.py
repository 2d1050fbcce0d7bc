"""The downloads of a prediction; one that cannot be made says why and takes no other along."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import streamlit as st

from core.errors import ImageError
from core.imagery.output.outlines import MOST_SIMPLIFIED, OutlineSettings
from core.inference.outputs.kinds import OutputKind, Wanted
from core.inference.outputs.prediction import Prediction
from core.inference.outputs.writers import UNMADE, Output, prediction_outputs
from ui.loaded.images import safe_stem
from ui.predict.small_regions import say_left_out
from ui.shell.errors import show_error

__all__ = ["maker", "show_downloads"]

_TITLES: dict[OutputKind, str] = {
    "labels": "Labels (PNG)",
    "colors": "Colours (PNG)",
    "geotiff": "Labels (GeoTIFF)",
    "polygons": "Polygons (GeoJSON)",
}
_INTERVAL = 1.0  # seconds between looks at what failed


@dataclass(frozen=True)
class _Failures:
    """Downloads of one prediction that failed, and why.

    A download is made by the server beside the page's script, so the page looks here for what went
    wrong.

    Attributes:
        labels: label map of the prediction.
        outlines: settings of its polygons.
        reasons: by title of the download.
    """

    labels: np.ndarray
    outlines: OutlineSettings
    reasons: dict[str, str] = field(default_factory=dict)


def show_downloads(prediction: Prediction, located: bool) -> None:
    """A button for each file, and a box for each that could not be made.

    Args:
        prediction: what the files are of.
        located: whether the image has areas on the ground.
    """
    st.subheader("Download")
    outlines = _outlines(located)
    failures = _failures(prediction, outlines)
    wanted = Wanted(polygons=True, outlines=outlines)
    outputs = prediction_outputs(prediction, safe_stem(prediction.image), wanted)
    with st.container(horizontal=True):
        for output in outputs:
            if output.kind in _TITLES:
                st.download_button(
                    _TITLES[output.kind],
                    maker(output, failures.reasons),
                    output.name,
                    output.mime,
                    on_click="ignore",
                    icon=":material/download:",
                )
    say_left_out(prediction, outlines.min_area)
    if prediction.georeference is None:
        st.caption("The image has no place on Earth in its file, so there is no GeoTIFF.")
    st.fragment(_show_failures, run_every=_INTERVAL)(failures.reasons)


def maker(output: Output, reasons: dict[str, str]) -> Callable[[], bytes]:
    """A function that makes the file, and notes in `reasons` why it could not.

    Args:
        output: a file of a prediction.
        reasons: by title of the download; the entry of one that can be made goes.
    """
    return partial(_make, output, _TITLES[output.kind], reasons)


def _make(output: Output, title: str, reasons: dict[str, str]) -> bytes:
    try:
        data = output.make()
    except (*UNMADE, OSError) as error:
        reasons[title] = str(error) or type(error).__name__
        raise
    reasons.pop(title, None)
    return data


def _failures(prediction: Prediction, outlines: OutlineSettings) -> _Failures:
    """The failures of this prediction, kept for the session; those of another one are dropped."""
    kept = st.session_state.get("failed_downloads")
    if kept is None or kept.labels is not prediction.labels or kept.outlines != outlines:
        kept = st.session_state["failed_downloads"] = _Failures(prediction.labels, outlines)
    failures: _Failures = kept
    return failures


def _show_failures(reasons: dict[str, str]) -> None:
    for title, reason in dict(reasons).items():
        remedy = "The other downloads are not touched by this."
        show_error(ImageError(f"{title} could not be made", where=reason, remedy=remedy))


def _outlines(located: bool) -> OutlineSettings:
    """What the polygons of the download are to be."""
    with st.expander("Polygons"):
        left, right = st.columns(2)
        unit = "m²" if located else "pixels"
        area = left.number_input(
            f"Smallest area, {unit}", min_value=0.0, key="min_area", persist_state="session"
        )
        simplify = right.number_input(
            "Simplify, pixels off the edges",
            min_value=0.0,
            max_value=MOST_SIMPLIFIED,
            step=0.5,
            key="simplify",
            persist_state="session",
            help="0 follows the edges of the pixels. Neighbours keep sharing their border.",
        )
    return OutlineSettings(area, simplify)
