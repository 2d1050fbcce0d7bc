"""Bands that lie in files of their own, which look like as many images."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from core.datasets.audit.facts import SampleFacts
from core.datasets.audit.problems import Problem

__all__ = ["band_file_problems"]

# Sentinel-2 (B02, B8A, with 10m behind), Landsat (B4, SR_B4), and names of colours.
_BAND = re.compile(
    r"[._-](?:SR[_-]|ST[_-])?(B\d{1,2}A?|blue|green|red|nir|swir\d?|rededge\d?|pan)"
    r"(?:[._-]\d{2}m)?$",
    re.IGNORECASE,
)
_MOST = 0.8


def band_file_problems(facts: Sequence[SampleFacts]) -> Iterator[Problem]:
    """Most images have one band, and names that differ by the band alone."""
    groups: dict[str, list[str]] = {}
    for its in facts:
        if its.bands == 1 and (match := _BAND.search(its.id)):
            groups.setdefault(its.id[: match.start()], []).append(its.id)
    several = {base: names for base, names in groups.items() if len(names) > 1}
    grouped = sum(len(names) for names in several.values())
    if not several or grouped < _MOST * len(facts):
        return
    base, names = max(several.items(), key=lambda item: len(item[1]))
    listed = ", ".join(sorted(names)[:4])
    yield Problem(
        "band-files",
        "",
        f"{grouped:,} images look like the bands of {len(several):,}: {listed} are {base}",
        "error",
        "join the bands of each into one file: gdal_merge.py -separate -o "
        f"{base.rpartition('/')[2]}.tif and the files in the order of the bands",
    )
