"""Whether the training samples have every class that the dataset has, and which split would do.

Masks are read, no images; nothing of TensorFlow.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from core.classes import label_counts
from core.datasets.dataset import Dataset, Sample
from core.datasets.recipes.splits import Split, SplitConfig, split_samples
from core.errors import ConfigError
from core.training.config import TrainConfig

__all__ = ["absent_everywhere", "cannot_learn", "check_presence", "classes_present", "splits_with"]

_SEEDS = 50  # seeds of each kind of split that are tried
_NAMED = 3  # splits of each kind that are named
_KINDS = ("scene", "within-scene")  # not random: its scores come out too good


def classes_present(
    dataset: Dataset, split: Split, progress: Callable[[int, int], None] | None = None
) -> dict[str, frozenset[str]] | None:
    """Read masks until every class was seen on the training side.

    In most datasets that takes a handful of masks. Where a class stays unseen, those of the other
    sides are read too.

    Args:
        dataset: dataset as the recipe has it (`prepared`).
        split: sides of the split.
        progress: called with (masks read, masks there are) after each one.

    Returns:
        The classes of every sample by its id, or None if the training side has them all.

    Raises:
        DatasetError: a mask has values outside the class table.
        ImageError: one cannot be read.
    """
    names = dataset.classes.names
    samples = {sample.id: sample for sample in dataset.samples}
    order = [*split.train, *split.val, *split.test]
    training, unseen = set(split.train), set(names)
    present: dict[str, frozenset[str]] = {}
    for done, sample_id in enumerate(order):
        present[sample_id] = _classes_of(dataset, samples[sample_id])
        if sample_id in training:
            unseen -= present[sample_id]
        if progress:
            progress(done + 1, len(order))
        if not unseen:
            return None
    return present


def _classes_of(dataset: Dataset, sample: Sample) -> frozenset[str]:
    counts = label_counts(dataset.load_labels(sample))
    return frozenset(n for n, c in zip(dataset.classes.names, counts, strict=False) if c)


def check_presence(
    config: TrainConfig, dataset: Dataset, split: Split, present: Mapping[str, Collection[str]]
) -> None:
    """Refuse a split whose training side lacks a class that another side has.

    A class of weight 0 need not be there.

    Args:
        config: configuration to be trained.
        dataset: dataset as the recipe has it (`prepared`).
        split: sides of the split.
        present: classes of every sample by its id.

    Raises:
        ConfigError: a class is missing; the remedy names splits that have it.
    """
    wanted = _wanted(config, dataset)
    held_out = _of(present, present) - _of(present, split.train)
    missing = [name for name in wanted if name in held_out]
    if not missing:
        return
    without = config.recipe.class_weights | dict.fromkeys(missing, 0)
    weights = json.dumps(without, ensure_ascii=False)
    if config.recipe.split.kind == "fixed":
        held = sorted(i for i in (*split.val, *split.test) if missing[0] in present.get(i, ()))
        remedy = f"take some of {', '.join(held[:3])} off the lists of val and test"
    else:
        others = splits_with(config, dataset, present)
        remedy = f"choose {_listed(config.recipe.split, others)}" if others else "add samples of it"
    raise ConfigError(
        f"the training split has no pixel of {', '.join(missing)}, which the dataset has",
        key="recipe.split",
        remedy=f"{remedy}, or do without by recipe.class_weights={weights}",
    )


def splits_with(
    config: TrainConfig, dataset: Dataset, present: Mapping[str, Collection[str]]
) -> list[SplitConfig]:
    """Splits whose training side has all classes that there are: of the same kind, then of others.

    Args:
        config, dataset, present: arguments as of `check_presence`.

    Returns:
        Up to three of each kind, which differ in `seed` and `kind` alone; those of folds in `fold`
        too.
    """
    wanted = set(_wanted(config, dataset)) & _of(present, present)
    asked = config.recipe.split
    kinds: Iterable[str] = dict.fromkeys((asked.kind, *_KINDS)) if asked.kind != "fixed" else ()
    if asked.kind == "blocks":  # its images are divided: other kinds share out other samples
        kinds = (asked.kind,)
    splits: list[SplitConfig] = []
    for kind in kinds:
        mine = 0
        for other in _others(asked, kind):
            try:
                sides = split_samples(dataset.samples, other)
            except ConfigError:
                break  # too few scenes or samples for this kind, whatever the seed
            if sides.val and wanted <= _of(present, sides.train):
                splits.append(other)
                mine += 1
            if mine == _NAMED:
                break
    return splits


def absent_everywhere(
    config: TrainConfig, dataset: Dataset, present: Mapping[str, Collection[str]]
) -> tuple[str, ...]:
    """Classes that no sample has, which no split can change; those of weight 0 left out.

    Args:
        config, dataset, present: arguments as of `check_presence`.
    """
    there = _of(present, present)
    return tuple(name for name in _wanted(config, dataset) if name not in there)


def cannot_learn(names: Sequence[str]) -> str:
    """A warning about classes that are absent everywhere."""
    return (
        f"no sample has a pixel of {', '.join(names)}: the network cannot learn "
        f"{'it' if len(names) == 1 else 'them'}; add samples of it, or go on without"
    )


def _wanted(config: TrainConfig, dataset: Dataset) -> list[str]:
    weights = config.recipe.class_weights
    return [name for name in dataset.classes.names if weights.get(name, 1.0)]


def _of(present: Mapping[str, Collection[str]], ids: Collection[str]) -> set[str]:
    return {name for i in ids for name in present.get(i, ())}


def _others(asked: SplitConfig, kind: str) -> Iterator[SplitConfig]:
    """The same split with other seeds, the nearest first; of folds, other folds before them."""
    content = asked.model_dump() | {"kind": kind}
    first = asked.seed
    if kind != asked.kind:
        yield SplitConfig.model_validate(content)
    for fold in range(asked.folds) if kind == "folds" else ():
        if fold != asked.fold:
            yield SplitConfig.model_validate(content | {"fold": fold})
    for seed in [n for n in range(_SEEDS) if n != first]:
        yield SplitConfig.model_validate(content | {"seed": seed})


def _listed(asked: SplitConfig, others: Sequence[SplitConfig]) -> str:
    """The keys to set, such as ``recipe.split.seed=1 or 4, or recipe.split.kind=random``."""
    same = [o for o in others if o.kind == asked.kind]
    folds = [str(o.fold) for o in same if o.fold != asked.fold]
    seeds = [str(o.seed) for o in same if o.fold == asked.fold]
    parts = [
        f"recipe.split.{key}={_either(values)}"
        for key, values in (("fold", folds), ("seed", seeds))
        if values
    ]
    for kind in dict.fromkeys(o.kind for o in others if o.kind != asked.kind):
        first = next(o for o in others if o.kind == kind)
        seed = "" if first.seed == asked.seed else f" with recipe.split.seed={first.seed}"
        parts.append(f"recipe.split.kind={kind}{seed}")
    return ", or ".join(parts)


def _either(values: Sequence[str]) -> str:
    *most, last = values
    return f"{', '.join(most)} or {last}" if most else last
