"""Images that touch: one row for each picture that was cut into samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from core.datasets.audit.facts import SampleFacts
from core.datasets.audit.neighbours import Pair, groups
from core.datasets.audit.problems import Problem
from core.datasets.recipes.fixes import SplitByScene
from core.imagery.window import Window

__all__ = ["mosaic_problems"]

_SEAM = 16  # the strip shown along a seam: this part of the side
_NAMED = 4


def mosaic_problems(facts: Sequence[SampleFacts], pairs: Sequence[Pair]) -> Iterator[Problem]:
    """What of a dataset hangs together, and what a split does to it."""
    by_id = {f.id: f for f in facts}
    of_group: dict[str, int] = {}
    members = groups(pairs)
    for number, group in enumerate(members):
        of_group |= dict.fromkeys(group, number)
    theirs: list[list[Pair]] = [[] for _ in members]
    for pair in pairs:
        theirs[of_group[pair.one]].append(pair)
    for group, its in zip(members, theirs, strict=True):
        crossing = [p for p in its if by_id[p.one].scene != by_id[p.other].scene]
        yield _across(group, crossing, by_id) if crossing else _within(group, its, by_id)


def _within(
    group: tuple[str, ...], pairs: Sequence[Pair], by_id: Mapping[str, SampleFacts]
) -> Problem:
    first = pairs[0]
    scene = by_id[first.one].scene
    return Problem(
        "mosaic",
        first.one,
        f"{len(group)} samples of {scene} {_words(pairs)}, {_count(pairs)}: a random split "
        "of samples or patches leaks, what is tested was seen in training along the seams",
        "info",
        "split by scene, so that all of them are on one side",
        (SplitByScene(),),
        _window(first, by_id),
        first.other,
    )


def _across(
    group: tuple[str, ...], crossing: Sequence[Pair], by_id: Mapping[str, SampleFacts]
) -> Problem:
    first = crossing[0]
    scenes = list(dict.fromkeys(by_id[i].scene for i in group))
    listed = ", ".join(scenes[:_NAMED]) + (" …" if len(scenes) > _NAMED else "")
    return Problem(
        "touching-scenes",
        first.one,
        f"{len(group)} samples of {len(scenes)} scenes ({listed}) {_words(crossing)}, "
        f"{_count(crossing)} across scenes: a random split leaks, and a split by scene too",
        "warning",
        "use a split with fixed lists that keeps them on one side, or put what touches into one "
        "folder as one scene",
        (),
        _window(first, by_id),
        first.other,
    )


def _count(pairs: Sequence[Pair]) -> str:
    return f"{len(pairs):,} pair{'' if len(pairs) == 1 else 's'} of neighbours"


def _words(pairs: Sequence[Pair]) -> str:
    how = {pair.how for pair in pairs}
    return "lie side by side or overlap" if how == {"bounds"} else "touch with matching edges"


def _window(pair: Pair, by_id: Mapping[str, SampleFacts]) -> Window | None:
    """The strip along the seam in the first of the two."""
    its = by_id[pair.one]
    if pair.side == "right":
        strip = max(1, its.width // _SEAM)
        return its.width - strip, 0, strip, its.height
    if pair.side == "bottom":
        strip = max(1, its.height // _SEAM)
        return 0, its.height - strip, its.width, strip
    return None
