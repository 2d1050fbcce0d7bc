"""The time-lapse of a training: a pinned sample as it was predicted after every epoch."""

from __future__ import annotations

import streamlit as st

from core.classes import ClassTable
from core.formats import score
from core.training.runs.run import Run
from core.training.runs.status import Status
from core.training.runs.timelapse import Timelapse, frame_name
from ui.routes.timelapse import picture_url
from ui.shell.errors import plain
from ui.viewer.layers import Frame, FrameLayer, Layer, Served, ViewerClass
from ui.viewer.viewer import viewer

__all__ = ["timelapse_view"]


def timelapse_view(run: Run, status: Status, lapse: Timelapse | None) -> None:
    """Choose a sample, and see it in the viewer with a slider over the epochs, beside the truth.

    The slider works in the browser alone. New epochs come while the training goes on; an epoch
    that was chosen stays.

    Args:
        lapse: `read_timelapse(run)`.
    """
    if lapse is None or not lapse.samples:
        _no_pictures(run, status)
        return
    samples = {sample.id: (folder, sample) for folder, sample in lapse.samples}
    key = f"runs.pinned.{run.name}"
    ids = list(samples)
    # No list to open: one that is open would be closed whenever something is followed.
    chosen = st.pills(
        "Pinned validation sample", ids, format_func=plain, default=ids[0], required=True, key=key
    )
    folder, sample = samples[chosen]

    def served(name: str, digest: str) -> Served:
        url = picture_url(run, folder / name, digest)
        return Served(url, digest, sample.width, sample.height)

    frames = [
        Frame(frame.epoch, _text(frame.epoch, frame.mean_iou), served(name, frame.digest))
        for frame in sample.frames
        for name in (frame_name(frame.epoch),)
    ]
    viewer(
        served("image.png", sample.image),
        [
            FrameLayer("prediction", "Prediction", "Epoch", frames),
            Layer("truth", "Ground truth", "labels", served("truth.png", sample.truth)),
        ],
        _classes(lapse.classes),
        key="timelapse",
        height=480,
        mode="side",
        clickable=False,
    )
    last = sample.frames[-1].epoch
    if len(frames) < last:
        st.caption(f"{len(frames)} of {last} epochs are kept, evenly spread.")


def _text(epoch: int, mean_iou: float | None) -> str:
    text = "no labelled pixel" if mean_iou is None else f"mean IoU here {score(mean_iou)}"
    return f"Epoch {epoch} · {text}"


def _classes(table: ClassTable) -> list[ViewerClass]:
    return [ViewerClass(land_class.name, land_class.rgb) for land_class in table.classes]


def _no_pictures(run: Run, status: Status) -> None:
    if not run.config().timelapse:
        text = "This training keeps no time-lapse: its setting “Time-lapse” is 0."
    elif status.state in ("queued", "starting", "running"):
        text = "The first pictures come when the first epoch has been validated."
    else:
        text = "No epoch of this training was kept in pictures."
    st.info(text, icon=":material/movie:")
