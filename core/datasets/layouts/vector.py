"""GeoTIFFs with vector labels: a GeoJSON or GeoPackage an image, or one for all of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from core.datasets.dataset import Dataset, Sample
from core.datasets.layouts.pairing import find_pairs, has_vectors
from core.datasets.masks.choose_vector import choose_vector
from core.datasets.masks.class_file import class_table_of
from core.datasets.masks.vector_file import label_extent
from core.errors import DatasetError, ImageError
from core.imagery.header import read_header

__all__ = ["is_vector", "read_vector"]


def is_vector(root: Path) -> bool:
    """Whether `root` holds images with vector labels and no masks, see `find_pairs`."""
    return has_vectors(root)


def read_vector(root: Path, name: str) -> Dataset:
    """List images with vector labels; each image is a scene of its own.

    Any set of georeferenced images with polygons:

    - Size: any number of images of any size.
    - Bands: any, in a format that carries a georeference, such as GeoTIFF.
    - Resolution: that of the images.
    - Labels: ``labels/a.geojson`` (or ``.gpkg``, ``.geojsonl``) belongs to
      ``images/a.tif``; one file beside ``images`` or beside the images holds the labels of all of
      them. Their reference system may be any: they are brought onto each image's grid.
    - Classes: 0 is where there is no polygon. ``classes.json`` may say ``{"attribute": "landuse",
      "classes": [{"name": "Background", …}, {"name": "forest", …}]}``, where the values of the
      attribute are the classes' names or their ``value``. Where it names none, the attribute that
      has such values is read; where none has, all polygons are one class. What is called as no
      class is unknown. Layers that are called as classes are their polygons, and ``"layer"`` says
      which one is read. Names of layers and values are those of a class, or differ from one alone
      in case. A background is put before the classes where polygons are of the first.
    - Void: values of the attribute that ``classes.json`` calls void.
    - Licence and source: those of whoever made the folder.

    Args:
        root: folder of the dataset.
        name: name of the dataset.

    Raises:
        DatasetError: no image, a class table that cannot be read, several layers or classes that
            nothing tells apart, or one label file that lies on none of the images.
    """
    pairing = find_pairs(root)
    if not pairing.samples:
        raise DatasetError(
            "there are vector labels and no PNG, JPEG or TIFF",
            where=str(root),
            remedy="put the georeferenced images into `images`, beside the labels",
        )
    table, file, table_notes = class_table_of(root)
    files = list(dict.fromkeys(s.mask for s in pairing.samples if s.mask is not None))
    chosen = choose_vector(root, files, table, file)
    coding = replace(chosen.coding, shared=pairing.shared is not None)
    if pairing.shared:
        _on_some_image(pairing.shared, pairing.samples, coding.layers)
    notes = (*chosen.notes, *table_notes)
    return Dataset(name, root, "vector", chosen.classes, coding, pairing.samples, notes)


def _on_some_image(path: Path, samples: tuple[Sample, ...], layers: tuple[str, ...]) -> None:
    """Refuse a file for all images whose extent meets none of them."""
    extent = label_extent(path, layers)
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
