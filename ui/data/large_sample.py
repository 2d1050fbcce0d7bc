"""A sample too large to be read whole: all of it made smaller, and a part at full detail."""

from __future__ import annotations

import streamlit as st

from core.datasets.dataset import Sample
from core.formats import significant
from ui.loaded.scenes import LargeScene, open_part, read_whole_scene, scene_key
from ui.shell.errors import plain
from ui.shell.jobs import watch_job
from ui.viewer.viewer import viewer
from ui.widgets.frame import Frame

__all__ = ["show_large_sample"]

_PART = 1024  # pixels along a part's side
_PLACE = "sample.part"


def show_large_sample(sample: Sample, scene: LargeScene, height: int, frame: Frame) -> None:
    """Show the scene, and the part around the place that was clicked last.

    Args:
        sample: the sample.
        scene: its image.
        height: CSS pixels of a picture.
        frame: of the page.
    """
    _say(scene, frame)
    if not scene.complete:
        _offer_whole(sample)
    click = viewer(scene.rgb, [], [], key="scene-viewer", height=height)
    if click:
        st.session_state[_PLACE] = (sample.id, click.x, click.y)
    place = st.session_state.get(_PLACE)
    if place is None or place[0] != sample.id:
        st.caption("Click a place of it to see that at full detail.")
        return
    rows, columns = _window(scene, place[1], place[2])
    st.caption(
        f"At full detail: columns {columns.start:,} to {columns.stop - 1:,}, rows {rows.start:,} "
        f"to {rows.stop - 1:,}. Click another place of the scene for another part."
    )
    part = open_part(sample.image, rows, columns)
    viewer(part, [], [], key="part-viewer", height=height, clickable=False)


def _offer_whole(sample: Sample) -> None:
    job = watch_job(scene_key(sample.image))
    if job is None or job.state != "running":
        st.button(
            "Read all of it for a sharp picture",
            key="scene-whole",
            icon=":material/deblur:",
            on_click=read_whole_scene,
            args=(sample.image,),
            help="In the background; it takes minutes for tens of gigabytes of pixels.",
        )


def _say(scene: LargeScene, frame: Frame) -> None:
    header = scene.header
    ratio = significant(header.width / scene.rgb.shape[1], 3)
    frame.note(
        f"The image has {header.width:,} × {header.height:,} pixels, more than are read at once. "
        f"It is shown made smaller, {ratio} pixels as one, without its mask. It is mapped on the "
        "command line, by windows: `python -m core predict IMAGE --model MODEL --out FOLDER`."
    )
    if not scene.complete:
        frame.note(
            "The picture is coarse, as the file has no overviews to take it from. Have all of it "
            "read, or give it some, once: `gdaladdo -r average IMAGE`",
            warning=True,
            icon=":material/blur_on:",
        )
    for note in header.notes:
        frame.note(plain(f"{note.text}: {note.remedy}"), warning=True)


def _window(scene: LargeScene, x: int, y: int) -> tuple[slice, slice]:
    """Rows and columns of the part around a pixel of the picture."""
    spans = []
    for at, small, length in (
        (y, scene.rgb.shape[0], scene.header.height),
        (x, scene.rgb.shape[1], scene.header.width),
    ):
        middle = int((at + 0.5) * length / small)
        start = max(0, min(length - _PART, middle - _PART // 2))
        spans.append(slice(start, min(length, start + _PART)))
    return spans[0], spans[1]
