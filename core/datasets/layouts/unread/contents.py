"""What lies where in a folder, in words: for a folder that is in no known layout."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path

from core.untrusted.folder import list_folder

__all__ = ["describe_contents", "folders_below"]

_PLACES = 5  # folders that are named
_FOLDERS = 2_000  # and looked into


def describe_contents(folder: Path) -> str:
    """What lies where below a folder, as in "2 .png in train/sat; 2 .png in train/map".

    Empty where there is no file. At most 2,000 folders are looked into, those nearest to the top
    first.
    """
    places: list[str] = []
    more = 0
    for place, files in folders_below(folder):
        counts = Counter(Path(name).suffix.lower() or "file without an ending" for name in files)
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


def folders_below(root: Path, most: int = _FOLDERS) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """A folder and those below it with the names of their files, those nearest to the top first.

    Hidden files, links to folders and what may not be looked into are passed over.

    Args:
        root: the folder.
        most: number of folders that are looked into.
    """
    waiting = deque([root])
    for _ in range(most):
        if not waiting:
            return
        place = waiting.popleft()
        listing = list_folder(place)
        below = [place / name for name in listing.folders]
        waiting += [folder for folder in below if not folder.is_symlink()]
        yield place, listing.files
