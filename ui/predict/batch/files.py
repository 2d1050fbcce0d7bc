"""One ZIP of all files of a batch: made in the background on the server's disk, then downloaded."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.evaluation.batch.pack import PackOptions, pack_batch
from core.evaluation.batch.store import KeptBatch
from core.formats import decimal_size
from core.imagery.output.outlines import MOST_SIMPLIFIED, OutlineSettings
from ui.predict.batch.opened import OpenBatch
from ui.routes.batches import zip_url
from ui.shell.jobs import find_job, start_job, watch_job

__all__ = ["offer_files"]

_Packed = tuple[PackOptions, int]


def offer_files(opened: OpenBatch, threshold: float) -> None:
    """What goes into the ZIP, the button that has it made, and the link to it.

    Args:
        opened: the batch.
        threshold: of class 1, where there are two classes.
    """
    st.subheader("Download")
    options = _options(threshold, any(result.areas for result in opened.results.values()))
    key = f"pack-{opened.kept.id}"
    job = watch_job(key)
    running = job is not None and job.state == "running"
    wanted = (options, len(opened.results))
    with st.container(horizontal=True, vertical_alignment="center"):
        if job is not None and job.result == wanted and opened.kept.zip_file.is_file():
            size = decimal_size(opened.kept.zip_file.stat().st_size)
            st.link_button(
                f"Download the ZIP, {size}", zip_url(opened.kept), icon=":material/download:"
            )
        else:
            st.button(
                "Pack everything into a ZIP",
                key="batch.pack",
                icon=":material/folder_zip:",
                disabled=running,
                on_click=_start,
                args=(opened.kept, wanted),
            )
    st.caption(
        "Labels and colours of each image as PNG, a GeoTIFF where it lies somewhere, its summary; "
        "the table as CSV, and a summary of all."
    )


def _options(threshold: float, located: bool) -> PackOptions:
    with st.expander("Also in the ZIP"):
        confidence = st.toggle(
            "Confidence", key="batch.pack-confidence", persist_state="session", help=_STEPS
        )
        polygons = st.toggle("Polygons (GeoJSON)", key="batch.polygons", persist_state="session")
        left, right = st.columns(2)
        unit = "m², pixels where there is no place" if located else "pixels"
        area = left.number_input(
            f"Smallest area of a polygon, {unit}",
            min_value=0.0,
            key="batch.min-area",
            persist_state="session",
            disabled=not polygons,
        )
        simplify = right.number_input(
            "Simplify, pixels off the edges",
            min_value=0.0,
            max_value=MOST_SIMPLIFIED,
            step=0.5,
            key="batch.simplify",
            persist_state="session",
            disabled=not polygons,
        )
    outlines = OutlineSettings(area, simplify) if polygons else OutlineSettings()
    return PackOptions(confidence, polygons, outlines, threshold)


_STEPS = "Probability of the likeliest class, in the 254 steps that are kept of it."


def _start(kept: KeptBatch, wanted: _Packed) -> None:
    def work(progress: Callable[[int, int], None]) -> _Packed:
        pack_batch(kept, wanted[0], progress)
        return wanted

    key = f"pack-{kept.id}"
    running = find_job(key)
    if running is None or running.state != "running":
        start_job(key, "Packing the ZIP", "images", work)
