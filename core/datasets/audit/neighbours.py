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

from core.datasets.recipes.splits import Split
from core.imagery.header import Header

__all__ = ["ImageEdges", "Leak", "Pair", "find_neighbours", "groups", "image_edges", "leak"]

_LENGTH = 128  # values an edge is resampled to
_SMOOTH = _LENGTH // 4 | 1  # what varies more slowly than this is light, not content
_SHORTEST = 24  # pixels: shorter edges say too little
# Measured: of 80 seams of the real Dubai set 79 correlate with 0.51 or more and step by at most 1.7
# times what neighbouring lines within the images do; of 944 pairs of its edges that do not touch,
# none correlates with more than 0.45, and none over 0.4 steps by less than 3.2 times. In generated
# scenes: all seams from 0.54 and up to 1.4; the others up to 0.47, from 1.7. The seam left out,
# along water, is found by its place among the others.
_ALIKE = 0.5
_STEP = 1.9
_LEVELS = 0.08  # largest step in mean brightness over a seam, as a share of the span
_CONTENT = 1.5  # least deviation along an edge in grey levels of 8 bits: below is noise
_CHUNK = 512
_SIDES = (("right", "left"), ("bottom", "top"))


@dataclass(frozen=True)
class ImageEdges:
    """The outermost pixels of one sample's image, or its place on Earth where that is known.

    Attributes:
        edges: by side (``left``, ``right``, ``top``, ``bottom``) a vector of unit length; without
            those that have no content. Empty for georeferenced images.
        norms: by side the length that the vector had.
        steps: by side the length of the difference from the next line inwards.
        levels: by side the mean of each band.
        span: range of values that is taken for full contrast.
        bounds: left, bottom, right, top in units of the reference system, or None.
    """

    id: str
    scene: str
    width: int
    height: int
    edges: dict[str, np.ndarray]
    norms: dict[str, float]
    steps: dict[str, float]
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


def image_edges(
    sample: str, scene: str, pixels: np.ndarray, header: Header, limits: tuple[float, float]
) -> ImageEdges:
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
        return ImageEdges(sample, scene, width, height, {}, {}, {}, {}, 1.0, str(place.crs), bounds)
    edges = ImageEdges(
        sample, scene, width, height, {}, {}, {}, {}, max(limits[1] - limits[0], 1e-12)
    )
    if min(width, height) < _SHORTEST:
        return edges
    for side, line, inner in (
        ("left", pixels[:, 0], pixels[:, 1]),
        ("right", pixels[:, -1], pixels[:, -2]),
        ("top", pixels[0], pixels[1]),
        ("bottom", pixels[-1], pixels[-2]),
    ):
        outermost, next_one = (
            _vector(values[:, :3], limits[0], edges.span) for values in (line, inner)
        )
        norm, step = np.linalg.norm(outermost), np.linalg.norm(outermost - next_one)
        noise = np.sqrt(outermost.size) / 255
        if not norm >= _CONTENT * noise or not np.isfinite(step):  # NaN compares as False
            continue
        edges.edges[side] = outermost / norm
        edges.norms[side], edges.steps[side] = float(norm), float(max(step, noise))
        edges.levels[side] = line[:, :3].mean(axis=0, dtype=np.float64)
    return edges


def _vector(line: np.ndarray, low: float, span: float) -> np.ndarray:
    """An edge as a vector: resampled, without its slow part."""
    values = (line.astype(np.float32) - np.float32(low)) / np.float32(span)
    method = cv2.INTER_AREA if len(values) > _LENGTH else cv2.INTER_LINEAR
    even = cv2.resize(values[:, None], (1, _LENGTH), interpolation=method)
    even = even.reshape(_LENGTH, 1, values.shape[1])
    slow = cv2.blur(even, (1, _SMOOTH), borderType=cv2.BORDER_REFLECT).reshape(even.shape)
    fast = (even - slow)[:, 0]
    return np.ravel(fast - fast.mean(axis=0))


def find_neighbours(images: Sequence[ImageEdges]) -> tuple[Pair, ...]:
    """Pairs that touch or overlap, each once.

    Images with a georeference are compared by their bounds, the others by their edges: the bottom
    of one with the top of another of the same width (within 1 %), the right with the left. Two
    edges match if they correlate, differ no more than neighbouring lines within the two images do,
    are equally bright, and are the likest for each other. Images that lie side by side in a mosaic
    found so are neighbours too, whatever is along their seam.
    """
    plain = [image for image in images if image.bounds is None]
    pairs = _by_edges(plain)
    located = [(image, image.bounds) for image in images if image.bounds is not None]
    return (*pairs, *_by_grid(pairs), *_by_bounds(located))


def _by_edges(images: list[ImageEdges]) -> list[Pair]:
    pairs: list[Pair] = []
    for side, opposite in _SIDES:
        ours = [image for image in images if side in image.edges]
        theirs = [image for image in images if opposite in image.edges]
        for bands in sorted({image.edges[side].size for image in ours}):
            a = [image for image in ours if image.edges[side].size == bands]
            b = [image for image in theirs if image.edges[opposite].size == bands]
            if a and b:
                pairs += _matched(a, b, side, opposite)
    return pairs


def _matched(
    ours: list[ImageEdges], theirs: list[ImageEdges], side: str, opposite: str
) -> list[Pair]:
    """Pairs whose edges are the likest for each other."""
    b = _Edges(theirs, opposite)
    place = {image.id: index for index, image in enumerate(theirs)}
    best_of_theirs = np.full(len(theirs), -1.0, np.float32)
    candidates: list[tuple[int, int, float]] = []
    for start in range(0, len(ours), _CHUNK):
        chunk = ours[start : start + _CHUNK]
        a = _Edges(chunk, side)
        score = a.vectors @ b.vectors.T
        length = a.lengths[:, None]
        fits = np.abs(length - b.lengths) <= np.maximum(2, 0.01 * length)
        span = np.maximum(a.spans[:, None], b.spans)
        fits &= np.abs(a.levels[:, None] - b.levels).max(axis=-1) <= _LEVELS * span
        # The length of the difference of two vectors by those of the two and their correlation.
        norm = a.norms[:, None]
        seam = norm**2 + b.norms**2 - 2 * norm * b.norms * score
        fits &= seam <= np.square(_STEP * (a.steps[:, None] + b.steps) / 2)
        for row, image in enumerate(chunk):
            if image.id in place:
                fits[row, place[image.id]] = False  # a picture that goes on in itself
        score[~fits] = -1
        best_of_theirs = np.maximum(best_of_theirs, score.max(axis=0))
        candidates += [
            (start + row, int(column), float(score[row, column]))
            for row, column in enumerate(score.argmax(axis=1))
            if score[row, column] >= _ALIKE
        ]
    return [
        Pair(ours[one].id, theirs[other].id, "edge", "right" if side == "right" else "bottom")
        for one, other, score in candidates
        if score >= best_of_theirs[other]
    ]


class _Edges:
    """One side of several images, as arrays."""

    def __init__(self, images: Sequence[ImageEdges], side: str) -> None:
        self.vectors = np.stack([image.edges[side] for image in images])
        self.levels = np.stack([image.levels[side] for image in images])
        self.norms = np.array([image.norms[side] for image in images])
        self.steps = np.array([image.steps[side] for image in images])
        self.spans = np.array([image.span for image in images])
        self.lengths = np.array([_length(image, side) for image in images])


def _length(image: ImageEdges, side: str) -> int:
    return image.height if side in ("left", "right") else image.width


def _by_grid(pairs: list[Pair]) -> list[Pair]:
    """Pairs side by side in a mosaic whose seams show too little to be matched."""
    links: dict[str, list[tuple[str, int, int]]] = defaultdict(list)
    for pair in pairs:
        down, along = (0, 1) if pair.side == "right" else (1, 0)
        links[pair.one].append((pair.other, down, along))
        links[pair.other].append((pair.one, -down, -along))
    known = {(pair.one, pair.other) for pair in pairs}
    more: list[Pair] = []
    for members in groups(pairs):
        places = _places(members, links)
        if places is None:
            continue
        at = {place: member for member, place in places.items()}
        for member, (row, column) in places.items():
            for side, beside in (("right", (row, column + 1)), ("bottom", (row + 1, column))):
                other = at.get(beside)
                if other and (member, other) not in known:
                    more.append(
                        Pair(member, other, "grid", "right" if side == "right" else "bottom")
                    )
    return more


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


def _by_bounds(located: list[tuple[ImageEdges, tuple[float, float, float, float]]]) -> list[Pair]:
    pairs: list[Pair] = []
    for crs in dict.fromkeys(image.crs for image, _ in located):
        # By their left sides: whatever begins beyond one's right side is past.
        group = sorted(((r, b) for r, b in located if r.crs == crs), key=lambda item: item[1][0])
        boxes = np.array([bounds for _, bounds in group])
        pixel = (boxes[:, 2:] - boxes[:, :2]) / np.array([(r.width, r.height) for r, _ in group])
        for index, (image, bounds) in enumerate(group):
            gap = pixel[index] / 2  # bounds are rounded in many files
            end = int(np.searchsorted(boxes[:, 0], bounds[2] + gap[0], side="right"))
            rest = boxes[index + 1 : end]
            shared = np.minimum(rest[:, 2:], bounds[2:]) - np.maximum(rest[:, :2], bounds[:2])
            near = (shared >= -gap).all(axis=1)
            # Corners that meet share no edge.
            near &= (shared > _SHORTEST * pixel[index]).any(axis=1)
            pairs += [
                Pair(image.id, group[index + 1 + int(position)][0].id, "bounds", "overlap")
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
