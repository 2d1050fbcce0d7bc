"""A generated piece of a port, as an optical camera and as a side-looking radar see it.

Drawn by rules of thumb, nothing is taken from an image: basins, quays, grass, roads, halls, houses
and tanks; the radar's backscatter by kind of ground (rough averages of the X band in dB), layover
and double bounce on the side of a building that faces the sensor, radar shadow behind it, and
speckle, which multiplies the intensity by a gamma variate of mean 1 (Lee and Pottier 2009, ch. 4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from core.datasets.synthetic.scene import Floats, fractal_noise

__all__ = ["BANDS_DB", "PIXEL", "Building", "Port", "draw_port"]

PIXEL = 0.5
"""Side of a pixel in m."""

_LOOKS = 3.0  # of the speckle: its variance is 1 / looks
_INCIDENCE = np.radians(55.0)  # from the vertical, about that of the real set's flights
_WATER, _GRASS, _ASPHALT, _YARD, _ROOF = range(5)

BANDS_DB = (
    # HH, HV, VH, VV: water, grass, asphalt, yard of containers, roof
    (-24.0, -31.0, -31.0, -22.0),
    (-12.0, -19.0, -19.0, -12.0),
    (-18.0, -27.0, -27.0, -17.0),
    (-7.0, -14.0, -14.0, -8.0),
    (-9.0, -17.0, -17.0, -9.0),
)
"""Mean backscatter of each kind of ground."""
_BRIGHT = (4.0, -7.0, -7.0, 3.0)  # layover and double bounce
_SHADOW = (-27.0, -33.0, -33.0, -27.0)
_CORNER = (48.0, 33.0, 35.0, 50.0)  # the brightest corner of metal
_CORNERS = 0.15  # of the buildings have one
_FADED = 25.0  # dB by which others are less bright, at most

_COLORS = np.array(  # red, green, blue, near infrared: share of the light that comes back
    [
        (0.05, 0.09, 0.11, 0.02),
        (0.13, 0.19, 0.09, 0.48),
        (0.19, 0.19, 0.19, 0.21),
        (0.31, 0.27, 0.24, 0.27),
        (0.35, 0.33, 0.32, 0.33),
    ],
    np.float32,
)


@dataclass(frozen=True)
class Building:
    """A footprint in pixels of the port, (N, 2) x and y, with its height in m."""

    outline: NDArray[np.float64]
    height: float


@dataclass(frozen=True)
class Port:
    """One place.

    Attributes:
        ground: (S, S) uint8 kind of ground, without the buildings.
        texture: (S, S) float32 of mean 0 and deviation 1, the same for every sensor.
    """

    ground: NDArray[np.uint8]
    texture: Floats
    buildings: tuple[Building, ...]
    seed: int

    def optical(self) -> Floats:
        """Reflectance (S, S, 4) float32 in 0–1: red, green, blue, near infrared."""
        rng = np.random.default_rng([self.seed, 1])
        light = _COLORS[self.ground]
        shade = np.zeros(self.ground.shape, np.uint8)
        for building in self.buildings:
            # The sun stands in the south at 50°.
            _sweep(shade, building.outline, (0.35, -0.94), building.height / np.tan(0.87))
        light = light * np.where(shade, np.float32(0.45), np.float32(1))[..., None]
        for building in self.buildings:
            tint = rng.choice([(1.0, 1.0, 1.0), (1.5, 0.8, 0.7), (0.6, 0.7, 0.8), (1.7, 1.7, 1.6)])
            roof = _COLORS[_ROOF] * np.array([*tint, tint[0]]) * rng.uniform(0.8, 1.3)
            _fill(light, building.outline, tuple(float(v) for v in roof))
        light = light * (1 + 0.10 * self.texture[..., None])
        light += rng.standard_normal(light.shape, np.float32) * 0.006
        blurred: Floats = cv2.GaussianBlur(light, (0, 0), 0.7)
        return np.clip(blurred, 0.001, 1)

    def radar(self, looking: Literal["down", "up"], strip: int) -> Floats:
        """Intensity in dB, (S, S, 4) float32: HH, HV, VH, VV.

        Args:
            looking: the direction in the image in which the sensor looks; buildings are bright on
                the side they turn to it, and throw their shadow to the other.
            strip: number of the pass; each has its own speckle.
        """
        rng = np.random.default_rng([self.seed, 2, strip])
        away = (0.0, 1.0) if looking == "down" else (0.0, -1.0)
        toward = (0.0, -away[1])
        shadow, bright = (
            np.zeros(self.ground.shape, np.uint8),
            np.zeros(self.ground.shape, np.uint8),
        )
        roofs = np.zeros(self.ground.shape, np.uint8)
        for building in self.buildings:
            _sweep(shadow, building.outline, away, building.height * np.tan(_INCIDENCE))
            _fill(roofs, building.outline, 1)
            # A roof's edge returns before the wall's foot: the wall lies over what is in front.
            _sweep(bright, building.outline, toward, building.height / np.tan(_INCIDENCE))
        kind = np.where(roofs == 1, np.uint8(_ROOF), self.ground)
        mean = np.array(BANDS_DB, np.float32)[kind]
        mean[(shadow == 1) & (roofs == 0)] = _SHADOW
        mean[(bright == 1) & (roofs == 0)] = _BRIGHT
        mean += 1.2 * self.texture[..., None] * (kind != _WATER)[..., None]
        speckle = rng.standard_gamma(_LOOKS, mean.shape, np.float32) / np.float32(_LOOKS)
        # 10⁻⁷ is -70 dB, below any receiver's noise: a logarithm of 0 is thereby none.
        decibel = mean + np.float32(10) * np.log10(np.maximum(speckle, np.float32(1e-7)))
        self._add_corners(decibel, toward[1], np.random.default_rng([self.seed, 3, strip]))
        return decibel

    def _add_corners(self, decibel: Floats, toward: float, rng: np.random.Generator) -> None:
        """Corners of metal on the side that the sensor sees: single pixels, far above the rest.

        A point has no speckle.
        """
        for building in self.buildings:
            faded = rng.uniform(0, _FADED)
            if rng.random() >= _CORNERS:
                continue
            x, y = building.outline[int(np.argmax(building.outline[:, 1] * toward))].astype(int)
            if 0 <= x < len(decibel) and 0 <= y < len(decibel):
                decibel[y, x] = np.array(_CORNER, np.float32) - np.float32(faded)


def draw_port(size: int, seed: int) -> Port:
    """A place of `size` pixels a side; the same numbers give the same place."""
    rng = np.random.default_rng([seed, 0])
    noise = fractal_noise(rng, size, 60.0, 3)
    ground = np.full((size, size), _GRASS, np.uint8)
    ground[noise > 0.2] = _YARD
    angle = rng.uniform(-0.5, 0.5)
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-along[1], along[0]])
    _stripes(ground, rng, along, across, width=(10, 18), gap=(130, 190), kind=_ASPHALT)
    _stripes(ground, rng, across, along, width=(8, 14), gap=(150, 230), kind=_ASPHALT)
    if rng.random() < 0.75:  # a basin or the river, along one side
        depth = rng.uniform(0.12, 0.3) * size
        side = rng.choice([-1, 1])
        middle = size / 2 + across * side * (size / 2 - depth / 2)
        _bar(ground, middle, along, 3.0 * size, depth, _WATER)
    buildings = _place_buildings(ground, rng, along, across)
    return Port(ground, noise, buildings, seed)


def _stripes(
    ground: NDArray[np.uint8],
    rng: np.random.Generator,
    along: NDArray[np.float64],
    across: NDArray[np.float64],
    *,
    width: tuple[int, int],
    gap: tuple[int, int],
    kind: int,
) -> None:
    size = len(ground)
    offset = -0.8 * size + rng.uniform(0, gap[0])
    while offset < 0.8 * size:
        _bar(ground, size / 2 + across * offset, along, 3.0 * size, rng.uniform(*width), kind)
        offset += rng.uniform(*gap)


def _bar(
    ground: NDArray[np.uint8],
    middle: NDArray[np.float64],
    along: NDArray[np.float64],
    length: float,
    width: float,
    kind: int,
) -> None:
    _fill(ground, _rectangle(middle, along, length, width), kind)


def _rectangle(
    middle: NDArray[np.float64], along: NDArray[np.float64], length: float, width: float
) -> NDArray[np.float64]:
    across = np.array([-along[1], along[0]])
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    return np.array([middle + along * i * length / 2 + across * j * width / 2 for i, j in corners])


def _place_buildings(
    ground: NDArray[np.uint8],
    rng: np.random.Generator,
    along: NDArray[np.float64],
    across: NDArray[np.float64],
) -> tuple[Building, ...]:
    """Halls, houses and round tanks on dry land, apart from one another and off the roads."""
    size = len(ground)
    taken = np.isin(ground, (_WATER, _ASPHALT)).astype(np.uint8)
    buildings: list[Building] = []
    for _ in range(max(12, size * size // 2500)):
        middle = rng.uniform(0, size, 2)
        what = rng.choice(["house", "hall", "tank", "shed"], p=[0.55, 0.2, 0.15, 0.1])
        direction = along if rng.random() < 0.5 else across
        if what == "tank":
            radius, corners = rng.uniform(12, 34), 24
            turn = np.linspace(0, 2 * np.pi, corners, endpoint=False)
            outline = middle + radius * np.column_stack([np.cos(turn), np.sin(turn)])
            height = rng.uniform(8, 20)
        else:
            # Sheds are smaller than 20 m²: SpaceNet has such, and leaves them out of its scores.
            low, high = {"house": (16, 44), "hall": (60, 150), "shed": (4, 8)}[str(what)]
            length, width = rng.uniform(low, high), rng.uniform(low, high) * rng.uniform(0.5, 0.9)
            outline = _rectangle(middle, direction, length, width)
            height = rng.uniform(2, 3) if what == "shed" else rng.uniform(5, 18)
        room = np.zeros_like(taken)
        _fill(room, middle + (outline - middle) * 1.15 + 0.0, 1)
        if not room.any() or (taken & room).any():
            continue
        taken |= room
        buildings.append(Building(outline, round(float(height), 2)))
    return tuple(buildings)


def _fill(
    picture: np.ndarray, outline: NDArray[np.float64], value: float | tuple[float, ...]
) -> None:
    cv2.fillPoly(picture, [np.rint(outline - 0.5).astype(np.int32)], value)


def _sweep(
    picture: NDArray[np.uint8],
    outline: NDArray[np.float64],
    direction: tuple[float, float],
    metres: float,
) -> None:
    """Fill what a convex outline passes over when it is pushed along."""
    pushed = outline + np.array(direction) * metres / PIXEL
    hull = cv2.convexHull(np.vstack([outline, pushed]).astype(np.float32))
    _fill(picture, hull[:, 0].astype(np.float64), 1)
