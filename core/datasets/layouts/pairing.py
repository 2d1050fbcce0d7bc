"""Which image belongs to which label file: folders and names as published sets use them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from core.datasets.dataset import Dataset, Sample
from core.datasets.layouts.names import (
    IMAGE_WORDS,
    LABEL_WORDS,
    MARKERS,
    Role,
    folder_meaning,
    normal_stem,
    skeleton,
)
from core.datasets.masks.class_file import find_class_file
from core.imagery.raster import IMAGE_SUFFIXES

__all__ = [
    "LABEL_VECTORS",
    "SPLITS",
    "Pairing",
    "find_pairs",
    "has_pairs",
    "has_scenes",
    "has_vectors",
    "pairs_orphans",
]

LABEL_VECTORS = (".geojson", ".gpkg")
SPLITS = ("train", "val", "test")

_DEPTH = 6
_FOLDERS = 5_000  # folders that are looked into where a set has one a scene


@dataclass(frozen=True, eq=False)  # one object a folder, told apart by itself: a quick hash
class _Folder:
    """A folder that images or labels may lie in.

    Attributes:
        split, role: what its name, or that of a folder around it, says.
        scene: the folders of other names around it, as ``Rural``.
        loose: see `Meaning`.
        inner: whether the scene's folder lies within the one that says the role.
    """

    path: Path
    split: str = ""
    role: Role = ""
    scene: str = ""
    loose: bool = False
    inner: bool = False


class _File(NamedTuple):
    """A file by its parts as text: thousands of paths take long to make and to compare."""

    folder: _Folder
    name: str
    stem: str
    suffix: str

    @property
    def path(self) -> Path:
        return self.folder.path / self.name


class _GroupFiles(NamedTuple):
    """Images, raster labels and vector labels of one scene on one side of the folders' split."""

    images: list[_File]
    labels: list[_File]
    vectors: list[_File]


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
    """

    samples: tuple[Sample, ...] = ()
    orphans: tuple[Path, ...] = ()
    vector: bool = False
    shared: Path | None = None

    @property
    def labelled(self) -> bool:
        return any(sample.mask for sample in self.samples)


def has_pairs(root: Path) -> bool:
    """Whether `root` holds images with labels, folders for both, or a folder called ``images``."""
    with os.scandir(root) as entries:
        if any(e.name.lower() == "images" and e.is_dir() for e in entries):
            return True
    groups = _grouped(_folders(root)).values()
    return any(_by_folders(group) or _labelled(group) for group in groups)


def has_scenes(root: Path) -> bool:
    """Whether folders of any name in `root`, a scene each, hold images with labels.

    Folders that have class tables of their own are datasets beside each other.
    """
    folders = _folders(root, wide=True)
    below = {f.path.relative_to(root).parts[0] for f in folders if f.path != root and f.scene}
    if sum(find_class_file(root / name) is not None for name in below) > 1:
        return False
    return any(_labelled(group) for group in _grouped(folders).values())


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
    image and label lie in one folder, as ``x.tif`` and ``x_mask.png``. Folders of other names
    within these, as ``Train/Rural/images_png``, are scenes; so are those in `root` where nothing
    lies in it otherwise. Where rasters and vectors are both there, the rasters are the labels. A
    vector file that has no image's name holds the labels of all images, if it is the only one.

    Names of folders count whatever their case. Names of files need not be equal: letters may
    differ in case and Unicode form, and words that say the role may be anywhere, as in
    ``IMG_1`` and ``MSK_1`` or ``top_2_RGB`` and ``top_2_label`` (`skeleton`).
    """
    groups = _grouped(_folders(root))
    if not any(_by_folders(group) or _labelled(group) for group in groups.values()):
        wide = _grouped(_folders(root, wide=True))
        groups = wide if any(_labelled(group) for group in wide.values()) else groups
    return _pairing(root, _without_one_scene(groups))


def _pairing(root: Path, groups: _Groups) -> Pairing:
    raster = [_paired(f.images, f.labels, key, root) for key, f in groups.items()]
    if any(pairing.labelled for pairing in raster):
        return _joined(raster, vector=False)
    shared = _shared(root, groups)
    vector = [_paired(f.images, f.vectors, key, root) for key, f in groups.items()]
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


def _folders(root: Path, wide: bool = False) -> list[_Folder]:
    """The folders in which images or labels may lie.

    Those of other names are passed over, unless they lie within one that says split or role, or
    `wide` looks into all of them.
    """
    below = islice(_below(_Folder(root), _DEPTH, wide), _FOLDERS)
    return [_Folder(root), *below]


def _below(folder: _Folder, depth: int, wide: bool) -> Iterator[_Folder]:
    if depth == 0 or not os.access(folder.path, os.R_OK | os.X_OK):
        return
    with os.scandir(folder.path) as entries:
        names = sorted(e.name for e in entries if not e.name.startswith(".") and e.is_dir())
    for name in names:
        child = _child(folder, name, wide)
        if child is not None:
            yield child
            yield from _below(child, depth - 1, wide)


def _child(folder: _Folder, name: str, wide: bool) -> _Folder | None:
    path, meaning = folder.path / name, folder_meaning(name)
    if meaning is None:
        if not (wide or folder.split or folder.role):
            return None
        scene = f"{folder.scene}/{name}" if folder.scene else name
        inner = folder.inner or bool(folder.role)
        return replace(folder, path=path, scene=scene, inner=inner)
    # `images/labels` and `train/test` say two things at once.
    split_twice = meaning.split and folder.split and meaning.split != folder.split
    role_twice = meaning.role and folder.role and meaning.role != folder.role
    if meaning.skip or split_twice or (role_twice and not folder.loose):
        return None
    return replace(
        folder,
        path=path,
        split=meaning.split or folder.split,
        role=meaning.role or folder.role,
        loose=meaning.loose if meaning.role else folder.loose,
    )


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


def _grouped(folders: list[_Folder]) -> _Groups:
    """What lies where, by split and scene."""
    files: dict[tuple[str, str], list[_File]] = {}
    for folder in folders:
        files.setdefault((folder.split, folder.scene), []).extend(_files(folder))
    groups = {key: _sorted_out(listed) for key, listed in files.items()}
    return {key: group for key, group in groups.items() if not key[1] or _is_scene(group)}


def _is_scene(group: _GroupFiles) -> bool:
    """Whether a folder of any name is a part of the set, and not `images/unused`."""
    own = any(f.folder.role == "image" and not f.folder.inner for f in group.images)
    return own or _labelled(group) or any(_matched(group.images, group.vectors).values())


def _labelled(group: _GroupFiles) -> bool:
    return any(label is not None for label in _matched(group.images, group.labels).values())


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


def _sorted_out(files: list[_File]) -> _GroupFiles:
    rasters = [file for file in files if file.suffix in IMAGE_SUFFIXES]
    own = [file for file in rasters if file.folder.role == "image"]
    labels = [file for file in rasters if file.folder.role == "label"]
    # Pictures beside `images` are previews and the like; those of `train` beside `train_labels`,
    # or with their labels in one folder, are the images.
    images = own or [file for file in rasters if not file.folder.role]
    labels = labels or _marked(images)
    not_images = set(labels)
    vectors = [file for file in files if file.suffix in LABEL_VECTORS]
    return _GroupFiles([file for file in images if file not in not_images], labels, vectors)


def _marked(files: list[_File]) -> list[_File]:
    """Those that are called a label of another file of the same folder: ``x_mask`` of ``x``."""
    plain = {file: skeleton(file.stem) for file in files}
    bare = {file: skeleton(file.stem, LABEL_WORDS) for file in files}
    called = {f for f in files if skeleton(f.stem, MARKERS)[1] > plain[f][1]}
    if not called:
        return []
    others = [file for file in files if file not in called]
    bases = {(f.folder, plain[f][0]) for f in others}
    bases |= {(f.folder, skeleton(f.stem, IMAGE_WORDS)[0]) for f in others}
    both = LABEL_WORDS | IMAGE_WORDS
    return [
        f
        for f in files
        if f in called
        and ((f.folder, bare[f][0]) in bases or (f.folder, skeleton(f.stem, both)[0]) in bases)
    ]


def _matched(images: list[_File], labels: list[_File]) -> dict[_File, _File | None]:
    """The label of each image, by names that are ever less alike; no label is taken twice by names
    that are not the same."""
    matched: dict[_File, _File | None] = dict.fromkeys(images)
    free = labels
    for step in (_same, _same_letters, _same_words):
        waiting = [image for image, label in matched.items() if label is None]
        if not waiting or not free:
            break
        matched |= step(waiting, free)
        used = {label for label in matched.values() if label is not None}
        free = [label for label in free if label not in used]
    return matched


def _same(images: list[_File], labels: list[_File]) -> dict[_File, _File]:
    """Equal names, also in another Unicode form or with two endings."""
    exact: dict[str, _File] = {}
    for label in labels:
        exact.setdefault(label.stem, label)
    normal: dict[str, _File] = {}
    for label in labels:
        normal.setdefault(normal_stem(label.stem), label)
    pairs = {i: exact.get(i.stem) or normal.get(normal_stem(i.stem)) for i in images}
    return {image: label for image, label in pairs.items() if label is not None}


def _same_letters(images: list[_File], labels: list[_File]) -> dict[_File, _File]:
    """Names that differ in case alone, where only one image and one label have them."""
    by_name = _by_key(labels, lambda file: normal_stem(file.stem).casefold())
    named = _by_key(images, lambda file: normal_stem(file.stem).casefold())
    return {
        files[0]: by_name[name][0]
        for name, files in named.items()
        if len(files) == len(by_name.get(name, ())) == 1
    }


def _same_words(images: list[_File], labels: list[_File]) -> dict[_File, _File]:
    """Names that are equal without the words that say the role, wherever these stand."""
    none = frozenset[str]()
    # At last the words of the folders' own names, as in `osm/osm_1.png`.
    own = {f.folder: _folder_words(f.folder) for f in (*images, *labels)}
    steps: tuple[tuple[frozenset[str], frozenset[str], bool], ...] = (
        (none, LABEL_WORDS, False),
        (IMAGE_WORDS, LABEL_WORDS | IMAGE_WORDS, False),
        (IMAGE_WORDS, LABEL_WORDS | IMAGE_WORDS, True),
    )
    pairs: dict[_File, _File] = {}
    for image_words, label_words, folders in steps:
        best: dict[tuple[str, ...], tuple[int, _File]] = {}
        for label in labels:
            words = label_words | (own[label.folder] if folders else none)
            key, count = skeleton(label.stem, words)
            if key not in best or count < best[key][0]:
                best[key] = count, label
        for image in images:
            words = image_words | (own[image.folder] if folders else none)
            key, _ = skeleton(image.stem, words)
            if key in best and image not in pairs:
                pairs[image] = best[key][1]
    return pairs


def _folder_words(folder: _Folder) -> frozenset[str]:
    words = skeleton(folder.path.name)[0] if folder.role else ()
    return frozenset(word for word in words if not word.isdigit())


def _by_key(files: list[_File], key: Callable[[_File], str]) -> dict[str, list[_File]]:
    by_key: dict[str, list[_File]] = {}
    for file in files:
        by_key.setdefault(key(file), []).append(file)
    return by_key


def _paired(
    images: list[_File], labels: list[_File], group: tuple[str, str], root: Path
) -> Pairing:
    split, scene = group
    stems, names = Counter(f.stem for f in images), Counter(f.name for f in images)
    samples, used = [], set()
    for image, label in _matched(images, labels).items():
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
    own = any(_matched(images, files).values())
    return files[0].path if images and not own else None
