"""Generated demo scenes: a coastal desert city from above, in the layout of the Dubai dataset.

Layout: `Tile N/images/image_part_00M.jpg` and `Tile N/masks/image_part_00M.png`; the parts of a
tile are one mosaic, numbered row by row, with matching edges. About 1 m a pixel. Classes and mask
colours are the Dubai ones; construction sites and boats are void (#9B9B9B). Labels are exact, but
no colour table tells them: sand, dusty roads, bare roofs and yards share their colours, as do
dark water, mangroves and shadows, and every tile has its own light, haze and white balance.
Source: `core.datasets.synthetic.scene`; nothing in it is taken from an image. Licence: as this
project.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from core.classes import DUBAI_CLASSES
from core.datasets.synthetic.objects import furnish
from core.datasets.synthetic.scene import Floats, Scene, fractal_noise
from core.errors import DatasetError
from core.paths import new_folder

__all__ = ["MIN_SIZE", "generate_scene", "is_demo", "write_demo"]

MIN_SIZE = 64
UNLABELED_COLOR = (0x9B, 0x9B, 0x9B)
JPEG_QUALITY = 92
# A scene in which a class is all but missing is drawn anew, this often at most. From 256 pixels on
# that is rare (none of 60 seeds); at 64, where there is hardly room for a house, it is the rule.
ATTEMPTS = 6
LEAST_SHARE = 0.013

README_FILE = "README.txt"
README = """Generated scenes, not satellite imagery: a coastal desert city as drawn by a program.

Command: {command}
Seed: {seed}; {scenes} tiles of {parts} parts of {size} x {size} pixels, about 1 m a pixel.
Layout and mask colours are those of the Dubai aerial imagery dataset; grey (#9B9B9B) is unlabelled.
"""


def generate_scene(size: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """One scene with its labels; the same size and seed give the same arrays.

    Args:
        size: side of the square scene in pixels, at least 64.
        seed: any non-negative integer.

    Returns:
        The image, (size, size, 3) uint8 RGB, and the labels, (size, size) uint8: indices of
        `DUBAI_CLASSES`, and 255 for the few pixels that belong to none.

    Raises:
        DatasetError: if `size` is below 64 or `seed` is negative.
    """
    _check_size_and_seed(size, seed)
    best = _draw(size, seed, 0)
    for attempt in range(1, ATTEMPTS):
        if _rarest_share(best) >= LEAST_SHARE:
            break
        best = max(best, _draw(size, seed, attempt), key=_rarest_share)
    return _expose(best), best.labels


def write_demo(
    root: Path,
    *,
    scenes: int = 4,
    size: int = 512,
    seed: int = 0,
    parts: int = 4,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write generated scenes as a folder in the Dubai layout.

    Args:
        root: the folder to make. It is written beside, and put in place at the end.
        scenes: number of tiles.
        size: side of a part in pixels, at least 64.
        seed: the same seed gives the same files.
        parts: parts of a tile, a square number: 4 makes a mosaic of 2 × 2.
        progress: called with (tiles done, tiles in all) after each tile.

    Returns:
        `root`.

    Raises:
        DatasetError: if `root` exists and is no empty folder, or a number is out of its range.
        WorkspaceError: if the folder cannot be written.
    """
    _check_size_and_seed(size, seed)
    side = math.isqrt(max(parts, 0))
    if scenes < 1:
        raise DatasetError(f"expected at least 1 scene, received {scenes}", remedy="raise --scenes")
    if side < 1 or side * side != parts:
        raise DatasetError(
            f"expected a square number of parts, received {parts}", remedy="use 1, 4 or 9 parts"
        )
    if root.exists() and not (root.is_dir() and not any(root.iterdir())):
        raise DatasetError(
            "the folder for the demo scenes is not empty",
            where=str(root),
            remedy="name a new folder or empty this one",
        )
    with new_folder(root.resolve()) as partial:
        for tile in range(1, scenes + 1):
            state = np.random.SeedSequence([seed, tile]).generate_state(1)
            image, labels = generate_scene(side * size, int(state[0]))
            _write_tile(partial / f"Tile {tile}", image, labels, side)
            if progress:
                progress(tile, scenes)
        command = f"python -m core demo DIR --scenes {scenes} --size {size} --seed {seed}"
        readme = README.format(command=command, seed=seed, scenes=scenes, parts=parts, size=size)
        (partial / README_FILE).write_text(readme, encoding="utf-8")
    return root


def is_demo(root: Path) -> bool:
    """Whether `write_demo` wrote a folder, by the first line of its README."""
    first = README.partition("\n")[0].encode()
    try:
        with (root / README_FILE).open("rb") as file:
            return file.read(len(first)) == first
    except OSError:
        return False


def _check_size_and_seed(size: int, seed: int) -> None:
    if size < MIN_SIZE:
        raise DatasetError(
            f"expected a size of at least {MIN_SIZE} pixels, received {size}", remedy="raise --size"
        )
    if seed < 0:
        raise DatasetError(
            f"expected a seed of 0 or more, received {seed}", remedy="use a number from 0 upwards"
        )


def _draw(size: int, seed: int, attempt: int) -> Scene:
    scene = Scene(size, np.random.default_rng([seed, attempt]))
    scene.coast()
    districts = scene.districts()
    scene.roads(districts)
    furnish(scene, districts)
    return scene


def _rarest_share(scene: Scene) -> float:
    counts = np.bincount(scene.labels.ravel(), minlength=256)[: len(DUBAI_CLASSES)]
    return float(counts.min() / scene.labels.size)


def _expose(scene: Scene) -> NDArray[np.uint8]:
    """What the air and the camera add: uneven light, haze, blur, white balance, noise.

    Returns (S, S, 3) uint8 RGB.
    """
    rng, size = scene.rng, scene.size
    y, x = np.mgrid[-0.5 : 0.5 : size * 1j, -0.5 : 0.5 : size * 1j].astype(np.float32)
    slope = rng.normal(0, 0.08, 2).astype(np.float32)
    light = 1 + x * slope[0] + y * slope[1] + 0.02 * fractal_noise(rng, size, 0.6 * size, 2)
    image: Floats = scene.rgb * light[..., None]
    haze = rng.uniform(0.0, 0.14) * (1 + 0.25 * fractal_noise(rng, size, 0.5 * size, 2))[..., None]
    haze = np.clip(haze, 0, 0.3)
    image = image * (1 - haze) + haze * np.array([0.66, 0.70, 0.74], np.float32)
    image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.45, 0.8)))
    balance = rng.normal(1, 0.035, 3) * rng.uniform(1.0, 1.22)
    image = np.clip(image * balance.astype(np.float32), 0, 1)
    # Shot noise grows with the root of the light, read noise does not.
    grain = rng.standard_normal((size, size, 3), np.float32)
    shared = rng.standard_normal((size, size, 1), np.float32)
    image += (0.6 * grain + 0.8 * shared) * (0.006 + rng.uniform(0.008, 0.022) * np.sqrt(image))
    contrast = np.float32(rng.uniform(0.8, 1.1))
    return np.clip(255 * np.clip(image, 0, 1) ** contrast + 0.5, 0, 255).astype(np.uint8)


def _write_tile(
    folder: Path, image: NDArray[np.uint8], labels: NDArray[np.uint8], side: int
) -> None:
    masks = DUBAI_CLASSES.colorize(labels, void=UNLABELED_COLOR)
    size = labels.shape[0] // side
    for part in range(side * side):
        row, column = divmod(part, side)
        window = np.s_[row * size : (row + 1) * size, column * size : (column + 1) * size]
        name = f"image_part_{part + 1:03d}"
        jpeg = (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY)
        _write(folder / "images" / f"{name}.jpg", image[window], jpeg)
        _write(folder / "masks" / f"{name}.png", masks[window], ())


def _write(path: Path, rgb: NDArray[np.uint8], options: tuple[int, ...]) -> None:
    # Encoded in memory and written by Python: cv2.imwrite returns False instead of raising.
    path.parent.mkdir(parents=True, exist_ok=True)
    _, data = cv2.imencode(path.suffix, np.ascontiguousarray(rgb[..., ::-1]), options)
    path.write_bytes(data.tobytes())
