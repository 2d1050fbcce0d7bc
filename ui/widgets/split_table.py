"""Splits on a page: which kinds are offered, what each means, and who is on which side."""

from __future__ import annotations

import streamlit as st

from core.datasets.dataset import Dataset
from core.datasets.identity import block_of
from core.datasets.recipes.splits import Split
from ui.shell.errors import plain

__all__ = ["SPLIT_MEANS", "sides_of", "split_kinds", "split_table"]

SPLIT_MEANS = {
    "scene": "Whole scenes are kept apart: the scores tell about places never seen.",
    "folds": "Whole scenes are kept apart. Train once for each fold: the mean of the scores says "
    "more than one split does.",
    "within-scene": "Every scene is seen in training: the scores tell how well these places are "
    "mapped, not new ones.",
    "blocks": "Every image is divided into up to 16 blocks, half a crop apart, each with room for "
    "a crop: one large image can be trained on and validated with. The scores tell how well these "
    "places are mapped, not new ones.",
    "random": "Samples are drawn without regard to scenes: neighbours land on different sides, and "
    "scores come out too good. Data, Prepare measures how many.",
    "fixed": "As the lists say; what is on none of them trains.",
}
_LISTED = 6  # scenes named in a row


def split_kinds(kind: str) -> list[str]:
    """The kinds of split to choose from; lists of samples are offered only where there are some.

    Args:
        kind: the kind that is chosen.
    """
    return [name for name in SPLIT_MEANS if name != "fixed" or kind == "fixed"]


def sides_of(split: Split) -> dict[str, tuple[str, ...]]:
    """The sample ids by what a side is called on the screen."""
    return {"Training": split.train, "Validation": split.val, "Test": split.test}


def split_table(dataset: Dataset, split: Split) -> None:
    """Show scenes and samples, or blocks, of each side."""
    scene_of = {sample.id: sample.scene for sample in dataset.samples}
    in_blocks = any(block_of(i)[1] for i in dataset.windows)
    rows = [f"| | Scenes | {'Blocks' if in_blocks else 'Samples'} | Which |", "|:--|--:|--:|:--|"]
    for side, ids in sides_of(split).items():
        scenes = list(dict.fromkeys(scene_of[i] for i in ids))
        listed = ", ".join(scenes[:_LISTED]) + (" …" if len(scenes) > _LISTED else "")
        rows.append(f"| {side} | {len(scenes)} | {len(ids)} | {plain(listed)} |")
    st.markdown("\n".join(rows))
