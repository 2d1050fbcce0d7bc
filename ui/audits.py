"""The audit of a dataset on a page: run in the background, kept until a file changes."""

from __future__ import annotations

import json
from collections.abc import Callable

import pandas as pd
import streamlit as st

from core.datasets.audit import Audit, Problem, audit
from core.datasets.catalogue import DatasetRef
from core.datasets.classfile import class_stamp
from core.datasets.dataset import Dataset
from ui.datasets import fingerprint
from ui.images import safe_stem
from ui.jobs import find_job, start_job, watch_job

__all__ = ["audit_key", "finished_audit", "offer", "problem_table", "read_all", "run_audit"]

AUTOMATIC = 500
"""A dataset of up to this many samples is read without being asked to."""

_SEVERITIES = ("error", "warning", "info")


def audit_key(ref: DatasetRef) -> str:
    """Names the audit of the dataset as its files are now."""
    return f"audit-{fingerprint(ref.path)}{class_stamp(ref.path)}"


def finished_audit(key: str) -> Audit | None:
    """The audit, if it has been made."""
    job = find_job(key)
    return job.result if job and job.state == "done" else None


def run_audit(key: str, dataset: Dataset) -> None:
    """Show the audit's progress; begin it if it is a small dataset and none was made.

    To be called where `finished_audit` gave none: when it is there, the page runs again.
    """
    if find_job(key) is None and len(dataset.samples) <= AUTOMATIC:
        read_all(key, dataset)
    job = watch_job(key)
    if job and job.state == "done":  # while the page was being made
        st.rerun()


def read_all(key: str, dataset: Dataset) -> None:
    """Begin the audit."""
    start_job(
        key,
        "Reading all images and masks",
        "samples",
        lambda progress: audit(dataset, progress),
    )


def offer(key: str, dataset: Dataset) -> None:
    """What stands where the audit's results will: a button, or a word that it is under way."""
    job = find_job(key)
    if job and job.state == "running":
        st.info("This appears when all images and masks have been read.", icon=":material/timer:")
        return
    st.button(
        f"Read all {len(dataset.samples):,} samples",
        type="primary",
        icon=":material/fact_check:",
        on_click=read_all,
        args=(key, dataset),
        help="Counts the pixels of every class and looks for broken files.",
    )


def problem_table(dataset: Dataset, found: Audit, open_sample: Callable[[str], None]) -> None:
    """The problems as a table that can be sorted, and as JSON to keep.

    Args:
        dataset: as opened.
        found: its audit.
        open_sample: called with a sample's id to show it.
    """
    problems = found.problems
    if problems:
        counts = {s: sum(p.severity == s for p in problems) for s in _SEVERITIES}
        st.markdown(
            ", ".join(
                f"**{count}** {severity if severity == 'info' or count == 1 else severity + 's'}"
                for severity, count in counts.items()
                if count
            )
        )
        rows = [
            (p.severity, p.kind, p.sample or "whole dataset", p.detail, p.fix) for p in problems
        ]
        st.caption("Choose a row to read all of it.")
        choice = st.dataframe(
            pd.DataFrame(rows, columns=["Severity", "Kind", "Sample", "What", "What to do"]),
            hide_index=True,
            on_select="rerun",
            selection_mode="single-row",
            key="problem",
            column_config={
                "Severity": st.column_config.TextColumn(width=100),
                "Kind": st.column_config.TextColumn(width=110),
                "Sample": st.column_config.TextColumn(width=170),
                "What": st.column_config.TextColumn(width="large"),
                "What to do": st.column_config.TextColumn(width="large"),
            },
            alt="Problems found in the dataset",
        )
        for index in choice.selection.rows:
            _problem(problems[index], open_sample)
    else:
        st.success(
            "Nothing is wrong: every image and mask can be read, fits, and is in the class table.",
            icon=":material/check_circle:",
        )
    st.download_button(
        "Download the audit as JSON",
        json.dumps(found.to_json(), indent=2, ensure_ascii=False),
        file_name=f"audit-{safe_stem(dataset.name)}.json",
        mime="application/json",
        icon=":material/download:",
        on_click="ignore",
    )


def _problem(problem: Problem, open_sample: Callable[[str], None]) -> None:
    with st.container(border=True):
        st.markdown(f"**{problem.kind}** ({problem.severity})")
        st.text(f"{problem.sample}: {problem.detail}" if problem.sample else problem.detail)
        st.text(f"What to do: {problem.fix}.")
        if problem.sample:
            st.button(
                f"Open {problem.sample}",
                icon=":material/open_in_full:",
                on_click=open_sample,
                args=(problem.sample,),
            )
