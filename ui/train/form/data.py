"""What is trained on: the split, and the crops."""

from __future__ import annotations

from math import lcm

import streamlit as st

from core.datasets.dataset import Dataset
from core.datasets.recipes.splits import Split
from ui.train.form import draft
from ui.train.form.fields import Problem, choice, number, percent
from ui.widgets.split_table import SPLIT_MEANS, SPLIT_NAMES, split_table

__all__ = ["crop_fields", "split_fields"]


def split_fields(dataset: Dataset, split: Split | None, problem: Problem) -> None:
    """How samples are shared out, and who is on which side."""
    kind = draft.value("recipe.split.kind")
    fixed = kind == "fixed"
    cells = st.columns(5 if kind == "folds" else 4)
    with cells[0]:
        kinds = [name for name in SPLIT_NAMES if name != "fixed" or fixed]
        choice(
            "recipe.split.kind",
            "Split",
            kinds,
            "What is kept apart for validation (chooses the weights that are kept) and test (is "
            "never looked at while training).",
            problem,
            words=SPLIT_NAMES.__getitem__,
        )
    if fixed:
        _sides(dataset, split, kind)
        return
    with cells[1]:
        if kind == "folds":
            number("recipe.split.folds", "Folds", 2, 50, 1, "Parts of the scenes.", problem)
        else:
            help = "Of scenes or samples."
            percent("recipe.split.val", "Validation share, %", 0, help, problem)
    with cells[-2]:
        percent("recipe.split.test", "Test share, %", 0, "Of scenes or samples.", problem)
    with cells[-1]:
        help = "Another number, another split."
        number("recipe.split.seed", "Split number", 0, 2**31 - 1, 1, help, problem)
    if kind == "folds":
        with cells[2]:
            last = draft.value("recipe.split.folds") - 1
            help = "Counted from 0; train once for each."
            number("recipe.split.fold", "Fold that validates", 0, last, 1, help, problem)
    _sides(dataset, split, kind)


def _sides(dataset: Dataset, split: Split | None, kind: str) -> None:
    if split is not None:
        split_table(dataset, split)
    st.caption(SPLIT_MEANS[kind])


def crop_fields(problem: Problem, multiple: int) -> None:
    """The crops and how many of them are trained on."""
    step = lcm(multiple, 32)  # crops are multiples of 32 px for any network
    left, right = st.columns(2)
    with left:
        number(
            "recipe.patch.size",
            "Crop size, px",
            32,
            2048,
            step,
            "Side of the square pieces that are cut out of the images; for this network a "
            f"multiple of {step}.",
            problem,
        )
        number(
            "batch", "Crops a step", 1, 256, 1, "More is steadier and takes more memory.", problem
        )
    with right:
        number(
            "epochs", "Epochs", 1, 10000, 1, "Each ends with a validation on whole images.", problem
        )
        number(
            "steps",
            "Steps an epoch (0 = automatic)",
            0,
            1_000_000,
            10,
            "Automatic covers the training images once.",
            problem,
        )
