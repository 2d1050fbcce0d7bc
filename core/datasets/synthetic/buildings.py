"""The built-up part of a generated scene: lots, yards, car parks and buildings of every kind.

Lots are laid out in the local frame of a district and kept only where they lie on free ground of
that district, so nothing stands on a road. Roofs share their colours with sand, asphalt, lawns
and shallow water, so it takes outline, shadow and neighbourhood to tell a building.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.datasets.synthetic.scene import (
    BUILDING,
    CARS,
    GREENS,
    ROOFS,
    VEGETATION,
    WATER,
    District,
    Points,
    Scene,
)

# A rectangle as (u, v, length, depth) in pixels of the district's local frame.
Rect = tuple[float, float, float, float]

UNIT = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
# Floor plans on the unit square; the share of the notch is drawn per building.
PLANS = {
    "box": [(0, 0), (1, 0), (1, 1), (0, 1)],
    "L": [(0, 0), (1, 0), (1, 0.45), (0.42, 0.45), (0.42, 1), (0, 1)],
    "U": [(0, 0), (1, 0), (1, 1), (0.72, 1), (0.72, 0.38), (0.3, 0.38), (0.3, 1), (0, 1)],
    "T": [(0, 0), (1, 0), (1, 0.4), (0.68, 0.4), (0.68, 1), (0.3, 1), (0.3, 0.4), (0, 0.4)],
}
# Which of ROOFS each kind of district prefers.
ROOF_CHOICE = {
    "villas": (0, 0, 1, 2, 2, 4, 5, 5),
    "midrise": (0, 0, 0, 1, 2, 3, 4, 7),
    "towers": (0, 0, 1, 3, 6, 8),
    "industry": (0, 1, 1, 2, 3, 6, 6, 5),
    "lots": (0, 1, 2, 2, 4),
    "park": (0, 1, 5, 7),
    "desert": (0, 1, 2),
}


# -- blocks and lots --------------------------------------------------------------------------


def build_blocks(scene: Scene, d: District, free: NDArray[np.uint8]) -> None:
    """Fill every street block of a district by its kind."""
    u, v = scene.local(d)
    here = (scene.owner == d.index) & (free > 0)
    if not here.any():
        return
    length, depth = d.block
    cells = np.stack([np.floor(u[here] / length), np.floor(v[here] / depth)], axis=-1)
    inset = d.street / 2 + 3.2 * scene.scale
    for i, j in np.unique(cells[:: max(1, len(cells) // 40000)], axis=0):
        block = (i * length + inset, j * depth + inset, length - 2 * inset, depth - 2 * inset)
        if min(block[2:]) > 4:
            _fill_block(scene, d, block, free)


def _fill_block(scene: Scene, d: District, block: Rect, free: NDArray[np.uint8]) -> None:
    rng, s = scene.rng, scene.scale
    u0, v0, length, depth = block
    if d.kind == "villas":
        columns = max(1, round(length / (rng.uniform(19, 27) * s)))
        for lot in _grid(block, columns, 2):
            if rng.random() < 0.93:
                _villa(scene, d, lot, free)
    elif d.kind in ("midrise", "towers"):
        split = (2, 1) if rng.random() < 0.55 else (1, 1) if rng.random() < 0.5 else (2, 2)
        for lot in _grid(block, *split):
            draw = rng.random()
            if draw < 0.8:
                (_tower if d.kind == "towers" and rng.random() < 0.7 else _midrise)(
                    scene, d, lot, free
                )
            elif draw < 0.92:
                _car_park(scene, d, lot, free)
            else:
                _yard(scene, d, lot, free)
    elif d.kind == "industry":
        for row in _grid(block, 1, int(rng.integers(1, 4))):
            halls = max(1, round(length / (rng.uniform(24, 70) * s)))
            for lot in _grid(row, halls, 1):
                if rng.random() < 0.82:
                    _hall(scene, d, lot, free)
                else:
                    _car_park(scene, d, lot, free)
    elif d.kind == "lots":
        for lot in _grid(block, int(rng.integers(2, 4)), int(rng.integers(1, 3))):
            if rng.random() < 0.35:
                _midrise(scene, d, _shrink(lot, rng.uniform(0.05, 0.2)), free)
            elif rng.random() < 0.6:
                _yard(scene, d, lot, free)
    else:  # a few compounds or club houses in the open
        for _ in range(int(rng.integers(0, 3))):
            a, b = rng.uniform(14, 34, 2) * s
            lot = (
                u0 + rng.uniform(0, 1) * (length - a),
                v0 + rng.uniform(0, 1) * (depth - b),
                a,
                b,
            )
            _midrise(scene, d, lot, free)


def _grid(rect: Rect, columns: int, rows: int) -> list[Rect]:
    u0, v0, length, depth = rect
    a, b = length / columns, depth / rows
    return [(u0 + i * a, v0 + j * b, a, b) for i in range(columns) for j in range(rows)]


def _shrink(rect: Rect, share: float) -> Rect:
    """A rectangle with a share of its shorter side taken off all around."""
    u0, v0, length, depth = rect
    edge = share * min(length, depth)
    return u0 + edge, v0 + edge, length - 2 * edge, depth - 2 * edge


def _corners(scene: Scene, d: District, rect: Rect, plan: ArrayLike = UNIT) -> Points:
    """A plan on the unit square, put into a rectangle of the local frame, as pixels (n, 2)."""
    points = np.asarray(plan, np.float64) * [rect[2], rect[3]] + [rect[0], rect[1]]
    return scene.to_pixels(d, points)


def _is_free(scene: Scene, d: District, outline: Points, free: NDArray[np.uint8]) -> bool:
    """Whether corners, edge middles and centre lie on free ground of the district."""
    middles = (outline + np.roll(outline, -1, axis=0)) / 2
    probes = np.vstack([outline, middles, outline.mean(axis=0, keepdims=True)])
    at = np.rint(probes).astype(int)
    inside = (at >= 0).all(axis=1) & (at < scene.size).all(axis=1)
    # Lots may run off the picture, as in a real crop, but not wholly.
    if inside.sum() < 3:
        return False
    x, y = at[inside].T
    good = (free[y, x] > 0) & (scene.owner[y, x] == d.index)
    # One probe may miss: a kerb cut off by rounding is no reason to leave the lot empty.
    return bool(good[-1] and good.sum() >= len(good) - 1)


def _yard(scene: Scene, d: District, lot: Rect, free: NDArray[np.uint8]) -> None:
    """A bare plot: levelled sand, gravel or concrete, with a faint fence; stays Land."""
    rng = scene.rng
    outline = _corners(scene, d, _shrink(lot, 0.04))
    if _is_free(scene, d, outline, free):
        tone = (scene.sand, scene.sand * 1.12, scene.sand * 0.72, (0.6, 0.58, 0.56))
        scene.tint(outline, scene.jitter(tone[rng.integers(4)], 0.06), rng.uniform(0.4, 0.85))


def _car_park(scene: Scene, d: District, lot: Rect, free: NDArray[np.uint8]) -> None:
    """Rows of parked cars on asphalt or sand. It looks like road and is Land."""
    rng, s = scene.rng, scene.scale
    rect = _shrink(lot, 0.08)
    outline = _corners(scene, d, rect)
    if not _is_free(scene, d, outline, free):
        return
    paved = scene.asphalt if rng.random() < 0.65 else scene.sand * 0.85
    scene.tint(outline, scene.jitter(paved, 0.12), 0.85)
    scene.polygon(free, outline, 0)
    rows, columns = int(rect[3] / (8.5 * s)), int(rect[2] / (2.9 * s))
    full = rng.uniform(0.15, 0.9)
    for j in range(rows):
        for i in range(columns):
            if rng.random() < full:
                spot = (
                    rect[0] + (i + 0.2) * 2.9 * s,
                    rect[1] + (j + 0.2) * 8.5 * s,
                    1.9 * s,
                    4.4 * s,
                )
                colour = scene.jitter(CARS[rng.integers(len(CARS))], 0.1)
                scene.polygon(scene.rgb, _corners(scene, d, spot), colour)


# -- buildings --------------------------------------------------------------------------------


def _villa(scene: Scene, d: District, lot: Rect, free: NDArray[np.uint8]) -> None:
    """A walled lot with a house, perhaps an irrigated garden, a pool and trees."""
    rng, s = scene.rng, scene.scale
    wall = _shrink(lot, 0.03)
    outline = _corners(scene, d, wall)
    if not _is_free(scene, d, outline, free):
        return
    paving = scene.jitter(scene.sand * rng.uniform(0.75, 1.12), 0.05)
    scene.tint(outline, paving, rng.uniform(0.3, 0.8))
    lush = rng.random() < d.garden
    if lush:
        patch = _corners(scene, d, _shrink(wall, 0.07))
        green = GREENS[int(rng.integers(1, 4))] if rng.random() < 0.7 else GREENS[0]
        scene.polygon(scene.rgb, patch, scene.jitter(green, 0.15))
        scene.polygon(scene.labels, patch, VEGETATION)
    edge = scene.jitter(scene.sand * 1.1, 0.06)
    scene.polyline(scene.rgb, np.vstack([outline, outline[:1]]), edge, 1)
    scene.polygon(free, outline, 0)
    u0, v0, length, depth = _shrink(wall, 0.12)
    share = rng.uniform(0.62, 0.85), rng.uniform(0.5, 0.72)
    a, b = length * share[0], depth * share[1]
    house = (u0 + rng.uniform(0, 1) * (length - a), v0 + rng.uniform(0, 0.3) * (depth - b), a, b)
    if rng.random() < 0.3 and depth - b > 5 * s:
        pool = (u0 + rng.uniform(0, length * 0.5), v0 + depth - 4.6 * s, 7.5 * s, 4.2 * s)
        _pool(scene, _corners(scene, d, pool))
    for _ in range(int(rng.integers(0, 5 if lush else 2))):
        tree = _corners(scene, d, wall, rng.uniform(0.04, 0.96, (1, 2)))[0]
        scene.plant_tree(tree, rng.uniform(1.2, 2.8) * s)
    style = "hip" if rng.random() < 0.45 else "flat"
    _building(scene, d, house, rng.uniform(6, 9), style, plan=_pick(rng, "box", "L", "L", "T"))


def _midrise(scene: Scene, d: District, lot: Rect, free: NDArray[np.uint8]) -> None:
    rng, s = scene.rng, scene.scale
    rect = _shrink(lot, rng.uniform(0.07, 0.16))
    outline = _corners(scene, d, rect)
    if not _is_free(scene, d, outline, free):
        return
    scene.tint(outline, scene.jitter(scene.sand * 0.9, 0.12), 0.5)
    scene.polygon(free, outline, 0)
    plan = _pick(rng, "box", "L", "U", "U", "T")
    body = _shrink(rect, 0.06)
    if plan == "U" and rng.random() < 0.5:
        u0, v0, length, depth = body
        court = (u0 + 0.34 * length, v0 + 0.5 * depth, 0.34 * length, 0.4 * depth)
        if rng.random() < 0.4 and min(court[2:]) > 6 * s:
            _pool(scene, _corners(scene, d, _shrink(court, 0.25)))
        else:
            garden = _corners(scene, d, court)
            scene.polygon(scene.rgb, garden, scene.jitter(GREENS[1], 0.15))
            scene.polygon(scene.labels, garden, VEGETATION)
    _building(scene, d, body, rng.uniform(9, 26), "flat", plan=plan)


def _tower(scene: Scene, d: District, lot: Rect, free: NDArray[np.uint8]) -> None:
    """A tower on a podium, whose deck may carry a pool or planting."""
    rng, s = scene.rng, scene.scale
    rect = _shrink(lot, 0.08)
    outline = _corners(scene, d, rect)
    if not _is_free(scene, d, outline, free):
        return
    scene.polygon(free, outline, 0)
    _building(scene, d, rect, rng.uniform(8, 18), "flat", plan=_pick(rng, "box", "box", "L"))
    u0, v0, length, depth = _shrink(rect, 0.1)
    side = min(length, depth) * rng.uniform(0.5, 0.75)
    shape = side * rng.uniform(0.8, 1.3), side
    at = u0 + rng.uniform(0, 0.25) * length, v0 + rng.uniform(0, 0.25) * depth
    if rng.random() < 0.5:
        deck = (u0 + 0.78 * length, v0 + 0.75 * depth, 9 * s, 5 * s)
        _pool(scene, _corners(scene, d, deck))
    _building(scene, d, (*at, *shape), rng.uniform(45, 140), "flat", plan="box")


def _hall(scene: Scene, d: District, lot: Rect, free: NDArray[np.uint8]) -> None:
    rect = _shrink(lot, scene.rng.uniform(0.04, 0.12))
    outline = _corners(scene, d, rect)
    if _is_free(scene, d, outline, free):
        scene.polygon(free, outline, 0)
        _building(scene, d, rect, scene.rng.uniform(7, 13), "ribbed")


def _pick(rng: np.random.Generator, *names: str) -> str:
    return names[int(rng.integers(len(names)))]


def _pool(scene: Scene, outline: Points) -> None:
    rng = scene.rng
    rim = scene.jitter((0.8, 0.77, 0.72), 0.05)
    scene.polyline(scene.rgb, np.vstack([outline, outline[:1]]), rim, 2 * scene.scale)
    tones = ((0.33, 0.62, 0.68), (0.24, 0.47, 0.56), (0.42, 0.60, 0.58))
    scene.polygon(scene.rgb, outline, scene.jitter(tones[rng.integers(3)], 0.1))
    scene.polygon(scene.labels, outline, WATER)


def _building(
    scene: Scene, d: District, rect: Rect, height: float, style: str, plan: str = "box"
) -> None:
    """Facades, roof and what stands on it; height in metres. The label covers facades too."""
    rng, s = scene.rng, scene.scale
    shape = np.array(PLANS[plan], np.float64)
    if rng.random() < 0.5:
        shape = 1 - shape
    base = _corners(scene, d, rect, shape)
    roof = base + scene.lean * height * s
    colour = scene.jitter(ROOFS[_one_of(rng, ROOF_CHOICE[d.kind])], 0.1)
    middle = base.mean(axis=0)
    for a, b, c, e in zip(base, np.roll(base, -1, 0), np.roll(roof, -1, 0), roof, strict=True):
        out = (a + b) / 2 - middle
        lit = 0.42 - 0.22 * float(out @ scene.sun) / (np.linalg.norm(out) + 1e-6)
        side = np.array([a, b, c, e])
        scene.polygon(scene.rgb, side, tuple((np.array(colour) * lit + 0.04).tolist()))
        scene.polygon(scene.labels, side, BUILDING)
    scene.polygon(scene.rgb, roof, colour)
    scene.polygon(scene.labels, roof, BUILDING)
    scene.casters.append((height, base, roof))
    frame = _corners(scene, d, rect) + scene.lean * height * s

    def on_roof(points: ArrayLike) -> Points:
        """Unit-square points of the rectangle as pixels, by bilinear interpolation."""
        p, q = np.asarray(points, np.float64).T[..., None]
        a, b, c, e = frame
        return (a * (1 - p) + b * p) * (1 - q) + (e * (1 - p) + c * p) * q

    def tone(factor: float) -> tuple[float, ...]:
        return tuple(np.clip(np.array(colour) * factor, 0, 1).tolist())

    if style == "hip" and plan == "box":
        ridge = np.array([(0.3, 0.5), (0.7, 0.5)])
        faces = [
            [(0, 0), (1, 0), ridge[1], ridge[0]], [(1, 0), (1, 1), ridge[1]],
            [(1, 1), (0, 1), ridge[0], ridge[1]], [(0, 1), (0, 0), ridge[0]],
        ]  # fmt: skip
        for face in faces:
            points = on_roof(face)
            out = points[:2].mean(axis=0) - frame.mean(axis=0)
            slope = float(out @ scene.sun) / (np.linalg.norm(out) + 1e-6)
            scene.polygon(scene.rgb, points, tone(float(0.98 - 0.26 * slope)))
        return
    if style == "ribbed":
        for x in np.arange(0.03, 1, max(3.2 * s / (rect[2] + 1e-6), 0.03)).tolist():
            scene.polyline(
                scene.rgb, on_roof([(x, 0), (x, 1)]), tone(float(rng.uniform(0.86, 1.07))), 1
            )
        scene.polygon(scene.rgb, on_roof([(0, 0.5), (1, 0.5), (1, 1), (0, 1)]), tone(0.9))
        return
    parapet = np.vstack([roof, roof[:1]])
    scene.polyline(scene.rgb, parapet, tone(rng.uniform(1.05, 1.25)), 1)
    inner = parapet + scene.sun * 1.2 * s  # the parapet's own shadow, on the inside
    if min(rect[2:]) > 12 * s:
        shade = (inner - middle) * 0.93 + middle
        scene.polyline(scene.rgb, shade, tone(0.78), 1)
        for _ in range(int(rng.integers(2, 4 + int(rect[2] * rect[3] / (160 * s * s))))):
            _roof_box(scene, shape, on_roof, rect, tone)


def _roof_box(
    scene: Scene,
    shape: Points,
    on_roof: Callable[[Points], Points],
    rect: Rect,
    tone: Callable[[float], tuple[float, ...]],
) -> None:
    """An air-conditioning unit, stair head or tank with its small shadow."""
    rng, s = scene.rng, scene.scale
    size = rng.uniform(1.4, 4.5, 2) * s / np.array(rect[2:])
    low = rng.uniform(0.06, 0.94 - np.minimum(size, 0.85))
    centre = tuple((low + size / 2).astype(float).tolist())
    if cv2.pointPolygonTest(shape.astype(np.float32), centre, False) <= 0:
        return
    box = on_roof(low + UNIT * size)
    scene.polygon(scene.rgb, box + scene.sun * 1.6 * s, tone(0.55))
    scene.polygon(scene.rgb, box, tone(rng.uniform(0.85, 1.35)))


def _one_of(rng: np.random.Generator, options: tuple[int, ...]) -> int:
    return options[int(rng.integers(len(options)))]
