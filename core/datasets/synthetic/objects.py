"""What stands and moves in a generated scene: parks, trees, cars, boats, sites, and the shadows.

`furnish` fills a `Scene` whose ground and roads are drawn. Shadows are drawn last and keep the
class of what they fall on.
"""

from __future__ import annotations

import cv2
import numpy as np

from core.datasets.synthetic.buildings import UNIT, build_blocks
from core.datasets.synthetic.scene import (
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
    Scene,
    distance_to,
    fractal_noise,
)


def furnish(scene: Scene, districts: list[District]) -> None:
    """Put everything on the ground of a scene; changes its `rgb` and `labels` in place."""
    for d in districts:
        if d.kind == "park":
            _parkland(scene, d)
    _construction_sites(scene)
    free = (distance_to(scene.labels != LAND) > 1.6 * scene.scale).astype(np.uint8)
    for d in districts:
        build_blocks(scene, d, free)
    _roof_texture(scene)
    _trees(scene)
    _cars(scene)
    _boats(scene)
    _cast_shadows(scene)


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
        green = GREENS[(0, 0, 1, 2, 3)[int(rng.integers(5))]]
        colour = np.array(scene.jitter(green, 0.16))
        scene.disc(scene.rgb, at, radius, tuple((colour * 0.7).tolist()))
        scene.disc(scene.labels, at, radius, VEGETATION)
        crown = at - scene.sun * radius * 0.35
        scene.disc(scene.rgb, crown, radius * 0.55, tuple((colour * 1.15).tolist()))
        scene.disc(tall, at, radius, 0)
    tall[scene.labels == BUILDING] = 0
    scene.shadow = tall


def _roof_texture(scene: Scene) -> None:
    """Dust and stains on roofs, so that a roof is no flat colour."""
    roof = scene.labels == BUILDING
    dirt = 0.05 * fractal_noise(scene.rng, scene.size, 26 * scene.scale, 5, 0.75)
    scene.rgb[roof] *= 1 + dirt[roof][:, None]
    scene.rgb[roof] += (scene.sand.astype(np.float32) - scene.rgb[roof]) * np.float32(0.12)


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
        scene.polygon(scene.rgb, box, scene.jitter(CARS[rng.integers(len(CARS))], 0.1))


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
            scene.tint(wake, (0.7, 0.74, 0.74), 0.25)
        tail, bow = at - along * length / 2, at + along * length / 2
        hull = np.array([tail + across, at + across * 1.1, bow, at - across * 1.1, tail - across])
        scene.polygon(scene.rgb, hull, scene.jitter((0.85, 0.85, 0.84), 0.08))
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
                scene.polygon(scene.rgb, box, scene.jitter(ROOFS[rng.integers(len(ROOFS))], 0.2))


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
