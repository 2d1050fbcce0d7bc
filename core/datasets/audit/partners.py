"""Images without masks, and masks without images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from core.datasets.audit.problems import Problem
from core.datasets.dataset import Dataset
from core.datasets.layouts.pairing import find_pairs
from core.datasets.recipes.fixes import Exclude
from core.imagery.raster import IMAGE_SUFFIXES

__all__ = ["missing_masks", "orphan_masks"]


def missing_masks(dataset: Dataset) -> Iterator[Problem]:
    """Images without a mask; one row where none has one."""
    missing = [sample.id for sample in dataset.samples if sample.mask is None]
    if len(missing) == len(dataset.samples):
        fix = "put masks under the images' names into `masks` to train on them"
        yield Problem("missing-mask", "", "no sample has a mask", "warning", fix)
        return
    for sample in missing:
        fix = "add the mask, or leave it: the sample can be predicted but not trained on"
        yield Problem(
            "missing-mask", sample, "there is no mask", "warning", fix, (Exclude(sample),)
        )


def orphan_masks(dataset: Dataset) -> Iterator[Problem]:
    """Masks without an image, in the folders in which masks are looked for."""
    paths: Iterable[Path] = ()
    if dataset.layout in ("pairs", "vector"):
        paths = find_pairs(dataset.root).orphans
    elif dataset.layout == "dubai":
        known = {sample.mask for sample in dataset.samples}
        paths = (path for path in _tile_masks(dataset) if path not in known)
    for path in paths:
        yield Problem(
            "orphan-mask",
            "",
            f"{path.relative_to(dataset.root)} belongs to no image",
            "warning",
            "add its image under the same name, or delete the mask",
        )


def _tile_masks(dataset: Dataset) -> Iterator[Path]:
    homes = dict.fromkeys(sample.image.parent.parent / "masks" for sample in dataset.samples)
    for home in homes:
        for path in sorted(home.iterdir()) if home.is_dir() else ():
            # macOS leaves `._name.png` beside `name.png`.
            if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith("."):
                yield path
