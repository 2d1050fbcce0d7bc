"""Split: which samples train, validate and test, what each side has, and what leaks."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.classes import ClassTable
from core.datasets.audit.audit import Audit, SampleFacts
from core.datasets.audit.neighbours import leak
from core.datasets.catalogue import DatasetRef
from core.datasets.dataset import Dataset
from core.datasets.recipes.folder_split import given_split
from core.datasets.recipes.splits import Split, SplitConfig, lists_from_text, split_samples
from core.errors import DSIError
from core.formats import percent
from ui.data.prepare.draft import change, draft, field
from ui.data.statistics.shares import split_shares
from ui.shell.errors import plain, show_error
from ui.widgets.split_table import SPLIT_MEANS, SPLIT_NAMES, sides_of, split_table

__all__ = ["split_section"]


def split_section(ref: DatasetRef, dataset: Dataset, found: Audit | None) -> None:
    """Choose the split and show what follows from it."""
    split = draft(ref).split
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kinds = [k for k in SPLIT_NAMES if k != "fixed" or split.kind == "fixed"]
        st.selectbox(
            "Split",
            kinds,
            format_func=SPLIT_NAMES.__getitem__,
            width=220,
            **field(ref, "split.kind"),
        )
        if split.kind == "folds":
            st.number_input("Folds", 2, 50, width=120, **field(ref, "split.folds"))
            st.number_input(
                "Fold that validates", 0, split.folds - 1, width=170, **field(ref, "split.fold")
            )
        if split.kind not in ("fixed", "folds"):
            st.slider("Validation", 0.05, 0.5, step=0.05, width=200, **field(ref, "split.val"))
        if split.kind != "fixed":
            st.slider("Test", 0.0, 0.5, step=0.05, width=200, **field(ref, "split.test"))
            st.number_input("Seed", 0, 2**31 - 1, width=130, **field(ref, "split.seed"))
    st.caption(SPLIT_MEANS[split.kind])
    given = given_split(dataset)
    if given and given != split:
        st.button(
            "Take the split of the folders",
            key="given-split",
            icon=":material/folder_copy:",
            on_click=_take_lists,
            args=(ref, given),
            help="The dataset lies in folders for training, validation and test.",
        )
    _lists(ref)
    sides = split_samples(dataset.samples, split)
    split_table(dataset, sides)
    if found is None:
        st.info(
            "How the classes are shared out, and how many neighbours land on different sides, "
            "appears when all images and masks have been read.",
            icon=":material/timer:",
        )
        return
    _leak(sides, found)
    _missing(dataset.classes, sides, {f.id: f for f in found.facts})
    split_shares(dataset, found, sides)


def _leak(sides: Split, found: Audit) -> None:
    leaks = leak(sides, found.neighbours)
    if not leaks.pairs:
        st.caption("No samples were found that touch or overlap: nothing leaks by nearness.")
    elif leaks.across:
        st.warning(
            f"{leaks.across:,} of {leaks.pairs:,} pairs of samples that touch or overlap "
            f"({percent(leaks.share, 0)}) are on different sides: what lies along their seams is "
            "known from training, and scores come out too good. A split by scene keeps them "
            "together.",
            icon=":material/warning:",
        )
    else:
        st.caption(
            f"All {leaks.pairs:,} pairs of samples that touch or overlap are on the same side."
        )


def _take_lists(ref: DatasetRef, split: SplitConfig) -> None:
    change(ref, {"split": split.model_dump(mode="json")})


def _lists(ref: DatasetRef) -> None:
    upload = st.file_uploader(
        "Lists from a file",
        type=["json", "csv", "txt"],
        key="split-upload",
        help='JSON {"val": [ids], "test": [ids]}, or lines "id,val" and "id,test".',
    )
    if upload is None or st.session_state.get("split-uploaded") == upload.file_id:
        return
    st.session_state["split-uploaded"] = upload.file_id  # once, not on every rerun
    try:
        made = lists_from_text(upload.getvalue().decode("utf-8", errors="replace"), upload.name)
    except DSIError as error:
        show_error(error)
        return
    _take_lists(ref, made)
    st.rerun()


def _missing(classes: ClassTable, sides: Split, facts: Mapping[str, SampleFacts]) -> None:
    for side, ids in sides_of(sides).items():
        if not ids:
            continue
        absent = [
            name
            for name in classes.names
            if not any(facts[i].pixels_per_class.get(name, 0) for i in ids if i in facts)
        ]
        if not absent:
            continue
        listed = plain(", ".join(absent))
        if side == "Training":
            st.warning(
                f"No training sample has a pixel of {listed}: the network cannot learn "
                f"{'it' if len(absent) == 1 else 'them'}. Choose another seed or kind of split.",
                icon=":material/warning:",
            )
        else:
            st.caption(f"{side} has no pixel of {listed}: it says nothing about that.")
