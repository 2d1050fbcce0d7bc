"""A ground-truth mask that comes alone, without a dataset around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.classes import DUBAI_VOID_COLORS, VOID, ClassTable, hex_to_rgb
from core.datasets.masks.decode import decode_mask, is_transparency, open_mask, read_mask
from core.datasets.masks.soft_masks import soft_binary
from core.datasets.masks.values import count_areas, count_band
from core.errors import ImageError
from core.imagery.header import Header
from core.imagery.raster import Raster
from core.imagery.resample import farthest_off, onto_image
from core.mask_coding import MaskCoding

__all__ = ["MaskReading", "Truth", "likeliest", "mask_readings", "read_truth"]

_OFF = 0.5  # pixels between the grids of an image and its mask from which they are two
_NOTES = 5  # unknown values that get a note each


@dataclass(frozen=True)
class Truth:
    """A mask read with a model's class table.

    Attributes:
        labels: (H, W) uint8, 255 = void.
        notes: what had to be decided in reading it, for the reader to check.
    """

    labels: np.ndarray
    notes: tuple[str, ...]


@dataclass(frozen=True)
class MaskReading:
    """One way in which a mask may be written.

    Attributes:
        title: the way in words.
        truth: the mask read so; its notes leave out that it was chosen.
        pixels: labelled pixels of each class by its name, those that have some.
        unknown: pixels whose values mean nothing in it.
        certain: whether it needs no question: the masks of the model's training were written so
            and it explains every pixel, or no other reading does.
    """

    title: str
    truth: Truth
    pixels: Mapping[str, int]
    unknown: int
    certain: bool = False


def mask_readings(
    source: Path | bytes,
    classes: ClassTable,
    image: Header | tuple[int, int],
    *,
    name: str,
    coding: MaskCoding | None = None,
) -> tuple[MaskReading, ...]:
    """The ways in which a mask may be read with a given class table, the likeliest first.

    They differ in their labels. Where the first is not `certain`, a person should choose.

    Args:
        source: a file, or the bytes of an upload.
        classes: the table to read it with.
        image: the image's header, by whose grid the mask is laid on it; or its (H, W), where that
            alone is known.
        name: what to call it in messages.
        coding: how the masks of the model's training were written; None where that is not known.

    Raises:
        ImageError: it cannot be read, is of another size than the image and does not cover it on a
            grid of the same reference system, or has no pixel of a known class.
    """
    colors = _onto(read_mask(source, "stored", name=name), image, name)
    bands = _onto(open_mask(source, MaskCoding("index"), name=name), image, name)
    readings: list[MaskReading] = []
    guesses: set[str] = set()
    for way in _ways(colors, bands, classes, coding):
        raster = colors if way.coding.kind == "color" else bands
        reading = _reading(way.title, raster, classes, way.coding)
        same = (np.array_equal(reading.truth.labels, r.truth.labels) for r in readings)
        if reading.pixels and not any(same):
            readings.append(reading)
            guesses |= {way.title} if way.guess else set()
    if not readings:
        table = ", ".join(f"{c.name} {c.color}" for c in classes.classes)
        raise ImageError(
            "no pixel of the mask is of a class the model knows",
            where=name,
            remedy=f"expected the colours {table}, or one band with their numbers from 0",
        )
    # What explains every pixel comes first, in the order of the ways; then what explains most.
    readings.sort(key=lambda reading: reading.unknown)
    half = colors.valid.size / 2
    readings = [readings[0], *(reading for reading in readings[1:] if reading.unknown <= half)]
    own = coding is not None and readings[0].title == _OWN
    alone = len(readings) == 1 or readings[1].unknown > 0
    certain = not readings[0].unknown and (own or (alone and readings[0].title not in guesses))
    readings[0] = replace(readings[0], certain=certain)
    if notes := _elsewhere(bands, image):
        readings = [_noted(reading, notes) for reading in readings]
    return tuple(readings)


def _onto(mask: Raster, image: Header | tuple[int, int], name: str) -> Raster:
    """The mask on the image's grid, as a dataset's masks are brought to it."""
    if isinstance(image, Header):
        shape, grid = (image.height, image.width), image.georeference
    else:
        shape, grid = image, None
    pixels = onto_image(mask.pixels, mask.georeference, grid, shape)
    valid = onto_image(mask.valid, mask.georeference, grid, shape)
    if pixels is not None and valid is not None:
        hidden = mask.hidden
        if hidden is not None:
            hidden = onto_image(hidden, mask.georeference, grid, shape)
        header = replace(mask.header, georeference=grid)
        return replace(mask, pixels=pixels, valid=valid, hidden=hidden, header=header)
    height, width = mask.valid.shape
    if (height, width) != shape:
        raise ImageError(
            f"the image is {shape[1]}×{shape[0]} pixels but its mask is {width}×{height}",
            where=name,
            remedy="export the mask again at the image's size; it is resized only by the grids of "
            "both, where it covers the image",
        )
    return mask


def _noted(reading: MaskReading, notes: tuple[str, ...]) -> MaskReading:
    truth = Truth(reading.truth.labels, (*notes, *reading.truth.notes))
    return replace(reading, truth=truth)


def _elsewhere(mask: Raster, image: Header | tuple[int, int]) -> tuple[str, ...]:
    """A note where a mask says that it lies on other ground than the image that it is laid on."""
    own = mask.georeference
    grid = image.georeference if isinstance(image, Header) else None
    if own is None or grid is None:
        return ()
    systems = own.crs is not None and grid.crs is not None and own.crs != grid.crs
    if not systems and farthest_off(own, grid, *mask.valid.shape) <= _OFF:
        return ()
    what = "in another reference system" if systems else "on another grid"
    return (
        f"The mask lies {what} than the image and is laid on it pixel by pixel: check that it is "
        "this image's, or warp it to the image's grid first.",
    )


def read_truth(
    source: Path | bytes,
    classes: ClassTable,
    image: Header | tuple[int, int],
    *,
    name: str,
    coding: MaskCoding | None = None,
) -> Truth:
    """Read a mask in the likeliest way; a note says so where it is not certain.

    Other colours and values than those of the classes are counted as void and reported. Without a
    coding grey #9B9B9B and black mean void unless a class has that colour.

    Args:
        source, classes, image, name, coding: as for `mask_readings`.

    Raises:
        ImageError: see `mask_readings`.
    """
    return likeliest(mask_readings(source, classes, image, name=name, coding=coding))


def likeliest(readings: Sequence[MaskReading]) -> Truth:
    """The first of the readings that `mask_readings` gives; a note says so if it is not certain."""
    chosen = readings[0]
    if chosen.certain or (len(readings) == 1 and chosen.unknown):
        return chosen.truth  # in the second case its notes say what is not understood
    note = f"The mask is read {chosen.title}."
    if others := [reading.title for reading in readings if reading is not chosen]:
        note += f" It could be read in another way: {'; '.join(others)}."
    return Truth(chosen.truth.labels, (note, *chosen.truth.notes))


_OWN = "as the masks of the model's training"


@dataclass(frozen=True)
class _Way:
    """A way to read a mask; a guess is none that its values alone show."""

    title: str
    coding: MaskCoding
    guess: bool = False


def _ways(
    colors: Raster, bands: Raster, classes: ClassTable, coding: MaskCoding | None
) -> Iterator[_Way]:
    """Ways to read a mask that its form allows, the likeliest first.

    Args:
        colors: the mask with a palette as colours.
        bands: the mask with a palette's indices, three equal bands as one.
        classes: the table.
        coding: that of the training.
    """
    one_band = bands.pixels.shape[-1] == 1
    pictured = colors.pixels.shape[-1] >= 3 and colors.pixels.dtype == np.uint8
    if coding is not None and _own(coding, bands, one_band, pictured):
        yield _Way(_OWN, coding)
    if pictured:
        void = coding.void_colors if coding and coding.kind == "color" else DUBAI_VOID_COLORS
        yield _Way("by the class colours", MaskCoding("color", void_colors=void))
    if not one_band:
        return
    band, seen = bands.pixels[..., 0], bands.valid | is_transparency(bands)
    if bands.header.nodata == 0:  # often the background
        seen = seen | (band == 0)
    counts = count_band(band[seen])
    greys = {rgb[0]: label for label, rgb in enumerate(classes.colors) if len(set(rgb)) == 1}
    if len(greys) == len(classes):
        yield _Way("by the class colours", MaskCoding("index", values=greys))
    if len(classes) == 2:
        yield from _binary(counts, bands, classes)
    numbers = {index: index for index in range(len(classes))}
    title = "by class numbers from 0, 255 void"
    binary = len(classes) > 2 and set(counts) <= {0, VOID} and VOID in counts
    if binary:
        title += ", though it holds 0 and 255 alone, as masks of two classes do"
    yield _Way(title, MaskCoding("index", values=numbers), guess=binary)
    listed = sorted(value for value in counts if value != VOID)
    whole = all(float(value).is_integer() for value in listed)
    if whole and len(listed) == len(classes) and listed != [*numbers]:
        words = ", ".join(f"{v} is {n}" for v, n in zip(listed, classes.names, strict=True))
        values = {int(value): label for label, value in enumerate(listed)}
        title = f"in the order of the values, {words}"
        yield _Way(title, MaskCoding("index", values=values), guess=True)


def _own(coding: MaskCoding, bands: Raster, one_band: bool, pictured: bool) -> bool:
    """Whether a mask can be read as those of the training; one of 0 and 255 alone is no mask of
    class numbers that is void but for the first class."""
    if coding.kind == "color":
        return pictured
    if coding.kind != "index" or not one_band:
        return False
    listed = VOID in coding.values
    return listed or not np.isin(bands.pixels, (0, VOID)).all() or not (bands.pixels == VOID).any()


def _binary(counts: Mapping[float, int], bands: Raster, classes: ClassTable) -> Iterator[_Way]:
    """Ways to read two values as two classes."""
    first, second = classes.names
    upper = sorted(value for value in counts if value > 0)
    flat = count_areas(bands.pixels, dict(counts))
    if top := soft_binary(counts, flat) if len(counts) > 2 else 0.0:
        title = f"at half, {first} below {top / 2:g}, {second} above"
        coding = MaskCoding("index", values={0: 0, int(top): 1}, tolerance=top / 2)
        yield _Way(title, coding)
    elif len(upper) == 1 and upper[0] != 1 and min(counts) >= 0 and float(upper[0]).is_integer():
        value = int(upper[0])
        # 255 alone may as well be void.
        guess = value != VOID or 0 not in counts
        title = f"so that 0 is {first} and {value} is {second}"
        yield _Way(title, MaskCoding("index", values={0: 0, value: 1}), guess=guess)


def _reading(title: str, raster: Raster, classes: ClassTable, coding: MaskCoding) -> MaskReading:
    labels, unknown = decode_mask(raster, classes, coding)
    counts = np.bincount(labels.ravel(), minlength=256)
    pixels = {n: int(c) for n, c in zip(classes.names, counts, strict=False) if c}
    ordered = sorted(unknown.items(), key=lambda item: -item[1])
    notes = [_note(value, count, classes) for value, count in ordered[:_NOTES]]
    if rest := [count for _, count in ordered[_NOTES:]]:
        notes.append(f"{len(rest)} further values, {sum(rest):,} pixels, count as void.")
    below = sum(pixels.values()) - int(np.count_nonzero(raster.valid & (labels != VOID)))
    if below and is_transparency(raster):
        notes.append(f"{below:,} transparent pixel(s) are read by what is below.")
    return MaskReading(title, Truth(labels, tuple(notes)), pixels, sum(unknown.values()))


def _note(value: str, count: int, classes: ClassTable) -> str:
    text = f"{value} is in no class: its {count:,} pixel(s) count as void"
    if value.startswith("#"):
        distance = [
            sum((a - b) ** 2 for a, b in zip(hex_to_rgb(value), rgb, strict=True))
            for rgb in classes.colors
        ]
        nearest = classes.classes[int(np.argmin(distance))]
        text += f" (the nearest class colour is {nearest.name}, {nearest.color})"
    return text + "."
