"""Datasets on a page: the box to choose one, and its listing kept in the server's memory."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.datasets.catalogue import DatasetRef, list_datasets, open_dataset
from core.datasets.class_names import naming_stamp
from core.datasets.dataset import Dataset, Sample
from core.datasets.fingerprint import fingerprint
from ui.shell.address import take_name

__all__ = ["choose_dataset", "choose_sample", "open_chosen"]


@st.cache_resource(max_entries=16, show_spinner="Listing the dataset …")
def _opened(path: str, name: str, content: str, product: str) -> Dataset:
    return open_dataset(Path(path), name, product)


def open_chosen(ref: DatasetRef, product: str = "") -> Dataset:
    """The listing of a dataset; read once until a file of it changes.

    Args:
        ref: the dataset's entry.
        product: which of several image products; empty for the first.

    Raises:
        DatasetError: it is empty, its class table cannot be read, or it has no such product.
        ImageError: its masks cannot be read.
    """
    content = fingerprint(ref.path) + naming_stamp(ref.path)
    return _opened(str(ref.path), ref.id, content, product)


def choose_dataset(key: str = "dataset") -> DatasetRef | None:
    """A select box of all datasets: the workspace's, then those of the server's own folders.

    The choice stands in the page's URL under `key`; use ``dataset`` so that it goes along from page
    to page.

    Returns:
        The chosen one, or None after saying what to do where there is none.
    """
    refs = {ref.id: ref for ref in list_datasets()}
    if not refs:
        st.info(
            "There is no dataset yet: write the demo set on the Data page, or put a folder into "
            "the workspace's `datasets`.",
            icon=":material/photo_library:",
        )
        return None
    take_name(key, list(refs), "dataset", of_all=True)
    name = st.selectbox(
        "Dataset", list(refs), key=key, bind="query-params", persist_state="session"
    )
    return refs[name]


def choose_sample(dataset: Dataset) -> Sample:
    """A select box of a dataset's samples; the choice stands in the page's URL as ``sample``."""
    names = [sample.id for sample in dataset.samples]
    take_name("sample", names, "sample")
    chosen = st.selectbox(
        "Sample", names, key="sample", bind="query-params", persist_state="session"
    )
    return dataset.sample(chosen)
