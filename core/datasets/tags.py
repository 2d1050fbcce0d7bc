"""Tags that people give samples, to find them by; kept in the workspace, never in the data."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import DatasetError
from core.locks import locked
from core.paths import disk_errors, workspace, write_json

__all__ = ["change_tags", "read_tags", "tags_file", "tidy_tag"]

_CHANGING = threading.Lock()  # threads of one process share its locks on files
_LONGEST = 40  # characters of a tag


class _Tags(BaseModel):
    """The content of a file of tags: those of each sample, by its id."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    samples: dict[str, tuple[str, ...]] = Field(default_factory=dict)


def tags_file(dataset: str) -> Path:
    """Where the tags of a dataset are kept, by its id."""
    digest = hashlib.blake2b(dataset.encode(), digest_size=16).hexdigest()
    return workspace().root / "tags" / f"{digest}.json"


def tidy_tag(tag: str) -> str:
    """The tag in one line of at most 40 characters; empty where nothing is left of it."""
    return re.sub(r"\s+", " ", tag).strip()[:_LONGEST].strip()


def read_tags(dataset: str) -> Mapping[str, tuple[str, ...]]:
    """The tags of a dataset's samples, by sample; those without tags are not in it.

    Args:
        dataset: its id.

    Raises:
        DatasetError: the file is damaged.
    """
    path = tags_file(dataset)
    try:
        return _Tags.model_validate_json(path.read_bytes()).samples
    except FileNotFoundError:
        return {}
    except (OSError, ValidationError) as error:
        raise DatasetError(
            "the tags of the samples cannot be read",
            where=str(path),
            remedy="delete the file; nothing else needs it",
        ) from error


def change_tags(
    dataset: str, samples: Iterable[str], add: Iterable[str] = (), remove: Iterable[str] = ()
) -> None:
    """Give samples tags, and take others from them.

    Args:
        dataset: its id.
        samples: ids of the samples.
        add, remove: tags.

    Raises:
        DatasetError: the file is damaged.
        WorkspaceError: the disk refuses.
    """
    path = tags_file(dataset)
    gone = set(remove)
    new = [tag for tag in map(tidy_tag, add) if tag]
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with _CHANGING, locked(path.with_suffix(".lock")):
        tags = dict(read_tags(dataset))
        for sample in samples:
            kept = [tag for tag in tags.get(sample, ()) if tag not in gone]
            tags[sample] = tuple(dict.fromkeys([*kept, *new]))
        tags = {sample: own for sample, own in tags.items() if own}
        write_json(path, _Tags(samples=tags).model_dump(mode="json"))
