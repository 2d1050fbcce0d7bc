"""What lies where in a folder, in words: for a folder that is in no known layout."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

__all__ = ["describe_contents"]

_PLACES = 5  # folders that are named
_FOLDERS = 2_000  # and looked into


def describe_contents(folder: Path) -> str:
    """What lies where below a folder, as in "2 .png in train/sat; 2 .png in train/map".

    Empty where there is no file. At most 2,000 folders are looked into, those nearest to the top
    first.
    """
    places: list[str] = []
    waiting, seen, more = [folder], 0, 0
    while waiting and seen < _FOLDERS:
        place = waiting.pop(0)
        seen += 1
        counts: Counter[str] = Counter()
        try:
            with os.scandir(place) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError:  # no right to look inside
            continue
        for entry in listed:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(place / entry.name)
            else:
                ending = Path(entry.name).suffix.lower()
                counts[ending or "file without an ending"] += 1
        if not counts:
            continue
        if len(places) == _PLACES:
            more += 1
            continue
        kinds = " and ".join(f"{n:,} {ending}" for ending, n in counts.most_common(3))
        name = place.relative_to(folder).as_posix()
        places.append(f"{kinds} at the top" if name == "." else f"{kinds} in {name}")
    also = f" and {more:,} more folders" if more else ""
    return f"{'; '.join(places)}{also}"
