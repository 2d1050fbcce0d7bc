"""Which image belongs to which label file: folders and names as published sets use them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from core.datasets.dataset import Dataset, Sample
from core.datasets.layouts.matching import marked, matched
from core.datasets.layouts.names import MARKERS, folder_meaning
from core.datasets.layouts.tree import File, Folder, file_names, list_files, list_folders
from core.datasets.masks.class_file import find_class_file
from core.imagery.raster import IMAGE_SUFFIXES
from core.imagery.source.sidecars import is_usable_data_mask
from core.untrusted.folder import list_folder

__all__ = [
    "LABEL_VECTORS",
    "Pairing",
    "find_pairs",
    "has_only_scenes",
    "has_pairs",
    "has_scenes",
    "has_vectors",
    "pairs_orphans",
]

LABEL_VECTORS = (".geojson", ".gpkg", ".geojsonl", ".geojsons", ".ndjson")


class _GroupFiles(NamedTuple):
    """Images, raster labels and vector labels of one scene on one side of the folders' split."""

    images: list[File]
    labels: list[File]
    vectors: list[File]


_Groups = dict[tuple[str, str], _GroupFiles]


@dataclass(frozen=True)
class Pairing:
    """The images of a folder with their labels.

    Attributes:
        samples: in the order of their ids; the id carries the split and the scene that folders
            give, as in ``train/Rural/a``. Without folders of scenes each image is its own.
        orphans: label files that belong to no image.
        vector: whether the labels are GeoJSON or GeoPackage files.
        shared: the one vector file that holds the labels of all images.
        unread: vector files that would be labels if there were no rasters.
    """

    samples: tuple[Sample, ...] = ()
    orphans: tuple[Path, ...] = ()
    vector: bool = False
    shared: Path | None = None
    unread: tuple[Path, ...] = ()

    @property
    def labelled(self) -> bool:
        return any(sample.mask for sample in self.samples)


def has_pairs(root: Path) -> bool:
    """Whether `root` holds images with labels, folders for both, or a folder called ``images``."""
    if any(name.lower() == "images" for name in list_folder(root).folders):
        return True
    groups = _grouped(list_folders(root)).values()
    return any(_by_folders(group) or _labelled(group) for group in groups)


def has_scenes(root: Path) -> bool:
    """Whether folders of any name in `root`, a scene each, hold images with labels.

    Folders that have class tables of their own are datasets beside each other.
    """
    folders = list_folders(root, wide=True)
    below = {f.path.relative_to(root).parts[0] for f in folders if f.path != root and f.scene}
    if sum(find_class_file(root / name) is not None for name in below) > 1:
        return False
    return any(_labelled(group) for group in _grouped(folders).values())


def has_only_scenes(root: Path) -> bool:
    """Whether images with labels lie in folders of other names alone, none of them in a split's.

    That may be scenes of one set, or sets beside each other in a folder called ``data`` or
    ``input``.
    """
    groups = _grouped(list_folders(root)).values()
    images = [g.images[0] for g in groups if g.images and (_by_folders(g) or _labelled(g))]
    folders = [image.folder.path.relative_to(root).parts for image in images]
    return bool(folders) and all(map(_scene_first, folders))


def _scene_first(folders: tuple[str, ...]) -> bool:
    """Whether a folder of another name comes before one of a split, as in ``data/lima/train``."""
    meanings = (folder_meaning(name) for name in folders)
    first = next((m for m in meanings if m is None or m.split), False)
    return first is None


def has_vectors(root: Path) -> bool:
    """Whether `root` holds images with vector labels, and no masks."""
    some = any(
        name.lower().endswith(LABEL_VECTORS)
        for f in list_folders(root)
        for name in file_names(f.path)
    )
    return some and find_pairs(root).vector


def find_pairs(root: Path) -> Pairing:
    """Look for images and their labels below a folder; no file is opened.

    Images lie in ``images/`` (or ``image``, ``imgs``, ``rgb`` …) and labels in ``masks/`` (or
    ``labels``, ``annotations``, ``gt`` …) under the same names; both may lie in ``train/``,
    ``val/`` and ``test/`` or have such folders in them, or be one name, as in ``train_labels``; or
    image and label lie in one folder, as ``x.tif`` and ``x_mask.png``. Folders of other names
    within these, as ``Train/Rural/images_png``, are scenes; so are those in `root` where nothing
    lies in it otherwise. Where rasters and vectors are both there, the rasters are the labels. A
    vector file that has no image's name holds the labels of all images, if it is the only one.

    Names of folders count whatever their case. Names of files need not be equal: letters may
    differ in case and Unicode form, and words that say the role may be anywhere, as in
    ``IMG_1`` and ``MSK_1`` or ``top_2_RGB`` and ``top_2_label`` (`skeleton`).
    """
    groups = _grouped(list_folders(root))
    if not any(_by_folders(group) or _labelled(group) for group in groups.values()):
        wide = _grouped(list_folders(root, wide=True))
        groups = wide if any(_labelled(group) for group in wide.values()) else groups
    return _pairing(root, _without_one_scene(groups))


def _pairing(root: Path, groups: _Groups) -> Pairing:
    raster = [_paired(f.images, f.labels, key, root) for key, f in groups.items()]
    if any(pairing.labelled for pairing in raster):
        read = _joined(raster, vector=False)
        return replace(read, unread=_unread(root, groups, read))
    shared = _shared(root, groups)
    vector = [_paired(f.images, f.vectors, key, root) for key, f in groups.items()]
    if shared is None and not any(pairing.labelled for pairing in vector):
        return _joined(raster, vector=False)
    if shared is None:
        return _joined(vector, vector=True)
    every = _joined(raster, vector=True)
    samples = tuple(Sample(s.id, s.scene, s.image, shared) for s in every.samples)
    return Pairing(samples, (), True, shared)


def _unread(root: Path, groups: _Groups, read: Pairing) -> tuple[Path, ...]:
    """Vector files that are called as images are, lie among the labels, or may be of all images."""
    files: set[Path] = set()
    for group in groups.values():
        vectors = {label for label in matched(group.images, group.vectors).values() if label}
        vectors |= {file for file in group.vectors if file.folder.role == "label"}
        files |= {file.path for file in vectors}
    shared = _shared(root, groups)
    if shared and not all(sample.mask for sample in read.samples):
        files.add(shared)
    return tuple(sorted(files))


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


def _grouped(folders: list[Folder]) -> _Groups:
    """What lies where, by split and scene."""
    files: dict[tuple[str, str], list[File]] = {}
    for folder in folders:
        files.setdefault((folder.split, folder.scene), []).extend(list_files(folder))
    groups = {key: _sorted_out(listed) for key, listed in files.items()}
    return {key: group for key, group in groups.items() if not key[1] or _is_scene(group)}


def _is_scene(group: _GroupFiles) -> bool:
    """Whether a folder of any name is a part of the set, and not `images/unused`."""
    own = any(f.folder.role == "image" and not f.folder.inner for f in group.images)
    return own or _labelled(group) or any(matched(group.images, group.vectors).values())


def _labelled(group: _GroupFiles) -> bool:
    return any(label is not None for label in matched(group.images, group.labels).values())


def _by_folders(group: _GroupFiles) -> bool:
    """Whether folders say which files are images and which are labels."""
    return any(f.folder.role == "image" for f in group.images) and any(
        f.folder.role == "label" for f in group.labels
    )


def _without_one_scene(groups: _Groups) -> _Groups:
    """Where all lies in one folder of another name, that is a folder around the set, no scene."""
    if len({scene for _, scene in groups if scene}) > 1:
        return groups
    whole = {key: group for key, group in groups.items() if not key[1]}
    for (split, scene), group in groups.items():
        if not scene:
            continue
        beside = whole.get((split, ""))
        # Pictures beside the folder around the set are no part of it.
        if beside and (_labelled(beside) or any(f.folder.role == "image" for f in beside.images)):
            lists = zip(beside, group, strict=True)
            group = _GroupFiles(*([*one, *other] for one, other in lists))
        whole[split, ""] = group
    return whole


def _sorted_out(files: list[File]) -> _GroupFiles:
    rasters = [
        file
        for file in files
        if file.suffix in IMAGE_SUFFIXES and not is_usable_data_mask(file.name)
    ]
    own = [file for file in rasters if file.folder.role == "image"]
    labels = [file for file in rasters if file.folder.role == "label"]
    # Pictures beside `images` are previews and the like; those of `train` beside `train_labels`,
    # or with their labels in one folder, are the images.
    images = own or [file for file in rasters if not file.folder.role]
    labels = labels or marked(images)
    not_images = set(labels)
    vectors = [file for file in files if file.suffix in LABEL_VECTORS]
    return _GroupFiles([file for file in images if file not in not_images], labels, vectors)


def _paired(images: list[File], labels: list[File], group: tuple[str, str], root: Path) -> Pairing:
    split, scene = group
    stems, names = Counter(f.stem for f in images), Counter(f.name for f in images)
    samples, used = [], set()
    for image, label in matched(images, labels).items():
        # Two images of one stem, as a.tif and a.jpg: the whole name tells them apart, or the place.
        name = image.stem if stems[image.stem] == 1 else image.name
        if names[image.name] > 1:
            name = image.path.relative_to(root).as_posix()
        name = "/".join(part for part in (split, scene, name) if part)
        samples.append(Sample(name, scene or name, image.path, label.path if label else None))
        used.add(label)
    return Pairing(tuple(samples), tuple(f.path for f in labels if f not in used))


def _shared(root: Path, groups: _Groups) -> Path | None:
    """The one vector file beside `images` (or beside the images) that has no image's name."""
    files = [f for group in groups.values() for f in group.vectors if f.folder.role != "image"]
    if len(files) > 1:  # among others, the one that is called labels
        files = [f for f in files if f.folder.path == root and f.stem.lower() in MARKERS]
    if len(files) != 1:
        return None
    images = [image for group in groups.values() for image in group.images]
    own = any(matched(images, files).values())
    return files[0].path if images and not own else None
