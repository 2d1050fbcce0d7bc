"""Names and colours that a dataset's classes were given later; they lie in the workspace.

The files of the dataset stay as they are: what stands for a class in its masks is read as before,
and the class is called otherwise.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.classes import ClassTable, Color, LandClass, Name
from core.datasets.dataset import Dataset
from core.datasets.masks.class_file import class_stamp
from core.errors import DatasetError
from core.locks import locked
from core.paths import disk_errors, workspace, write_json

__all__ = [
    "ClassNames",
    "apply_class_names",
    "class_names_file",
    "load_class_names",
    "naming_stamp",
    "original_names",
    "write_class_names",
]

_CHANGING = threading.Lock()  # sessions of the dashboard are threads of one process


class ClassNames(BaseModel):
    """The content of such a file.

    Attributes:
        names: what classes are called, by the name that the dataset gives them.
        colors: their colours on the screen, likewise.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    names: dict[str, Name] = Field(default_factory=dict)
    colors: dict[str, Color] = Field(default_factory=dict)


def class_names_file(root: Path) -> Path:
    """Where the later names of a dataset's classes are kept, under a digest of its path."""
    place = root.resolve()
    digest = hashlib.blake2b(str(place).encode(), digest_size=6).hexdigest()
    return workspace().root / "class_names" / f"{place.name}-{digest}.json"


def naming_stamp(root: Path) -> str:
    """Tells one naming of a dataset's classes from another; empty where none was made here."""
    path = class_names_file(root)
    later = f"-{path.stat().st_mtime_ns}" if path.is_file() else ""
    return class_stamp(root) + later


def load_class_names(root: Path) -> ClassNames:
    """The later names of a dataset's classes; empty where there are none.

    Raises:
        DatasetError: the file is damaged.
    """
    path = class_names_file(root)
    try:
        return ClassNames.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return ClassNames()
    except (OSError, ValidationError) as error:
        raise DatasetError(
            "the names given to the classes cannot be read",
            where=str(path),
            remedy="delete the file: the classes then have the dataset's own names",
        ) from error


def apply_class_names(dataset: Dataset) -> Dataset:
    """The dataset with its classes called as they were named later.

    Colours of coloured masks stay: they say which pixel is which class.

    Raises:
        DatasetError: the file is damaged, or its names do not fit the dataset's classes any more.
    """
    later = load_class_names(dataset.root)
    if not later.names and not later.colors:
        return dataset
    own = dataset.classes.classes
    colors = {} if dataset.coding.kind == "color" else later.colors
    try:
        classes = _renamed([(c.name, c.color) for c in own], later.names, colors)
    except ValidationError as error:
        raise DatasetError(
            "the names given to the classes do not fit this dataset any more",
            where=str(class_names_file(dataset.root)),
            remedy="delete the file: the classes then have the dataset's own names",
        ) from error
    coding = dataset.coding
    if coding.kind == "footprints":
        # Polygons go on saying the names of before.
        before = {c.name: label for label, c in enumerate(own)}
        coding = replace(coding, texts=before | dict(coding.texts))
    return replace(dataset, classes=classes, coding=coding)


def original_names(dataset: Dataset) -> tuple[str, ...]:
    """What the dataset itself calls its classes, in their order."""
    shown = {name: own for own, name in load_class_names(dataset.root).names.items()}
    return tuple(shown.get(name, name) for name in dataset.classes.names)


def write_class_names(dataset: Dataset, classes: Sequence[tuple[str, str]]) -> None:
    """Call the classes of a dataset otherwise, from the next time that it is opened.

    What another process or session called otherwise since it was opened stays so.

    Args:
        dataset: as opened.
        classes: name and colour (``#RRGGBB``) of each class, in their order.

    Raises:
        DatasetError: a name is blank, or two classes have the same name or colour.
        WorkspaceError: the disk refuses.
    """
    if dataset.coding.kind == "color":
        own = [land_class.color for land_class in dataset.classes.classes]
        classes = [(name, color) for (name, _), color in zip(classes, own, strict=True)]
    try:
        table = ClassTable(classes=tuple(LandClass(name=n, color=c) for n, c in classes))
    except ValidationError as error:
        message = str(error.errors()[0]["msg"]).removeprefix("Value error, ")
        raise DatasetError(
            message, remedy="give each class a name and a colour of its own"
        ) from error
    path = class_names_file(dataset.root)
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with _CHANGING, locked(path.with_name(".lock")), disk_errors(path):
        later = _merged(dataset, table)
        if later.names or later.colors:
            write_json(path, later.model_dump(mode="json"))
        else:
            path.unlink(missing_ok=True)


def _renamed(
    own: Sequence[tuple[str, str]], names: Mapping[str, str], colors: Mapping[str, str]
) -> ClassTable:
    """A class table with later names and colours, by the names that the classes have themselves.

    Raises:
        ValidationError: two classes would have the same name or colour.
    """
    return ClassTable(
        classes=tuple(
            LandClass(name=names.get(name, name), color=colors.get(name, color))
            for name, color in own
        )
    )


def _merged(dataset: Dataset, table: ClassTable) -> ClassNames:
    """What is kept already, with what this table says otherwise than the dataset as opened.

    Raises:
        DatasetError: two classes would have the same name or colour, by what was kept meanwhile.
    """
    kept = load_class_names(dataset.root)
    names, colors = dict(kept.names), dict(kept.colors)
    own_names = original_names(dataset)
    for own, old, new in zip(own_names, dataset.classes.classes, table.classes, strict=True):
        names |= {own: new.name} if new.name != old.name else {}
        colors |= {own: new.color} if new.color != old.color else {}
    try:
        _renamed(
            [(own, new.color) for own, new in zip(own_names, table.classes, strict=True)],
            names,
            colors,
        )
    except ValidationError as error:
        raise DatasetError(
            "the classes were called otherwise meanwhile, and two would now be the same",
            where=str(class_names_file(dataset.root)),
            remedy="open the dataset anew, and name them then",
        ) from error
    return ClassNames(
        names={own: name for own, name in names.items() if name != own},
        colors={} if dataset.coding.kind == "color" else colors,
    )
