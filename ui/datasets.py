"""Datasets on a page: the box to choose one, and its listing kept in the server's memory."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import streamlit as st

from core.datasets.catalogue import DatasetRef, list_datasets, open_dataset
from core.datasets.dataset import Dataset

__all__ = ["choose_dataset", "fingerprint", "open_chosen"]


def fingerprint(folder: Path) -> str:
    """A digest of the names, sizes and times of all files below a folder.

    It changes when a file is added, removed or written, so that what is kept under it (listing,
    thumbnails, audit) is made anew.
    """
    hasher = hashlib.blake2b(digest_size=16)
    for place, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            path = Path(place, name)
            try:
                status = path.stat()
            except FileNotFoundError:  # removed meanwhile, or a dangling link
                continue
            hasher.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return hasher.hexdigest()


@st.cache_resource(max_entries=16, show_spinner="Listing the dataset …")
def _opened(path: str, name: str, content: str) -> Dataset:
    return open_dataset(Path(path), name)


def open_chosen(ref: DatasetRef) -> Dataset:
    """The listing of a dataset; read once until a file of it changes.

    Raises:
        DatasetError: it is empty or its class table cannot be read.
        ImageError: its masks cannot be read.
    """
    return _opened(str(ref.path), ref.id, fingerprint(ref.path))


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
    name = st.selectbox("Dataset", list(refs), key=key, bind="query-params")
    return refs[name]
