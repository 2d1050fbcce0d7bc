"""The process that builds a model from elsewhere once: ``python -m`` of this module."""

from __future__ import annotations

import tempfile
from pathlib import Path

from core.errors import DSIError
from core.untrusted.bounded_child import serve


def check(folder: str) -> tuple[str, str]:
    """What is wrong with a model, and what to do about it; empty where nothing is."""
    # Libraries look for a place for temporary files by writing one, which this process may not.
    before, tempfile.tempdir = tempfile.tempdir, folder
    try:
        from core.models.store import load_model

        load_model(Path(folder))
    except DSIError as error:
        return error.what, error.remedy
    finally:
        tempfile.tempdir = before
    return "", ""


if __name__ == "__main__":
    serve({"check": check})
