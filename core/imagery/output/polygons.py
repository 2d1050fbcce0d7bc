"""Regions of a label map as GeoJSON, made and written part by part."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from core.imagery.ground_area import GroundAreas, NoGroundAreas, ground_areas
from core.imagery.header import Georeference
from core.imagery.output.joined_regions import joined_regions
from core.imagery.output.outlines import AS_PIXELS, Outlines, OutlineSettings
from core.imagery.output.places import (
    Rings,
    in_system,
    on_the_globe,
    placed_points,
    unrolled,
    with_points_between,
)
from core.imagery.output.region_sizes import RegionSizes, region_sizes
from core.imagery.output.regions import Regions, enclosed, seams
from core.provenance import JsonMark

__all__ = [
    "SIMPLIFIED_ROWS",
    "Collection",
    "gathered",
    "outlines_of",
    "polygon_parts",
    "polygon_parts_of",
    "with_sizes",
]

SIMPLIFIED_ROWS = 512
"""Rows whose regions are simplified at a time: those of an image in memory and of one by windows
are the same, and at their ends every border keeps a corner."""

_VOID = 255
_CORNERS = 20_000  # of a part that is made at a time: some 10 MiB of text and its pieces


@dataclass(frozen=True)
class Collection:
    """What is the same of all regions of a map.

    Attributes:
        names: of the classes, in index order.
        georeference: of the image.
        areas: of the image.
        min_area: least area of a region, as in `OutlineSettings`.
        left_out: called with number and pixels of some regions that are below it.
    """

    names: tuple[str, ...]
    georeference: Georeference | None
    areas: GroundAreas | NoGroundAreas
    min_area: float = 0.0
    left_out: Callable[[int, int], None] | None = None


def polygon_parts(
    labels: np.ndarray,
    names: tuple[str, ...],
    georeference: Georeference | None,
    settings: OutlineSettings = AS_PIXELS,
) -> Iterator[bytes]:
    """Regions of one class as a marked GeoJSON FeatureCollection, in parts; void is left out.

    Regions are 4-connected and follow pixel edges. Coordinates are longitude and latitude with
    outer rings counter-clockwise (RFC 7946) where the image's reference system says where it lies;
    what crosses the antimeridian is cut there, and what cannot be given in degrees has no geometry,
    which the member ``left_out`` says. Edges that bend in degrees have points between.
    Otherwise they are those of its grid, or pixels, x to the right and y down, where it has none;
    the collection's member ``coordinates`` then says which. ``area_m2`` is the area of the ground,
    see `core.imagery.ground_area`; where there is none, the member ``no_area`` says why.

    Args:
        labels: (H, W) uint8, 255 = void.
        names: of the classes, in index order.
        georeference: of the image.
        settings: smallest region and simplification. `pixels` and `area_m2` of a polygon are those
            of its region, whatever was simplified.

    Raises:
        ValueError: the grid gives coordinates that are no finite numbers.
    """
    areas = ground_areas(georeference, labels.shape[1], labels.shape[0])
    batches = outlines_of(labels, areas, settings.simplify)
    yield from polygon_parts_of(batches, Collection(names, georeference, areas, settings.min_area))


def outlines_of(
    labels: np.ndarray, areas: GroundAreas | NoGroundAreas, simplify: float
) -> Iterator[tuple[Regions, RegionSizes]]:
    """Outlines of all regions of a label map, and the sizes that these have before simplification.

    Args:
        labels: (H, W) uint8, 255 = void.
        areas: of the image.
        simplify: see `OutlineSettings`.
    """
    if not simplify or len(labels) <= SIMPLIFIED_ROWS:
        yield with_sizes(Outlines.of(labels, _VOID, simplify), areas)
        return
    tops = range(0, len(labels), SIMPLIFIED_ROWS)
    bands = (labels[top : top + SIMPLIFIED_ROWS] for top in tops)
    for part in gathered(joined_regions(bands, _VOID, simplify)):
        yield with_sizes(part, areas)


def with_sizes(
    outlines: Outlines, areas: GroundAreas | NoGroundAreas
) -> tuple[Regions, RegionSizes]:
    """Outlines as they are drawn, and the exact sizes."""
    return outlines.drawn, region_sizes(outlines.exact, areas)


def gathered(batches: Iterable[Outlines]) -> Iterator[Outlines]:
    """The same regions in batches that are neither of one region each nor of very many."""
    waiting: list[Outlines] = []
    corners = 0
    for batch in batches:
        for start, end in batch.exact.parts(_CORNERS):
            waiting.append(batch.slice(start, end))
            corners += len(waiting[-1].exact.corners)
            if corners >= _CORNERS:
                yield Outlines.concatenated(waiting)
                waiting, corners = [], 0
    if waiting:
        yield Outlines.concatenated(waiting)


def polygon_parts_of(
    batches: Iterable[tuple[Regions, RegionSizes]], of: Collection
) -> Iterator[bytes]:
    """What `polygon_parts` gives, of regions that come in batches.

    Args:
        batches: outlines, and the sizes of their regions.
        of: what is the same of all of them.
    """
    text = _Text(of.names)
    yield text.head()
    without_place, note = 0, ""
    for outlines, sizes in batches:
        places = _Places.of(outlines, of.georeference)
        note = places.note or note
        large = sizes.measure >= of.min_area
        if of.left_out and not large.all():
            of.left_out(int((~large).sum()), int(sizes.pixels[~large].sum()))
        outlines, sizes = outlines.select(large), sizes.select(large)
        for start, end in outlines.parts(_CORNERS):
            part = outlines.slice(start, end)
            geometries = places.geometries(part)
            without_place += geometries.count(None)
            yield text.features(part, sizes, start, geometries)
    notes = {}
    if note:
        notes["coordinates"] = note
    if isinstance(of.areas, NoGroundAreas):
        notes["no_area"] = of.areas.reason
    if without_place:
        notes["left_out"] = f"{without_place} outline(s) that cannot be given in degrees"
    yield text.tail(notes)


@dataclass(frozen=True)
class _Places:
    """Where the corners of all regions lie: each is looked up once, however many regions share it.

    Attributes:
        corners: (C,) int64, number of a corner: row by row over the image.
        width: corners of a row.
        points: (C, 2) float64 coordinates for GeoJSON.
        note: what they are, where not degrees.
        georeference: of an image whose points are in degrees; else None.
        continuous: whether the longitudes are the grid's own.
    """

    corners: np.ndarray
    width: int
    points: np.ndarray
    note: str
    georeference: Georeference | None
    continuous: bool

    @classmethod
    def of(cls, outlines: Regions, georeference: Georeference | None) -> _Places:
        width = int(outlines.corners[:, 0].max(initial=0)) + 1
        corners = np.unique(_numbers(outlines, width))
        pixels = np.column_stack([corners % width, corners // width]).astype(np.float64)
        if georeference is None:
            note = "pixels of the image, x to the right, y down"
            return cls(corners, width, pixels, note, None, continuous=True)
        placed = placed_points(georeference, pixels)
        if placed is not None:
            points, own = placed
            return cls(corners, width, points, "", georeference, continuous=own)
        note = "those of the image's grid: " + (
            "its reference system is not given"
            if georeference.crs is None
            else "its reference system cannot be brought to degrees"
        )
        points = np.column_stack(in_system(georeference, pixels))
        if not np.isfinite(points).all():
            raise ValueError("the image's grid gives coordinates that are no finite numbers")
        return cls(corners, width, points, note, None, continuous=True)

    def geometries(self, part: Regions) -> list[str | None]:
        """GeoJSON text of each polygon; None where it cannot be given in degrees."""
        numbers, which = np.unique(_numbers(part, self.width), return_inverse=True)
        shared = self.points[np.searchsorted(self.corners, numbers)]
        points, rings = shared[which], part.rings
        bent = False
        if self.georeference is not None and not self.continuous:
            owner = np.repeat(np.arange(len(rings) - 1), np.diff(rings))
            pixels = part.corners.astype(np.float64)
            points, owner = with_points_between(pixels, points, owner, self.georeference)
            bent = len(points) != len(which)
            rings = np.searchsorted(owner, np.arange(len(rings)))
        order = _winding(points, rings, part.polygons)
        texts = _texts(points[order]) if bent else _picked(_texts(shared), which[order])
        each = [f"[{', '.join(texts[a:b])}]" for a, b in pairwise(rings.tolist())]
        ends = part.polygons.tolist()
        geometries: list[str | None] = [
            f'{{"type": "Polygon", "coordinates": [{", ".join(each[a:b])}]}}'
            for a, b in pairwise(ends)
        ]
        if self.georeference is not None:
            for place in self._to_cut(points, rings, part.polygons).tolist():
                a, b = ends[place], ends[place + 1]
                own = [points[rings[ring] : rings[ring + 1]] for ring in range(a, b)]
                bounds = [part.corners[part.rings[r] : part.rings[r + 1]] for r in range(a, b)]
                geometries[place] = self._cut(own, [ring.astype(np.float64) for ring in bounds])
        return geometries

    def _to_cut(self, points: np.ndarray, rings: np.ndarray, polygons: np.ndarray) -> np.ndarray:
        """Polygons that go round a pole or beyond the antimeridian."""
        longitudes = points[:, 0]
        beyond = np.maximum.reduceat(np.abs(longitudes), rings[:-1]) > 180
        if not self.continuous:
            jump = np.abs(np.diff(longitudes)) > 180
            jump[seams(rings)] = False
            beyond |= np.logical_or.reduceat(jump, rings[:-1])
        return np.flatnonzero(np.logical_or.reduceat(beyond, polygons[:-1]))

    def _cut(self, rings: Rings, outline: Rings) -> str | None:
        """A geometry that is cut at the antimeridian (RFC 7946, 3.1.9)."""
        assert self.georeference is not None
        if not self.continuous:
            rings = [unrolled(ring) for ring in rings]
        parts: list[Rings] | None = [rings]
        # Only a ring round a pole does not end where it began.
        plain = all(ring[0, 0] == ring[-1, 0] for ring in rings)
        if not plain or any(np.abs(ring[:, 0]).max() > 180 for ring in rings):
            parts = on_the_globe(rings, outline, self.georeference, continuous=self.continuous)
        if not parts:
            return None
        wound = [_wound(part) for part in parts]
        if len(wound) == 1:
            return json.dumps({"type": "Polygon", "coordinates": wound[0]}, allow_nan=False)
        return json.dumps({"type": "MultiPolygon", "coordinates": wound}, allow_nan=False)


def _numbers(outlines: Regions, width: int) -> np.ndarray:
    columns, rows = outlines.corners.T
    return rows.astype(np.int64) * width + columns


def _winding(points: np.ndarray, rings: np.ndarray, polygons: np.ndarray) -> np.ndarray:
    """Order of the points (N,) in which outer rings are counter-clockwise and holes clockwise.

    Whichever way the grid is mirrored.
    """
    outer = np.zeros(len(rings) - 1, bool)
    outer[polygons[:-1]] = True
    turned = (enclosed(points, rings) < 0) == outer
    sizes = np.diff(rings)
    order = np.arange(len(points))
    mirrored = np.repeat(rings[:-1] + rings[1:] - 1, sizes) - order
    return np.where(np.repeat(turned, sizes), mirrored, order)


def _wound(rings: Rings) -> list[list[list[float]]]:
    ends = np.cumsum([0, *map(len, rings)])
    points = np.concatenate(rings)
    points = points[_winding(points, ends, np.array([0, len(rings)]))]
    return [points[a:b].tolist() for a, b in pairwise(ends)]


def _texts(points: np.ndarray) -> list[str]:
    """Points (N, 2) as JSON writes them."""
    return [f"[{x!r}, {y!r}]" for x, y in points.tolist()]


def _picked(texts: list[str], which: np.ndarray) -> list[str]:
    return [texts[place] for place in which.tolist()]


class _Text:
    """The text of a FeatureCollection, as `json.dumps` would write it, and its mark."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._mark = JsonMark()
        quoted = [json.dumps(name, ensure_ascii=False) for name in names]
        self._starts = [f'{{"type": "Feature", "properties": {{"class": {q}, ' for q in quoted]
        self._compact = [f'{{"type":"Feature","properties":{{"class":{q},' for q in quoted]
        self._first = True

    def head(self) -> bytes:
        self._mark.add('{"type":"FeatureCollection","features":[')
        return b'{"type": "FeatureCollection", "features": ['

    def features(
        self, part: Regions, sizes: RegionSizes, start: int, geometries: list[str | None]
    ) -> bytes:
        """The polygons of `part`, of which the first has number `start` in `sizes`."""
        pixels = sizes.pixels[start : start + len(part)].tolist()
        ground = sizes.square_metres
        areas = [""] * len(part)
        if ground is not None:
            areas = [f', "area_m2": {a!r}' for a in ground[start : start + len(part)].tolist()]
        labels = part.labels.tolist()
        rests = [
            f'"label": {label}, "pixels": {count}{area}}}, "geometry": {geometry or "null"}}}'
            for label, count, area, geometry in zip(labels, pixels, areas, geometries, strict=True)
        ]
        # No name is in the rest: each space in it is one between its parts.
        packed = [rest.replace(" ", "") for rest in rests]
        compact = [self._compact[label] + rest for label, rest in zip(labels, packed, strict=True)]
        spaced = [self._starts[label] + rest for label, rest in zip(labels, rests, strict=True)]
        self._mark.add(("" if self._first else ",") + ",".join(compact))
        text = ("" if self._first else ", ") + ", ".join(spaced)
        self._first = False
        return text.encode()

    def tail(self, notes: dict[str, str]) -> bytes:
        """The end, with other members of the collection."""
        members = [(json.dumps(k), json.dumps(v, ensure_ascii=False)) for k, v in notes.items()]
        self._mark.add("]" + "".join(f",{key}:{value}" for key, value in members) + "}")
        others = "".join(f", {key}: {value}" for key, value in members)
        return f"]{others}, {self._mark.member()}}}".encode()
