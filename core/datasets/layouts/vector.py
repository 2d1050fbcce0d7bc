"""GeoTIFFs with vector labels: a GeoJSON or GeoPackage an image, or one for all of them."""

from __future__ import annotations

from pathlib import Path

from core.classes import VOID, ClassTable, LandClass
from core.datasets.dataset import Dataset, Sample
from core.datasets.layouts.pairing import find_pairs, has_vectors
from core.datasets.masks.class_file import ClassFile, find_class_file, read_class_file
from core.datasets.masks.decode import MaskCoding
from core.datasets.masks.vector_file import label_extent
from core.datasets.note import Note
from core.errors import DatasetError, ImageError
from core.imagery.raster import read_header

__all__ = ["FOREGROUND", "is_vector", "read_vector"]

FOREGROUND = ClassTable(
    classes=(
        LandClass(name="Background", color="#999999"),
        LandClass(name="Foreground", color="#E69F00"),
    )
)
"""What polygons are where nothing names their classes."""


def is_vector(root: Path) -> bool:
    """Whether `root` holds images with vector labels and no masks, see `find_pairs`."""
    return has_vectors(root)


def read_vector(root: Path, name: str) -> Dataset:
    """List images with vector labels; each image is a scene of its own.

    Any set of georeferenced images with polygons:

    - Size: any number of images of any size.
    - Bands: any, in a format that carries a georeference, such as GeoTIFF.
    - Resolution: that of the images.
    - Labels: ``labels/a.geojson`` (or ``.gpkg``) belongs to ``images/a.tif``; one file beside
      ``images`` or beside the images holds the labels of all of them. Their reference system may
      be any: they are brought onto each image's grid.
    - Classes: 0 is where there is no polygon. ``classes.json`` may say ``{"attribute": "landuse",
      "classes": [{"name": "Background", …}, {"name": "forest", …}]}``, where the values of the
      attribute are the classes' names or their ``value``; without it all polygons are one class.
    - Void: values of the attribute that ``classes.json`` calls void.
    - Licence and source: those of whoever made the folder.

    Args:
        root: folder of the dataset.
        name: name of the dataset.

    Raises:
        DatasetError: no image, a class table that cannot be read or has one class alone, or one
            label file that lies on none of the images.
    """
    pairing = find_pairs(root)
    if not pairing.samples:
        raise DatasetError(
            "there are vector labels and no PNG, JPEG or TIFF",
            where=str(root),
            remedy="put the georeferenced images into `images`, beside the labels",
        )
    path = find_class_file(root)
    table = read_class_file(path) if path else None
    classes = table.classes if table else FOREGROUND
    if len(classes) < 2:
        raise DatasetError(
            "the class table has one class, and vector labels need two",
            where=str(path),
            remedy='list the background first: {"classes": [{"name": "Background"}, …]}',
        )
    if pairing.shared:
        _on_some_image(pairing.shared, pairing.samples)
    coding = MaskCoding(
        "footprints",
        attribute=table.attribute if table else "",
        texts=_texts(table) if table else {},
        shared=pairing.shared is not None,
    )
    notes = [] if table else ["There is no classes.json: every polygon is Foreground."]
    return Dataset(name, root, "vector", classes, coding, pairing.samples, tuple(map(Note, notes)))


def _texts(table: ClassFile) -> dict[str, int]:
    """What values of the attribute mean beside the class names."""
    texts = {str(value): label for label, value in enumerate(table.values)}
    return texts | {str(value): VOID for value in table.void_values}


def _on_some_image(path: Path, samples: tuple[Sample, ...]) -> None:
    """Refuse a file for all images whose extent meets none of them."""
    extent = label_extent(path)
    checked = 0
    for sample in samples:
        try:
            header = read_header(sample.image)
        except ImageError:
            continue  # the audit names it
        if extent.meets(header):
            return
        checked += 1
    if checked:
        raise DatasetError(
            f"the labels lie on none of the {checked:,} images: they reach from "
            f"{extent.words} in {extent.crs or 'no reference system'}",
            where=str(path),
            remedy="check that they belong to these images and that their coordinate reference "
            "system is the right one",
        )
