"""What is trained on: the split, and the crops."""

from __future__ import annotations

from math import lcm

import streamlit as st

from core.datasets.dataset import Dataset
from core.datasets.recipes.splits import Split
from ui.settings.fields import Fields
from ui.train.form.grid import field_grid, wide_cell
from ui.widgets.split_table import SPLIT_MEANS, split_kinds, split_table

__all__ = ["crop_fields", "split_fields"]


def split_fields(dataset: Dataset, split: Split | None, fields: Fields) -> None:
    """How samples are shared out, and who is on which side."""
    kind = fields.draft.value("recipe.split.kind")
    with field_grid("split"):
        fields.choice("recipe.split.kind", options=split_kinds(kind))
        if kind == "folds":
            fields.number("recipe.split.folds")
            last = fields.draft.value("recipe.split.folds") - 1
            fields.number("recipe.split.fold", high=last)
        elif kind != "fixed":
            fields.number("recipe.split.val")
        if kind != "fixed":
            fields.number("recipe.split.test")
            fields.number("recipe.split.seed")
        with wide_cell("split"):
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
    help = (
        "Side of the squares that are cut out of the images; for this network a multiple of "
        f"{step}."
    )
    fields.number("recipe.patch.size", step=step, help=help)
    for key in ("batch", "epochs", "steps"):
        fields.number(key)
