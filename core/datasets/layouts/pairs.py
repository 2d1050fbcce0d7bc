"""Any folder of pairs: images with masks beside them, named in one of the usual ways."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from core.classes import VOID, ClassTable
from core.datasets.dataset import Dataset
from core.datasets.layouts.annotation_files import find_annotations
from core.datasets.layouts.pairing import find_pairs, has_pairs
from core.datasets.masks.class_file import ClassFile, find_class_file, numbered, read_class_file
from core.datasets.masks.decode import MaskCoding
from core.datasets.masks.values import are_colored, spread, value_counts
from core.datasets.note import Note
from core.errors import DatasetError, ImageError, UnnamedClasses

__all__ = ["is_pairs", "read_pairs"]

_SAMPLED = 24  # masks that are read to see how all are written down
_MORE = 200  # as many are read where those show a single value
_PIXELS = 60_000_000  # and so many pixels in all


def is_pairs(root: Path) -> bool:
    """Whether `root` has images with masks, see `find_pairs`, or a folder ``images``."""
    return has_pairs(root)


def read_pairs(root: Path, name: str) -> Dataset:
    """List a folder of pairs; each image is a scene of its own.

    Any set of images with masks:

    - Size: any number of images of any size; a mask has that of its image (`find_pairs` says which
      belongs to which).
    - Bands: any, in PNG, JPEG or TIFF.
    - Resolution: that of the images, where they are georeferenced.
    - Masks: of one band, which hold class indices, or in colours.
    - Classes: those of a class table beside the images (`read_class_file`), in its order. Masks
      in colours need it; without it indices are numbered, and masks with only 0 and 255 are read
      as background and foreground.
    - Void: 255, and what the class table calls void.
    - Licence and source: those of whoever made the folder.

    To know the values, some 24 masks are read, the largest files among them; the audit names values
    that only others have. Masks that cannot be opened are passed over here; the audit names them.

    Args:
        root: folder of the dataset.
        name: name of the dataset.

    Raises:
        UnnamedClasses: masks in colours, or with values of 100 and more, without a class table.
        DatasetError: no image, or a class table that cannot be read.
    """
    pairing = find_pairs(root)
    if not pairing.samples:
        raise DatasetError(
            "the folder `images` holds no PNG, JPEG or TIFF",
            where=str(root),
            remedy="put the images there, and their masks under the same names into `masks`",
        )
    masks = [sample.mask for sample in pairing.samples if sample.mask is not None]
    path = find_class_file(root)
    table = read_class_file(path) if path else None
    coding, classes, notes = _coding(root, masks, table, path.name if path else "")
    remarks = [*map(Note, notes), *_annotation_notes(root, masks)]
    return Dataset(name, root, "pairs", classes, coding, pairing.samples, tuple(remarks))


def _annotation_notes(root: Path, masks: list[Path]) -> list[Note]:
    """What else says what is in the images, where no mask does."""
    return [
        Note(f"{a.what}, which is not read. To train, {a.remedy}.", "warning")
        for a in (() if masks else find_annotations(root))
    ]


def _coding(
    root: Path, masks: list[Path], table: ClassFile | None, file: str
) -> tuple[MaskCoding, ClassTable, list[str]]:
    if are_colored(masks):
        if table is None or not table.colored:
            raise UnnamedClasses(
                f"the masks are in colours and {file} gives none"
                if table
                else "the masks are in colours and there is no classes.json to name them",
                where=str(root),
                remedy='write {"classes": [{"name": "Road", "color": "#6EC1E4"}]} beside `images`, '
                "or name them on the Data page",
            )
        notes = [_void_note(file, table.void)] if table.void and file != "classes.json" else []
        return MaskCoding("color", void_colors=table.void), table.classes, notes
    if table and (table.values or table.void_values):
        return _by_value(root, table, file), table.classes, []
    classes = table.classes if table else None
    values = _values(masks)
    if VOID in values and values <= {0, VOID} and (classes is None or len(classes) == 2):
        note = "The masks hold only 0 and 255: read as background and foreground, not as void."
        named = classes or numbered(["Background", "Foreground"])
        return MaskCoding("index", values={0: 0, VOID: 1}), named, [note]
    notes = [] if classes or not masks else ["There is no classes.json: the classes are numbered."]
    highest = max((v for v in values if v != VOID), default=0)
    if classes is None and (highest >= 100 or min(values, default=0) < 0):
        raise UnnamedClasses(
            f"the masks hold values up to {highest} and there is no classes.json",
            where=str(root),
            remedy="name the classes in classes.json or on the Data page; index masks count "
            "0, 1, 2 …, 255 = void",
        )
    classes = classes or numbered([f"Class {index}" for index in range(highest + 1)])
    return MaskCoding("index", values={i: i for i in range(len(classes))}), classes, notes


def _void_note(file: str, void: Mapping[str, object]) -> str:
    return f"{file} lists {', '.join(void)}: read as void, which is neither trained nor scored."


def _by_value(root: Path, table: ClassFile, file: str) -> MaskCoding:
    """Index masks whose values the table gives one by one; void ones are known, as void."""
    listed = table.values or tuple(range(len(table.classes)))
    values = {**{v: i for i, v in enumerate(listed)}, **dict.fromkeys(table.void_values, VOID)}
    if not all(isinstance(value, int) for value in values):
        raise DatasetError(
            f"{file} gives values that are no whole numbers, and the masks have one band",
            where=str(root),
            remedy='write the mask\'s number of each class: {"name": "Road", "value": 3}',
        )
    return MaskCoding("index", values={int(v): label for v, label in values.items()})


def _values(masks: list[Path]) -> set[int]:
    """The values in some of the masks; in more of them where only one is seen."""
    values: set[int] = set()
    pixels = 0
    for position, mask in enumerate(spread(masks, _MORE)):
        if pixels > _PIXELS or (position >= _SAMPLED and len(values) > 1):
            break
        try:
            counts = value_counts(mask, colored=False)
        except ImageError:
            continue
        values |= set(counts)
        pixels += sum(counts.values())
    return values
