"""Bands that lie in files of their own, which look like as many images."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from core.datasets.layouts.unread.contents import folders_below
from core.datasets.layouts.unread.form import Unread
from core.imagery.raster import IMAGE_SUFFIXES

__all__ = ["band_groups", "find_band_files", "join_bands"]

# Names of colours anywhere; Sentinel-2 (B02, B8A) and Landsat (B4, SR_B4) only at the end, with
# 10m behind: `B1_north` is a block of houses.
_COLOR = re.compile(r"(?:coastal|blue|green|red|nir|swir\d?|rededge\d?|pan)", re.IGNORECASE)
_NUMBER = re.compile(r"B\d{1,2}A?", re.IGNORECASE)
_METRES = re.compile(r"\d{2}m", re.IGNORECASE)
_PRODUCTS = {"sr", "st", "toa"}  # Landsat's, before the band
_MOST = 0.6  # a mask is beside the bands


def band_groups(names: Iterable[str]) -> dict[str, list[str]]:
    """Names that differ by the band alone, by what they share.

    Args:
        names: of files, with their folders and without endings, as in ``s0/red``, ``s0_B04_10m``
            or ``train_red/red_patch_1``.

    Returns:
        The names of each image of two bands and more, in order, by its own name.
    """
    groups: dict[str, dict[str, str]] = {}
    for name in names:
        image, band = _without_band(name)
        if band:
            groups.setdefault(image, {}).setdefault(band, name)
    return {image: sorted(of.values()) for image, of in groups.items() if len(of) > 1}


def _without_band(name: str) -> tuple[str, str]:
    image: list[str] = []
    bands: list[str] = []
    for part in name.split("/"):
        words = re.split(r"[^A-Za-z0-9]+", part)
        last = len(words) - 1 - bool(len(words) > 1 and _METRES.fullmatch(words[-1]))
        kept: list[str] = []
        for place, word in enumerate(words):
            if _COLOR.fullmatch(word) or (place == last and _NUMBER.fullmatch(word)):
                bands.append(word.lower())
                if kept and kept[-1].lower() in _PRODUCTS:
                    kept.pop()
            else:
                kept.append(word)
        if kept:
            image.append("_".join(kept))
    return "/".join(image), " ".join(dict.fromkeys(bands))


def find_band_files(root: Path) -> Unread | None:
    """Say so where most pictures below a folder look like the bands of others; none is opened."""
    names = [
        (place / name).relative_to(root).with_suffix("").as_posix()
        for place, listed in folders_below(root)
        for name in listed
        if Path(name).suffix.lower() in IMAGE_SUFFIXES
    ]
    groups = band_groups(names)
    count = sum(map(len, groups.values()))
    if not groups or count < _MOST * len(names):
        return None
    image, bands = max(groups.items(), key=lambda item: len(item[1]))
    what = f"{count:,} pictures look like the bands of {len(groups):,}, such as "
    return Unread(f"{what}{', '.join(bands[:4])}", join_bands(image))


def join_bands(image: str) -> str:
    """What to do about bands in files of their own."""
    name = image.rpartition("/")[2] or "image"
    return (
        "join the bands of each image into one file, in the same order, and put it into `images`: "
        f"gdal_merge.py -separate -o images/{name}.tif and the files; its mask is masks/{name}.tif"
    )
