"""Void regions in the workspace: a file each, named by a digest of what it holds, never changed."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from core.datasets.void.regions import VoidRegions
from core.errors import ConfigError
from core.paths import disk_errors, workspace, write_bytes
from core.settings import first_complaint
from core.untrusted.text_file import read_text

__all__ = ["has_regions", "keep_regions", "load_regions", "regions_digest"]

_REMEDY = (
    "bring the file back, or download the recipe again where it was made: the download carries its "
    "regions; or take them out of the recipe (Data, Prepare, Clean)"
)


def _content(regions: VoidRegions) -> bytes:
    content = regions.model_dump(mode="json")
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def regions_digest(regions: VoidRegions) -> str:
    """What names some regions: 32 hexadecimal digits (BLAKE2b) of their content."""
    return hashlib.blake2b(_content(regions), digest_size=16).hexdigest()


def _file(digest: str) -> Path:
    # The leading dot keeps the folder out of the list of recipes.
    return workspace().recipes / ".regions" / f"{digest}.json"


def keep_regions(regions: VoidRegions) -> str:
    """Keep regions in the workspace, for recipes to refer to.

    Returns:
        Their digest.

    Raises:
        WorkspaceError: the disk refuses.
    """
    digest = regions_digest(regions)
    path = _file(digest)
    if not path.is_file():
        with disk_errors(path):
            path.parent.mkdir(exist_ok=True)
        write_bytes(path, _content(regions))
    return digest


def has_regions(digest: str) -> bool:
    """Whether regions of this digest are in the workspace."""
    return _file(digest).is_file()


def load_regions(digest: str) -> VoidRegions:
    """The regions of a digest.

    Raises:
        ConfigError: they are not in this workspace, or their file is damaged.
    """
    path = _file(digest)
    try:
        status = path.stat()
    except OSError as error:
        raise ConfigError(
            f"the recipe's void regions {digest[:8]} are not in this workspace",
            key="recipe.void_regions",
            remedy=_REMEDY,
        ) from error
    return _load(digest, path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=16)  # pages prepare a dataset at every click
def _load(digest: str, path: Path, changed: int, size: int) -> VoidRegions:
    reason = "its content is another than its name says"
    try:
        regions = VoidRegions.model_validate_json(read_text(path))
        if regions_digest(regions) == digest:
            return regions
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        reason = str(error)
    except ValidationError as error:
        reason = first_complaint(error).remedy
    raise ConfigError(
        f"the recipe's void regions {digest[:8]} cannot be read: {reason}",
        where=str(path),
        key="recipe.void_regions",
        remedy=_REMEDY,
    )
