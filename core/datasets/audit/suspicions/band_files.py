"""Bands that lie in files of their own, which look like as many images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.datasets.audit.facts import SampleFacts
from core.datasets.audit.problems import Problem
from core.datasets.layouts.unread.band_files import band_groups, join_bands

__all__ = ["band_file_problems"]

_MOST = 0.8


def band_file_problems(facts: Sequence[SampleFacts]) -> Iterator[Problem]:
    """Most images have one band, and names that differ by the band alone."""
    groups = band_groups(its.id for its in facts if its.bands == 1)
    count = sum(map(len, groups.values()))
    if not groups or count < _MOST * len(facts):
        return
    image, names = max(groups.items(), key=lambda item: len(item[1]))
    yield Problem(
        "band-files",
        "",
        f"{count:,} images look like the bands of {len(groups):,}: {', '.join(names[:4])} are "
        f"{image or 'one image'}",
        "error",
        join_bands(image),
    )
