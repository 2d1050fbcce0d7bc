"""Which dataset this is, by what is in it: the same under any name, path or link."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from core.datasets.dataset import Dataset, Sample
from core.formats import counted

__all__ = [
    "block_of",
    "content_digest",
    "counted_samples",
    "image_digest",
    "is_dataset",
    "mask_digests",
    "sample_digests",
]

_PIECE = 4096  # bytes of a file's start, middle and end
_BLOCK = re.compile(r"(.+)/(r\d+c\d+)")  # see `core.datasets.recipes.blocks.divided`
_COMPARED = 64  # samples of a large set that are compared


def image_digest(path: Path) -> str:
    """Names an image file's content, as 12 hexadecimal digits.

    It is made of the size and of 4 KiB each of the start, the middle and the end: files of one
    size, as uncompressed tiles are, differ in these. Empty where the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return _digest(file, path.stat().st_size)
    except OSError:
        return ""


def content_digest(data: bytes) -> str:
    """`image_digest` of a file with this content."""
    return _digest(io.BytesIO(data), len(data))


def _digest(file: BinaryIO, size: int) -> str:
    hasher = hashlib.blake2b(str(size).encode(), digest_size=6)
    for start in dict.fromkeys((0, max(0, size // 2), max(0, size - _PIECE))):
        file.seek(start)
        hasher.update(file.read(_PIECE))
    return hasher.hexdigest()


def sample_digests(samples: Sequence[Sample]) -> tuple[str, ...]:
    """`image_digest` of each sample's image; masks are left out, which may be corrected later."""
    by_file = {path: image_digest(path) for path in {sample.image for sample in samples}}
    return tuple(by_file[sample.image] for sample in samples)


def mask_digests(samples: Sequence[Sample]) -> tuple[str, ...]:
    """The same of each sample's mask, or file of footprints; empty where it has none."""
    by_file = {path: image_digest(path) for path in {s.mask for s in samples} if path is not None}
    return tuple(by_file[sample.mask] if sample.mask else "" for sample in samples)


def block_of(sample_id: str) -> tuple[str, str]:
    """The id of the image, and the block's name; empty for a whole image."""
    match = _BLOCK.fullmatch(sample_id)
    return (match[1], match[2]) if match else (sample_id, "")


def counted_samples(ids: Sequence[str], blocks: bool, word: str = "image") -> str:
    """How many samples: "1 image", "3 blocks", "3 blocks and 1 image".

    Args:
        ids: ids of the samples.
        blocks: whether their images were divided: else an id only looks like that of a block.
        word: what a sample is called that is no block.
    """
    parts = sum(bool(block_of(i)[1]) for i in ids) if blocks else 0
    words = [counted(parts, "block")] if parts else []
    if len(ids) > parts or not parts:
        words.append(counted(len(ids) - parts, word))
    return " and ".join(words)


def is_dataset(dataset: Dataset, ids: Sequence[str], digests: Sequence[str]) -> bool:
    """Whether a dataset is the one that these samples are of.

    It may have got or lost samples since; of those that it still has, most must have the image that
    they had. Up to 64 are compared.

    Args:
        dataset: dataset in question, with the image product of the samples.
        ids: ids of samples.
        digests: `image_digest` of each of them.
    """
    known = {sample.id: sample for sample in dataset.samples}
    common = [(known[i], d) for i, d in zip(ids, digests, strict=True) if i in known and d]
    if not common:
        return False
    chosen = np.linspace(0, len(common) - 1, min(_COMPARED, len(common))).round().astype(int)
    compared = [common[index] for index in chosen]
    same = sum(image_digest(sample.image) == digest for sample, digest in compared)
    return same * 2 > len(compared)
