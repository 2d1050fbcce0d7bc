"""What masks are painted in: colours, index values or attributes, counted to be named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Literal

import numpy as np

from core.classes import pack_rgb
from core.datasets.masks.decode import is_grey, is_transparency, read_mask
from core.datasets.masks.soft_masks import flat_pixels
from core.errors import ImageError
from core.imagery.raster import Raster

__all__ = [
    "MAX_VALUES",
    "MaskForm",
    "MaskSurvey",
    "count_areas",
    "count_values",
    "spread",
    "survey_masks",
]

MAX_VALUES = 64
"""More colours than this are no classes but what JPEG or smoothing makes of them."""

_SAMPLED = 24  # masks that are read to see how all are written down
_MORE = 200  # as many are read where those show a single value, or values with gaps
_CLEAN = 4  # a mask of so few values is no soft one
_PIXELS = 60_000_000  # and so many pixels in all

MaskForm = Literal["index", "palette", "grey", "color"]
"""One band; one band with a palette; three equal bands; colours."""


@dataclass
class MaskSurvey:
    """What some of the masks of a set hold.

    Attributes:
        forms: number of masks of each form.
        values: pixels of each index value; of those in colours none.
        flat: those of them in areas, not at edges.
        colors: pixels of each colour as ``0xRRGGBB``, of palettes and of three bands.
        sets: the values of each mask.
        nodata: values that files tag as no data.
        tagged: pixels of the values (of one band) and of the colours (of three) that files tag as
            no data, where that is no transparency.
        palettes: colours that the palettes give to each index in use.
        lossy: whether a mask is a JPEG.
        read, read_pixels: number of masks that could be read, and of their pixels.
        below: values (those of one band) and colours (of the others and of palettes) of pixels
            that are transparent in files whose transparency is no gap.
        gaps: whether a file's alpha shows how far the data reach, and leaves some out.
    """

    forms: Counter[MaskForm] = field(default_factory=Counter)
    values: Counter[float] = field(default_factory=Counter)
    flat: Counter[float] = field(default_factory=Counter)
    colors: Counter[float] = field(default_factory=Counter)
    sets: list[frozenset[float]] = field(default_factory=list)
    nodata: set[float] = field(default_factory=set)
    tagged: tuple[Counter[float], Counter[float]] = field(
        default_factory=lambda: (Counter(), Counter())
    )
    palettes: dict[int, set[int]] = field(default_factory=dict)
    lossy: bool = False
    read: int = 0
    read_pixels: int = 0
    below: tuple[set[float], set[float]] = field(default_factory=lambda: (set(), set()))
    gaps: bool = False

    @property
    def form(self) -> MaskForm:
        """The form of most masks; grey ones among colours are colours."""
        forms = self.forms.copy()
        if forms["color"]:
            forms["color"] += forms.pop("grey", 0)
        return forms.most_common(1)[0][0] if forms else "index"

    @property
    def by_color(self) -> bool:
        """Whether only colours tell what is meant."""
        return self.form == "color" or (self.form == "palette" and self.own_palettes)

    @property
    def own_palettes(self) -> bool:
        """Whether an index has another colour from mask to mask: then it means nothing."""
        return any(len(colors) > 1 for colors in self.palettes.values())

    @property
    def mixed_palettes(self) -> bool:
        """Whether masks have the same colours under other indices, as programs that save few
        colours do."""
        every = [color for colors in self.palettes.values() for color in colors]
        return self.own_palettes and len(set(every)) < len(every)

    @property
    def whole(self) -> bool:
        """Whether all index values are whole numbers."""
        return all(float(value).is_integer() for value in self.values)

    def add(self, path: Path) -> None:
        """Count one mask more.

        Raises:
            ImageError: it cannot be read.
        """
        raster = read_mask(path, "indices")
        pixels, nodata = raster.pixels, raster.header.nodata
        rgb = pixels.shape[-1] >= 3
        form: MaskForm = (
            ("grey" if is_grey(pixels) else "color")
            if rgb
            else ("index" if raster.palette is None else "palette")
        )
        self.forms[form] += 1
        self.read += 1
        self.read_pixels += raster.valid.size
        self.lossy |= raster.header.driver == "JPEG"
        if not raster.valid.all():
            self._add_below(raster, form)
        if nodata is not None and not is_transparency(raster):
            self._add_tagged(pixels, nodata, form)
        if form == "color":
            if pixels.dtype == np.uint8:
                self.colors.update(count_band(pack_rgb(pixels[..., :3])))
            return
        # 0 as no data is often the background, other values are nothing else.
        counts = count_band(pixels[..., 0], nodata or None)
        self.flat.update(count_areas(pixels[..., :1], counts))
        self.values.update(counts)
        self.sets.append(frozenset(counts))
        if nodata is not None:
            self.nodata.add(nodata)
        if form == "grey" and pixels.dtype == np.uint8:
            self.colors.update({int(v) * 0x010101: n for v, n in counts.items()})
        if raster.palette is not None:
            packed = pack_rgb(raster.palette[None])[0]
            void = None if is_transparency(raster) else nodata
            for value, count in counts.items():
                if 0 <= value < len(packed) and value != void:
                    color = int(packed[int(value)])
                    self.colors[color] += count
                    self.palettes.setdefault(int(value), set()).add(color)

    def _add_tagged(self, pixels: np.ndarray, nodata: float, form: MaskForm) -> None:
        """Count the pixels of a value that is tagged as no data."""
        values, colors = self.tagged
        count = int(
            np.count_nonzero((pixels[..., : 3 if form == "color" else 1] == nodata).all(-1))
        )
        if form != "color" and count:
            values[nodata] += count
        if form in ("color", "grey") and pixels.dtype == np.uint8 and count:
            colors[int(nodata) * 0x010101] += count

    def _add_below(self, raster: Raster, form: MaskForm) -> None:
        """Note what lies below the transparent pixels of a mask."""
        hidden = raster.pixels[~raster.valid]
        if not is_transparency(raster):
            self.gaps |= raster.header.color_interpretation[-1:] == ("alpha",)
            return
        values, colors = self.below
        if form in ("color", "grey") and hidden.dtype == np.uint8:
            colors.update(count_band(pack_rgb(hidden[:, :3])))
        if form != "color":
            values.update(count_band(hidden[:, 0]))
        if raster.palette is not None:
            indices = hidden[:, 0]
            colors.update(count_band(pack_rgb(raster.palette[indices])))


def survey_masks(masks: Sequence[Path]) -> MaskSurvey:
    """Read some masks to see how all are written down; those that cannot be opened are passed over.

    Some 24 are read; up to 200 where those show one value alone or values with gaps, which a rare
    class may fill.
    """
    survey = MaskSurvey()
    for position, mask in enumerate(spread(masks, _MORE)):
        if sum(survey.values.values()) + sum(survey.colors.values()) > _PIXELS:
            break
        if position >= _SAMPLED and not _uncertain(survey):
            break
        try:
            survey.add(mask)
        except ImageError:
            continue  # the audit names it
    return survey


def _uncertain(survey: MaskSurvey) -> bool:
    if survey.form == "color":
        return False
    low = sorted(value for value in survey.values if 0 <= value < 255)
    return len(survey.values) < 2 or low != [float(value) for value in range(len(low))]


def spread(masks: Sequence[Path], limit: int) -> list[Path]:
    """At most `limit` masks: by turns the largest file left, and one evenly spread.

    A mask with much in it compresses less than one of background alone: a rare class is not
    missed for being in few masks.
    """
    sizes = {path: path.stat().st_size for path in masks if path.is_file()}
    large = sorted(sizes, key=lambda path: -sizes[path])
    step = max(1.0, len(masks) / max(1, limit // 2))
    even = [masks[int(i * step)] for i in range(int(len(masks) / step))]
    mixed = (path for pair in zip_longest(large, even) for path in pair if path is not None)
    return list(dict.fromkeys(mixed))[:limit]


def count_values(mask: Path, colored: bool) -> tuple[dict[float, int], dict[float, int]]:
    """Pixels of each colour (``0xRRGGBB``) or value of a mask, all and those of areas.

    Args:
        mask: its file.
        colored: whether it is read as colours; else as one band, a palette by its indices.

    Raises:
        ImageError: it cannot be read, or is of the other kind.
    """
    raster = read_mask(mask, "stored" if colored else "indices")
    pixels = raster.pixels
    three = pixels.shape[-1] >= 3
    fits = three and pixels.dtype == np.uint8 if colored else not three or is_grey(pixels)
    if not fits:
        raise ImageError(
            "the masks are not all of one kind",
            where=str(mask),
            remedy="export all masks in the same way, with class indices or with class colours",
        )
    bands = pixels[..., :3] if colored else pixels[..., :1]
    values = pack_rgb(bands) if colored else bands[..., 0]
    counts = count_band(values, None if colored else raster.header.nodata or None)
    return counts, count_areas(bands, counts)


def count_areas(bands: np.ndarray, counts: dict[float, int]) -> dict[float, int]:
    """Pixels of each value that are in areas, see `flat_pixels`; looked at where it may be soft.

    Args:
        bands: (H, W, 1), or (H, W, 3) uint8 RGB.
        counts: all pixels of each value.
    """
    whole = all(float(value).is_integer() for value in counts)
    if len(counts) <= _CLEAN and whole:
        return counts
    flat = flat_pixels(bands)
    return count_band((pack_rgb(bands) if bands.shape[-1] >= 3 else bands[..., 0])[flat])


def count_band(band: np.ndarray, void: float | None = None) -> dict[float, int]:
    """Pixels of each value of a band; NaN is no value, nor is `void`."""
    values = band.ravel()
    if np.issubdtype(values.dtype, np.floating):
        values = values[np.isfinite(values)]
    if void is not None:
        values = values[values != void]
    if not values.size:
        return {}
    # Masks are areas: their runs of equal values are far fewer than their pixels.
    starts = np.concatenate([[0], np.flatnonzero(values[1:] != values[:-1]) + 1])
    lengths = np.diff(np.append(starts, values.size))
    distinct, place = np.unique(values[starts], return_inverse=True)
    totals = np.bincount(place, weights=lengths)
    made = {}
    for value, total in zip(distinct.tolist(), totals, strict=True):
        made[int(value) if float(value).is_integer() else value] = int(total)
    return made
