"""The data a run began with: it goes on with the same samples, sides and classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.classes import ClassTable
from core.datasets.dataset import Dataset
from core.datasets.identity import block_of, mask_digests, sample_digests
from core.datasets.recipes.splits import Split
from core.errors import ModelError
from core.formats import counted
from core.imagery.normalise import Normalisation
from core.models.card import CARD_FILE
from core.models.store import read_card
from core.paths import write_json
from core.training.inpainting.state import InpaintingState
from core.training.runs.run import Run
from core.training.runs.status_writer import ResumeRefused
from core.training.session.training_data import TrainingData

__all__ = [
    "DataRecord",
    "check_classes",
    "check_pixels",
    "read_data_record",
    "split_of_record",
    "write_data_record",
]

_FILE = "data.json"
_CHANGED = "the dataset is not the one the run began with"
_NAMED = 3  # samples that are named


class DataRecord(BaseModel):
    """What `data.json` in a run's folder says.

    Attributes:
        classes: class table; index = output channel.
        values: which label a value of the masks means (`MaskCoding.values`).
        texts: which label a text of vector labels means (`MaskCoding.texts`).
        train, val, test: sample ids by side.
        digests: digest of each image of train, val and test, in this order (`image_digest`); empty
            where a version before kept none.
        mask_digests: the same of each one's mask; empty where a version before kept none.
        dtype: type of the pixels.
        bands: number of bands that the network gets; 0 where that is not known.
        normalisation: normalisation of the bands, fitted to the samples of `train`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    classes: ClassTable
    values: dict[int, int] = Field(default_factory=dict)
    texts: dict[str, int] = Field(default_factory=dict)
    train: tuple[str, ...]
    val: tuple[str, ...]
    test: tuple[str, ...]
    digests: tuple[str, ...] = ()
    mask_digests: tuple[str, ...] = ()
    dtype: str
    bands: int = 0
    normalisation: Normalisation


def write_data_record(run: Run, data: TrainingData) -> None:
    """Keep what a run begins with in its folder.

    Raises:
        WorkspaceError: the disk refuses.
    """
    dataset, split = data.dataset, data.split
    record = DataRecord(
        classes=dataset.classes,
        values=dict(dataset.coding.values),
        texts=dict(dataset.coding.texts),
        train=split.train,
        val=split.val,
        test=split.test,
        digests=data.digests,
        mask_digests=data.mask_digests,
        dtype=data.dtype,
        bands=data.bands,
        normalisation=data.normalisation,
    )
    write_json(run.folder / _FILE, record.model_dump(mode="json"))


def read_data_record(run: Run) -> DataRecord | None:
    """What a run began with, where it has a state to go on from.

    A run of a version that kept no such record has it in its model card, if it has one. None where
    nothing was trained yet: then the dataset is taken as it is.
    """
    has_card = (run.folder / CARD_FILE).is_file()
    saved = run.saved() or InpaintingState(run.folder).saved()
    if saved is None and not has_card:
        return None
    try:
        return DataRecord.model_validate_json((run.folder / _FILE).read_bytes())
    except (OSError, ValidationError):
        pass  # of a version before, or damaged: the card has most of it
    try:
        card = read_card(run.folder)
    except ModelError:
        return None
    return DataRecord(
        classes=card.classes,
        train=card.training.train,
        val=card.training.val,
        test=card.training.test,
        digests=card.training.digests,
        dtype=card.dtype,
        normalisation=card.normalisation,
    )


def check_classes(record: DataRecord, dataset: Dataset) -> None:
    """Refuse to go on with weights that have learnt other classes.

    Args:
        record: what the run began with.
        dataset: dataset as the recipe has it (`prepared`).

    Raises:
        ResumeRefused: another number or order of classes, other names, or masks whose values or
            colours mean other classes.
    """
    before, now = record.classes.names, dataset.classes.names
    what = ""
    if len(before) != len(now):
        what = f"the dataset has {len(now)} classes, the run began with {len(before)}"
    elif before != now:
        classes = f"its classes were ({', '.join(before)}) and are ({', '.join(now)})"
        what = f"{_CHANGED}: {'; '.join([*_counts(record, dataset), classes])}"
    elif meaning := _other_meaning(record, dataset):
        what = f"{_CHANGED}: {meaning}"
    if what:
        raise ResumeRefused(
            what,
            where=str(dataset.root),
            remedy="bring back the classes as they were, or start a new run",
        )


def _other_meaning(record: DataRecord, dataset: Dataset) -> str:
    """The first value or colour of the masks that means another class than when the run began."""
    coding, names = dataset.coding, record.classes.names
    tables: Sequence[tuple[str, Mapping[int, int] | Mapping[str, int], Mapping[str, int]]] = (
        ("value", record.values, {str(k): v for k, v in coding.values.items()}),
        ("text", record.texts, dict(coding.texts)),
    )
    for kind, before, now in tables:
        for value, label in before.items():
            other = now.get(str(value), label)
            if other != label:
                first, second = (
                    names[index] if index < len(names) else "void" for index in (label, other)
                )
                return f"{kind} {value} of the masks means {second}, and meant {first}"
    if coding.kind == "color":
        pairs = zip(record.classes.classes, dataset.classes.classes, strict=True)
        for old, new in pairs:
            if old.color != new.color:
                return f"the colour of {new.name} in the masks is {new.color}, and was {old.color}"
    return ""


def _counts(record: DataRecord, dataset: Dataset) -> list[str]:
    """How many samples with masks are more or fewer, in words."""
    known = {*record.train, *record.val, *record.test}
    now = {sample.id for sample in dataset.samples if sample.mask is not None}
    parts = []
    for ids, word in ((now - known, "more"), (known - now, "fewer")):
        if ids:
            parts.append(f"{len(ids)} sample{'s' * (len(ids) > 1)} {word}")
    return parts


def split_of_record(record: DataRecord, dataset: Dataset) -> tuple[Split, str]:
    """The sides as they were, without training samples that are gone.

    Samples that are new are left out: some may show the same ground as what validates, and the
    normalisation is that of the others.

    Args:
        record: what the run began with.
        dataset: dataset as the recipe has it (`prepared`).

    Returns:
        The sides, and what is other than it was, in a sentence; empty where nothing is.

    Raises:
        ResumeRefused: a sample is gone that validates or tests, or all that train are; or an image
            that was trained on validates or tests now.
    """
    now = {sample.id for sample in dataset.samples if sample.mask is not None}
    held_out = [i for i in (*record.val, *record.test) if i not in now]
    train = tuple(i for i in record.train if i in now)
    parts = [
        *_counts(record, dataset),
        *_other_images(record, dataset),
        *_other_masks(record, dataset),
    ]
    if held_out or not train:
        gone = held_out or list(record.train)
        named = _named(gone)
        use = "that the run is validated or tested on" if held_out else "that it trains on"
        raise ResumeRefused(
            f"{_CHANGED}: {len(gone)} sample{'s' * (len(gone) > 1)} {use} "
            f"{'are' if len(gone) > 1 else 'is'} gone ({named})",
            where=str(dataset.root),
            remedy="bring them back with their masks, or start a new run",
        )
    split = Split(train, record.val, record.test)
    if not parts:
        return split, ""
    return split, f"{_CHANGED}: {', '.join(parts)}; it goes on with the samples and sides it had"


def _other_images(record: DataRecord, dataset: Dataset) -> list[str]:
    """How many samples have other images under the same names, in words.

    Raises:
        ResumeRefused: an image that was trained on validates or tests now.
    """
    ids = (*record.train, *record.val, *record.test)
    if len(record.digests) != len(ids):
        return []
    began = dict(zip(ids, record.digests, strict=True))
    samples = [sample for sample in dataset.samples if sample.id in began]
    now = {s.id: d for s, d in zip(samples, sample_digests(samples), strict=True)}
    other = [i for i in ids if began[i] and now.get(i) and now[i] != began[i]]
    # Blocks of one image have one digest.
    blocks = bool(dataset.windows)
    first = {i: (d, block_of(i)[1] if blocks else "") for i, d in began.items()}
    keys = {i: (now[i], block_of(i)[1] if blocks else "") for i in other}
    # A picture that is there twice, once on each side, was so from the beginning.
    sides = {*record.train}
    trained = {first[i] for i in sides}
    held_out = {key for i, key in first.items() if i not in sides}
    seen = [i for i in other if i not in sides and keys[i] in trained - held_out]
    if seen:
        raise ResumeRefused(
            f"{_CHANGED}: {len(seen)} sample{'s' * (len(seen) > 1)} that the run is validated or "
            f"tested on {'show' if len(seen) > 1 else 'shows'} what it has trained on "
            f"({_named(seen)})",
            where=str(dataset.root),
            remedy="bring back the images as they were, or start a new run",
        )
    if not other:
        return []
    words = _others("image", len(other))
    leaks = [i for i in other if i in sides and keys[i] in held_out - trained]
    if leaks:
        words += f" ({len(leaks)} to train on {'have' if len(leaks) > 1 else 'has'} a held-out one)"
    return [words]


def _other_masks(record: DataRecord, dataset: Dataset) -> list[str]:
    """How many samples have other masks, in words; they may have been corrected."""
    ids = (*record.train, *record.val, *record.test)
    if len(record.mask_digests) != len(ids):
        return []
    began = dict(zip(ids, record.mask_digests, strict=True))
    samples = [sample for sample in dataset.samples if began.get(sample.id) and sample.mask]
    now = zip(samples, mask_digests(samples), strict=True)
    count = sum(digest != began[sample.id] for sample, digest in now)
    return [_others("mask", count)] if count else []


def _others(what: str, count: int) -> str:
    many = count > 1
    return (
        f"the {what}{'s' * many} of {count} sample{'s' * many} {'are' if many else 'is'} "
        f"other{'s' * many} than when the run began"
    )


def _named(ids: Sequence[str]) -> str:
    return ", ".join(ids[:_NAMED]) + (" …" if len(ids) > _NAMED else "")


def check_pixels(record: DataRecord, dtype: str, bands: int, where: str) -> None:
    """Refuse to go on with images of another kind.

    Args:
        record: what the run began with.
        dtype: type of the pixels now.
        bands: number of bands that the network gets now.
        where: the sample they are of.

    Raises:
        ResumeRefused: another type of pixels, or other bands.
    """
    if dtype != record.dtype or (record.bands and bands != record.bands):
        bands_then = f"{counted(record.bands, 'band')} of " if record.bands else ""
        raise ResumeRefused(
            f"the images have {counted(bands, 'band')} of {dtype}, the run began with "
            f"{bands_then}{record.dtype}",
            where=where,
            remedy="bring back the images as they were, or start a new run",
        )
