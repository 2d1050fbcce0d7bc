"""A ground-truth mask that comes alone, without a dataset around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

import numpy as np

from core.classes import VOID, ClassTable, hex_to_rgb, label_counts
from core.datasets.masks.decode import decode_mask, is_transparency, open_mask, read_mask
from core.datasets.masks.values import count_band
from core.datasets.masks.ways.binary_ways import binary_ways
from core.datasets.masks.ways.color_ways import color_ways
from core.datasets.masks.ways.number_ways import number_ways
from core.datasets.masks.ways.way import Way
from core.errors import ImageError
from core.imagery.header import Header
from core.imagery.raster import Raster
from core.imagery.resample import farthest_off, onto_image
from core.mask_coding import MaskCoding

__all__ = [
    "MaskReading",
    "SingleMask",
    "Truth",
    "likeliest",
    "mask_readings",
    "no_known_class",
    "read_truth",
]

_OFF = 0.5  # pixels between the grids of an image and its mask from which they are two
_NOTES = 5  # unknown values that get a note each; of more the commonest are named in one
_ASKED = 16  # values of which a person can say one by one what they are
_HALF, _NEARLY_ALL = 0.5, 0.99  # shares of colours, of numbers, that are enough not to ask
_MOSTLY = 0.9  # share of the pixels that a preselected reading explains


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
            and it explains every pixel, or the values show it and no other reading is as good.
        likely: whether it may be preselected where a person is asked.
    """

    title: str
    truth: Truth
    pixels: Mapping[str, int]
    unknown: int
    certain: bool = False
    likely: bool = False

    @property
    def explained(self) -> float:
        """Share, 0 to 1, of the pixels with a value that have a class; void ones do not count."""
        labelled = sum(self.pixels.values())
        return labelled / max(1, labelled + self.unknown)


class SingleMask:
    """A mask laid on its image's grid, of which it may not be known how it is written.

    Attributes:
        readings: the ways in which it may be read, the likeliest first; empty where none explains
            a pixel. They differ in their labels. Where the first is not `certain`, a person should
            choose; where it is not `likely` either, it is not to be taken before.
        values: pixels of each value, for a mask of one band of a few whole numbers, so that a
            person can say what each is; empty for others.
    """

    def __init__(
        self,
        source: Path | bytes,
        classes: ClassTable,
        image: Header | tuple[int, int],
        *,
        name: str,
        coding: MaskCoding | None = None,
    ) -> None:
        """Read the file.

        Args:
            source: a file, or the bytes of an upload.
            classes: the table to read it with.
            image: the image's header, by whose grid the mask is laid on it; or its (H, W), where
                that alone is known.
            name: what to call it in messages.
            coding: how the masks of the model's training were written; None where not known.

        Raises:
            ImageError: it cannot be read, or is of another size than the image and does not cover
                it on a grid of the same reference system.
        """
        self._classes = classes
        self._bands = _onto(open_mask(source, MaskCoding("index"), name=name), image, name)
        colors = _onto(read_mask(source, "stored", name=name), image, name)
        counts = _counts(self._bands)
        self._notes = (*_elsewhere(self._bands, image), *_without_number(colors))
        self.readings = tuple(
            replace(r, truth=Truth(r.truth.labels, (*self._notes, *r.truth.notes)))
            for r in _readings(colors, self._bands, counts, classes, coding)
        )
        few = len(counts) <= _ASKED and all(float(value).is_integer() for value in counts)
        self.values: Mapping[float, int] = counts if few else {}

    def by_values(self, labels: Mapping[float, int]) -> Truth:
        """Read it as a person says, value by value.

        Args:
            labels: for each of `values` its label, 255 = void; one that is left out is void.
        """
        values = {int(value): labels.get(value, VOID) for value in self.values}
        read, _ = decode_mask(self._bands, self._classes, MaskCoding("index", values=values))
        return Truth(read, self._notes)


def mask_readings(
    source: Path | bytes,
    classes: ClassTable,
    image: Header | tuple[int, int],
    *,
    name: str,
    coding: MaskCoding | None = None,
) -> tuple[MaskReading, ...]:
    """The ways in which a mask may be read with a given class table, the likeliest first.

    Args:
        source, classes, image, name, coding: as for `SingleMask`.

    Raises:
        ImageError: see `SingleMask`; or it has no pixel of a known class.
    """
    mask = SingleMask(source, classes, image, name=name, coding=coding)
    return mask.readings or no_known_class(classes, name)


def no_known_class(classes: ClassTable, name: str) -> NoReturn:
    """Refuse a mask that has no pixel of a class.

    Raises:
        ImageError: always.
    """
    table = ", ".join(f"{c.name} {c.color}" for c in classes.classes)
    raise ImageError(
        "no pixel of the mask is of a class the model knows",
        where=name,
        remedy=f"expected the colours {table}, or one band with their numbers from 0",
    )


def _readings(
    colors: Raster,
    bands: Raster,
    counts: Mapping[float, int],
    classes: ClassTable,
    coding: MaskCoding | None,
) -> list[MaskReading]:
    """The readings, likeliest first, the first judged; empty where none explains a pixel."""
    read: list[tuple[MaskReading, Way]] = []
    for way in _ways(colors, bands, counts, classes, coding):
        raster = colors if way.coding.kind == "color" else bands
        reading = _reading(way.title, raster, classes, way.coding)
        same = (np.array_equal(reading.truth.labels, r.truth.labels) for r, _ in read)
        if way.note:
            notes = (way.note, *reading.truth.notes)
            reading = replace(reading, truth=Truth(reading.truth.labels, notes))
        if reading.pixels and not any(same):
            read.append((reading, way))
    if not read:
        return []
    # What explains every pixel comes first, in the order of the ways; then what labels most: to
    # call values void is no explanation.
    read.sort(key=lambda it: (it[0].unknown > 0, -sum(it[0].pixels.values()) * bool(it[0].unknown)))
    half = colors.valid.size / 2
    (first, way), *others = read
    others = [(reading, other) for reading, other in others if reading.unknown <= half]
    certain, likely = _certain(first, way, others), _likely(first, way, others)
    judged = replace(first, certain=certain, likely=likely)
    return [judged, *(reading for reading, _ in others)]


def _certain(first: MaskReading, way: Way, others: Sequence[tuple[MaskReading, Way]]) -> bool:
    """Whether the first reading needs no question."""
    own, color = way.title == _OWN, way.coding.kind == "color"
    if not own and way.trust != "shown":
        return False
    if first.unknown:
        # A colour that is exactly that of a class is no chance; a number may be.
        enough = first.explained > (_HALF if color else _NEARLY_ALL)
        return enough and (own or not others)
    # Nor is it by chance that all colours are those of classes: numbers are then a guess.
    rivals = [r for r, w in others if not r.unknown and (w.trust == "shown" or not color)]
    return own or not rivals


def _likely(first: MaskReading, way: Way, others: Sequence[tuple[MaskReading, Way]]) -> bool:
    """Whether the first reading may be preselected."""
    if first.explained < _MOSTLY or way.trust == "doubtful":
        return False
    if way.trust == "shown" or way.coding.kind == "color":
        return True
    # Others that leave one class are less likely than a reading that sees several.
    least = min(2, len(first.pixels))
    rivals = [reading for reading, _ in others if not reading.unknown]
    return len(first.pixels) > 1 and all(len(rival.pixels) < least for rival in rivals)


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


def _without_number(mask: Raster) -> tuple[str, ...]:
    """A note where pixels are NaN, which no tag of the file says to be no data."""
    first = mask.pixels[..., 0]
    if not np.issubdtype(first.dtype, np.floating):
        return ()
    number = int(np.count_nonzero(np.isnan(first)))
    return (f"{number:,} pixel(s) are NaN, no number, and count as void.",) if number else ()


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
    if chosen.certain:
        return chosen.truth
    note = f"The mask is read {chosen.title}."
    if others := [reading.title for reading in readings if reading is not chosen]:
        note += f" It could be read in another way: {'; '.join(others)}."
    return Truth(chosen.truth.labels, (note, *chosen.truth.notes))


_OWN = "as the masks of the model's training"


def _ways(
    colors: Raster,
    bands: Raster,
    counts: Mapping[float, int],
    classes: ClassTable,
    coding: MaskCoding | None,
) -> Iterator[Way]:
    """Ways to read a mask that its form allows, the likeliest first.

    Args:
        colors: the mask with a palette as colours.
        bands: the mask with a palette's indices, three equal bands as one.
        counts: pixels of each value of its one band, see `_counts`.
        classes: the table.
        coding: that of the training.
    """
    one_band = bands.pixels.shape[-1] == 1
    pictured = colors.pixels.shape[-1] >= 3 and colors.pixels.dtype == np.uint8
    if coding is not None and _own(coding, bands, one_band, pictured):
        yield Way(_OWN, coding)
    if pictured:
        yield from color_ways(colors.pixels, classes, coding)
    if not one_band:
        return
    greys = {rgb[0]: label for label, rgb in enumerate(classes.colors) if len(set(rgb)) == 1}
    if len(greys) == len(classes):
        yield Way("by the class colours", MaskCoding("index", values=greys))
    if len(classes) == 2:
        yield from binary_ways(bands.pixels, counts, classes, coding)
    yield from number_ways(counts, classes, coding)


def _counts(bands: Raster) -> dict[float, int]:
    """Pixels of each value of a mask of one band, those of its gaps left out; {} for others."""
    if bands.pixels.shape[-1] != 1:
        return {}
    band, seen = bands.pixels[..., 0], bands.valid | is_transparency(bands)
    if bands.header.nodata == 0:  # often the background
        seen = seen | (band == 0)
    return count_band(band[seen])


def _own(coding: MaskCoding, bands: Raster, one_band: bool, pictured: bool) -> bool:
    """Whether a mask can be read as those of the training; one of 0 and 255 alone is no mask of
    class numbers that is void but for the first class."""
    if coding.kind == "color":
        return pictured
    if coding.kind != "index" or not one_band:
        return False
    listed = VOID in coding.values
    return listed or not np.isin(bands.pixels, (0, VOID)).all() or not (bands.pixels == VOID).any()


def _reading(title: str, raster: Raster, classes: ClassTable, coding: MaskCoding) -> MaskReading:
    labels, unknown = decode_mask(raster, classes, coding)
    counts = label_counts(labels)
    pixels = {n: int(c) for n, c in zip(classes.names, counts, strict=False) if c}
    ordered = sorted(unknown.items(), key=lambda item: -item[1])
    if len(ordered) > _NOTES:
        listed = ", ".join(value for value, _ in ordered[:_NOTES])
        notes = [
            f"{len(ordered):,} values are in no class, and their {sum(unknown.values()):,} pixels "
            f"count as void. The commonest are {listed}."
        ]
    else:
        notes = [_note(value, count, classes) for value, count in ordered]
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
