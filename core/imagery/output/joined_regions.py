"""Regions of a label map that comes in bands of rows, joined across the bands.

Each band is simplified for itself, its own border left as it is: the pieces of a region meet there.

A region is handed out when the band below its last row is there. Only those that reach the band's
last row are held: a region that spans the map is held as a whole, as its polygon is one.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from core.imagery.output.outlines import Outlines
from core.imagery.output.regions import Regions, offsets

__all__ = ["joined_regions"]

_NONE = -1


@dataclass
class _Group:
    """Pieces of a region that goes on below.

    Attributes:
        label: of the region.
        pieces: what of it lies in each band.
    """

    label: int
    pieces: list[Outlines] = field(default_factory=list)


def joined_regions(
    bands: Iterable[np.ndarray], void: int, tolerance: float = 0.0
) -> Iterator[Outlines]:
    """The 4-connected regions of one label, as `Outlines.of` has them, in another order.

    Args:
        bands: (n, W) uint8, rows from top to bottom. Where they end has no say in the exact
            outlines, but in those that are simplified.
        void: label of which no region is made.
        tolerance: of the simplification, in pixels; 0 for none.

    Yields:
        Complete regions, after each band.
    """
    waiting: dict[int, _Group] = {}
    owners = np.empty(0, np.int64)  # the group of each pixel of the row above
    above = np.empty(0, np.uint8)
    top = number = 0
    for band in bands:
        pieces = Outlines.of(np.ascontiguousarray(band), void, tolerance, top)
        bottom = top + len(band)
        firsts = _owners(pieces.exact, top, band.shape[1])
        lasts = _owners(pieces.exact, bottom, band.shape[1])
        links = _Links(len(pieces))
        if len(owners):
            same = (above == band[0]) & (above != void)
            for group, piece in np.unique(
                np.stack([owners[same], firsts[same]]), axis=1
            ).T.tolist():
                links.join(group, piece)
        below = np.zeros(len(pieces), bool)
        below[lasts[lasts != _NONE]] = True
        touching = below.copy()
        touching[[*links.pieces]] = True
        if not touching.all():
            yield pieces.select(~touching)
        going_on: dict[int, _Group] = {}
        owner_of = np.full(len(pieces) + 1, _NONE, np.int64)
        for groups, members in links.sets(np.flatnonzero(touching).tolist()):
            label = int(pieces.exact.labels[members[0]])
            group = _Group(label, [part for g in groups for part in waiting.pop(g).pieces])
            group.pieces += [pieces.slice(member, member + 1) for member in members]
            if below[members].any():
                going_on[number] = group
                owner_of[members] = number
                number += 1
            else:
                yield _joined(group)
        for group in waiting.values():  # those that nothing goes on from
            yield _joined(group)
        waiting, above, top = going_on, band[-1].copy(), bottom
        owners = owner_of[lasts]
    for group in waiting.values():
        yield _joined(group)


class _Links:
    """Which pieces of a band and which groups of the bands above are one region.

    Args:
        pieces: number of pieces.
    """

    def __init__(self, pieces: int) -> None:
        self._parent: dict[tuple[str, int], tuple[str, int]] = {}
        self.pieces: set[int] = set()
        self._count = pieces

    def join(self, group: int, piece: int) -> None:
        """Note that a group goes on in a piece."""
        self.pieces.add(piece)
        first, second = self._root(("group", group)), self._root(("piece", piece))
        if first != second:
            self._parent[first] = second

    def _root(self, node: tuple[str, int]) -> tuple[str, int]:
        path = []
        while (parent := self._parent.setdefault(node, node)) != node:
            path.append(node)
            node = parent
        for passed in path:
            self._parent[passed] = node
        return node

    def sets(self, pieces: list[int]) -> list[tuple[list[int], list[int]]]:
        """Groups and pieces of each region, of some pieces; a region of groups alone is none."""
        each: dict[tuple[str, int], tuple[list[int], list[int]]] = {}
        for piece in pieces:
            each.setdefault(self._root(("piece", piece)), ([], []))[1].append(piece)
        for kind, group in [node for node in self._parent if node[0] == "group"]:
            each[self._root((kind, group))][0].append(group)
        return list(each.values())


def _owners(pieces: Regions, row: int, width: int) -> np.ndarray:
    """(W,) which piece has its edge on a line between rows above each column; -1 for none."""
    owners = np.full(width, _NONE, np.int64)
    if not len(pieces):
        return owners
    on_line = pieces.corners[:, 1] == row
    along = on_line[1:] & on_line[:-1]
    along[pieces.rings[1:-1] - 1] = False  # from one ring to the next
    at = np.flatnonzero(along)
    rings = np.repeat(np.arange(len(pieces)), np.diff(pieces.rings[pieces.polygons]))
    x = pieces.corners[:, 0].astype(np.int64)
    starts, lengths = np.minimum(x[at], x[at + 1]), np.abs(x[at + 1] - x[at])
    owner = np.repeat(rings[at], lengths)
    first = np.repeat(starts - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
    owners[first + np.arange(len(owner))] = owner
    return owners


def _joined(group: _Group) -> Outlines:
    """One region of its pieces."""
    if len(group.pieces) == 1:
        return group.pieces[0]
    exact = _union(group.label, [piece.exact for piece in group.pieces])
    if all(piece.drawn is piece.exact for piece in group.pieces):
        return Outlines(exact, exact)
    return Outlines(exact, _union(group.label, [piece.drawn for piece in group.pieces]))


def _union(label: int, pieces: list[Regions]) -> Regions:
    import shapely

    whole = shapely.union_all([_polygon(piece) for piece in pieces])
    _, points, (rings, _) = shapely.to_ragged_array(np.array([whole]))
    corners, sizes = [], []
    for start, end in itertools.pairwise(rings):
        ring = _corners_alone(np.asarray(points[start:end]))
        corners.append(ring)
        sizes.append(len(ring))
    return Regions(
        np.concatenate(corners).astype(np.int32),
        offsets(np.array(sizes)),
        np.array([0, len(sizes)], np.int64),
        np.array([label], np.uint8),
    )


def _polygon(piece: Regions) -> object:
    import shapely

    outer, *holes = np.split(piece.corners.astype(np.float64), piece.rings[1:-1])
    return shapely.Polygon(outer, holes)


def _corners_alone(ring: np.ndarray) -> np.ndarray:
    """A closed ring without the points at which it goes straight on."""
    points = ring[:-1]
    before, after = points - np.roll(points, 1, axis=0), np.roll(points, -1, axis=0) - points
    bends = before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]
    kept = points[bends]
    return np.concatenate([kept, kept[:1]])
