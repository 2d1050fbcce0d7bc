"""Images divided into blocks with a gap between them, so that one image can be split."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from core.datasets.dataset import Dataset, Sample
from core.errors import ImageError
from core.imagery.header import read_header
from core.imagery.window import Window

__all__ = ["block_windows", "divided"]

_BLOCKS = 16  # of one image
_SIDE = 4  # along an edge of an image that is about square


def block_windows(width: int, height: int, crop: int) -> list[Window]:
    """The blocks of an image, row by row; the whole image where it has no room for two.

    Every block has room for a crop and lies half a crop away from the next one: crops never leave
    their block, and what lies right beside a training pixel is on no other side.

    Args:
        width, height: size of the image in pixels.
        crop: side of the training crops in pixels.
    """
    gap = crop // 2
    most_across, most_down = (max(1, side // (crop + gap)) for side in (width, height))
    across, down = min(_SIDE, most_across), min(_SIDE, most_down)
    # A strip is cut along its length.
    across, down = min(most_across, _BLOCKS // down), min(most_down, _BLOCKS // across)
    columns = list(_pieces(width, across, gap))
    return [(x, y, w, h) for y, h in _pieces(height, down, gap) for x, w in columns]


def _pieces(length: int, count: int, gap: int) -> Iterator[tuple[int, int]]:
    """Start and length of equal pieces of an edge with gaps between them."""
    inner = length - gap * (count - 1)
    for index in range(count):
        start = index * inner // count
        yield start + index * gap, (index + 1) * inner // count - start


def divided(dataset: Dataset, crop: int) -> Dataset:
    """The dataset with every image that has a mask divided into blocks, a sample each.

    A block's id is that of its image with its row and column, as ``ortho/r1c2``, from 1; it belongs
    to its image's scene. A window of the recipe is what is divided. Images that cannot be opened or
    have no room for two blocks stay whole.

    Args:
        dataset: dataset with its windows.
        crop: side of the training crops in pixels.
    """
    samples: list[Sample] = []
    windows, void = dict(dataset.windows), dict(dataset.void)
    for sample in dataset.samples:
        outer = windows.get(sample.id) or _whole(sample.image)
        blocks = block_windows(outer[2], outer[3], crop) if outer and sample.mask else []
        if outer is None or len(blocks) < 2:
            samples.append(sample)
            continue
        windows.pop(sample.id, None)
        region = void.pop(sample.id, None)
        for name, (x, y, width, height) in zip(_names(blocks), blocks, strict=True):
            part = f"{sample.id}/{name}"
            samples.append(replace(sample, id=part))
            windows[part] = (outer[0] + x, outer[1] + y, width, height)
            if region is not None:
                void[part] = region  # of the whole image; the window cuts both
    return replace(dataset, samples=tuple(samples), windows=windows, void=void)


def _names(blocks: list[Window]) -> Iterator[str]:
    rows = sorted({y for _, y, _, _ in blocks})
    columns = sorted({x for x, _, _, _ in blocks})
    for x, y, _, _ in blocks:
        yield f"r{rows.index(y) + 1}c{columns.index(x) + 1}"


def _whole(path: Path) -> Window | None:
    """The window of a whole image, or None where it cannot be opened, which is said elsewhere."""
    try:
        status = path.stat()
        return _size(path, status.st_mtime_ns, status.st_size)
    except (OSError, ImageError):
        return None


@lru_cache(maxsize=20_000)  # pages divide a dataset at every click
def _size(path: Path, changed: int, size: int) -> Window:
    header = read_header(path)
    return 0, 0, header.width, header.height
