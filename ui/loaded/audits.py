"""The audit of a dataset on a page: run in the background, kept until a file changes."""

from __future__ import annotations

import streamlit as st

from core.datasets.audit.audit import Audit, audit
from core.datasets.catalogue import DatasetRef
from core.datasets.class_names import naming_stamp
from core.datasets.dataset import Dataset
from core.datasets.fingerprint import fingerprint
from ui.shell.jobs import find_job, start_job, watch_job

__all__ = ["audit_key", "finished_audit", "offer_audit", "read_all", "run_audit"]

AUTOMATIC = 500
"""A dataset of up to this many samples is read without being asked to."""


def audit_key(ref: DatasetRef, product: str = "") -> str:
    """Names the audit of the dataset, or of one of its image products, as its files are now."""
    return f"audit-{fingerprint(ref.path)}{naming_stamp(ref.path)}{product}"


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


def offer_audit(key: str, dataset: Dataset) -> None:
    """What stands where the audit's results will: a button, or a word that it is under way."""
    job = find_job(key)
    begins = job is None and len(dataset.samples) <= AUTOMATIC  # by itself, below on the page
    if begins or (job and job.state == "running"):
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
