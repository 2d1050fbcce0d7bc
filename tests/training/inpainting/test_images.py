"""Which images without masks inpainting learns from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from core.datasets.catalogue import open_dataset
from core.datasets.dataset import Dataset
from core.datasets.identity import sample_digests
from core.datasets.recipes.splits import Split
from core.training.inpainting.images import unlabelled_samples


def _dataset(demo: Path, *unlabelled: str) -> Dataset:
    dataset = open_dataset(demo)
    samples = tuple(
        replace(sample, mask=None) if sample.id in unlabelled else sample
        for sample in dataset.samples
    )
    return replace(dataset, samples=samples)


def _part(tile: int, part: int) -> str:
    return f"Tile {tile}/image_part_00{part}"


def test_those_of_scenes_that_are_held_out_are_left_out(demo_dataset: Path) -> None:
    without = [_part(1, 4), _part(2, 4), _part(3, 4)]
    dataset = _dataset(demo_dataset, *without)
    by_scene = Split((_part(1, 1),), (_part(2, 1),), (_part(3, 1),))
    assert [s.id for s in unlabelled_samples(dataset, by_scene)] == [_part(1, 4)]
    # Scenes that are on several sides are not held out as a whole.
    within = Split((_part(1, 1), _part(2, 2)), (_part(2, 1),), (_part(3, 1),))
    assert [s.id for s in unlabelled_samples(dataset, within)] == [_part(1, 4), _part(2, 4)]
    # A scene without any mask is nobody's.
    alone = _dataset(demo_dataset, *(_part(3, n) for n in (1, 2, 3, 4)))
    split = Split((_part(1, 1),), (_part(2, 1),), ())
    assert {s.id for s in unlabelled_samples(alone, split)} == {_part(3, n) for n in (1, 2, 3, 4)}


def test_what_shows_a_held_out_image_under_another_name_is_left_out(demo_dataset: Path) -> None:
    dataset = _dataset(demo_dataset, _part(1, 3), _part(1, 4))
    held_out = dataset.sample(_part(2, 1))
    samples = tuple(
        replace(sample, image=held_out.image) if sample.id == _part(1, 3) else sample
        for sample in dataset.samples
    )
    dataset = replace(dataset, samples=samples)
    split = Split((_part(1, 1),), (held_out.id,), ())
    chosen = unlabelled_samples(dataset, split, sample_digests([held_out]))
    assert [sample.id for sample in chosen] == [_part(1, 4)]
    # An unreadable file has no digest, which is not one that all of them share.
    assert len(unlabelled_samples(dataset, split, [""])) == 2
