"""Datasets by folder or name: recognise a layout, list what workspace and server have."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from core.datasets.class_names import apply_class_names
from core.datasets.dataset import Dataset
from core.datasets.known_layouts import LAYOUTS, describe_layouts
from core.datasets.layouts.names import folder_meaning
from core.datasets.layouts.pairing import has_only_scenes
from core.datasets.layouts.unread.contents import describe_contents
from core.datasets.layouts.unread.find_unread import find_unread
from core.datasets.masks.class_file import find_class_file
from core.errors import DatasetError
from core.paths import NAME_RULE, data_roots, is_name, labelled_data_roots, workspace
from core.untrusted.folder import Skipped, list_folder, skipped_below

__all__ = [
    "DatasetRef",
    "find_dataset",
    "list_datasets",
    "open_dataset",
    "recognise",
    "skipped_places",
]

_DEMO = "the demo set, written on the Data page or by the command `demo`,"
_NAMED = 5  # datasets that a message lists
_DEPTH = 3  # levels below an allow-listed root that are searched for datasets


@dataclass(frozen=True)
class DatasetRef:
    """A dataset that can be chosen.

    Attributes:
        id: what the browser sends back: a name in the workspace, or ``server/…`` for a folder
            below an allow-listed root.
        path: its folder.
        layout: name of its layout.
    """

    id: str
    path: Path
    layout: str


def recognise(path: Path, *, scenes: bool = True) -> str | None:
    """The name of a folder's layout, or None if it is no dataset, or not ours to read.

    Args:
        path: the folder.
        scenes: whether folders of any name in it, with images and labels, may be its scenes; else
            they are datasets of their own.
    """
    if not path.is_dir() or not os.access(path, os.R_OK | os.X_OK):
        return None
    known = next((name for name, layout in LAYOUTS.items() if layout.recognise(path)), None)
    if known or not scenes:
        return known
    wide = (name for name, row in LAYOUTS.items() if row.with_scenes and row.with_scenes(path))
    return next(wide, None)


def open_dataset(path: Path, name: str | None = None, product: str = "") -> Dataset:
    """List a dataset's samples; images are read later.

    Its classes are called as they were named later, see `apply_class_names`.

    Args:
        path: folder of the dataset.
        name: name of the dataset; by default the folder's.
        product: one of several image products, such as ``PS-RGB``; empty for the first.

    Raises:
        DatasetError: no such folder, an empty one, none of the known layouts, or no such product.
    """
    if not path.is_dir():
        raise DatasetError(
            "there is no such dataset folder", where=str(path), remedy="check the spelling"
        )
    layout = LAYOUTS.get(recognise(path) or "")
    if (layout is None or layout.own_classes) and len(sets := _sets_below(path)) > 1:
        raise DatasetError(
            f"this folder holds {len(sets)} datasets, not one: {', '.join(sets[:_NAMED])}"
            + (" …" if len(sets) > _NAMED else ""),
            where=str(path),
            remedy="give the folder of one of them",
        )
    if layout is None:
        raise _unknown(path)
    name = name or path.resolve().name
    if layout.products:
        return apply_class_names(layout.read(path, name, product))
    if product:
        raise DatasetError(
            f"there is no image product {product!r}: the dataset has one kind of image",
            where=str(path),
            remedy="leave the product out",
        )
    return apply_class_names(layout.read(path, name))


def _sets_below(path: Path) -> list[str]:
    """The folders in a folder that are no scenes of one dataset: of a published form, or with a
    class table of their own (as Roboflow's ``train`` and ``valid`` have, which are no scenes).
    """
    names = [name for name in list_folder(path).folders if folder_meaning(name) is None]
    below = ((name, recognise(path / name, scenes=False)) for name in names)
    return [
        name
        for name, layout in below
        if layout and (not LAYOUTS[layout].own_classes or find_class_file(path / name))
    ]


def _unknown(path: Path) -> DatasetError:
    if not os.access(path, os.R_OK | os.X_OK):
        return DatasetError(
            "this folder cannot be read", where=str(path), remedy="ask its owner for the right to"
        )
    remedy = f"expected {describe_layouts()}; {_DEMO} is an example"
    if not any(list_folder(path)):
        return DatasetError("the dataset folder is empty", where=str(path), remedy=remedy)
    listed = describe_contents(path) or "empty folders"
    unread = find_unread(path)
    also = f", and {unread.what}" if unread else ""
    return DatasetError(
        f"this folder is in no known layout: it holds {listed}{also}",
        where=str(path),
        remedy=unread.remedy if unread else remedy,
    )


def list_datasets() -> list[DatasetRef]:
    """Datasets of the workspace, then those below the server's allow-listed folders."""
    datasets = workspace().datasets
    refs = [
        DatasetRef(name, datasets / name, layout)
        for name in list_folder(datasets).folders
        if is_name(name) and (layout := recognise(datasets / name))
    ]
    for label, root in labelled_data_roots():
        refs += [
            DatasetRef("/".join(("server", label, *path.relative_to(root).parts)), path, layout)
            for path, layout in _below(root, _DEPTH)
        ]
    return refs


def _below(folder: Path, depth: int) -> list[tuple[Path, str]]:
    """The datasets in a folder: itself, or those below it where it only holds them."""
    layout = recognise(folder, scenes=False)
    # Sets of their own masks and classes would be mixed up as the scenes of one.
    holds_others = layout == "pairs" and has_only_scenes(folder)
    if layout and not holds_others:
        return [(folder, layout)]
    children = list_folder(folder).folders if depth else ()
    below = [dataset for child in children for dataset in _below(folder / child, depth - 1)]
    return [(folder, layout)] if layout and len(below) < 2 else below


def skipped_places() -> list[Skipped]:
    """What is passed over where datasets are looked for: in the workspace and the server's folders,
    as a link to itself, a name that is no UTF-8, or a folder without the right to look inside; in
    the workspace also a folder that cannot be called by its name.
    """
    datasets = workspace().datasets
    places = [(datasets, 0), *((root, _DEPTH) for root in data_roots())]
    reason = f"its name cannot be used: rename it with {NAME_RULE}"
    misnamed = [
        Skipped(datasets / name, reason)
        for name in list_folder(datasets).folders
        if not is_name(name)
    ]
    return [*misnamed, *(skip for root, depth in places for skip in skipped_below(root, depth))]


def find_dataset(dataset: str, product: str = "") -> Dataset:
    """A dataset by its id, or by a folder (command line only).

    Args:
        dataset: id or folder.
        product: one of several image products; empty for the first.

    Raises:
        DatasetError: there is none, or no such product.
    """
    refs = list_datasets()
    for ref in refs:
        if ref.id == dataset:
            return open_dataset(ref.path, ref.id, product)
    path = Path(dataset)
    if path.is_dir():
        place = path.resolve()
        for ref in refs:  # the same folder, spelt another way
            if ref.path.resolve() == place:
                return open_dataset(ref.path, ref.id, product)
    else:
        names = ", ".join(ref.id for ref in refs) or "none yet"
        raise DatasetError(
            f"there is no dataset {dataset!r}",
            remedy=f"give a folder, or a name: {names}; {_DEMO} is one",
        )
    return open_dataset(path, product=product)
