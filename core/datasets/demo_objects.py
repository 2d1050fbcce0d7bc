"""What stands in a generated scene: buildings, gardens, parks, trees, cars, boats, shadows.

`furnish` fills a `Scene` whose ground and roads are drawn. Lots are laid out in the local frame of
each district and kept only where they lie on free, dry ground of that district, so nothing stands
on a road. Shadows are drawn last and keep the class of what they fall on.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from core.datasets.demo_scene import (
    BUILDING,
    CARS,
    GREENS,
    LAND,
    ROAD,
    ROOFS,
    VEGETATION,
    VOID,
    WATER,
    District,
    Floats,
    Points,
    Scene,
    distance_to,
    fractal_noise,
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


def furnish(scene: Scene, districts: list[District]) -> None:
    """Put everything on the ground of a scene; changes its `rgb` and `labels` in place."""
    for d in districts:
        if d.kind == "park":
            _parkland(scene, d)
    _construction_sites(scene)
    free = (
        (scene.labels == LAND) & (distance_to(scene.labels != LAND) > 1.6 * scene.scale)
    ).astype(np.uint8)
    for d in districts:
        _blocks(scene, d, free)
    _roof_texture(scene)
    _trees(scene)
    _cars(scene)
    _boats(scene)
    _cast_shadows(scene)


def _jitter(
    rng: np.random.Generator, colour: tuple[float, ...] | Points, amount: float
) -> tuple[float, ...]:
    """A colour with its brightness, and a little its hue, varied."""
    varied = np.array(colour) * rng.normal(1, amount) * rng.normal(1, amount / 4, 3)
    return tuple(np.clip(varied, 0.02, 0.98).tolist())


# -- blocks and lots --------------------------------------------------------------------------


def _blocks(scene: Scene, d: District, free: NDArray[np.uint8]) -> None:
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


def _corners(scene: Scene, d: District, rect: Rect, plan: object = UNIT) -> Points:
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
        _tint(scene, outline, _jitter(rng, tone[rng.integers(4)], 0.06), rng.uniform(0.4, 0.85))


def _tint(scene: Scene, outline: Points, colour: tuple[float, ...], strength: float) -> None:
    """Blend a colour into the ground, so that the texture below shows through."""
    low = np.clip(np.floor(outline.min(axis=0)).astype(int), 0, scene.size)
    high = np.clip(np.ceil(outline.max(axis=0)).astype(int) + 1, 0, scene.size)
    if (high - low).min() <= 0:
        return
    inside = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
    scene.polygon(inside, outline - low, 1)
    part = scene.rgb[low[1] : high[1], low[0] : high[0]]
    part[inside > 0] += (np.float32(colour) - part[inside > 0]) * np.float32(strength)


def _car_park(scene: Scene, d: District, lot: Rect, free: NDArray[np.uint8]) -> None:
    """Rows of parked cars on asphalt or sand. It looks like road and is Land."""
    rng, s = scene.rng, scene.scale
    rect = _shrink(lot, 0.08)
    outline = _corners(scene, d, rect)
    if not _is_free(scene, d, outline, free):
        return
    paved = scene.asphalt if rng.random() < 0.65 else scene.sand * 0.85
    _tint(scene, outline, _jitter(rng, paved, 0.12), 0.85)
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
                colour = _jitter(rng, CARS[rng.integers(len(CARS))], 0.1)
                scene.polygon(scene.rgb, _corners(scene, d, spot), colour)


# -- buildings --------------------------------------------------------------------------------


def _villa(scene: Scene, d: District, lot: Rect, free: NDArray[np.uint8]) -> None:
    """A walled lot with a house, perhaps an irrigated garden, a pool and trees."""
    rng, s = scene.rng, scene.scale
    wall = _shrink(lot, 0.03)
    outline = _corners(scene, d, wall)
    if not _is_free(scene, d, outline, free):
        return
    paving = _jitter(rng, scene.sand * rng.uniform(0.75, 1.12), 0.05)
    _tint(scene, outline, paving, rng.uniform(0.3, 0.8))
    lush = rng.random() < d.garden
    if lush:
        patch = _corners(scene, d, _shrink(wall, 0.07))
        green = GREENS[int(rng.integers(1, 4))] if rng.random() < 0.7 else GREENS[0]
        scene.polygon(scene.rgb, patch, _jitter(rng, green, 0.15))
        scene.polygon(scene.labels, patch, VEGETATION)
    edge = _jitter(rng, scene.sand * 1.1, 0.06)
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
    _tint(scene, outline, _jitter(rng, scene.sand * 0.9, 0.12), 0.5)
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
            scene.polygon(scene.rgb, garden, _jitter(rng, GREENS[1], 0.15))
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
    rim = _jitter(rng, (0.8, 0.77, 0.72), 0.05)
    scene.polyline(scene.rgb, np.vstack([outline, outline[:1]]), rim, 2 * scene.scale)
    tones = ((0.33, 0.62, 0.68), (0.24, 0.47, 0.56), (0.42, 0.60, 0.58))
    scene.polygon(scene.rgb, outline, _jitter(rng, tones[rng.integers(3)], 0.1))
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
    colour = _jitter(rng, ROOFS[_choose(rng, ROOF_CHOICE[d.kind])], 0.1)
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

    def on_roof(points: object) -> Points:
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
            scene.polygon(scene.rgb, points, tone(0.98 - 0.26 * slope))
        return
    if style == "ribbed":
        for x in np.arange(0.03, 1, max(3.2 * s / (rect[2] + 1e-6), 0.03)):
            scene.polyline(scene.rgb, on_roof([(x, 0), (x, 1)]), tone(rng.uniform(0.86, 1.07)), 1)
        scene.polygon(scene.rgb, on_roof([(0, 0.5), (1, 0.5), (1, 1), (0, 1)]), tone(0.9))
        return
    parapet = np.vstack([roof, roof[:1]])
    scene.polyline(scene.rgb, parapet, tone(rng.uniform(1.05, 1.25)), 1)
    inner = parapet - scene.sun * -1.2 * s  # the parapet's own shadow, on the inside
    if min(rect[2:]) > 12 * s:
        shade = (inner - middle) * 0.93 + middle
        scene.polyline(scene.rgb, shade, tone(0.78), 1)
        for _ in range(int(rng.integers(2, 4 + rect[2] * rect[3] / (160 * s * s)))):
            _roof_box(scene, shape, on_roof, rect, tone)


def _roof_box(scene: Scene, shape: Points, on_roof, rect: Rect, tone) -> None:  # type: ignore[no-untyped-def]
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


def _choose(rng: np.random.Generator, options: tuple[int, ...]) -> int:
    return options[int(rng.integers(len(options)))]


def _roof_texture(scene: Scene) -> None:
    """Dust and stains on roofs, so that a roof is no flat colour."""
    roof = scene.labels == BUILDING
    dirt = 0.05 * fractal_noise(scene.rng, scene.size, 26 * scene.scale, 5, 0.75)
    scene.rgb[roof] *= 1 + dirt[roof][:, None]
    scene.rgb[roof] += (scene.sand.astype(np.float32) - scene.rgb[roof]) * np.float32(0.12)


# -- plants -----------------------------------------------------------------------------------


def _parkland(scene: Scene, d: District) -> None:
    """Lawns and fairways with ragged edges, bunkers, ponds, and woodland between."""
    rng, size, s = scene.rng, scene.size, scene.scale
    here = (scene.owner == d.index) & (scene.labels == LAND) & (scene.from_sea > 8 * s)
    form = fractal_noise(rng, size, 90 * s, 5, 0.45)
    scene.plant(here & (form > rng.uniform(-0.7, 0.0)), GREENS[int(rng.integers(1, 4))], 0.12)
    wood = here & (fractal_noise(rng, size, 60 * s, 4) > 0.75)
    scene.plant(wood, GREENS[0], 0.35)
    pond = here & (form > 1.75)
    scene.labels[pond] = WATER
    tone = np.array([0.12, 0.17, 0.12]) * (1 + 0.1 * fractal_noise(rng, size, 20 * s, 3)[..., None])
    scene.rgb[pond] = tone[pond]
    bunker = here & (fractal_noise(rng, size, 26 * s, 2) > 2.1) & ~pond
    scene.labels[bunker] = LAND
    scene.rgb[bunker] = scene.sand * 1.12
    lawn = np.argwhere(here & (scene.labels == VEGETATION))
    for y, x in lawn[rng.permutation(len(lawn))[: int(len(lawn) / (190 * s * s))]]:
        scene.plant_tree(np.array([x, y]), rng.uniform(1.5, 4.2) * s)


def _trees(scene: Scene) -> None:
    """Palm rows along the main roads, scattered desert shrubs, and all trees collected so far."""
    rng, size, s = scene.rng, scene.size, scene.scale
    away = distance_to(scene.labels == ROAD)
    land = scene.labels == LAND
    verge = land & (np.abs(away - 3.5 * s) < 0.8) & (scene.border < 40 * s)
    verge &= fractal_noise(rng, size, 160 * s, 2) > 0.1
    rows = np.argwhere(verge)
    for y, x in rows[rng.permutation(len(rows))[: int(len(rows) / (9 * s))]]:
        scene.plant_tree(np.array([x, y]), rng.uniform(1.4, 2.3) * s)
    scrub = np.argwhere(land & (fractal_noise(rng, size, 140 * s, 4) > 1.1) & (away > 5 * s))
    for y, x in scrub[rng.permutation(len(scrub))[: int(len(scrub) / (130 * s * s))]]:
        scene.plant_tree(np.array([x, y]), rng.uniform(0.9, 2.6) * s)
    offset = scene.sun * scene.shadow_length * s
    tall = np.zeros((size, size), np.uint8)
    for x, y, radius in scene.trees:
        scene.disc(tall, np.array([x, y]) + offset * radius / s * 1.6, radius)
    for x, y, radius in scene.trees:
        if not (0 <= x < size and 0 <= y < size) or scene.labels[y, x] not in (LAND, VEGETATION):
            continue
        at = np.array([x, y], np.float64)
        green = GREENS[_choose(rng, (0, 0, 1, 2, 3))]
        colour = np.array(_jitter(rng, green, 0.16))
        scene.disc(scene.rgb, at, radius, tuple((colour * 0.7).tolist()))
        scene.disc(scene.labels, at, radius, VEGETATION)
        crown = at - scene.sun * radius * 0.35
        scene.disc(scene.rgb, crown, radius * 0.55, tuple((colour * 1.15).tolist()))
        scene.disc(tall, at, radius, 0)
    tall[scene.labels == BUILDING] = 0
    scene.shadow = tall


# -- things that move, and sites ----------------------------------------------------------------


def _cars(scene: Scene) -> None:
    """Cars aligned with the road, from the gradient of the distance to its edge."""
    rng, s = scene.rng, scene.scale
    road = (scene.labels == ROAD).astype(np.uint8)
    inner = cv2.GaussianBlur(cv2.distanceTransform(road, cv2.DIST_L2, 5), (0, 0), 1.5 * s)
    gx, gy = cv2.Sobel(inner, cv2.CV_32F, 1, 0), cv2.Sobel(inner, cv2.CV_32F, 0, 1)
    spots = np.argwhere((inner > 1.6 * s) & (np.hypot(gx, gy) > 2.0))
    for y, x in spots[rng.permutation(len(spots))[: int(len(spots) / (330 * s * s))]]:
        across = np.array([gx[y, x], gy[y, x]], np.float64)
        across /= np.linalg.norm(across)
        along = np.array([-across[1], across[0]])
        length, width = (11, 2.8) if rng.random() < 0.06 else (4.6, 2.0)
        half = along * length * s / 2, across * width * s / 2
        box = np.array([x, y]) + np.array(
            [-half[0] - half[1], half[0] - half[1], half[0] + half[1], half[1] - half[0]]
        )
        scene.polygon(scene.rgb, box + scene.sun * 0.9 * s, (0.1, 0.1, 0.11))
        scene.polygon(scene.rgb, box, _jitter(rng, CARS[rng.integers(len(CARS))], 0.1))


def _boats(scene: Scene) -> None:
    """Boats with wakes off the shore. As in the real masks they belong to no class."""
    rng, s = scene.rng, scene.scale
    offshore = distance_to(scene.labels != WATER)
    spots = np.argwhere(offshore > 9 * s)
    for y, x in spots[rng.permutation(len(spots))[: int(len(spots) / (30000 * s * s)) + 2]]:
        turn, length = rng.uniform(0, 2 * np.pi), rng.uniform(6, 15) * s
        along = np.array([np.cos(turn), np.sin(turn)])
        across = np.array([-along[1], along[0]]) * length * 0.15
        at = np.array([x, y], np.float64)
        if rng.random() < 0.5:
            wake = np.array(
                [at, at - along * length * 3.5 + across, at - along * length * 3.5 - across]
            )
            _tint(scene, wake, (0.7, 0.74, 0.74), 0.25)
        tail, bow = at - along * length / 2, at + along * length / 2
        hull = np.array([tail + across, at + across * 1.1, bow, at - across * 1.1, tail - across])
        scene.polygon(scene.rgb, hull, _jitter(rng, (0.85, 0.85, 0.84), 0.08))
        scene.polygon(scene.labels, hull, VOID)


def _construction_sites(scene: Scene) -> None:
    """One to three sites that nobody labelled: dug earth, slabs, stores of material."""
    rng, size, s = scene.rng, scene.size, scene.scale
    land = scene.labels == LAND
    open_ground = np.argwhere(land & (distance_to(~land) > 0.02 * size))
    for k in rng.permutation(len(open_ground))[: int(rng.integers(1, 4))]:
        turn, half = rng.uniform(0, np.pi), rng.uniform(0.018, 0.03) * size
        c, n = np.cos(turn), np.sin(turn)
        turned = np.array([[c, n], [-n, c]])
        place = open_ground[k][::-1] + (UNIT * 2 - 1) * [half * rng.uniform(1, 1.4), half] @ turned
        site = np.zeros((size, size), np.uint8)
        scene.polygon(site, place, 1)
        inside = (site > 0) & (scene.labels == LAND)
        scene.labels[inside] = VOID
        earth = scene.sand * (0.85 + 0.16 * fractal_noise(rng, size, 12 * s, 3, 0.8)[..., None])
        scene.rgb[inside] = earth[inside]
        for _ in range(40):
            x, y = open_ground[k][::-1] + rng.uniform(-1.1, 1.1, 2) * half @ turned
            a, b = rng.uniform(0.7, 5, 2) * s
            box = np.array([x, y]) + (UNIT * [a, b]) @ turned
            at = np.clip(np.rint(box).astype(int), 0, size - 1)
            if inside[at[:, 1], at[:, 0]].all():
                scene.polygon(scene.rgb, box + scene.sun * s, (0.2, 0.19, 0.18))
                scene.polygon(scene.rgb, box, _jitter(rng, ROOFS[rng.integers(len(ROOFS))], 0.2))


def _cast_shadows(scene: Scene) -> None:
    """Darken what the sun does not reach.

    Low things cast first and each clears its own walls and roof again, so that a tower shades a
    villa's roof and never the other way round. What is left in shadow is lit by the sky: bluish.
    """
    s = scene.scale
    shade = np.zeros((scene.size, scene.size), np.uint8)
    for height, base, roof in sorted(scene.casters, key=lambda caster: caster[0]):
        far = base + scene.sun * height * scene.shadow_length * s
        for a, b, c, e in zip(base, np.roll(base, -1, 0), np.roll(far, -1, 0), far, strict=True):
            scene.polygon(shade, np.array([a, b, c, e]), 1)
        scene.polygon(shade, far, 1)
        for a, b, c, e in zip(base, np.roll(base, -1, 0), np.roll(roof, -1, 0), roof, strict=True):
            scene.polygon(shade, np.array([a, b, c, e]), 0)
        scene.polygon(shade, roof, 0)
    dark: Floats = cv2.GaussianBlur(np.maximum(shade, scene.shadow).astype(np.float32), (0, 0), 0.6)
    tint = np.array([0.36, 0.39, 0.44], np.float32)
    scene.rgb *= 1 - dark[..., None] * (1 - tint)
