"""The time-lapse of a training: pinned validation samples, as predicted after every epoch.

    RUN/timelapse/timelapse.json     the classes, and which samples are pinned
    RUN/timelapse/00/image.png       the first of them as 8-bit RGB
    RUN/timelapse/00/truth.png       its mask: 8-bit grey, the grey value is the class, 255 void
    RUN/timelapse/00/epoch-00001.png what was predicted after epoch 1, likewise
    RUN/timelapse/00/sample.json     its size, and for each epoch its mean IoU

Pictures are at most 512 px on the longer side. Of a long training every second epoch is kept, then
every fourth and so on, so that there are at most 241 pictures a sample. Label maps of that size
take 3 to 40 kB, so a sample comes to some 5 MB, and never to more than 64.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from core.classes import ClassTable
from core.datasets.batches.labelled_image import LabelledImage
from core.errors import RunError
from core.evaluation.confusion import scores
from core.evaluation.evaluate import ImageCallback
from core.imagery.display import bands_of, to_rgb
from core.imagery.output.write import png_bytes
from core.imagery.resample import resample_labels
from core.imagery.shrink import display_size, downsample_image
from core.paths import write_bytes, write_json
from core.training.runs.run import Run

__all__ = [
    "FRAMES",
    "SIDE",
    "Frame",
    "PinnedSample",
    "Timelapse",
    "TimelapseWriter",
    "frame_name",
    "picture_digest",
    "read_timelapse",
]

SIDE = 512
"""Longest side of the pictures, in pixels."""

FRAMES = 240
"""Epochs kept of a sample, besides the newest."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Frame(_Strict):
    """A sample as it was predicted after one epoch.

    Attributes:
        epoch: epoch, from 1.
        mean_iou: score of this sample alone; None where all of its mask is void.
        digest: name of the picture's content.
    """

    epoch: int
    mean_iou: float | None
    digest: str


class PinnedSample(_Strict):
    """The content of `sample.json`.

    Attributes:
        id: sample id in the dataset.
        width, height: size of the sample itself, in pixels.
        image, truth: digests that name the pictures' content.
        frames: predictions by rising epoch.
    """

    version: Literal[1] = 1
    id: str
    width: int
    height: int
    image: str
    truth: str
    frames: tuple[Frame, ...] = ()


class _Index(_Strict):
    version: Literal[1] = 1
    classes: ClassTable
    samples: tuple[str, ...]


@dataclass(frozen=True)
class Timelapse:
    """The time-lapse of a run as its files stand now.

    Attributes:
        classes: class table of the pictures' label values.
        pinned: ids of all pinned samples.
        samples: folder (``00``, ``01`` …) and content of those that were predicted at least once.
    """

    classes: ClassTable
    pinned: tuple[str, ...]
    samples: tuple[tuple[Path, PinnedSample], ...]


def frame_name(epoch: int) -> str:
    """The name of the picture of that epoch, from 1."""
    return f"epoch-{epoch:05d}.png"


def picture_digest(data: bytes) -> str:
    """What names the content of a picture's file, as 24 hexadecimal digits."""
    return hashlib.blake2b(data, digest_size=12).hexdigest()


def read_timelapse(run: Run) -> Timelapse | None:
    """The time-lapse of a run, also while it is written; None where it has none.

    Raises:
        RunError: its files are damaged.
    """
    folder = run.folder / "timelapse"
    if not (folder / "timelapse.json").is_file():
        return None
    index = _read(folder / "timelapse.json", _Index)
    files = [_sample_file(folder, place) for place in range(len(index.samples))]
    samples = [(file.parent, _read(file, PinnedSample)) for file in files if file.is_file()]
    return Timelapse(index.classes, index.samples, tuple(samples))


class TimelapseWriter:
    """Keeps what a validation predicts for a few pinned samples.

    They lie evenly spread over the validation samples and stay the same for the whole run, also
    after a resume. An epoch that is trained again replaces its picture and those of later epochs.

    Args:
        run: run whose folder is written to.
        ids: ids of the validation samples.
        classes: class table of the dataset.
        count: number of samples to pin; 0 for no time-lapse.

    Raises:
        RunError: what an earlier process wrote is damaged.
        WorkspaceError: the disk refuses.
    """

    def __init__(self, run: Run, ids: Sequence[str], classes: ClassTable, count: int) -> None:
        self.folder = run.folder / "timelapse"
        index = self.folder / "timelapse.json"
        if index.is_file():
            pinned: Sequence[str] = _read(index, _Index).samples
        else:
            count = min(count, len(ids))
            pinned = [ids[int((i + 0.5) * len(ids) / count)] for i in range(count)]
            if pinned:
                content = _Index(classes=classes, samples=tuple(pinned))
                write_json(index, content.model_dump(mode="json"))
        self.places = {id: place for place, id in enumerate(pinned)}

    def of(self, epoch: int) -> ImageCallback:
        """A callback for `evaluate_images` that keeps the pinned samples as of this epoch."""

        def on_image(image: LabelledImage, labels: np.ndarray, matrix: np.ndarray) -> None:
            if image.id in self.places:
                self._add_frame(epoch, image, labels, scores(matrix).mean_iou)

        return on_image

    def _add_frame(
        self, epoch: int, image: LabelledImage, labels: np.ndarray, mean_iou: float | None
    ) -> None:
        file = _sample_file(self.folder, self.places[image.id])
        size = display_size(labels.shape[0], labels.shape[1], SIDE)
        sample = (
            _read(file, PinnedSample) if file.is_file() else _new_sample(file.parent, image, size)
        )
        shown = resample_labels(labels, *size)
        frame = Frame(
            epoch=epoch,
            mean_iou=mean_iou,
            digest=_write(file.parent / frame_name(epoch), shown),
        )
        every = 1
        while (epoch - 1) // every >= FRAMES:
            every *= 2
        kept = [f for f in sample.frames if f.epoch < epoch and (f.epoch - 1) % every == 0]
        sample = sample.model_copy(update={"frames": (*kept, frame)})
        write_json(file, sample.model_dump(mode="json"))
        # Last: a reader never finds a picture named that is gone, save one it had read before.
        named = {frame_name(f.epoch) for f in sample.frames}
        for old in file.parent.glob("epoch-*.png"):
            if old.name not in named:
                old.unlink()


def _new_sample(folder: Path, image: LabelledImage, size: tuple[int, int]) -> PinnedSample:
    """Write the image and its mask, which stay the same over the epochs."""
    height, width = image.labels.shape
    # Of a large image a grid of pixels first: float copies of all would take many times its room.
    step = max(1, max(height, width) // (2 * SIDE))
    bands = bands_of(image.pixels, image.named_bands)
    rgb = to_rgb(image.pixels[::step, ::step], image.valid[::step, ::step], bands=bands)
    return PinnedSample(
        id=image.id,
        width=width,
        height=height,
        image=_write(folder / "image.png", downsample_image(rgb, *size)),
        truth=_write(folder / "truth.png", resample_labels(image.labels, *size)),
    )


def _write(path: Path, pixels: np.ndarray) -> str:
    """Write a PNG and return the digest of its file."""
    data = png_bytes(pixels)
    write_bytes(path, data)
    return picture_digest(data)


def _sample_file(folder: Path, place: int) -> Path:
    return folder / f"{place:02d}" / "sample.json"


_Model = TypeVar("_Model", bound=BaseModel)


def _read(path: Path, kind: type[_Model]) -> _Model:
    try:
        return kind.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise RunError(
            "the time-lapse cannot be read",
            where=str(path),
            remedy="delete the folder timelapse of this run; nothing else needs it",
        ) from error
