"""The files of predictions in one ZIP."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

from core.paths import disk_errors, write_atomic
from core.provenance import mark_zip

__all__ = ["ZIP_NAME", "zip_results"]

ZIP_NAME = "results.zip"
"""Of the ZIP, beside the files that it holds."""

_COMPRESSED = (".png", ".tif")  # already
_TIME = (1980, 1, 1, 0, 0, 0)  # of entries: two ZIPs of the same are equal


def zip_results(paths: Sequence[Path], out: Path) -> Path:
    """Pack files, each by its name; a ZIP that is there is replaced when the new one is whole.

    Args:
        paths: of the files.
        out: folder of the ZIP.

    Raises:
        WorkspaceError: the disk is full, or a file is gone.
    """

    def write(place: Path) -> None:
        with zipfile.ZipFile(place, "w", allowZip64=True) as archive:
            for path in paths:
                entry = zipfile.ZipInfo(path.name, _TIME)
                entry.external_attr = 0o644 << 16
                stored = path.suffix in _COMPRESSED
                entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
                entry.file_size = path.stat().st_size  # above 4 GiB its header is another
                with path.open("rb") as source, archive.open(entry, "w") as target:
                    while part := source.read(_PART):
                        target.write(part)
        mark_zip(place)

    target = out / ZIP_NAME
    with disk_errors(target):
        write_atomic(target, write)
    return target


_PART = 4 * 1024**2
