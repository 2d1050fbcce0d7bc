"""Neighbours: samples that touch or overlap, by matching edges or by their place on Earth.

Images cut from one picture go on in each other. If one of two such is trained on and the other
tested with, what lies along the seam is known already and the score comes out too good.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from core.datasets.splits import Split
from core.imagery.raster import Header

__all__ = ["Leak", "Pair", "Rim", "find_neighbours", "groups", "leak", "rim_of"]

_LENGTH = 128  # values an edge is resampled to
_SMOOTH = _LENGTH // 4 | 1  # what varies more slowly than this is light, not content
_SHORTEST = 24  # pixels: shorter edges say too little
# Of 80 seams of the real Dubai set 78 correlate with 0.69 or more, and of 8,000 pairs of edges that
# do not touch the likest two with 0.45; in generated scenes 0.54 and 0.47. What is missed at a
# water's edge is found by its place among the others.
_ALIKE = 0.6
_LEVELS = 0.08  # largest step in mean brightness over a seam, as a share of the span
_CONTENT = 1.5  # least deviation along an edge in grey levels of 8 bits: below is noise
_CHUNK = 512
_SIDES = (("right", "left"), ("bottom", "top"))


@dataclass(frozen=True)
class Rim:
    """The outermost pixels of one sample's image, or its place on Earth where that is known.

    Attributes:
        edges: by side (``left``, ``right``, ``top``, ``bottom``) a vector of unit length; without
            those that have no content. Empty for georeferenced images.
        levels: by side the mean of each band.
        span: range of values that is taken for full contrast.
        bounds: left, bottom, right, top in units of the reference system, or None.
    """

    id: str
    scene: str
    width: int
    height: int
    edges: dict[str, np.ndarray]
    levels: dict[str, np.ndarray]
    span: float = 255.0
    crs: str = ""
    bounds: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two samples that touch or overlap.

    Attributes:
        one, other: ids.
        how: ``edge`` by matching pixels, ``grid`` by their place in a mosaic of such, ``bounds``
            by georeference.
        side: where of `one` the other lies.
    """

    one: str
    other: str
    how: Literal["edge", "grid", "bounds"]
    side: Literal["right", "bottom", "overlap"]


@dataclass(frozen=True)
class Leak:
    """How far a split parts neighbours.

    Attributes:
        pairs: pairs of neighbours both of which are in the split.
        across: those of them whose two samples are on different sides.
    """

    pairs: int
    across: int

    @property
    def share(self) -> float:
        """0 to 1; 0 without any pair."""
        return self.across / max(1, self.pairs)


def leak(split: Split, pairs: Sequence[Pair]) -> Leak:
    """Count the neighbours that a split puts on different sides."""
    sides = {i: side for side in ("train", "val", "test") for i in getattr(split, side)}
    both = [(sides[p.one], sides[p.other]) for p in pairs if p.one in sides and p.other in sides]
    return Leak(len(both), sum(a != b for a, b in both))


def rim_of(
    sample: str, scene: str, pixels: np.ndarray, header: Header, limits: tuple[float, float]
) -> Rim:
    """What is needed of an image to find its neighbours.

    Args:
        sample, scene: ids.
        pixels: (H, W, C), real values.
        header: of these pixels.
        limits: the values that are black and white on a screen.
    """
    height, width = pixels.shape[:2]
    place = header.georeference
    if place is not None:
        corners = [place.transform @ (x, y) for x in (0, width) for y in (0, height)]
        xs, ys = zip(*corners, strict=True)
        bounds = (min(xs), min(ys), max(xs), max(ys))
        return Rim(sample, scene, width, height, {}, {}, 1.0, str(place.crs), bounds)
    edges, levels = {}, {}
    span = max(limits[1] - limits[0], 1e-12)
    for side, line in {
        "left": pixels[:, 0],
        "right": pixels[:, -1],
        "top": pixels[0],
        "bottom": pixels[-1],
    }.items():
        values = (line[:, :3].astype(np.float32) - limits[0]) / span
        if len(values) < _SHORTEST or not np.isfinite(values).all():
            continue
        vector = _vector(values)
        if vector is not None:
            edges[side], levels[side] = vector, line[:, :3].astype(np.float64).mean(axis=0)
    return Rim(sample, scene, width, height, edges, levels, span)


def _vector(values: np.ndarray) -> np.ndarray | None:
    """An edge as a vector: resampled, without its slow part, of unit length."""
    bands = values.shape[1]
    method = cv2.INTER_AREA if len(values) > _LENGTH else cv2.INTER_LINEAR
    line = cv2.resize(values[:, None], (1, _LENGTH), interpolation=method)
    line = line.reshape(_LENGTH, 1, bands)
    slow = cv2.blur(line, (1, _SMOOTH), borderType=cv2.BORDER_REFLECT).reshape(line.shape)
    fast = (line - slow)[:, 0]
    fast -= fast.mean(axis=0)
    if fast.std() < _CONTENT / 255:
        return None
    return (fast / np.linalg.norm(fast)).ravel().astype(np.float32)


def find_neighbours(rims: Sequence[Rim]) -> tuple[Pair, ...]:
    """Pairs that touch or overlap, each once.

    Images with a georeference are compared by their bounds, the others by their edges: the bottom
    of one with the top of another of the same width (within 1 %), the right with the left. Two
    edges match if they correlate, are the likest for each other, and are equally bright. Images
    that lie side by side in a mosaic found so are neighbours too, whatever is along their seam.
    """
    plain = [rim for rim in rims if rim.bounds is None]
    found = _by_edges(plain)
    located = [(rim, rim.bounds) for rim in rims if rim.bounds is not None]
    return (*found, *_by_grid(found), *_by_bounds(located))


def _by_edges(rims: list[Rim]) -> list[Pair]:
    pairs: list[Pair] = []
    for side, opposite in _SIDES:
        ours = [rim for rim in rims if side in rim.edges]
        theirs = [rim for rim in rims if opposite in rim.edges]
        for bands in sorted({rim.edges[side].size for rim in ours}):
            a = [rim for rim in ours if rim.edges[side].size == bands]
            b = [rim for rim in theirs if rim.edges[opposite].size == bands]
            if a and b:
                pairs += _matched(a, b, side, opposite)
    return pairs


def _matched(ours: list[Rim], theirs: list[Rim], side: str, opposite: str) -> list[Pair]:
    """Pairs whose edges are the likest for each other."""
    right = np.stack([rim.edges[opposite] for rim in theirs])
    levels = np.stack([rim.levels[opposite] for rim in theirs])
    lengths = np.array([_length(rim, opposite) for rim in theirs])
    spans = np.array([rim.span for rim in theirs])
    place = {rim.id: index for index, rim in enumerate(theirs)}
    best_of_theirs = np.full(len(theirs), -1.0, np.float32)
    candidates: list[tuple[int, int, float]] = []
    for start in range(0, len(ours), _CHUNK):
        chunk = ours[start : start + _CHUNK]
        score = np.stack([rim.edges[side] for rim in chunk]) @ right.T
        mine = np.array([_length(rim, side) for rim in chunk])[:, None]
        score[np.abs(mine - lengths) > np.maximum(2, 0.01 * mine)] = -1
        step = np.abs(np.stack([rim.levels[side] for rim in chunk])[:, None] - levels).max(axis=-1)
        span = np.maximum(np.array([rim.span for rim in chunk])[:, None], spans)
        score[step > _LEVELS * span] = -1
        for row, rim in enumerate(chunk):
            if rim.id in place:
                score[row, place[rim.id]] = -1  # a picture that goes on in itself
        best_of_theirs = np.maximum(best_of_theirs, score.max(axis=0))
        best = score.argmax(axis=1)
        candidates += [
            (start + row, int(column), float(score[row, column]))
            for row, column in enumerate(best)
            if score[row, column] >= _ALIKE
        ]
    return [
        Pair(ours[a].id, theirs[b].id, "edge", "right" if side == "right" else "bottom")
        for a, b, score_ in candidates
        if score_ >= best_of_theirs[b]
    ]


def _length(rim: Rim, side: str) -> int:
    return rim.height if side in ("left", "right") else rim.width


def _by_grid(pairs: list[Pair]) -> list[Pair]:
    """Pairs side by side in a mosaic whose seams show too little to be matched."""
    links: dict[str, list[tuple[str, int, int]]] = defaultdict(list)
    for pair in pairs:
        down, along = (0, 1) if pair.side == "right" else (1, 0)
        links[pair.one].append((pair.other, down, along))
        links[pair.other].append((pair.one, -down, -along))
    known = {(pair.one, pair.other) for pair in pairs}
    found: list[Pair] = []
    for members in groups(pairs):
        places = _places(members, links)
        if places is None:
            continue
        at = {place: member for member, place in places.items()}
        for member, (row, column) in places.items():
            for side, beside in (("right", (row, column + 1)), ("bottom", (row + 1, column))):
                other = at.get(beside)
                if other and (member, other) not in known:
                    found.append(
                        Pair(member, other, "grid", "right" if side == "right" else "bottom")
                    )
    return found


def _places(
    members: Sequence[str], links: dict[str, list[tuple[str, int, int]]]
) -> dict[str, tuple[int, int]] | None:
    """Row and column of each member; None where the pairs contradict each other."""
    places = {members[0]: (0, 0)}
    waiting = [members[0]]
    while waiting:
        member = waiting.pop()
        row, column = places[member]
        for other, down, along in links[member]:
            place = (row + down, column + along)
            if other not in places:
                places[other] = place
                waiting.append(other)
            elif places[other] != place:
                return None
    return places if len(set(places.values())) == len(places) else None


def _by_bounds(located: list[tuple[Rim, tuple[float, float, float, float]]]) -> list[Pair]:
    pairs: list[Pair] = []
    for crs in dict.fromkeys(rim.crs for rim, _ in located):
        # By their left sides: whatever begins beyond one's right side is past.
        group = sorted(((r, b) for r, b in located if r.crs == crs), key=lambda item: item[1][0])
        boxes = np.array([bounds for _, bounds in group])
        pixel = (boxes[:, 2:] - boxes[:, :2]) / np.array([(r.width, r.height) for r, _ in group])
        for index, (rim, bounds) in enumerate(group):
            gap = pixel[index] / 2  # bounds are rounded in many files
            end = int(np.searchsorted(boxes[:, 0], bounds[2] + gap[0], side="right"))
            rest = boxes[index + 1 : end]
            shared = np.minimum(rest[:, 2:], bounds[2:]) - np.maximum(rest[:, :2], bounds[:2])
            near = (shared >= -gap).all(axis=1)
            # Corners that meet share no edge.
            near &= (shared > _SHORTEST * pixel[index]).any(axis=1)
            pairs += [
                Pair(rim.id, group[index + 1 + int(position)][0].id, "bounds", "overlap")
                for position in np.flatnonzero(near)
            ]
    return pairs


def groups(pairs: Sequence[Pair]) -> list[tuple[str, ...]]:
    """Samples that hang together by their pairs, each group in the order of ids."""
    parent: dict[str, str] = {}

    def root(member: str) -> str:
        parent.setdefault(member, member)
        while parent[member] != member:
            parent[member] = parent[parent[member]]
            member = parent[member]
        return member

    for pair in pairs:
        parent[root(pair.one)] = root(pair.other)
    members: dict[str, list[str]] = defaultdict(list)
    for member in parent:
        members[root(member)].append(member)
    return sorted(tuple(sorted(group)) for group in members.values())
