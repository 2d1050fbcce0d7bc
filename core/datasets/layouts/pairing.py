"""Which image belongs to which label file: folders and names as published sets use them."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from core.datasets.dataset import Dataset, Sample
from core.imagery.raster import IMAGE_SUFFIXES

__all__ = [
    "LABEL_VECTORS",
    "SPLITS",
    "Pairing",
    "find_pairs",
    "has_pairs",
    "has_vectors",
    "pairs_orphans",
]

LABEL_VECTORS = (".geojson", ".gpkg", ".geojsonl", ".geojsons", ".ndjson")
SPLITS = ("train", "val", "test")

_IMAGES = {"images", "image", "imgs", "img", "rgb", "input", "inputs", "original", "originals"}
_IMAGES |= {"pictures", "sat", "satellite", "original_images"}
_LABELS = {"masks", "mask", "labels", "label", "annotations", "annotation", "gt", "gts"}
_LABELS |= {"groundtruth", "ground_truth", "targets", "target", "segmentation", "seg", "annot"}
_LABELS |= {"footprints", "buildings", "polygons", "label_images", "mask_images"}
_SPLIT_WORDS = {"train": "train", "training": "train", "val": "val", "valid": "val"}
_SPLIT_WORDS |= {"validation": "val", "test": "test", "testing": "test"}
_IMAGE_ENDS = re.compile(r"[_-](image|images|img|sat|rgb)$", re.IGNORECASE)
_LABEL_ENDS = re.compile(
    r"[_-](masks?|labels?|gt|groundtruth|annotations?|seg|segmentation|buildings)$", re.IGNORECASE
)
_DEPTH = 3
_Role = Literal["image", "label", ""]


@dataclass(frozen=True, eq=False)  # one object a folder, told apart by itself: a quick hash
class _Folder:
    path: Path
    split: str
    role: _Role


class _File(NamedTuple):
    """A file by its parts as text: thousands of paths take long to make and to compare."""

    folder: _Folder
    name: str
    stem: str
    suffix: str

    @property
    def path(self) -> Path:
        return self.folder.path / self.name


class _SplitFiles(NamedTuple):
    """Images, raster labels and vector labels of one split."""

    images: list[_File]
    labels: list[_File]
    vectors: list[_File]


@dataclass(frozen=True)
class Pairing:
    """The images of a folder with their labels.

    Attributes:
        samples: in the order of their ids; the id carries the split that folders give, as in
            ``train/a``. Each image is a scene of its own.
        orphans: label files that belong to no image.
        vector: whether the labels are GeoJSON or GeoPackage files.
        shared: the one vector file that holds the labels of all images.
    """

    samples: tuple[Sample, ...] = ()
    orphans: tuple[Path, ...] = ()
    vector: bool = False
    shared: Path | None = None

    @property
    def labelled(self) -> bool:
        return any(sample.mask for sample in self.samples)


def has_pairs(root: Path) -> bool:
    """Whether `root` holds images with labels, or a folder called ``images``."""
    with os.scandir(root) as entries:
        if any(e.name.lower() == "images" and e.is_dir() for e in entries):
            return True
    return any(
        label is not None
        for files in _by_split(root).values()
        for _, label in _matched(files.images, files.labels)
    )


def has_vectors(root: Path) -> bool:
    """Whether `root` holds images with vector labels, and no masks."""
    some = any(
        name.lower().endswith(LABEL_VECTORS) for f in _folders(root) for name in _names(f.path)
    )
    return some and find_pairs(root).vector


def find_pairs(root: Path) -> Pairing:
    """Look for images and their labels below a folder; no file is opened.

    Images lie in ``images/`` (or ``image``, ``imgs``, ``rgb`` …) and labels in ``masks/`` (or
    ``labels``, ``annotations``, ``gt`` …) under the same names; both may lie in ``train/``,
    ``val/`` and ``test/`` or have such folders in them, or be one name, as in ``train_labels``; or
    image and label lie in one folder, as ``x.tif`` and ``x_mask.png``. Names of folders count
    whatever their case. Where rasters and vectors are both there, the rasters are the labels. A
    vector file that has no image's name holds the labels of all images, if it is the only one.
    """
    by_split = _by_split(root)
    raster = [_paired(f.images, f.labels, split, root) for split, f in by_split.items()]
    if any(pairing.labelled for pairing in raster):
        return _joined(raster, vector=False)
    shared = _shared(root, by_split)
    vector = [_paired(f.images, f.vectors, split, root) for split, f in by_split.items()]
    if shared is None and not any(pairing.labelled for pairing in vector):
        return _joined(raster, vector=False)
    if shared is None:
        return _joined(vector, vector=True)
    every = _joined(raster, vector=True)
    samples = tuple(Sample(s.id, s.scene, s.image, shared) for s in every.samples)
    return Pairing(samples, (), True, shared)


def pairs_orphans(dataset: Dataset) -> tuple[Path, ...]:
    """Label files in a dataset's folder that belong to no image."""
    return find_pairs(dataset.root).orphans


def _joined(parts: list[Pairing], vector: bool) -> Pairing:
    # Pictures beside `train` and `val` are previews, unless they have labels.
    whole = [p for p in parts if p.labelled or any("/" in s.id for s in p.samples)]
    parts = whole or parts
    samples = sorted((s for part in parts for s in part.samples), key=lambda s: s.id)
    orphans = sorted(path for part in parts for path in part.orphans)
    return Pairing(tuple(samples), tuple(orphans), vector)


def _folders(root: Path) -> list[_Folder]:
    """The folders in which images or labels may lie; those with other names are passed over."""
    return [_Folder(root, "", ""), *_below(_Folder(root, "", ""), _DEPTH)]


def _below(folder: _Folder, depth: int) -> Iterator[_Folder]:
    if depth == 0 or not os.access(folder.path, os.R_OK | os.X_OK):
        return
    with os.scandir(folder.path) as entries:
        names = sorted(e.name for e in entries if not e.name.startswith(".") and e.is_dir())
    for name in names:
        meaning = _meaning(name)
        if meaning is None:
            continue
        split, role = meaning
        if (split and folder.split) or (role and folder.role):
            continue  # `images/labels` and `train/test` say two things at once
        child = _Folder(folder.path / name, split or folder.split, role or folder.role)
        yield child
        yield from _below(child, depth - 1)


def _meaning(name: str) -> tuple[str, _Role] | None:
    """What a folder's name says: a split, a role, or both as in ``train_labels``."""
    words = re.split(r"[\s_-]+", name.lower())
    splits = [_SPLIT_WORDS[word] for word in words if word in _SPLIT_WORDS]
    rest = "_".join(word for word in words if word not in _SPLIT_WORDS)
    if len(splits) > 1:
        return None
    split = splits[0] if splits else ""
    if rest in _IMAGES:
        return split, "image"
    if rest in _LABELS:
        return split, "label"
    return (split, "") if split and not rest else None


def _files(folder: _Folder) -> list[_File]:
    files = []
    for name in sorted(_names(folder.path)):
        stem, dot, ending = name.rpartition(".")
        files.append(_File(folder, name, stem if dot else name, f".{ending.lower()}"))
    return files


def _names(folder: Path) -> Iterator[str]:
    if not os.access(folder, os.R_OK | os.X_OK):
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            # macOS leaves `._name.jpg` beside `name.jpg`.
            if not entry.name.startswith(".") and not entry.is_dir():
                yield entry.name


def _by_split(root: Path) -> dict[str, _SplitFiles]:
    """What lies where, by the split that folders give."""
    by_split: dict[str, list[_File]] = {}
    for folder in _folders(root):
        by_split.setdefault(folder.split, []).extend(_files(folder))
    return {split: _sorted_out(files) for split, files in by_split.items()}


def _sorted_out(files: list[_File]) -> _SplitFiles:
    rasters = [file for file in files if file.suffix in IMAGE_SUFFIXES]
    own = [file for file in rasters if file.folder.role == "image"]
    labels = [file for file in rasters if file.folder.role == "label"]
    # Pictures beside `images` are previews and the like; those of `train` beside `train_labels`,
    # or with their labels in one folder, are the images.
    images = own or [file for file in rasters if not file.folder.role]
    labels = labels or _suffixed(images)
    not_images = set(labels)
    vectors = [file for file in files if file.suffix in LABEL_VECTORS]
    return _SplitFiles([file for file in images if file not in not_images], labels, vectors)


def _suffixed(files: list[_File]) -> list[_File]:
    """Those that are called a label of another file of the same folder: ``x_mask`` of ``x``."""
    called = [file for file in files if _LABEL_ENDS.search(file.stem)]
    if not called:
        return []
    others = set(files) - set(called)
    bases = {(file.folder.path, _IMAGE_ENDS.sub("", file.stem)) for file in others}
    return [f for f in called if (f.folder.path, _LABEL_ENDS.sub("", f.stem)) in bases]


def _matched(images: list[_File], labels: list[_File]) -> Iterator[tuple[_File, _File | None]]:
    exact: dict[str, _File] = {}
    loose: dict[str, _File] = {}
    for label in labels:
        exact.setdefault(label.stem, label)
        loose.setdefault(_LABEL_ENDS.sub("", label.stem), label)
    for image in images:
        base = _IMAGE_ENDS.sub("", image.stem)
        yield image, exact.get(image.stem) or loose.get(image.stem) or loose.get(base)


def _paired(images: list[_File], labels: list[_File], split: str, root: Path) -> Pairing:
    stems, names = Counter(f.stem for f in images), Counter(f.name for f in images)
    samples, used = [], set()
    for image, label in _matched(images, labels):
        # Two images of one stem, as a.tif and a.jpg: the whole name tells them apart, or the place.
        name = image.stem if stems[image.stem] == 1 else image.name
        if names[image.name] > 1:
            name = image.path.relative_to(root).as_posix()
        name = f"{split}/{name}" if split else name
        samples.append(Sample(name, name, image.path, label.path if label else None))
        used.add(label)
    return Pairing(tuple(samples), tuple(f.path for f in labels if f not in used))


def _shared(root: Path, by_split: dict[str, _SplitFiles]) -> Path | None:
    """The one vector file beside `images` (or beside the images) that has no image's name."""
    files = [f for split in by_split.values() for f in split.vectors if f.folder.role != "image"]
    if len(files) > 1:  # among others, the one that is called labels
        files = [f for f in files if f.folder.path == root and f.stem.lower() in _LABELS]
    if len(files) != 1:
        return None
    stems = {_IMAGE_ENDS.sub("", f.stem) for split in by_split.values() for f in split.images}
    own = files[0].stem in stems or _LABEL_ENDS.sub("", files[0].stem) in stems
    return files[0].path if stems and not own else None
