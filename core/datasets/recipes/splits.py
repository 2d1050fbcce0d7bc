"""Which samples train, which validate, which are kept for the test."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from core.datasets.dataset import Sample
from core.errors import ConfigError
from core.formats import counted
from core.settings import Label
from core.untrusted.text_file import parse_json

__all__ = ["Split", "SplitConfig", "lists_from_text", "split_samples"]


class SplitConfig(BaseModel):
    """How samples are shared out.

    Attributes:
        kind: ``scene`` keeps every scene whole on one side; ``folds`` too, and shares the scenes
            that are no test out into folds, of which one validates; ``within-scene`` takes parts
            of every scene (each scene is seen in training: scores tell how well *these* places are
            mapped, not new ones); ``blocks`` divides every image into parts with a gap between
            them, which are shared out (`core.datasets.recipes.blocks`), so that one large image
            can be trained on and validated with; ``random`` takes samples without regard to scenes,
            so that neighbours land on different sides and scores come out too good; ``fixed`` uses
            the lists.
        val, test: shares of the scenes, of each scene's samples, or of all samples or blocks. For
            ``folds`` the number of folds decides instead of val.
        folds, fold: how many folds, and which one validates, counted from 0.
        val_samples, test_samples: sample ids for ``fixed``; everything else trains.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Annotated[
        Literal["scene", "folds", "within-scene", "blocks", "random", "fixed"],
        Label(
            "Split",
            "What is kept apart for validation (chooses the weights that are kept) and test (is "
            "never looked at while training).",
            words={
                "scene": "by scene",
                "folds": "by folds of scenes",
                "within-scene": "within scenes",
                "blocks": "by blocks of images",
                "random": "random",
                "fixed": "as listed",
            },
        ),
    ] = "scene"
    val: Annotated[
        float,
        Label(
            "Validation share",
            "Of scenes, samples or blocks.",
            unit="%",
            step=0.05,
            usual=(0.05, 0.9),
        ),
    ] = Field(0.2, ge=0, lt=1)
    test: Annotated[
        float,
        Label("Test share", "Of scenes, samples or blocks.", unit="%", step=0.05, usual=(0, 0.9)),
    ] = Field(0.2, ge=0, lt=1)
    folds: Annotated[int, Label("Folds", "Parts of the scenes.")] = Field(5, ge=2, le=50)
    fold: Annotated[int, Label("Fold that validates", "Counted from 0; train once for each.")] = (
        Field(0, ge=0)
    )
    seed: Annotated[
        int, Label("Split seed", "Another number, another split.", usual=(0, 2**31 - 1))
    ] = 0
    val_samples: tuple[str, ...] = ()
    test_samples: tuple[str, ...] = ()

    @field_validator("seed")
    @classmethod
    def _drawn(cls, seed: int, info: ValidationInfo) -> int:
        # Lists are not drawn: files of before may hold any number beside them.
        if seed < 0 and info.data.get("kind") != "fixed":
            raise ValueError(f"expected a number from 0, received {seed}")
        return seed

    @model_validator(mode="after")
    def _shares(self) -> SplitConfig:
        if self.val + self.test >= 1:
            raise ValueError("val and test together must leave something to train on")
        if self.fold >= self.folds:
            raise ValueError(f"fold {self.fold} of {self.folds}: they count from 0")
        if self.kind != "fixed" and (self.val_samples or self.test_samples):
            raise ValueError("lists of samples go with kind 'fixed'")
        return self


def lists_from_text(text: str, name: str) -> SplitConfig:
    """A fixed split from a file's text.

    JSON ``{"val": [ids], "test": [ids]}``, or lines of ``sample,side`` (a header line and other
    separators ``;`` and tab are understood) with the sides train, val, validation or test. What is
    on no list trains.

    Args:
        text: content of the file.
        name: name of the file, for messages.

    Raises:
        ConfigError: neither form, or nothing to validate or test on.
    """
    sides: dict[str, list[str]] = {"val": [], "test": []}
    if text.lstrip().startswith("{"):
        try:
            content = parse_json(text)
            lists = {side: [str(i) for i in content.get(side, ())] for side in sides}
        except (ValueError, TypeError, AttributeError) as error:
            raise _no_lists(name) from error
        sides = lists
    else:
        words = {"train": "", "training": "", "val": "val", "validation": "val", "test": "test"}
        for position, line in enumerate(text.splitlines()):
            if not line.strip():
                continue
            parts = [part.strip().strip('"') for part in re.split(r"[,;\t]", line)]
            if len(parts) != 2 or parts[1].lower() not in words:
                if position == 0:
                    continue  # the columns' names
                raise _no_lists(name, f"line {position + 1} is {line.strip()[:60]!r}")
            if side := words[parts[1].lower()]:
                sides[side].append(parts[0])
    if not sides["val"]:
        raise _no_lists(name, "it has nothing to validate on")
    return SplitConfig(
        kind="fixed", val_samples=tuple(sides["val"]), test_samples=tuple(sides["test"])
    )


def _no_lists(name: str, detail: str = "") -> ConfigError:
    return ConfigError(
        "this is no list of samples" + (f": {detail}" if detail else ""),
        where=name,
        remedy='give JSON {"val": ["id", …], "test": […]} or lines "id,val" and "id,test"',
    )


@dataclass(frozen=True)
class Split:
    """Sample ids by side; the three are disjoint."""

    train: tuple[str, ...]
    val: tuple[str, ...]
    test: tuple[str, ...]


def split_samples(samples: Sequence[Sample], config: SplitConfig) -> Split:
    """Share out the samples that have a mask.

    Args:
        samples: samples of the dataset as the recipe has it (`prepared`), which for ``blocks`` has
            divided them; those without a mask are left out.
        config: kind of split and its shares.

    Raises:
        ConfigError: too few scenes or samples for the shares asked for, or an unknown id.
    """
    labelled = [sample for sample in samples if sample.mask is not None]
    if not labelled:
        raise ConfigError("no sample has a mask", remedy="training needs masks: add them first")
    if config.kind == "fixed":
        return _fixed(labelled, config)
    rng = np.random.default_rng(config.seed)
    sides: dict[str, str] = {}
    if config.kind in ("scene", "folds"):
        scenes = list(dict.fromkeys(sample.scene for sample in labelled))
        share = _share_out if config.kind == "scene" else _folded
        by_scene = share(scenes, config, rng, _Ways(labelled, config))
        sides = {sample.id: by_scene[sample.scene] for sample in labelled}
    elif config.kind in ("random", "blocks"):
        ids = [sample.id for sample in labelled]
        sides = _share_out(ids, config, rng, _Ways(labelled, config))
    else:
        for scene in dict.fromkeys(sample.scene for sample in labelled):
            ids = [sample.id for sample in labelled if sample.scene == scene]
            sides |= _share_out(ids, config, rng, _Ways(labelled, config, f" of {scene}"))
    return _collect(sides)


@dataclass(frozen=True)
class _Ways:
    """What is shared out, in words, and the ways out of having too few of it."""

    labelled: Sequence[Sample]
    config: SplitConfig
    of: str = ""

    @property
    def item(self) -> str:
        if self.config.kind in ("scene", "folds"):
            return "scene"
        return "block" if self.config.kind == "blocks" else "sample"

    def out(self, count: int) -> str:
        """Ways that lead on from `count` items: each of them can be gone."""
        config = self.config
        ways = []
        if config.kind != "folds" and count > bool(config.val) + bool(config.test):
            ways.append("choose smaller shares (recipe.split.val, recipe.split.test)")
        if config.kind in ("scene", "folds") and self._within():
            ways.append("choose the split within scenes (recipe.split.kind=within-scene)")
        if config.kind == "folds" and count - _counts(count, config)[1] >= 2:
            ways.append("choose fewer folds (recipe.split.folds)")
        alone = config.model_copy(update={"test": 0.0})
        if config.kind != "folds" and config.test and count > sum(_counts(count, alone)):
            ways.append("set test to 0 (recipe.split.test=0)")
        if config.kind == "blocks":
            ways.append("choose smaller crops (recipe.patch.size), of which more blocks have room")
            return f"{', '.join(ways)}, or add images"
        ways.append(
            "split each image into blocks (recipe.split.kind=blocks), some of which train while "
            "others validate"
        )
        return f"{', '.join(ways)}, or add {self.item}s"

    def _within(self) -> bool:
        per_scene = Counter(sample.scene for sample in self.labelled)
        return all(count > sum(_counts(count, self.config)) for count in per_scene.values())


def _counts(count: int, config: SplitConfig) -> tuple[int, int]:
    """How many of `count` items validate and test: whoever asks for a share gets at least one."""
    val = max(1, round(count * config.val)) if config.val else 0
    return val, max(1, round(count * config.test)) if config.test else 0


def _share_out(
    items: list[str], config: SplitConfig, rng: np.random.Generator, ways: _Ways
) -> dict[str, str]:
    val, test = _counts(len(items), config)  # what is left trains
    if len(items) <= val + test:
        raise ConfigError(
            f"only {counted(len(items), ways.item)}{ways.of} with masks for {val} to "
            f"validate and {test} to test",
            remedy=ways.out(len(items)),
        )
    order = [items[index] for index in rng.permutation(len(items))]
    sides = ["val"] * val + ["test"] * test + ["train"] * (len(items) - val - test)
    return dict(zip(order, sides, strict=True))


def _folded(
    scenes: list[str], config: SplitConfig, rng: np.random.Generator, ways: _Ways
) -> dict[str, str]:
    """Test scenes first, the same for every fold; the rest in folds of as equal size as can be."""
    _, test = _counts(len(scenes), config)
    if len(scenes) - test < config.folds:
        raise ConfigError(
            f"only {counted(len(scenes), 'scene')} with masks for {config.folds} folds and "
            f"{test} to test",
            remedy=ways.out(len(scenes)),
        )
    order = [scenes[index] for index in rng.permutation(len(scenes))]
    sides = dict.fromkeys(order[:test], "test")
    for position, scene in enumerate(order[test:]):
        sides[scene] = "val" if position % config.folds == config.fold else "train"
    return sides


def _fixed(labelled: list[Sample], config: SplitConfig) -> Split:
    known = {sample.id for sample in labelled}
    both = set(config.val_samples) & set(config.test_samples)
    strange = [i for i in (*config.val_samples, *config.test_samples) if i not in known]
    if strange or both:
        what = f"unknown: {strange[0]!r}" if strange else f"on both lists: {min(both)!r}"
        raise ConfigError(f"the split's sample lists do not fit, {what}", remedy="fix the lists")
    sides = {i: "val" for i in config.val_samples} | {i: "test" for i in config.test_samples}
    split = _collect({sample.id: sides.get(sample.id, "train") for sample in labelled})
    if not split.train:
        raise ConfigError("the split leaves nothing to train on", remedy="shorten its lists")
    return split


def _collect(sides: dict[str, str]) -> Split:
    return Split(
        *(
            tuple(sorted(i for i, s in sides.items() if s == side))
            for side in ("train", "val", "test")
        )
    )
