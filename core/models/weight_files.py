"""Files of encoder weights that a page may offer: those in the workspace's folder ``weights``."""

from __future__ import annotations

from pathlib import Path

from core.paths import workspace

__all__ = ["weight_files"]

_SUFFIXES = (".safetensors", ".h5")


def weight_files() -> list[Path]:
    """The files, by name; none where there is no such folder."""
    folder = workspace().root / "weights"
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.iterdir() if p.suffix in _SUFFIXES and p.is_file())
