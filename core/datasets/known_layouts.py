"""The table of dataset layouts: a row each, which all that depends on the layout goes by.

A new layout is a file in `core/datasets/layouts/` and a row here (`docs/contributing.md`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.datasets.dataset import Dataset, ImageTraits
from core.datasets.layouts.dubai import class_file_colors, is_dubai, read_dubai, tiles_orphans
from core.datasets.layouts.pairing import has_scenes, pairs_orphans
from core.datasets.layouts.pairs import is_pairs, read_pairs
from core.datasets.layouts.spacenet6 import (
    PRODUCTS,
    is_spacenet6,
    read_spacenet6,
    spacenet6_traits,
)
from core.datasets.layouts.vector import is_vector, read_vector

__all__ = ["LAYOUTS", "Layout", "demo_writers", "describe_layouts", "layout_of"]


def _no_orphans(dataset: Dataset) -> Iterable[Path]:
    return ()


@dataclass(frozen=True)
class Layout:
    """One layout.

    Attributes:
        description: how its files lie, in words, as the end of "a folder with …".
        recognise: whether a folder, which can be read, is in this layout; no pixel is read.
        read: lists a folder's samples, of its path and the dataset's name; where there are
            `products`, of the chosen one too, empty for the first.
        products: names of the image products that it may have; empty where it has one kind.
        orphans: mask files of a dataset that belong to no image.
        own_classes: whether its classes are those of whoever made the folder, who may name them on
            the Data page; else they are known with the layout.
        listed_colors: colours (``#RRGGBB``) of the classes in the class list that comes with the
            set, by name, where the masks' own colours are known to be others.
        image_traits: what is known of an image file from its name and what lies beside it; None
            for one that is not of this layout.
        write_demo: writes a generated dataset, of a path and ``scenes``, ``size`` in pixels,
            ``seed`` and ``progress``, and returns its path.
        with_scenes: whether a folder that no row recognises is in this layout with folders of any
            name as its scenes; asked of a folder that was named as a dataset.
    """

    description: str
    recognise: Callable[[Path], bool]
    read: Callable[..., Dataset]
    products: tuple[str, ...] = ()
    orphans: Callable[[Dataset], Iterable[Path]] = _no_orphans
    own_classes: bool = False
    listed_colors: Callable[[Path], dict[str, str]] | None = None
    image_traits: Callable[[Path], ImageTraits | None] | None = None
    write_demo: Callable[..., Path] | None = None
    with_scenes: Callable[[Path], bool] | None = None


# The generators are imported when they are used.
def _write_dubai(root: Path, **options: Any) -> Path:
    from core.datasets.synthetic.dubai import write_demo

    return write_demo(root, **options)


def _write_spacenet6(root: Path, **options: Any) -> Path:
    from core.datasets.synthetic.spacenet6 import write_spacenet6

    return write_spacenet6(root, **options)


LAYOUTS: dict[str, Layout] = {
    "dubai": Layout(
        description="`Tile N/images` and `Tile N/masks`",
        recognise=is_dubai,
        read=read_dubai,
        orphans=tiles_orphans,
        listed_colors=class_file_colors,
        write_demo=_write_dubai,
    ),
    "spacenet6": Layout(
        description="SpaceNet 6's folders",
        recognise=is_spacenet6,
        read=read_spacenet6,
        products=PRODUCTS,
        image_traits=spacenet6_traits,
        write_demo=_write_spacenet6,
    ),
    "vector": Layout(
        description="GeoTIFFs with GeoJSON or GeoPackage labels",
        recognise=is_vector,
        read=read_vector,
        orphans=pairs_orphans,
        own_classes=True,
    ),
    # The last: it takes any folder that has `images` in it.
    "pairs": Layout(
        description="`images` and `masks` (or `labels`) of the same file names, also within "
        "`train`, `val` and `test`, or side by side as `x.tif` and `x_mask.png`",
        recognise=is_pairs,
        read=read_pairs,
        orphans=pairs_orphans,
        own_classes=True,
        with_scenes=has_scenes,
    ),
}
"""Rows by name; a folder is in the first layout that recognises it."""


def layout_of(dataset: Dataset) -> Layout:
    """The row of a dataset's layout."""
    return LAYOUTS[dataset.layout]


def describe_layouts() -> str:
    """How a dataset may lie, in words: the end of "expected …" or "a folder with …"."""
    *others, last = [layout.description for layout in LAYOUTS.values()]
    return f"{'; '.join(others)}; or {last}"


def demo_writers() -> dict[str, Callable[..., Path]]:
    """What writes a generated dataset (`Layout.write_demo`), by the name of the layout."""
    return {name: row.write_demo for name, row in LAYOUTS.items() if row.write_demo}
