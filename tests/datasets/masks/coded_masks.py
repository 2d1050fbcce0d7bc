"""Folders of masks for tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from PIL import Image

from core.classes import VOID
from core.datasets.dataset import Dataset

SIDE = 32


def labels_of(seed: int, classes: int = 2) -> np.ndarray:
    """Squares of 8 px of each class but the first."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((SIDE, SIDE), np.uint8)
    for label in range(1, classes):
        x, y = rng.integers(0, SIDE - 8, 2)
        labels[y : y + 8, x : x + 8] = label
    return labels


def laid_out(root: Path, masks: dict[str, Any], table: Any = None, name: str = "") -> Path:
    """Images with the masks of these file names: arrays, or pictures of Pillow."""
    for place, (file, mask) in enumerate(masks.items()):
        image = np.random.default_rng(place).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
        for folder, picture, suffix in (("images", image, ".png"), ("masks", mask, "")):
            path = root / folder / (f"{Path(file).stem}{suffix}" if suffix else file)
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(picture, np.ndarray):
                picture = Image.fromarray(picture)
            picture.save(path, **({"quality": 75} if path.suffix == ".jpg" else {}))
    if table is not None:
        text = table if isinstance(table, str) else json.dumps(table)
        (root / (name or "classes.json")).write_text(text)
    return root


def pixels_of(dataset: Dataset) -> dict[str, int]:
    """Labelled pixels by class, and those of void."""
    counts = np.zeros(256, int)
    for sample in dataset.samples:
        counts += np.bincount(dataset.load_labels(sample).ravel(), minlength=256)
    used = {name: int(counts[index]) for index, name in enumerate(dataset.classes.names)}
    return used | ({"void": int(counts[VOID])} if counts[VOID] else {})


def expected(names: list[str], seeds: int) -> dict[str, int]:
    counts = sum(
        np.bincount(labels_of(seed, len(names)).ravel(), minlength=len(names))
        for seed in range(seeds)
    )
    return {name: int(count) for name, count in zip(names, np.asarray(counts), strict=True)}


def tif(path: Path, values: np.ndarray, colormap: Any = None, **profile: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path, "w", driver="GTiff", width=SIDE, height=SIDE, count=1, dtype=values.dtype, **profile
    ) as file:
        file.write(values, 1)
        if colormap:
            file.write_colormap(1, colormap)
