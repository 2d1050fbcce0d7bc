"""Split: which samples train, validate and test, what each side has, and what leaks."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.classes import ClassTable
from core.datasets.audit.audit import Audit
from core.datasets.audit.facts import SampleFacts
from core.datasets.audit.neighbours import leak
from core.datasets.dataset import Dataset
from core.datasets.recipes.folder_split import given_split
from core.datasets.recipes.splits import Split, SplitConfig, lists_from_text, split_samples
from core.errors import ConfigError, DSIError
from core.formats import percent
from ui.data.prepare.draft import RecipeDraft
from ui.data.statistics.shares import split_shares
from ui.settings.fields import Fields
from ui.settings.problem import Problem
from ui.shell.errors import plain, show_error
from ui.widgets.split_table import SPLIT_MEANS, sides_of, split_kinds, split_table

__all__ = ["split_section"]


def split_section(draft: RecipeDraft, dataset: Dataset, audit: Audit | None) -> None:
    """Choose the split and show what follows from it."""
    split = draft.build().split
    fields = Fields(draft)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        fields.choice("split.kind", options=split_kinds(split.kind), width=220)
        if split.kind == "folds":
            fields.number("split.folds", width=120)
            fields.number("split.fold", high=split.folds - 1, width=170)
        if split.kind not in ("fixed", "folds"):
            fields.slider("split.val", width=200)
        if split.kind != "fixed":
            fields.slider("split.test", width=200)
            fields.number("split.seed", width=130)
    st.caption(SPLIT_MEANS[split.kind])
    given = given_split(dataset) if split.kind != "blocks" else None
    if given and given != split:
        st.button(
            "Take the split of the folders",
            key="given-split",
            icon=":material/folder_copy:",
            on_click=_take_lists,
            args=(draft, given),
            help="The dataset lies in folders for training, validation and test.",
        )
    _lists(draft)
    try:
        sides = split_samples(dataset.samples, split)
    except ConfigError as error:
        blocks = {} if split.kind in ("blocks", "fixed") else {"split.kind": "blocks"}
        Problem(error, "split", fix=blocks).show(draft)
        return
    split_table(dataset, sides)
    if split.kind == "blocks":  # the audit has read whole images
        return
    if audit is None:
        st.info(
            "How the classes are shared out, and how many neighbours land on different sides, "
            "appears when all images and masks have been read.",
            icon=":material/timer:",
        )
        return
    _leak(sides, audit)
    _missing(dataset.classes, sides, {f.id: f for f in audit.facts})
    split_shares(dataset, audit, sides)


def _leak(sides: Split, audit: Audit) -> None:
    leaks = leak(sides, audit.neighbours)
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


def _take_lists(draft: RecipeDraft, split: SplitConfig) -> None:
    draft.change({"split": split.model_dump(mode="json")})


def _lists(draft: RecipeDraft) -> None:
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
        lists = lists_from_text(upload.getvalue().decode("utf-8", errors="replace"), upload.name)
    except DSIError as error:
        show_error(error)
        return
    _take_lists(draft, lists)
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
