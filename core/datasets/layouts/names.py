"""Names of folders and files in sets of images and masks: what their words say, what they share."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Literal, NamedTuple

from core.imagery.raster import IMAGE_SUFFIXES

__all__ = [
    "IMAGE_WORDS",
    "LABEL_WORDS",
    "MARKERS",
    "Meaning",
    "Role",
    "folder_meaning",
    "normal_stem",
    "skeleton",
    "words_of",
]

Role = Literal["image", "label", ""]

# Words that give a folder its role in any company, as in `flair_labels_train`.
_IMAGES = {"images", "image", "imgs", "img", "aerial"}
_LABELS = {"masks", "mask", "msks", "msk", "labels", "label", "lbls", "lbl", "lab", "annotations"}
_LABELS |= {"annotation", "annots", "annot", "anno", "ann", "gts", "gt", "groundtruth"}
_LABELS |= {"groundtruths", "targets", "target"}
# Words that do so where nothing else is said, as in `sat` beside `map`.
_WEAK_IMAGES = {"rgb", "irrg", "rgbir", "rgbnir", "cir", "ortho", "orthos", "orthophoto", "top"}
_WEAK_IMAGES |= {"orthophotos", "sat", "satellite", "input", "inputs", "original", "originals"}
_WEAK_IMAGES |= {"orig", "org", "pictures", "picture", "photos", "photo"}
_WEAK_LABELS = {"map", "maps", "segmentation", "segmentations", "seg", "segs", "footprints"}
_WEAK_LABELS |= {"buildings", "polygons", "reference", "references", "ref", "truth", "ground"}
_SPLITS = {"train": "train", "training": "train", "val": "val", "valid": "val"}
_SPLITS |= {"validation": "val", "test": "test", "testing": "test"}
_FORMATS = {"png", "jpg", "jpeg", "tif", "tiff", "bmp", "gif"}
_FILLERS = _FORMATS | {"dir", "for", "participants", "class", "classes", "color", "colour", "raw"}
_FILLERS |= {"semantic", "bit", "all", "full", "no", "boundary", "noboundary", "fine", "patches"}
_FILLERS |= {"tiles", "crops", "pixel", "level", "aug"}
_SETS = {"dataset", "datasets", "data", "set"}
# Pictures that are neither: never looked into.
_OTHERS = {"object", "objects", "instance", "instances", "edges", "preview", "previews", "thumbs"}
_OTHERS |= {"thumbnails", "overlay", "overlays", "boxes", "bbox", "bboxes", "pred", "preds"}
_OTHERS |= {"prediction", "predictions", "results", "dsm", "ndsm", "dem"}

# "top" is the place in `top_potsdam_2_10_RGB`, and "map" no image.
IMAGE_WORDS = frozenset(_IMAGES | _WEAK_IMAGES) - {"top"}
"""Words of a file name that only say that it is the image."""
MARKERS = frozenset(_LABELS | _WEAK_LABELS)
"""Words of a file name that say that it is a mask."""
LABEL_WORDS = MARKERS | {"semantic", "color", "colour", "class", "classes", "no", "boundary"}
LABEL_WORDS |= {"noboundary"}
"""Words of a mask's name that its image's need not have."""

_TOKENS = re.compile(r"[^\W\d_]+|\d+")
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+")
_KNOWN = MARKERS | _IMAGES | _WEAK_IMAGES | _FILLERS | _SETS | _OTHERS | _SPLITS.keys()


class Meaning(NamedTuple):
    """What a folder's name says.

    Attributes:
        split: ``train``, ``val`` or ``test``; empty where it says none.
        role: what lies in it.
        loose: whether it has other words beside, so that a folder in it may say it better.
        skip: whether what lies in it is neither images nor labels.
    """

    split: str
    role: Role
    loose: bool = False
    skip: bool = False


@lru_cache(maxsize=4096)
def folder_meaning(name: str) -> Meaning | None:
    """What a folder's name says, as in ``train_labels``, ``images_png`` or ``SegmentationClass``.

    None for a name without such words, as of a place, or with those of two splits.
    """
    words = [part for token in words_of(name) for part in _parts(token)]
    if any(word in _OTHERS for word in words):
        return Meaning("", "", skip=True)
    splits = list(dict.fromkeys(_SPLITS[word] for word in words if word in _SPLITS))
    rest = [w for w in words if w not in _SPLITS and w not in _FILLERS and not w.isdigit()]
    if len(splits) > 1:
        return None
    split = splits[0] if splits else ""
    sets = [word for word in rest if word in _SETS]
    if sets:  # `training_set`; `AerialImageDataset` is the whole
        return Meaning(split, "") if split and len(sets) == len(rest) else None
    if not rest:
        return Meaning(split, "") if split else None
    labels, images = MARKERS, _IMAGES | _WEAK_IMAGES
    strange = [word for word in rest if word not in labels and word not in images]
    if strange:
        labels, images = frozenset(_LABELS), _IMAGES
    # `label_images` hold labels.
    if any(word in labels for word in rest):
        return Meaning(split, "label", bool(strange))
    if any(word in images for word in rest):
        return Meaning(split, "image", bool(strange))
    return Meaning(split, "") if words[-1] in _SPLITS else None  # `uavid_train`


def words_of(name: str) -> list[str]:
    """The words and numbers of a name, as they are written, in Unicode's composed form."""
    return _TOKENS.findall(unicodedata.normalize("NFC", name))


def normal_stem(stem: str) -> str:
    """The composed Unicode form of a stem, without another ending as in ``a.png.png``.

    macOS writes ``ü`` as two characters, other systems as one.
    """
    inner, dot, ending = stem.rpartition(".")
    if dot and f".{ending.lower()}" in IMAGE_SUFFIXES:
        stem = inner
    return unicodedata.normalize("NFC", stem)


@lru_cache(maxsize=100_000)  # a set is looked at on every page
def skeleton(stem: str, roles: frozenset[str] = frozenset()) -> tuple[tuple[str, ...], int]:
    """What is left of a file's name without the words that say its role or its format.

    Args:
        stem: name of the file without its ending.
        roles: words that are left out, in lower case.

    Returns:
        The words and numbers left, in lower case, and how many were left out.
    """
    without = _FORMATS.union(roles)
    kept: list[str] = []
    count = 0
    for token in words_of(stem):
        parts = [token.casefold()]
        if parts[0] not in without:  # `imgTile` has its role in it
            inner = [part.casefold() for part in _CAMEL.findall(token)]
            parts = inner if any(part in without for part in inner) else parts
        left = [part for part in parts if part not in without]
        count += len(parts) - len(left)
        kept += left
    return tuple(kept), count


def _parts(token: str) -> list[str]:
    """The words in a folder's word: of ``JPEGImages``, ``gtFine`` and ``trainannot``."""
    whole = token.casefold()
    if whole in _KNOWN or not token.isalpha():
        return [whole]
    parts = [part.casefold() for part in _CAMEL.findall(token)] or [whole]
    if len(parts) > 1 and any(part in _KNOWN for part in parts):
        return parts
    for split in _SPLITS:
        rest = whole.removeprefix(split)
        if rest != whole and rest in _KNOWN:
            return [split, rest]
    return [whole]
