"""Which label file belongs to which image, by names that are ever less alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from core.datasets.layouts.names import IMAGE_WORDS, LABEL_WORDS, MARKERS, normal_stem, skeleton
from core.datasets.layouts.tree import File, Folder

__all__ = ["marked", "matched"]

_Key = TypeVar("_Key")


def matched(images: list[File], labels: list[File]) -> dict[File, File | None]:
    """The label of each image, by names that are ever less alike; no label is taken twice by names
    that are not the same."""
    pairs: dict[File, File | None] = dict.fromkeys(images)
    free = labels
    for step in (_same, _same_letters, _same_words, _same_numbers, _one_affix):
        waiting = [image for image, label in pairs.items() if label is None]
        # An affix of no known word is a convention only where it is that of all masks.
        if not waiting or not free or (step is _one_affix and len(free) < len(labels)):
            break
        pairs |= step(waiting, free)
        used = {label for label in pairs.values() if label is not None}
        free = [label for label in free if label not in used]
    return pairs


def _same(images: list[File], labels: list[File]) -> dict[File, File]:
    """Equal names, also in another Unicode form or with two endings."""
    exact: dict[str, File] = {}
    for label in labels:
        exact.setdefault(label.stem, label)
    normal: dict[str, File] = {}
    for label in labels:
        normal.setdefault(normal_stem(label.stem), label)
    pairs = {i: exact.get(i.stem) or normal.get(normal_stem(i.stem)) for i in images}
    return {image: label for image, label in pairs.items() if label is not None}


def _same_letters(images: list[File], labels: list[File]) -> dict[File, File]:
    """Names that differ in case alone, where only one image and one label have them."""
    by_name = _by_key(labels, lambda file: normal_stem(file.stem).casefold())
    named = _by_key(images, lambda file: normal_stem(file.stem).casefold())
    return {
        files[0]: by_name[name][0]
        for name, files in named.items()
        if len(files) == len(by_name.get(name, ())) == 1
    }


def _same_words(images: list[File], labels: list[File]) -> dict[File, File]:
    """Names that are equal without the words that say the role, wherever these stand."""
    none = frozenset[str]()
    # At last the words of the folders' own names, as in `osm/osm_1.png`.
    own = {f.folder: _folder_words(f.folder) for f in (*images, *labels)}
    steps: tuple[tuple[frozenset[str], frozenset[str], bool], ...] = (
        (none, LABEL_WORDS, False),
        (IMAGE_WORDS, LABEL_WORDS | IMAGE_WORDS, False),
        (IMAGE_WORDS, LABEL_WORDS | IMAGE_WORDS, True),
    )
    pairs: dict[File, File] = {}
    for image_words, label_words, folders in steps:
        best: dict[tuple[str, ...], tuple[int, File]] = {}
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


def _same_numbers(images: list[File], labels: list[File]) -> dict[File, File]:
    """Names that differ in the zeros before their numbers too, where only one pair has them."""

    def key(file: File) -> tuple[str, ...]:
        words, _ = skeleton(file.stem, LABEL_WORDS | IMAGE_WORDS)
        return tuple(word.lstrip("0") or "0" if word.isdigit() else word for word in words)

    by_name, named = _by_key(labels, key), _by_key(images, key)
    return {
        files[0]: by_name[name][0]
        for name, files in named.items()
        if name and len(files) == len(by_name.get(name, ())) == 1
    }


def _one_affix(images: list[File], labels: list[File]) -> dict[File, File]:
    """Masks that all have their image's name and the same words before or after, as ``1_L``."""
    ending = _last_word(images)
    return _with_affix(images, labels) or (_with_affix(images, labels, ending) if ending else {})


def _with_affix(images: list[File], labels: list[File], ending: str = "") -> dict[File, File]:
    """As `_one_affix`, of images whose last word does not count."""
    by_words = _by_key(images, lambda file: _without(skeleton(file.stem)[0], ending))
    pairs: dict[tuple[tuple[str, ...], tuple[str, ...]], dict[File, File]] = {}
    for label in labels:
        words, _ = skeleton(label.stem)
        for cut in range(1, len(words)):
            for inner, affix in (
                (words[:cut], ((), words[cut:])),
                (words[cut:], (words[:cut], ())),
            ):
                for image in by_words.get(inner, ()):
                    pairs.setdefault(affix, {})[image] = label
    whole = [
        paired
        for (before, after), paired in pairs.items()
        if _says_mask((*before, *after))
        and set(paired.values()) == set(labels)
        and len(paired) == len(labels)
    ]
    return whole[0] if len(whole) == 1 else {}


def _says_mask(affix: tuple[str, ...]) -> bool:
    """A number alone, as in ``img_1_1``, is no sign of a mask; in ``15label`` it is."""
    return not any(word.isdigit() for word in affix) or any(word in MARKERS for word in affix)


def _last_word(images: list[File]) -> str:
    """The word that the names of all images end with, as ``merged``; empty where they do not."""
    last = {words[-1] if words else "" for words in (skeleton(f.stem)[0] for f in images)}
    word = last.pop() if len(last) == 1 and len(images) > 1 else ""
    return "" if word.isdigit() else word


def _without(words: tuple[str, ...], ending: str) -> tuple[str, ...]:
    return words[:-1] if ending and len(words) > 1 else words


def _folder_words(folder: Folder) -> frozenset[str]:
    words = skeleton(folder.path.name)[0] if folder.role else ()
    return frozenset(word for word in words if not word.isdigit())


def _by_key(files: list[File], key: Callable[[File], _Key]) -> dict[_Key, list[File]]:
    by_key: dict[_Key, list[File]] = {}
    for file in files:
        by_key.setdefault(key(file), []).append(file)
    return by_key


def marked(files: list[File]) -> list[File]:
    """Those that are called a label of another file of the same folder: ``x_mask`` of ``x``."""
    plain = {file: skeleton(file.stem) for file in files}
    bare = {file: skeleton(file.stem, LABEL_WORDS) for file in files}
    called = {f for f in files if skeleton(f.stem, MARKERS)[1] > plain[f][1]}
    if not called:
        return []
    others = [file for file in files if file not in called]
    bases = {(f.folder, plain[f][0]) for f in others}
    bases |= {(f.folder, skeleton(f.stem, IMAGE_WORDS)[0]) for f in others}
    ending = _last_word(others)  # `x_merged.tif` beside `x.mask.tif`
    bases |= {(f.folder, _without(plain[f][0], ending)) for f in others}
    both = LABEL_WORDS | IMAGE_WORDS
    return [
        f
        for f in files
        if f in called
        and ((f.folder, bare[f][0]) in bases or (f.folder, skeleton(f.stem, both)[0]) in bases)
    ]
