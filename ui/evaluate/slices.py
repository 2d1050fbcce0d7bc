"""Failure slices: on which kinds of samples the model is worse, and these samples."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.evaluation.kept.results import OpenEvaluation
from core.evaluation.kept.slices import LEAST_SAMPLES, Slice, failure_slices
from core.evaluation.zones import BROAD
from core.formats import counted, score
from ui.evaluate.sample_view import whole_view
from ui.shell.address import take_name
from ui.shell.errors import plain

__all__ = ["slices_view"]

_TABLE = "evaluate.slices"
_ACCURACY = "Pixel accuracy"


def slices_view(opened: OpenEvaluation) -> None:
    """A table of slices, the surest first, and the samples of the one that is chosen."""
    ways = [_ACCURACY, *(f"IoU {name}" for name in opened.names)]
    take_name("slice_by", ways, "score of slices")
    way = st.selectbox("Score", ways, key="slice_by", bind="query-params")
    label = ways.index(way) - 1
    slices = _slices(opened, label)
    if not slices:
        st.info(
            f"Slices take at least {2 * LEAST_SAMPLES} samples, and a score of each.",
            icon=":material/info:",
        )
        return
    _table(slices, way)
    scenes = len(opened.record.groups())
    st.caption(
        "Samples are divided at the median of each trait, and by scene; the half with the lower "
        "score is named. p is of a difference as large by chance (permutation of the samples), "
        f"corrected for {counted(len(slices), 'slice')} (Holm). Pixels are compared with the other "
        "pixels of their sample. In shadow is what is dark and strongly coloured for its darkness "
        "(index of saturation and value of the bands shown as red, green and blue, Ma et al. "
        f"2008), and nowhere broader than {BROAD} pixels, as deep water is."
        + (
            f" The samples come from {counted(scenes, 'scene')} and are alike within one: p is too "
            "small for new places."
            if scenes < len(opened.record.samples)
            else ""
        )
    )
    if opened.analysis.zones() is None:
        st.caption(
            "An earlier version made this evaluation: evaluate again to have slices by shadow, the "
            "image's edge and borders of classes."
        )
    names = [each.name for each in slices]
    take_name("slice", names, "slice")
    chosen = slices[names.index(st.selectbox("Slice", names, key="slice", bind="query-params"))]
    _samples(opened, chosen, label)


def _slices(opened: OpenEvaluation, label: int) -> list[Slice]:
    """Computed once for an evaluation in memory."""
    made: dict[int, list[Slice]] = st.session_state.setdefault(
        f"evaluate.slices.{opened.kept.folder}.{opened.record.made}", {}
    )
    if label not in made:
        if label < 0:
            made[label] = failure_slices(opened)
        else:
            made[label] = failure_slices(opened, "iou", label)
    return made[label]


def _table(slices: list[Slice], way: str) -> None:
    frame = pd.DataFrame(
        {
            "Slice": [each.name for each in slices],
            way: [each.score for each in slices],
            "Others": [each.others for each in slices],
            "Difference": [each.effect for each in slices],
            "p, corrected": [each.p_value for each in slices],
            "Samples": [len(each.samples) for each in slices],
        }
    )
    number = st.column_config.NumberColumn(format="%.3f")
    names = list(frame["Slice"])
    key = f"{_TABLE}.{hash(tuple(names))}"

    def choose() -> None:
        ticked = st.session_state[key]["selection"]["rows"]
        if ticked:
            st.session_state["slice"] = names[ticked[0]]

    st.dataframe(
        frame,
        hide_index=True,
        key=key,
        on_select=choose,
        selection_mode="single-row",
        column_config=dict.fromkeys((way, "Others", "Difference", "p, corrected"), number),
        alt="Slices, the surest first; below, one can be chosen from a list",
    )


def _samples(opened: OpenEvaluation, chosen: Slice, label: int) -> None:
    def of(number: int) -> float | None:
        result = opened.sample_scores[number]
        return result.pixel_accuracy if label < 0 else result.classes[label].iou

    scored = [(value, number) for number in chosen.samples if (value := of(number)) is not None]
    scored.sort()
    if not scored:
        st.info("No sample of it has this score.", icon=":material/info:")
        return
    ids = {opened.record.samples[number].id: (value, number) for value, number in scored}
    names = list(ids)
    take_name("sample", names, "sample")
    sample = st.selectbox(
        f"Samples of {plain(chosen.name)}, the worst first",
        names,
        format_func=lambda name: name,
        key="sample",
        bind="query-params",
    )
    value, number = ids[sample]
    st.caption(f"Score of this sample: {score(value)}.")
    whole_view(opened, number, "evaluate-slice")
