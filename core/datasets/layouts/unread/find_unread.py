"""What a folder that is in no known layout may hold instead, with the way out."""

from __future__ import annotations

from pathlib import Path

from core.datasets.layouts.unread.annotation_files import find_annotations
from core.datasets.layouts.unread.band_files import find_band_files
from core.datasets.layouts.unread.form import Unread

__all__ = ["find_unread"]


def find_unread(root: Path) -> Unread | None:
    """Bands in files of their own, or annotations in another form than masks."""
    return find_band_files(root) or next(iter(find_annotations(root)), None)
