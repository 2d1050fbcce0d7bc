"""Drawing one generated scene: a stretch of Gulf coast seen from above, with its exact labels.

Everything is drawn in ground units (about one metre) times `Scene.scale`, so that a villa has
the same size in pixels in every scene of one size. Districts are Voronoi cells of a warped plane:
their borders become the arterial roads, and each has a street grid of its own in a rotated and
gently bent local frame, in which buildings are placed as well, so that they follow the streets.
Colours are reflectances in 0–1; shadows are kept apart and darken whatever class they fall on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

BUILDING, LAND, ROAD, VEGETATION, WATER, VOID = 0, 1, 2, 3, 4, 255

Floats = NDArray[np.float32]
Points = NDArray[np.float64]
Mask = NDArray[np.bool_]
Color = Sequence[float] | Points

SANDS = [(0.74, 0.71, 0.68), (0.77, 0.69, 0.62), (0.72, 0.63, 0.50), (0.63, 0.61, 0.58)]
SEAS = [  # (shallow, deep); dark water is as dark as mangrove, shallow water as bright as roofs
    ((0.33, 0.39, 0.30), (0.06, 0.09, 0.07)),
    ((0.42, 0.52, 0.46), (0.07, 0.17, 0.15)),
    ((0.45, 0.62, 0.58), (0.10, 0.27, 0.33)),
    ((0.40, 0.38, 0.28), (0.11, 0.13, 0.08)),
]
GREENS = [(0.16, 0.22, 0.12), (0.27, 0.34, 0.18), (0.38, 0.37, 0.24), (0.22, 0.23, 0.18)]
ROOFS = [  # concrete, white, sand, asphalt felt, brown, tile, sheet metal blue, green, dark
    (0.72, 0.69, 0.65), (0.88, 0.87, 0.85), (0.74, 0.64, 0.52), (0.36, 0.34, 0.33),
    (0.50, 0.42, 0.36), (0.60, 0.36, 0.27), (0.40, 0.55, 0.60), (0.34, 0.42, 0.29),
    (0.20, 0.19, 0.19),
]  # fmt: skip
CARS = [(0.92, 0.92, 0.92), (0.75, 0.75, 0.77), (0.12, 0.12, 0.13), (0.38, 0.2, 0.17)]

# Street grid of each kind of district: block length, block depth, street width (metres), and the
# share of street pieces that exist (the gaps give long blocks and dead ends).
STREETS = {
    "villas": (128.0, 60.0, 7.0, 0.86),
    "midrise": (104.0, 80.0, 8.0, 0.8),
    "towers": (88.0, 88.0, 10.0, 0.8),
    "industry": (168.0, 100.0, 9.0, 0.8),
    "lots": (130.0, 100.0, 7.0, 0.55),
    "park": (230.0, 190.0, 5.0, 0.4),
    "desert": (420.0, 380.0, 6.0, 0.3),
}


def fractal_noise(
    rng: np.random.Generator,
    size: int,
    wavelength: float,
    octaves: int = 4,
    gain: float = 0.5,
    stretch: float = 1.0,
) -> Floats:
    """Sum of octaves of smooth value noise, (size, size) float32, mean 0 and deviation 1.

    Args:
        wavelength: of the coarsest octave, in pixels; each further one has half of it.
        gain: amplitude of an octave relative to the one before.
        stretch: how much longer the noise is along x than along y.
    """
    total = np.zeros((size, size), np.float32)
    amplitude = 1.0
    for _ in range(octaves):
        step_x, step_y = max(wavelength * stretch, 1.0), max(wavelength, 1.0)
        # Every octave has its own turn and phase, or the grids would show as a weave. Stretched
        # noise keeps its direction.
        turn = rng.uniform(0, 2 * np.pi) if stretch == 1 else 0.0
        c, n = np.cos(turn), np.sin(turn)
        matrix = np.array([[c / step_x, -n / step_x, 0], [n / step_y, c / step_y, 0]])
        edges = np.array([[0, 0, 1], [size, 0, 1], [0, size, 1], [size, size, 1]]) @ matrix.T
        columns, rows = (np.ptp(edges, axis=0) + 5).astype(int)
        grid = rng.standard_normal((rows, columns), np.float32)
        matrix[:, 2] = rng.uniform(1, 2, 2) - edges.min(axis=0)
        total += amplitude * cv2.warpAffine(
            grid, matrix, (size, size), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT,
        )  # fmt: skip
        amplitude *= gain
        wavelength /= 2
    return ((total - total.mean()) / (total.std() + 1e-6)).astype(np.float32)


def distance_to(mask: Mask) -> Floats:
    """Distance in pixels of every pixel to the nearest True one (large where there is none)."""
    if not mask.any():
        return np.full(mask.shape, 1e4, np.float32)
    return cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5).astype(np.float32)


def smooth_curve(points: Points, steps: int = 160) -> Points:
    """Catmull-Rom curve through the points, (n, 2) to (about steps, 2)."""
    padded = np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
    pieces = []
    t = np.linspace(0, 1, max(2, steps // (len(points) - 1)))[:, None]
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        pieces.append(
            0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2
                   + (3 * b - a - 3 * c + d) * t**3)
        )  # fmt: skip
    return np.vstack(pieces)


@dataclass(frozen=True)
class District:
    """A Voronoi cell with its own street grid; lengths in pixels."""

    index: int
    kind: str
    site: Points
    angle: float
    block: tuple[float, float]
    street: float
    connected: float
    dust: float  # 0 = fresh asphalt, 1 = the road has the colour of the sand
    garden: float  # share of lots that are irrigated


class Scene:
    """One scene while it is drawn: `rgb` (S, S, 3) float32, `labels` (S, S) uint8, shadows."""

    def __init__(self, size: int, rng: np.random.Generator) -> None:
        self.size, self.rng = size, rng
        self.scale = float(np.clip((size / 900) ** 0.5, 0.38, 1.15) * rng.uniform(0.85, 1.1))
        self.labels = np.full((size, size), LAND, np.uint8)
        self.shadow = np.zeros((size, size), np.uint8)
        self.casters: list[tuple[float, Points, Points]] = []
        self.trees: list[tuple[int, int, float]] = []
        sun = rng.uniform(0, 2 * np.pi)
        self.sun = np.array([np.cos(sun), np.sin(sun)])  # where shadows point to
        self.shadow_length = rng.uniform(0.45, 1.1)
        self.lean = rng.uniform(-0.22, 0.22, 2)  # off-nadir view: roofs shift, facades show
        self.sand = np.array(SANDS[rng.integers(len(SANDS))]) * rng.uniform(0.9, 1.08)
        self.asphalt = np.array([0.30, 0.285, 0.275]) * rng.uniform(0.75, 1.35)
        self.rgb = self._desert()
        y, x = np.mgrid[0:size, 0:size].astype(np.float32)
        bend = rng.uniform(8, 26) * self.scale
        self.warp = np.dstack(
            [fractal_noise(rng, size, 330 * self.scale, 1) * bend for _ in range(2)]
        )
        self.x, self.y = x + self.warp[..., 0], y + self.warp[..., 1]

    # -- ground ---------------------------------------------------------------------------------

    def _desert(self) -> Floats:
        """Sand: large tonal patches, gravel, bright salt crust, ripples and vehicle tracks."""
        rng, size, s = self.rng, self.size, self.scale
        tone = 0.085 * fractal_noise(rng, size, 320 * s, 7, 0.6)
        tone += 0.022 * fractal_noise(rng, size, 7 * s, 2, 0.7)
        dunes = np.sin(
            0.45 * np.mgrid[0:size, 0:size][0] / s + 3.5 * fractal_noise(rng, size, 130 * s, 3)
        )
        tone += 0.03 * dunes * (fractal_noise(rng, size, 300 * s, 2) > 0.5)
        gravel = np.clip(fractal_noise(rng, size, 150 * s, 6, 0.6) - 0.7, 0, 1)
        salt = np.clip(fractal_noise(rng, size, 120 * s, 6, 0.65) - 0.9, 0, 0.8)
        rgb = (self.sand * (1 + tone[..., None])).astype(np.float32)
        rgb *= 1 - gravel[..., None] * np.array([0.36, 0.38, 0.38], np.float32)
        rgb += (0.9 - rgb) * (0.6 * salt[..., None])
        tracks = np.zeros((size, size), np.float32)
        for _ in range(rng.integers(6, 14)):
            curve = smooth_curve(
                rng.uniform(-0.1, 1.1, 2) * size
                + np.cumsum(rng.normal(0, 0.16 * size, (5, 2)), axis=0)
            )
            self.polyline(tracks, curve, float(rng.uniform(-0.1, 0.14)), 1.5 * s)
        return (rgb * (1 + cv2.GaussianBlur(tracks, (0, 0), 0.7)[..., None])).astype(np.float32)

    def coast(self) -> None:
        """Sea behind a noise-shaped shore, perhaps a creek and a marina; sets `sea`, `inland`."""
        rng, size, s = self.rng, self.size, self.scale
        angle = rng.uniform(0, 2 * np.pi)
        ramp = (self.x * np.cos(angle) + self.y * np.sin(angle)) / size
        field = ramp + rng.uniform(0.05, 0.13) * fractal_noise(rng, size, 0.55 * size, 5, 0.34)
        self.sea: Mask = field < np.quantile(field, rng.uniform(0.1, 0.3))
        self.seaward = -np.array([np.cos(angle), np.sin(angle)])
        centre = np.array([size, size]) / 2
        across = np.array([-self.seaward[1], self.seaward[0]])
        ponds = np.zeros((size, size), np.uint8)
        if rng.random() < 0.6:  # a creek, from the sea inland
            start = centre + self.seaward * size * 0.5 + across * rng.uniform(-0.3, 0.3) * size
            steps = -self.seaward * size * 0.17 + rng.normal(0, 0.1 * size, (6, 2))
            bed = np.zeros((size, size), np.uint8)
            self.polyline(bed, smooth_curve(start + np.cumsum(steps, axis=0)), 1, 1)
            width = rng.uniform(6, 15) * s * np.exp(0.4 * fractal_noise(rng, size, 90 * s, 4))
            ponds[distance_to(bed > 0) < width] = 1
        for _ in range(rng.integers(0, 3)):  # lagoons
            spot, radius = rng.uniform(0.1, 0.9, 2) * size, rng.uniform(14, 34) * s
            turns = np.linspace(0, 2 * np.pi, 7, endpoint=False)
            ring = np.column_stack([np.cos(turns), rng.uniform(0.5, 1) * np.sin(turns)])
            ring *= radius * rng.uniform(0.8, 1.25, (7, 1))
            self.polygon(ponds, smooth_curve(spot + np.vstack([ring, ring[:1]])), 1)
        inland = (ponds > 0) & ~self.sea
        water = self.sea | inland
        self.labels[water] = WATER
        self.from_sea = distance_to(self.sea)
        self._paint_water(self.sea)
        self._paint_water(inland)
        self._shore(water)

    def _paint_water(self, water: Mask) -> None:
        rng, size, s = self.rng, self.size, self.scale
        shallow, deep = (np.array(c) for c in SEAS[rng.integers(len(SEAS))])
        offshore = distance_to(~water) / s
        reach = rng.uniform(10, 60) * np.exp(0.5 * fractal_noise(rng, size, 170 * s, 4))
        depth = 1 - np.exp(-offshore / reach)
        depth = np.clip(depth + 0.07 * fractal_noise(rng, size, 90 * s, 5, 0.6), 0, 1)[..., None]
        colour = shallow * (1 - depth) + deep * depth
        waves = fractal_noise(rng, size, 3.2 * s, 2, 0.8, stretch=rng.uniform(1.5, 3.5))
        colour = colour * (1 + rng.uniform(0.015, 0.06) * waves[..., None])
        glint = np.clip(fractal_noise(rng, size, 200 * s, 3) - 0.6, 0, 1) * np.clip(waves - 1, 0, 1)
        self.rgb[water] = (colour + rng.uniform(0, 0.1) * glint[..., None])[water]

    def _shore(self, water: Mask) -> None:
        """Wet sand, surf, and in places a mangrove belt that is as dark as deep water."""
        rng, size, s = self.rng, self.size, self.scale
        away = distance_to(water) / s
        wet = np.exp(-away / 4)[..., None] * ~water[..., None]
        self.rgb *= 1 - 0.3 * wet
        surf = self.sea & (distance_to(~self.sea) < 1.5 * s)
        surf &= fractal_noise(rng, size, 40 * s, 4) > 0.2
        self.rgb[surf] += (0.85 - self.rgb[surf]) * 0.5
        belt = fractal_noise(rng, size, 220 * s, 2) * 26 + 30 * fractal_noise(rng, size, 22 * s, 4)
        if rng.random() < 0.55:
            self.plant((away < belt - rng.uniform(0, 25)) & ~water, GREENS[0], 0.3)

    def plant(self, where: Mask, colour: tuple[float, float, float], mottle: float) -> None:
        """Ground cover: patches run from irrigated to dry brown, and clumps mottle it."""
        rng, size, s = self.rng, self.size, self.scale
        dry = np.clip(0.35 + 0.32 * fractal_noise(rng, size, 70 * s, 4), 0, 1)[..., None]
        cover = np.array(colour) * (1 - 0.7 * dry) + 0.7 * dry * (self.sand * [0.7, 0.66, 0.58])
        cover = cover * (1 + mottle * fractal_noise(rng, size, 6 * s, 2, 0.8)[..., None])
        self.rgb[where] = np.clip(cover, 0.03, 1)[where]
        self.labels[where] = VEGETATION

    def plant_tree(self, at: Points, radius: float) -> None:
        """Note a tree; trees are drawn together once the buildings stand."""
        self.trees.append((round(float(at[0])), round(float(at[1])), radius))

    # -- districts and roads --------------------------------------------------------------------

    def districts(self) -> list[District]:
        """Lay out the Voronoi districts; sets `owner` and the distance to the nearest border."""
        rng, size, s = self.rng, self.size, self.scale
        count = int(np.clip(round((size / (250 * s)) ** 2), 4, 14))
        # The best of several draws, by the smallest gap, spreads the sites over the scene.
        draws = rng.uniform(0.04, 0.96, (30, count, 2)) * size
        gaps = np.linalg.norm(draws[:, :, None] - draws[:, None], axis=-1)
        gaps[:, range(count), range(count)] = np.inf
        sites = draws[gaps.min(axis=(1, 2)).argmax()]
        squared = [(self.x - x) ** 2 + (self.y - y) ** 2 for x, y in sites]
        first = np.full((size, size), np.inf, np.float32)
        second, self.owner = first.copy(), np.zeros((size, size), np.uint8)
        rival = self.owner.copy()
        for k, d in enumerate(squared):
            nearer, middle = d < first, (d >= first) & (d < second)
            second = np.where(nearer, first, np.where(middle, d, second))
            rival = np.where(nearer, self.owner, np.where(middle, k, rival)).astype(np.uint8)
            first, self.owner = np.where(nearer, d, first), np.where(nearer, k, self.owner)
        between = np.linalg.norm(sites[self.owner] - sites[rival], axis=-1)
        self.border = ((second - first) / (2 * between + 1e-6)).astype(np.float32)
        third = np.sort(np.stack([d[::8, ::8] for d in squared]), axis=0)[2]
        corner = np.sqrt(third) - np.sqrt(first[::8, ::8])
        self.corners = np.argwhere(corner < 8)[:, ::-1] * 8.0
        kinds = ["villas", "midrise", "park", "villas", "towers", "industry", "lots"]
        kinds = (kinds + list(rng.permutation([*STREETS, "desert", "lots"])))[:count]
        dry = np.array([(~self.sea)[self.owner == k].mean() for k in range(count)])
        # The kinds every scene needs go to the districts with most dry ground, in random order
        # among those, so that none is lost to the sea.
        order = np.argsort(-(dry > 0.6).astype(float) + 0.5 * rng.random(count))
        coastwise = float(np.arctan2(self.seaward[1], self.seaward[0]))
        districts = []
        for kind, k in zip(kinds, order, strict=True):
            length, depth, street, connected = STREETS[kind]
            turn = coastwise if rng.random() < 0.4 else rng.uniform(0, np.pi)
            stretch = rng.uniform(0.85, 1.2) * s
            districts.append(
                District(
                    int(k), kind, sites[k], turn, (length * stretch, depth * stretch),
                    street * s * rng.uniform(0.85, 1.2), connected,
                    float(rng.beta(1.2, 2.2)) if kind != "desert" else 0.8,
                    float(rng.uniform(0.1, 0.75)),
                )
            )  # fmt: skip
        return districts

    def local(self, d: District) -> tuple[Floats, Floats]:
        """Coordinates of every pixel along and across the streets of a district, in pixels."""
        x, y = self.x - np.float32(d.site[0]), self.y - np.float32(d.site[1])
        c, n = np.float32(np.cos(d.angle)), np.float32(np.sin(d.angle))
        return x * c + y * n, y * c - x * n

    def to_pixels(self, d: District, points: Points) -> Points:
        """Inverse of `local`: (n, 2) local coordinates to (n, 2) x, y, by fixed-point iteration."""
        c, n = np.cos(d.angle), np.sin(d.angle)
        bent = points @ np.array([[c, n], [-n, c]]) + d.site
        pixels = bent.copy()
        for _ in range(5):
            at = np.clip(np.rint(pixels).astype(int), 0, self.size - 1)
            pixels = bent - self.warp[at[:, 1], at[:, 0]]
        return pixels

    def roads(self, districts: list[District]) -> None:
        """Streets, then arterials, the coast road, roundabouts and the highway over them."""
        rng, s = self.rng, self.scale
        road = np.zeros((self.size, self.size), bool)
        dust = np.zeros((self.size, self.size), np.float32)
        beach = rng.uniform(16, 40) * s
        for d in districts:
            u, v = self.local(d)
            inside = (self.owner == d.index) & (self.labels != WATER) & (self.from_sea > beach)
            exists = rng.random((2, 64, 64)) < d.connected
            cell_u, cell_v = np.floor(u / d.block[0]), np.floor(v / d.block[1])
            for axis, (along, cross, other) in enumerate(
                [(u, d.block[0], cell_v), (v, d.block[1], cell_u)]
            ):
                line = np.rint(along / cross)
                near = np.abs(along - line * cross) < d.street / 2
                here = near & inside
                here &= exists[axis][line.astype(int) % 64, other.astype(int) % 64]
                road |= here
                dust[here] = d.dust
        width = rng.uniform(5.5, 8.5) * s
        desert = np.isin(self.owner, [d.index for d in districts if d.kind == "desert"])
        main = (self.border < width) & ~(desert & (self.border > 0.6 * width))
        main &= self.from_sea > beach
        if rng.random() < 0.7:  # coast road: a level line of the distance to the sea
            smooth = cv2.GaussianBlur(self.from_sea, (0, 0), 14 * s)
            main |= (np.abs(smooth - beach - width) < 0.6 * width) & (self.from_sea > 0)
        islands = []
        for corner in self.corners[rng.permutation(len(self.corners))][:3]:
            if self.labels[int(corner[1]), int(corner[0])] == LAND:
                self.disc(main, corner, 2.1 * width)
                islands.append(corner)
        road |= main
        dust[main] = rng.uniform(0, 0.35)
        self._pave(road, dust)
        dash = (np.floor((self.x + 0.7 * self.y) / (7 * s)) % 2 == 0) & (self.border > 2 * s)
        paint = main & (np.abs(self.border - 0.5 * width) < max(0.4 * s, 0.3)) & dash
        self.rgb[paint] = self.rgb[paint] * 0.5 + 0.38
        median = main & (self.border < 1.4 * s) & ~self._near_corner(4 * width)
        planted = median & (fractal_noise(rng, self.size, 130 * s, 2) > rng.uniform(-1, 1))
        self.rgb[median & ~planted] = self.sand * 0.85
        self.plant(planted, GREENS[1], 0.25)
        for corner in islands:
            self.disc(self.labels, corner, width, VEGETATION if rng.random() < 0.6 else LAND)
            self.disc(self.rgb, corner, width + 1, tuple(self.sand))
            self.disc(self.rgb, corner, width, GREENS[int(rng.integers(1, 3))])
        self._highway()

    def _near_corner(self, radius: float) -> Mask:
        near = np.zeros((self.size, self.size), np.uint8)
        for corner in self.corners:
            self.disc(near, corner, radius)
        return near > 0

    def _pave(self, road: Mask, dust: Floats) -> None:
        """Asphalt with patches and drifting sand, and a kerb or pavement along it."""
        rng, size, s = self.rng, self.size, self.scale
        edge = distance_to(road)
        kerb = (edge > 0) & (edge < 2.2 * s) & (self.labels == LAND)
        self.rgb[kerb] = self.rgb[kerb] * 0.6 + rng.uniform(0.16, 0.34)
        patches = 1 + 0.12 * fractal_noise(rng, size, 60 * s, 5, 0.7)[..., None]
        drift = np.clip(dust + 0.14 * fractal_noise(rng, size, 90 * s, 4), 0, 0.95)[..., None]
        surface = self.asphalt * patches * (1 - drift) + self.rgb * 0.93 * drift
        self.rgb[road] = surface[road]
        self.labels[road] = ROAD

    def _highway(self) -> None:
        """Dual carriageway along the coast with lanes, over everything it meets, water included."""
        rng, size, s = self.rng, self.size, self.scale
        across = np.array([-self.seaward[1], self.seaward[0]])
        middle = size / 2 - self.seaward * rng.uniform(0.0, 0.3) * size
        along = np.linspace(-0.85, 0.85, 6)[:, None] * size * across
        curve = smooth_curve(middle + along + rng.normal(0, 0.05 * size, (6, 2)), 240)
        width = rng.uniform(20, 32) * s
        strip = np.zeros((size, size), np.uint8)
        self.polyline(strip, curve, 1, width * 1.5)
        verge = (strip > 0) & (self.labels != ROAD) & (self.labels != WATER)
        self.labels[verge] = LAND
        self.rgb[verge] = (self.rgb * 0.4 + self.sand * 0.55)[verge]
        if rng.random() < 0.5:
            self.plant(verge & (fractal_noise(rng, size, 80 * s, 4) > 0.3), GREENS[1], 0.25)
        road = np.zeros((size, size), np.uint8)
        at = np.clip(np.rint(curve).astype(int), 0, size - 1)
        gap = self.border[at[:, 1], at[:, 0]] + 1e3 * (
            np.abs(curve - size / 2).max(1) > 0.42 * size
        )
        hub = curve[int(gap.argmin())]
        if gap.min() < 4:  # an interchange, where an arterial road crosses
            for side in (-1, 1):
                for end in (-1, 1):
                    spot = hub + width * 1.15 * (side * self.seaward + end * across)
                    loop = round(width * rng.uniform(0.85, 1.0))
                    cv2.circle(road, self._pixel(spot), loop, 1, max(1, round(5 * s)))
        self.polyline(road, curve, 1, width)
        self._pave(road > 0, np.full((size, size), rng.uniform(0, 0.2), np.float32))
        median = np.zeros((size, size), np.uint8)
        self.polyline(median, curve, 1, width * 0.12)
        self.rgb[median > 0] = self.sand * 0.9
        self.labels[median > 0] = LAND
        normal = np.gradient(curve, axis=0)[:, ::-1] * [1, -1]
        normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-9
        for lane in (-0.48, -0.34, -0.2, 0.2, 0.34, 0.48):
            points = curve + lane * width * normal
            stride = len(points) if abs(lane) > 0.4 else 3
            for k in range(0, len(points) - 1, stride):
                piece = points[k : k + max(2, stride - 1)]
                self.polyline(self.rgb, piece, tuple((0.6 * self.asphalt + 0.24).tolist()), 1)

    # -- primitives -----------------------------------------------------------------------------

    @staticmethod
    def _pixel(point: Points) -> tuple[int, int]:
        return round(float(point[0])), round(float(point[1]))

    @staticmethod
    def polygon(target: NDArray, points: Points, value: object) -> None:
        cv2.fillPoly(target, [np.rint(points * 16).astype(np.int32)], value, shift=4)

    @staticmethod
    def polyline(target: NDArray, points: Points, value: object, width: float) -> None:
        points = np.rint(points * 16).astype(np.int32)
        cv2.polylines(target, [points], False, value, max(1, round(width)), shift=4)

    @classmethod
    def disc(cls, target: NDArray, centre: Points, radius: float, value: object = 1) -> None:
        if target.dtype == bool:
            target = target.view(np.uint8)
        cv2.circle(target, cls._pixel(centre), max(1, round(radius)), value, -1)

    def tint(self, outline: Points, colour: Color, strength: float) -> None:
        """Blend a colour into the ground, so that the texture below shows through."""
        low = np.clip(np.floor(outline.min(axis=0)).astype(int), 0, self.size)
        high = np.clip(np.ceil(outline.max(axis=0)).astype(int) + 1, 0, self.size)
        if (high - low).min() <= 0:
            return
        inside = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
        self.polygon(inside, outline - low, 1)
        part = self.rgb[low[1] : high[1], low[0] : high[0]]
        part[inside > 0] += (np.array(colour, np.float32) - part[inside > 0]) * np.float32(strength)

    def jitter(self, colour: Color, amount: float) -> tuple[float, ...]:
        """A colour with its brightness, and a little its hue, varied."""
        varied = np.array(colour) * self.rng.normal(1, amount) * self.rng.normal(1, amount / 4, 3)
        return tuple(np.clip(varied, 0.02, 0.98).tolist())
