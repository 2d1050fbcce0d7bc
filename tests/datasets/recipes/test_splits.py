"""Splits: disjoint, complete, and by whole scenes where that is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from core.datasets.dataset import Sample
from core.datasets.recipes.splits import Split, SplitConfig, lists_from_text, split_samples
from core.errors import ConfigError


def samples(scenes: int, parts: int, masks: bool = True) -> list[Sample]:
    mask = Path("m.png") if masks else None
    return [
        Sample(f"s{scene}/p{part}", f"s{scene}", Path("i.png"), mask)
        for scene in range(scenes)
        for part in range(parts)
    ]


def scenes_of(ids: tuple[str, ...]) -> set[str]:
    return {sample_id.split("/")[0] for sample_id in ids}


def assert_partition(split: Split, everything: list[Sample]) -> None:
    together = [*split.train, *split.val, *split.test]
    assert sorted(together) == sorted(s.id for s in everything)  # complete, none twice


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("kind", ["scene", "folds", "within-scene", "blocks", "random"])
def test_sides_are_disjoint_and_complete(kind: str, seed: int) -> None:
    everything = samples(8, 9)
    config = SplitConfig.model_validate({"kind": kind, "seed": seed})
    split = split_samples(everything, config)
    assert_partition(split, everything)
    assert split == split_samples(everything, config)


@pytest.mark.parametrize("seed", range(10))
def test_a_scene_is_never_cut(seed: int) -> None:
    split = split_samples(samples(8, 9), SplitConfig(seed=seed, val=0.25, test=0.125))
    sides = [scenes_of(split.train), scenes_of(split.val), scenes_of(split.test)]
    assert [len(side) for side in sides] == [5, 2, 1]
    assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])


def test_within_scene_takes_its_share_of_every_scene() -> None:
    split = split_samples(samples(4, 10), SplitConfig(kind="within-scene", val=0.2, test=0.1))
    for scene in range(4):
        ofs = [sum(i.startswith(f"s{scene}/") for i in side) for side in (split.val, split.test)]
        assert ofs == [2, 1]


def test_seeds_differ() -> None:
    splits = {split_samples(samples(8, 2), SplitConfig(seed=seed)).test for seed in range(10)}
    assert len(splits) > 1


def test_fixed_lists() -> None:
    config = SplitConfig(kind="fixed", val_samples=("s0/p0",), test_samples=("s1/p0", "s1/p1"))
    split = split_samples(samples(3, 2), config)
    assert (split.val, split.test) == (("s0/p0",), ("s1/p0", "s1/p1"))
    assert_partition(split, samples(3, 2))


def test_samples_without_masks_are_on_no_side() -> None:
    everything = samples(4, 2)
    bare = [Sample("s9/p0", "s9", Path("i.png"), None)]
    assert_partition(split_samples([*everything, *bare], SplitConfig()), everything)


@pytest.mark.parametrize(
    ("everything", "config", "says"),
    [
        (samples(2, 9), SplitConfig(), "only 2 scene"),
        (samples(5, 2), SplitConfig(kind="within-scene"), "only 2 sample"),
        (samples(5, 2, masks=False), SplitConfig(), "no sample has a mask"),
        ([], SplitConfig(), "no sample has a mask"),
        (samples(2, 1), SplitConfig(kind="fixed", val_samples=("x",)), "unknown: 'x'"),
        (
            samples(2, 1),
            SplitConfig(kind="fixed", val_samples=("s0/p0",), test_samples=("s0/p0",)),
            "on both lists",
        ),
        (
            samples(2, 1),
            SplitConfig(kind="fixed", val_samples=("s0/p0", "s1/p0")),
            "nothing to train on",
        ),
    ],
)
def test_impossible_splits_say_why(
    everything: list[Sample], config: SplitConfig, says: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        split_samples(everything, config)
    assert says in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("everything", "kind", "says", "does_not_say"),
    [
        (samples(1, 1), "scene", "kind=blocks", "within-scene"),
        (samples(1, 1), "within-scene", "kind=blocks", "by scene"),
        (samples(1, 1), "random", "kind=blocks", "by scene"),
        (samples(1, 1), "folds", "kind=blocks", "fewer folds"),
        (samples(1, 1), "blocks", "smaller crops", "test to 0"),
        (samples(2, 9), "scene", "within-scene", "smaller shares"),
        (samples(2, 1), "scene", "recipe.split.test=0", "within-scene"),
        (samples(4, 1), "folds", "fewer folds", "within-scene"),
    ],
)
def test_every_way_out_can_be_gone(
    everything: list[Sample], kind: str, says: str, does_not_say: str
) -> None:
    """No advice in a circle: what is named as a remedy gives a split."""
    with pytest.raises(ConfigError) as caught:
        split_samples(everything, SplitConfig.model_validate({"kind": kind}))
    assert says in str(caught.value.remedy)
    assert does_not_say not in str(caught.value.remedy)


def test_shares_leave_something_to_train_on() -> None:
    with pytest.raises(ValidationError, match="leave something"):
        SplitConfig(val=0.5, test=0.5)
    with pytest.raises(ValidationError, match="kind 'fixed'"):
        SplitConfig(val_samples=("a",))


def test_folds_validate_every_scene_once_and_share_the_test() -> None:
    everything = samples(11, 3)
    splits = [
        split_samples(everything, SplitConfig(kind="folds", folds=4, fold=fold, test=0.2))
        for fold in range(4)
    ]
    assert len({split.test for split in splits}) == 1
    seen = [scene for split in splits for scene in scenes_of(split.val)]
    assert len(seen) == len(set(seen)) == 11 - len(scenes_of(splits[0].test))
    sizes = [len(scenes_of(split.val)) for split in splits]
    assert max(sizes) - min(sizes) <= 1
    for split in splits:
        assert_partition(split, everything)
        assert not scenes_of(split.train) & scenes_of(split.val)


def test_too_few_scenes_for_the_folds() -> None:
    with pytest.raises(ConfigError, match="choose fewer folds"):
        split_samples(samples(5, 2), SplitConfig(kind="folds", folds=5, test=0.2))
    with pytest.raises(ValidationError, match="count from 0"):
        SplitConfig(kind="folds", folds=3, fold=3)


def test_random_cuts_scenes() -> None:
    split = split_samples(samples(6, 9), SplitConfig(kind="random", seed=1))
    assert scenes_of(split.train) & scenes_of(split.val)


@pytest.mark.parametrize(
    "text",
    [
        '{"val": ["s0/p0"], "test": ["s1/p0", "s1/p1"]}',
        "sample,side\ns0/p0,val\ns1/p0,test\ns1/p1,test\ns2/p0,train\n",
        '"s0/p0";validation\ns1/p0;TEST\n\ns1/p1;test',
        "s0/p0\tval\ns1/p0\ttest\ns1/p1\ttest",
    ],
)
def test_lists_from_a_file(text: str) -> None:
    config = lists_from_text(text, "lists.csv")
    split = split_samples(samples(3, 2), config)
    assert split.val == ("s0/p0",)
    assert split.test == ("s1/p0", "s1/p1")
    assert len(split.train) == 3


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "nothing to validate"),
        ("{broken", "no list"),
        ('{"val": 3}', "no list"),
        ("a,val\nb,maybe", "line 2"),
        ("sample,side\na,test", "nothing to validate"),
    ],
)
def test_what_is_no_list(text: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        lists_from_text(text, "lists.csv")
