"""What is trained on: the split, and the crops."""

from __future__ import annotations

from math import lcm

import streamlit as st

from core.datasets.dataset import Dataset
from core.datasets.recipes.splits import Split
from ui.settings.fields import Fields
from ui.widgets.split_table import SPLIT_MEANS, split_kinds, split_table

__all__ = ["crop_fields", "split_fields"]


def split_fields(dataset: Dataset, split: Split | None, fields: Fields) -> None:
    """How samples are shared out, and who is on which side."""
    kind = fields.draft.value("recipe.split.kind")
    cells = st.columns(5 if kind == "folds" else 4)
    with cells[0]:
        fields.choice("recipe.split.kind", options=split_kinds(kind))
    if kind != "fixed":
        with cells[1]:
            fields.number("recipe.split.folds" if kind == "folds" else "recipe.split.val")
        with cells[-2]:
            fields.number("recipe.split.test")
        with cells[-1]:
            fields.number("recipe.split.seed")
    if kind == "folds":
        with cells[2]:
            last = fields.draft.value("recipe.split.folds") - 1
            fields.number("recipe.split.fold", high=last)
    if split is not None:
        split_table(dataset, split)
    st.caption(SPLIT_MEANS[kind])


def crop_fields(fields: Fields, multiple: int) -> None:
    """The crops and how many of them are trained on.

    Args:
        fields: fields of the form.
        multiple: number of pixels of which the network takes multiples.
    """
    step = lcm(multiple, fields.draft.setting("recipe.patch.size").multiple or 1)
    left, right = st.columns(2)
    with left:
        help = (
            "Side of the squares that are cut out of the images; for this network a multiple of "
            f"{step}."
        )
        fields.number("recipe.patch.size", step=step, help=help)
        fields.number("batch")
    with right:
        fields.number("epochs")
        fields.number("steps")
