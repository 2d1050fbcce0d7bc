"""Samples and the dataset they belong to: what every layout's reader returns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from core.classes import VOID, ClassTable
from core.datasets.masks.decode import Mask, decode_mask, open_mask
from core.datasets.masks.footprints import VECTOR_SUFFIXES, rasterise
from core.datasets.note import Note
from core.datasets.void.regions import VoidRegion
from core.errors import DatasetError, ImageError
from core.imagery.header import Header, read_header
from core.imagery.raster import Raster, alpha_bands, read_raster
from core.imagery.resample import onto_image
from core.imagery.window import Window, cropped, turned, with_bands, with_nodata
from core.mask_coding import MaskCoding

__all__ = ["Dataset", "ImageTraits", "Sample", "UnknownMaskValues"]

_ASKED = 12  # images that are asked whether their alpha is one


@dataclass(frozen=True)
class Sample:
    """One image with, where there is one, its mask.

    Attributes:
        id: name within the dataset, such as ``Tile 1/image_part_001``.
        scene: the unit by which splits are made.
        image: file of the image.
        mask: a picture of classes, or a file of footprints that are burnt onto the image's grid.
        turned: whether image and mask are to be turned by 180° (SAR passes from the other side).
    """

    id: str
    scene: str
    image: Path
    mask: Path | None
    turned: bool = False


class UnknownMaskValues(DatasetError):
    """Masks have values outside the class table, and nobody has said what they are read as.

    Attributes:
        unknown: pixels by value, as `core.datasets.masks.decode` names them.
    """

    def __init__(self, unknown: Mapping[str, int], where: str) -> None:
        self.unknown = dict(unknown)
        super().__init__(
            f"the mask has {_listed(unknown)} outside the class table",
            where=where,
            remedy="the audit lists all of them; add them to the classes or to "
            '"void" in classes.json, or decide in a recipe what they are read as',
        )


@dataclass(frozen=True)
class ImageTraits:
    """What a product's name and folder tell of an image file.

    Attributes:
        turned: whether it is to be turned by 180°.
        nodata: a value that in all bands at once means no data, though the file does not say so.
    """

    turned: bool = False
    nodata: float | None = None


@dataclass(frozen=True)
class Dataset:
    """A folder of samples with one class table.

    Attributes:
        name: name in the workspace, or of the folder.
        root: its folder.
        layout: name of its layout, see `core.datasets.known_layouts`.
        classes: the class table; index = label value.
        coding: how the masks write the classes down.
        samples: in the order of their listing.
        notes: sentences that a person should read of this dataset, shown beside it.
        product: the one of several image products that the samples' images are, as ``PS-RGB``.
        products: all products; empty where a dataset has one kind of image.
        bands: decided in a recipe: the bands that are used, counted from 0; empty for all.
        windows: decided in a recipe: parts of samples that are used, by id.
        void: decided in a recipe: pixels of masks that are void whatever they hold, by id.
        decibel: whether the images are radar backscatter in dB, as the product's description says;
            the values alone do not tell.
        nodata: a value that in all bands at once means no data, also where a file does not say so.
    """

    name: str
    root: Path
    layout: str
    classes: ClassTable
    coding: MaskCoding
    samples: tuple[Sample, ...]
    notes: tuple[Note, ...] = ()
    product: str = ""
    products: tuple[str, ...] = ()
    bands: tuple[int, ...] = ()
    windows: Mapping[str, Window] = field(default_factory=dict)
    void: Mapping[str, VoidRegion] = field(default_factory=dict)
    nodata: float | None = None
    decibel: bool = False

    @property
    def scenes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(sample.scene for sample in self.samples))

    def sample(self, sample_id: str) -> Sample:
        """The sample of that id.

        Raises:
            DatasetError: there is none.
        """
        for sample in self.samples:
            if sample.id == sample_id:
                return sample
        raise DatasetError(
            f"no sample {sample_id!r}",
            where=str(self.root),
            remedy=f"the first samples are {', '.join(s.id for s in self.samples[:3])}",
        )

    def load_image(self, sample: Sample) -> Raster:
        """The image, whole, turned, cut and with the bands that were decided.

        Raises:
            ImageError: it cannot be read, or lacks a band or the window of the recipe.
        """
        raster = read_raster(sample.image, bands=self._bands_with_alpha)
        if self.nodata is not None:
            raster = with_nodata(raster, self.nodata)
        return self._arranged(sample, raster)

    @cached_property
    def _bands_with_alpha(self) -> int | None:
        """Number of bands of all images, decided by some of them; None if no file has alpha.

        Whether a band called alpha is one, is a question of the set: a single image of plants alone
        could pass for one without near infrared.
        """
        step = max(1, len(self.samples) // _ASKED)
        votes = []
        for sample in self.samples[::step][:_ASKED]:
            try:
                votes.append(alpha_bands(sample.image))
            except ImageError:
                continue  # the audit names it
        counts = Counter(vote for vote in votes if vote is not None)
        return counts.most_common(1)[0][0] if counts else None

    def _arranged(self, sample: Sample, raster: Raster) -> Raster:
        if sample.turned:
            raster = turned(raster)
        if sample.id in self.windows:
            raster = cropped(raster, self.windows[sample.id], sample.id)
        return with_bands(raster, self.bands, sample.id) if self.bands else raster

    def read_mask(self, sample: Sample, header: Header | None = None) -> Mask:
        """The mask with what is wrong in it; `load_labels` refuses such.

        All that reads labels reads them here: what the recipe has decided about them holds.

        Args:
            sample: one that has a mask.
            header: of the image file as it lies on the disk, where that is known: footprints are
                burnt onto its grid.

        Raises:
            DatasetError: no mask, footprints that do not fit the image's grid, or void regions of
                another size.
            ImageError: the mask, or for footprints the image's header, cannot be read.
        """
        if sample.mask is None:
            raise DatasetError("this sample has no mask", where=sample.id, remedy="choose another")
        resampled = False
        if sample.mask.suffix.lower() in VECTOR_SUFFIXES:
            grid = header or read_header(sample.image)
            labels, unknown = rasterise(
                sample.mask, sample.image, grid, self.classes.names, self.coding
            )
            source = None
        else:
            source = open_mask(sample.mask, self.coding)
            try:
                labels, unknown = decode_mask(source, self.classes, self.coding)
            except ImageError as error:
                where = error.where or str(sample.mask)
                raise ImageError(error.what, where=where, remedy=error.remedy) from error
            moved = self._onto_image(sample, labels, source, header)
            if moved is not None:
                labels, resampled = moved, True
        if sample.turned:
            labels = np.ascontiguousarray(labels[::-1, ::-1])
        if sample.id in self.void:
            labels = _without_void(labels, self.void[sample.id], sample.id)
        if sample.id in self.windows:
            x, y, width, height = self.windows[sample.id]
            labels = np.ascontiguousarray(labels[y : y + height, x : x + width])
        # Places in the mask's file are none in the image then.
        return Mask(labels, unknown, None if resampled else source, resampled)

    def _onto_image(
        self, sample: Sample, labels: np.ndarray, mask: Raster, header: Header | None
    ) -> np.ndarray | None:
        """Labels of another grid on the image's; None where nothing is to do."""
        if mask.georeference is None:
            return None
        header = header or read_header(sample.image)
        size = header.height, header.width
        return onto_image(labels, mask.georeference, header.georeference, size)

    def load_labels(self, sample: Sample, shape: tuple[int, int] | None = None) -> np.ndarray:
        """The mask as labels.

        Args:
            sample: one that has a mask.
            shape: (H, W) of its image, where that is known; the mask must be of that size.

        Returns:
            (H, W) uint8 class indices, 255 = void.

        Raises:
            UnknownMaskValues: it has values outside the class table.
            DatasetError: no mask, or a mask of another size.
            ImageError: the mask cannot be read.
        """
        mask = self.read_mask(sample)
        if mask.unknown:
            raise UnknownMaskValues(mask.unknown, str(sample.mask))
        labels = mask.labels
        if shape is not None and labels.shape != shape:
            raise DatasetError(
                f"image is {shape[1]}×{shape[0]} but its mask is "
                f"{labels.shape[1]}×{labels.shape[0]} pixels",
                where=str(sample.mask),
                remedy="export the mask again at the image's size, or exclude the sample",
            )
        return labels


def _without_void(labels: np.ndarray, region: VoidRegion, sample_id: str) -> np.ndarray:
    if labels.shape != region.size:
        raise DatasetError(
            f"the recipe's void region is of {region.size[1]} × {region.size[0]} pixels, the mask "
            f"of {labels.shape[1]} × {labels.shape[0]}",
            where=sample_id,
            remedy="take the region out of the recipe (Data, Prepare, Clean), or exclude the "
            "sample",
        )
    return np.where(region.pixel_mask(), np.uint8(VOID), labels)


def _listed(unknown: Mapping[str, int]) -> str:
    first = sorted(unknown.items(), key=lambda item: -item[1])[:3]
    text = ", ".join(f"{name} ({count:,} px)" for name, count in first)
    return text + (f" and {len(unknown) - 3} more values" if len(unknown) > 3 else "")
