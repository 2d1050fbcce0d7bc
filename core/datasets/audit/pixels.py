"""What is wrong with one image by itself: no content, no data, too small."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from core.datasets.audit.facts import ImageSignature
from core.datasets.audit.image_statistics import ImageStatistics
from core.datasets.audit.problems import Problem
from core.datasets.recipes.fixes import Action, Exclude, UseWindow
from core.formats import listed, percent, rough_percent, short_number
from core.imagery.raster import Raster
from core.imagery.source.validity import band_gaps
from core.imagery.window import Window

__all__ = ["Gaps", "digest_of", "find_gaps", "image_problems", "image_signature", "real_pixels"]

SMALLEST = 32
"""Pixels a side: the smallest crop a recipe allows."""

_GAPS = 0.05  # share without data from which it is told
_MANY_GAPS = 0.5  # share from which it is a warning
_SUSPECTED = 0.01  # share of an extreme value from which it may be no data
_APART = 2.0  # spans of all other values between which and it nothing lies
_NOTHING = 0.99  # share without data from which there is nothing to learn from
_SAME = 0.98  # share of the commonest value from which there is hardly any content
_BAND_GAPS = 0.005  # share by which a band lacks more than the best from which it is named
_BANDS = 4  # bands that are named
_FULL = 0.98  # share with data that a part must have to be worth a cut
_SMALL = 32
_CONTRAST = 4.0  # least deviation of the small grey picture, in 8-bit levels, to compare it


def real_pixels(pixels: np.ndarray) -> np.ndarray:
    """(H, W, C) real values: the amplitude of complex ones, bool as 0 and 1."""
    if np.iscomplexobj(pixels):
        return np.abs(pixels)
    return pixels.astype(np.uint8) if pixels.dtype == np.bool_ else pixels


def digest_of(array: np.ndarray) -> str:
    """blake2b of shape, type and values as 32 hexadecimal digits."""
    hasher = hashlib.blake2b(f"{array.shape}{array.dtype.str}".encode(), digest_size=16)
    hasher.update(np.ascontiguousarray(array).data)
    return hasher.hexdigest()


@dataclass(frozen=True)
class Gaps:
    """Where an image has no data.

    Attributes:
        share: of all pixels, 0 to 1.
        window: the smallest part that has all the data, or None if that is the whole or nothing.
        filled: share with data in that part.
        tagged: whether the file says so itself; else black or white in all bands is taken for it.
        color: ``black`` or ``white``, where no tag says so.
    """

    share: float
    window: Window | None
    filled: float
    tagged: bool
    color: str = "black"


def find_gaps(pixels: np.ndarray, valid: np.ndarray) -> Gaps:
    """Find pixels without data: as the file says, or 0 (or white) in all of several bands.

    Both count without a tag where they make up whole rows or columns of the border; elsewhere they
    may be deep shadow or a bright roof. In a single band 0 is an ordinary value. White is 255 of 8
    bit, as programs fill orthophotos and scanned maps.
    """
    tagged = not bool(valid.all())
    filled, color = valid, "black"
    if not tagged:
        fills = {"black": 0, "white": 255} if pixels.dtype == np.uint8 else {"black": 0}
        color = next((c for c, fill in fills.items() if _has_border(pixels, fill)), "")
        if pixels.shape[-1] < 2 or not color:
            return Gaps(0.0, None, 1.0, False)
        filled = np.asarray((pixels != fills[color]).any(axis=-1))
    height, width = filled.shape
    share = float(1 - np.count_nonzero(filled) / filled.size)
    if share == 1:
        return Gaps(1.0, None, 0.0, tagged, color)
    rows, columns = np.flatnonzero(filled.any(axis=1)), np.flatnonzero(filled.any(axis=0))
    x, y = int(columns[0]), int(rows[0])
    window = (x, y, int(columns[-1]) - x + 1, int(rows[-1]) - y + 1)
    inside = filled[y : y + window[3], x : x + window[2]]
    if not tagged:
        # Only the border is certain: dark pixels within are content.
        share = 1 - inside.size / filled.size
    whole = window == (0, 0, width, height)
    return Gaps(share, None if whole else window, float(inside.mean()), tagged, color)


def _has_border(pixels: np.ndarray, fill: int) -> bool:
    lines = (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1])
    return any(bool((line == fill).all()) for line in lines)


def image_problems(
    sample: str, raster: Raster, stats: ImageStatistics | None, gaps: Gaps
) -> list[Problem]:
    """The findings about one image.

    Args:
        sample: its id.
        raster: the image.
        stats: its counts, None if it has no data at all.
        gaps: pixels without data.
    """
    height, width = raster.valid.shape
    fills = _fill(sample, raster, stats)
    problems = [*_tiny(sample, width, height), *fills]
    problems += [
        Problem("file-form", sample, note.text, "warning", note.remedy)
        for note in raster.header.notes
    ]
    if gaps.share >= _NOTHING or stats is None:
        problems.append(
            Problem(
                "empty",
                sample,
                f"{rough_percent(gaps.share)} of the image is "
                + ("without data" if gaps.tagged else f"{gaps.color} in all bands"),
                "error",
                "exclude it: there is nothing to learn from",
                (Exclude(sample),),
            )
        )
        return problems
    content = list(_content(sample, stats)) if width * height >= SMALLEST else []
    problems += content
    if gaps.share >= _GAPS and not content:
        gap = _gaps(sample, gaps, _lacking_bands(raster))
        if not _filled_alone(raster):
            return [*problems, gap]
        # One fact, one finding: the fill value is why there is no data.
        first = fills[0]
        at = problems.index(first)
        problems[at] = replace(first, actions=gap.actions, window=gap.window)
    return problems


def _filled_alone(raster: Raster) -> bool:
    """Whether fill values without a tag are all that is without data."""
    if not raster.fill:
        return False
    here = np.zeros(raster.valid.shape, bool)
    for fill in raster.fill:
        here |= _fill_places(raster, fill)
    return not bool((~raster.valid & ~here).any())


def _fill_places(raster: Raster, fill: float) -> np.ndarray:
    value = np.asarray(fill, raster.pixels.dtype)
    return np.asarray(np.isclose(raster.pixels, value, rtol=1e-6).any(axis=-1))


def _lacking_bands(raster: Raster) -> str:
    """Which bands lack data where others have some, in words; empty where all lack the same."""
    if raster.header.scaling or np.iscomplexobj(raster.pixels):
        return ""  # the no-data values are those of the file, and the pixels are not
    shares = band_gaps(raster.pixels, raster.header.band_nodata)
    least = float(shares.min())
    words = [
        f"band {band + 1} lacks data in {rough_percent(float(share))} of the pixels"
        for band, share in enumerate(shares)
        if share >= least + _BAND_GAPS
    ]
    if not words:
        return ""
    named = listed(words[:_BANDS]) + (" …" if len(words) > _BANDS else "")
    return f"{named}: what one band lacks counts as without data"


def _tiny(sample: str, width: int, height: int) -> Iterator[Problem]:
    if min(width, height) < SMALLEST:
        yield Problem(
            "tiny-image",
            sample,
            f"the image is {width} × {height} pixels, and the smallest crop for training has "
            f"{SMALLEST} × {SMALLEST}",
            "warning",
            "check how it was exported, or exclude it",
            (Exclude(sample),),
        )


def _fill(sample: str, raster: Raster, stats: ImageStatistics | None) -> list[Problem]:
    """Values without a tag that were read as no data, or should perhaps be."""
    rest = raster.pixels[raster.valid]
    problems = []
    for fill in raster.fill:
        missing = int(np.count_nonzero(_fill_places(raster, fill)))
        share = rough_percent(missing / raster.valid.size)
        value = f"{fill:.9g}"
        among = f" {_span(rest)}" if rest.size else ""
        where = "below" if fill < 0 else "above"
        problem = Problem(
            "fill-value",
            sample,
            f"{missing:,} px of {value} ({share}), far {where} "
            f"all other values{among}, are no data without a tag",
            "warning",
            f"nothing: they are read as without data; gdal_edit.py -a_nodata {value} tells other "
            "programs too",
        )
        problems.append(problem)
    if stats is not None and raster.pixels.dtype != np.uint8:
        problems += _suspected(sample, stats)
    return problems


def _suspected(sample: str, stats: ImageStatistics) -> Iterator[Problem]:
    """An extreme value in many pixels with nothing near it, which may be a measurement or none."""
    for band, values in enumerate(stats.values.T):
        for extreme, words in ((stats.high[band], "above"), (stats.low[band], "below")):
            same = np.isclose(values, extreme, rtol=1e-6)
            rest = values[~same]
            if same.mean() < _SUSPECTED or not rest.size:
                continue
            gap = min(abs(float(rest.max()) - extreme), abs(float(rest.min()) - extreme))
            if gap <= _APART * max(float(np.ptp(rest)), 1e-12):
                continue
            yield Problem(
                "fill-value",
                sample,
                f"{percent(float(same.mean()))} of band {band + 1} is {short_number(extreme, 6)}, "
                f"far {words} all other values {_span(rest)}: perhaps no data",
                "warning",
                f"if it is, say so in the file: gdal_edit.py -a_nodata {extreme:.9g}",
            )
            return


def _span(values: np.ndarray) -> str:
    return f"({short_number(values.min(), 4)} … {short_number(values.max(), 4)})"


def _content(sample: str, stats: ImageStatistics) -> Iterator[Problem]:
    fix = "exclude it: there is nothing to learn from"
    if (stats.low == stats.high).all():
        values = ", ".join(f"{value:g}" for value in stats.low[:4])
        more = ", …" if len(stats.low) > 4 else ""
        yield Problem(
            "constant",
            sample,
            f"all pixels have the same value ({values}{more})",
            "error",
            fix,
            (Exclude(sample),),
        )
        return
    same = _commonest(stats)
    if same >= _SAME:
        yield Problem(
            "empty",
            sample,
            f"hardly any content: {percent(same)} of the pixels have the same value",
            "warning",
            fix,
            (Exclude(sample),),
        )


def _commonest(stats: ImageStatistics) -> float:
    """Share of the commonest value, in the band in which it is least."""
    if stats.histogram is not None:
        return float(stats.histogram.max(axis=1).min() / stats.pixels)
    counts = [np.unique(band, return_counts=True)[1].max() for band in stats.values.T]
    return float(min(counts) / len(stats.values))


def _gaps(sample: str, gaps: Gaps, bands: str) -> Problem:
    actions: list[Action] = []
    words = (
        "of the image is without data" if gaps.tagged else f"of the image is a {gaps.color} border"
    )
    fix = "nothing: pixels without data are void and are left out of training and scores"
    if not gaps.tagged:
        fix = "these pixels count as content: crop to the rest, or set the nodata value in the file"
    detail = f"{rough_percent(gaps.share)} {words}"
    detail += f"; {bands}" if bands else ""
    if gaps.window and gaps.filled >= _FULL:
        x, y, width, height = gaps.window
        detail += f"; the rest is {width} × {height} pixels at x {x}, y {y}"
        actions.append(UseWindow(sample, x, y, width, height))
        if gaps.tagged:
            fix = "crop to the part with data, or leave it: pixels without data are void"
    if gaps.share >= _MANY_GAPS:
        actions.append(Exclude(sample))
        fix += "; or exclude it"
    return Problem(
        "no-data",
        sample,
        detail,
        "warning" if gaps.share >= _MANY_GAPS or not gaps.tagged else "info",
        fix,
        tuple(actions),
        gaps.window,
    )


def image_signature(
    pixels: np.ndarray, valid: np.ndarray, limits: tuple[float, float]
) -> ImageSignature:
    """What tells whether this is the same picture as another.

    Args:
        pixels: (H, W, C), real values.
        valid: (H, W) bool.
        limits: the values that are black and white on a screen.
    """
    import imagehash
    from PIL import Image

    view = pixels[..., :3]
    if pixels.dtype != np.uint8:
        # Fewer pixels first: 16-bit and float images are costly to shrink with care.
        step = max(1, min(valid.shape) // 256)
        seen = valid[::step, ::step, None]
        view = np.where(seen, pixels[::step, ::step, :3], limits[0]).astype(np.float32)
        view = np.clip((view - limits[0]) / max(limits[1] - limits[0], 1e-12), 0, 1) * 255
    small = cv2.resize(
        np.ascontiguousarray(view), (_SMALL * 2, _SMALL * 2), interpolation=cv2.INTER_AREA
    )
    grey = small.reshape(_SMALL * 2, _SMALL * 2, -1).astype(np.float32).mean(axis=-1)
    bits = imagehash.phash(Image.fromarray(np.rint(grey).astype(np.uint8))).hash
    compared = cv2.resize(grey, (_SMALL, _SMALL), interpolation=cv2.INTER_AREA)
    return ImageSignature(
        digest=digest_of(pixels),
        hash=int("".join("1" if bit else "0" for bit in bits.ravel()), 2),
        small=compared,
        content=float(compared.std()) >= _CONTRAST,
    )
