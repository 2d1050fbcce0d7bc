"""Any folder of pairs: images with masks beside them, named in one of the usual ways."""

from __future__ import annotations

from pathlib import Path

from core.datasets.dataset import Dataset
from core.datasets.layouts.pairing import Pairing, find_pairs, has_pairs
from core.datasets.layouts.unread.annotation_files import find_annotations
from core.datasets.layouts.unread.band_files import find_band_files
from core.datasets.masks.choose_coding import choose_coding
from core.datasets.masks.class_file import class_table_of
from core.datasets.masks.values import survey_masks
from core.datasets.note import Note
from core.errors import DatasetError

__all__ = ["is_pairs", "read_pairs"]

_SHOWN = 5  # files in a note


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
    - Masks: of one band, which hold class indices, or in colours. A palette is for show where the
      table gives no colours: its indices are the values.
    - Classes: those of a class table beside the images (`read_class_file`), in its order or by its
      values. Masks in colours need it; without it classes are called by their index, and masks
      with only 0 and 255 are read as background and foreground. See `choose_coding`.
    - Void: 255, and what the class table calls void.
    - Licence and source: those of whoever made the folder.

    To know the values, some 24 masks are read, the largest files among them; the audit names values
    that only others have. Masks that cannot be opened are passed over here; the audit names them.

    Args:
        root: folder of the dataset.
        name: name of the dataset.

    Raises:
        UnnamedClasses: masks in colours, or with values of 100 and more, without a class table; or
            values that the table does not explain.
        DatasetError: no image, or a class table that cannot be read or contradicts the masks.
    """
    pairing = find_pairs(root)
    if not pairing.samples:
        bands = find_band_files(root)
        raise DatasetError(
            bands.what if bands else "the folder `images` holds no PNG, JPEG or TIFF",
            where=str(root),
            remedy=bands.remedy
            if bands
            else "put the images there, and their masks under the same names into `masks`",
        )
    masks = [sample.mask for sample in pairing.samples if sample.mask is not None]
    table, file, table_notes = class_table_of(root)
    chosen = choose_coding(root, survey_masks(masks), table, file)
    notes = (
        *chosen.notes,
        *table_notes,
        *_annotation_notes(root, masks),
        *_vector_notes(root, pairing),
    )
    return Dataset(name, root, "pairs", chosen.classes, chosen.coding, pairing.samples, notes)


def _annotation_notes(root: Path, masks: list[Path]) -> list[Note]:
    """What else says what is in the images, where no mask does."""
    return [
        Note(f"{a.what}, which is not read. To train, {a.remedy}.", "warning")
        for a in (() if masks else find_annotations(root))
    ]


def _vector_notes(root: Path, pairing: Pairing) -> list[Note]:
    """Which vector labels are not read because there are masks, of these images or of others."""
    if not pairing.unread:
        return []
    names = [path.relative_to(root).as_posix() for path in pairing.unread]
    listed = ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
    without = sum(sample.mask is None for sample in pairing.samples)
    images = "image has" if without == 1 else "images have"
    count = f"{len(names):,} vector files are" if len(names) > 1 else "A vector file is"
    text = (
        f"{count} not read, as masks are the labels: {listed}."
        + (f" {without:,} {images} no mask." if without else "")
        + " To train on them, burn them to masks (gdal_rasterize), or move the masks away."
    )
    return [Note(text, "warning")]
