"""Every error a user can cause, as one tree; each message carries its remedy.

DSIError
├── ImageError       a picture that cannot be read, is too large, or does not fit its partner
├── DatasetError     a folder that is no dataset, an empty one, a mask that cannot be decoded
│   └── UnnamedClasses   masks whose colours or values no class table names yet
├── ModelError       an unknown model, a card that does not fit its weights, the wrong bands
├── RunError         a training that failed, is missing, or is already running
├── ConfigError      a setting with a wrong name or value
└── WorkspaceError   a folder that cannot be written, a full disk, a name that is not allowed

The command line prints ``error: what, where, what to do`` and leaves with 1; a page shows one box.
Anything outside this tree is a defect of ours and keeps its traceback.
"""

from __future__ import annotations

from core.formats import sentence

__all__ = [
    "ConfigError",
    "DSIError",
    "DatasetError",
    "ImageError",
    "ModelError",
    "RunError",
    "UnnamedClasses",
    "WorkspaceError",
]

_LONGEST = 800
"""Signs of each of its three parts: what a message quotes may be a megabyte of somebody's file."""


def _shortened(text: str) -> str:
    half = _LONGEST // 2
    return text if len(text) <= _LONGEST else f"{text[:half]} … {text[-half:]}"


class DSIError(Exception):
    """What went wrong, where, and what to do about it; each at most 800 signs and a bit.

    Args:
        what: the fact, in plain words, without a full stop.
        where: the file, folder, sample or setting it happened to; by default `key`.
        key: dotted key of the setting it is about, such as ``recipe.split.val``, or of the group
            of settings; empty where it is about none.
        remedy: what the reader can do, as an instruction.
    """

    def __init__(
        self, what: str, *, where: str | None = None, key: str = "", remedy: str = ""
    ) -> None:
        self.what = _shortened(what)
        self.where = _shortened(key if where is None else where)
        self.key = key
        self.remedy = _shortened(remedy)
        super().__init__(self.what, self.where, self.remedy)

    @property
    def sentences(self) -> str:
        """The same as `str`, as a text of its own, in which lists stay apart from the rest."""
        where = f"Where: {self.where}." if self.where else ""
        return " ".join(filter(None, (sentence(self.what), where, sentence(self.remedy))))

    def __str__(self) -> str:
        return ", ".join(part for part in (self.what, self.where, self.remedy) if part)


class ImageError(DSIError):
    """A picture that cannot be read, is too large, or does not fit its partner."""


class DatasetError(DSIError):
    """A folder that is no dataset, an empty one, or a mask that cannot be decoded."""


class UnnamedClasses(DatasetError):
    """Masks whose colours or values no class table names; the Data page offers to name them."""


class ModelError(DSIError):
    """An unknown model, weights that do not fit their card, or the wrong number of bands."""


class RunError(DSIError):
    """A training that failed, is missing, or is already running."""


class ConfigError(DSIError):
    """A setting with a wrong name or a wrong value."""


class WorkspaceError(DSIError):
    """A folder that cannot be written, a full disk, or a name that is not allowed."""
