"""Truth that lies on its image's grid: what does not is asked about, and never resized unasked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.classes import VOID
from core.datasets.batches.labelled_image import LabelledImage
from core.datasets.dataset import Dataset, Sample, UnknownMaskValues
from core.datasets.masks.footprints import VECTOR_SUFFIXES
from core.errors import DatasetError, ImageError
from core.evaluation.kept.record import Misfits
from core.formats import listed_first
from core.imagery.header import Georeference, Header, read_header
from core.imagery.resample import farthest_off, labels_on_grid, resample_labels

__all__ = ["Misfit", "MisfitMasks", "count_unknown", "list_misfits", "scored_image"]

_OFF = 0.5  # pixels; what is nearer is the same pixel
_NAMED = 3


@dataclass(frozen=True)
class Misfit:
    """A mask that does not lie on its image's grid.

    Attributes:
        sample: id of the sample.
        text: in what they differ.
    """

    sample: str
    text: str


class MisfitMasks(DatasetError):
    """Masks of another size or grid, and nobody has said what is to become of them.

    Attributes:
        misfits: the masks.
    """

    def __init__(self, misfits: Sequence[Misfit], where: str) -> None:
        self.misfits = tuple(misfits)
        named = [f"{misfit.sample} ({misfit.text})" for misfit in self.misfits]
        count = f"{len(named)} mask{'s' if len(named) > 1 else ''}"
        super().__init__(
            f"{count} of another size or grid than the image: {listed_first(named, _NAMED)}",
            where=where,
            remedy="the Evaluate page lets you choose whether these samples are left out or their "
            "masks are brought to the image's grid by nearest neighbour; or export them again",
        )


def list_misfits(
    dataset: Dataset, samples: Sequence[Sample], progress: Callable[[int], None] | None = None
) -> list[Misfit]:
    """The masks that do not lie on their image's grid, by the headers of the files.

    Footprints are burnt onto the image's grid, and always fit. What cannot be read is left to
    where it is read.

    Args:
        dataset: of the samples.
        samples: labelled samples.
        progress: called with the number of samples that were looked at.
    """
    misfits = []
    for number, sample in enumerate(samples):
        if sample.mask is not None and not _is_vector(sample.mask):
            try:
                image, mask = read_header(sample.image), read_header(sample.mask)
            except ImageError:
                continue
            if text := _difference(image, mask):
                misfits.append(Misfit(sample.id, text))
        if progress:
            progress(number + 1)
    return misfits


def count_unknown(
    dataset: Dataset, samples: Sequence[Sample], progress: Callable[[], None] | None = None
) -> UnknownMaskValues | None:
    """All values of masks that are outside the class table; None where there is none.

    Reads every mask: for when one has such values. What cannot be read is passed over.

    Args:
        dataset: as it is scored.
        samples: labelled samples.
        progress: called before each; what it raises ends it.
    """
    total: Counter[str] = Counter()
    for sample in samples:
        if progress:
            progress()
        try:
            total.update(dataset.read_mask(sample).unknown)
        except (DatasetError, ImageError):
            continue
    return UnknownMaskValues(total, str(dataset.root)) if total else None


def _is_vector(mask: Path) -> bool:
    return mask.suffix.lower() in VECTOR_SUFFIXES


def _difference(image: Header, mask: Header) -> str:
    if (image.width, image.height) != (mask.width, mask.height):
        return (
            f"the image is {image.width} × {image.height} pixels, its mask "
            f"{mask.width} × {mask.height}"
        )
    own, grid = mask.georeference, image.georeference
    if own is None or grid is None:
        return ""
    if own.crs and grid.crs and own.crs != grid.crs:
        return "image and mask are in different reference systems"
    off = farthest_off(own, grid, image.height, image.width)
    return f"the mask lies up to {off:,.1f} pixels off" if off > _OFF else ""


def scored_image(
    dataset: Dataset, sample: Sample, lookup: np.ndarray | None, misfits: Misfits
) -> LabelledImage:
    """A sample in memory with its truth in the model's labels.

    Args:
        dataset: of the sample.
        sample: a labelled sample.
        lookup: (256,) uint8, by the dataset's label the model's; None where they are the same.
        misfits: with ``resample`` a mask of another size or grid is brought to the image's.

    Raises:
        DatasetError: the mask does not fit.
        ImageError: a file cannot be read.
    """
    raster = dataset.load_image(sample)
    size = raster.pixels.shape[:2]
    if misfits == "resample":
        labels = _resampled(dataset, sample, size)
    else:
        labels = dataset.load_labels(sample, size)
    if lookup is not None:
        labels = lookup[labels]
    labels = np.where(raster.valid, labels, np.uint8(VOID))
    named = raster.header.named_bands
    return LabelledImage(sample.id, raster.pixels, labels, raster.valid, named, raster.georeference)


def _resampled(dataset: Dataset, sample: Sample, size: tuple[int, int]) -> np.ndarray:
    labels = dataset.load_labels(sample)
    if sample.mask is None or _is_vector(sample.mask):
        return labels
    image, mask = read_header(sample.image), read_header(sample.mask)
    if not _difference(image, mask):
        return labels
    # Parts and turns are of the mask as it lies: they would mean other places on the image's grid.
    if sample.turned or sample.id in dataset.windows:
        raise DatasetError(
            "the mask is of another size or grid, and the sample is cut or turned",
            where=sample.id,
            remedy="leave such samples out, or export the mask again on the image's grid",
        )
    own, grid = mask.georeference, image.georeference
    if own is None or grid is None:
        return resample_labels(labels, *size)
    if labels.shape == size and (mask.height, mask.width) != size:
        return labels  # the dataset's reader has brought it to the image's grid
    if own.crs is None or grid.crs is None:  # one of the two does not say in which it is
        own = Georeference(grid.crs, own.transform)
    moved = labels_on_grid(labels, own, grid, *size)
    if moved is None:
        raise DatasetError(
            "the mask does not cover its image, or is in another reference system",
            where=str(sample.mask),
            remedy="leave such samples out, or export the mask again on the image's grid",
        )
    return moved
