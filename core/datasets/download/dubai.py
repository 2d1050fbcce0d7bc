"""Fetch the Dubai dataset from Kaggle into the workspace."""

from __future__ import annotations

import importlib
import os
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.datasets.layouts.dubai import dubai_home, is_dubai
from core.errors import DatasetError
from core.paths import new_folder, workspace

__all__ = ["DUBAI_HANDLE", "DUBAI_NAME", "DUBAI_URL", "fetch_dubai"]

DUBAI_HANDLE = "humansintheloop/semantic-segmentation-of-aerial-imagery"
DUBAI_URL = f"https://www.kaggle.com/datasets/{DUBAI_HANDLE}"
DUBAI_NAME = "dubai"
_ORIGIN = "https://humansintheloop.org/resources/datasets/semantic-segmentation-dataset-2/"


def fetch_dubai(progress: Callable[[int, int], None] | None = None) -> Path:
    """Download the Dubai dataset (about 30 MB, CC0 1.0) and put it into the workspace.

    Kaggle gives it without an account; credentials in Kaggle's own places (``~/.kaggle``,
    ``KAGGLE_API_TOKEN``) are used by kagglehub and seen by nothing here. An interrupted download
    continues the next time, from kagglehub's cache.

    Args:
        progress: called with (files copied, files in all), first with (0, 0) while it downloads.

    Returns:
        The dataset's folder, ``datasets/dubai`` in the workspace, which appears only when complete.

    Raises:
        DatasetError: there is one already, or Kaggle cannot be reached or refuses; the remedy says
            how to do it by hand.
        WorkspaceError: the disk is full or the folder cannot be written.
    """
    target = workspace().datasets / DUBAI_NAME
    if target.exists() and any(target.iterdir()):
        raise DatasetError(
            "there is a dataset of this name in the workspace already",
            where=str(target),
            remedy="use it, or move it away to fetch it anew",
        )
    if progress:
        progress(0, 0)
    source = dubai_home(_download(target))
    files = [path for path in sorted(source.rglob("*")) if path.is_file()]
    with new_folder(target) as partial:
        for done, path in enumerate(files, start=1):
            copy = partial / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
            if progress:
                progress(done, len(files))
    return target


def _download(target: Path) -> Path:
    """The set in kagglehub's cache, downloaded if need be."""
    # Read when it is imported; its chatter goes to stdout, where our answers are.
    os.environ.setdefault("KAGGLEHUB_VERBOSITY", "error")
    kagglehub: Any = importlib.import_module("kagglehub")
    refused: Any = importlib.import_module("kagglehub.exceptions")
    requests: Any = importlib.import_module("requests")
    try:
        folder = Path(kagglehub.dataset_download(DUBAI_HANDLE))
    except (requests.exceptions.ConnectionError, requests.exceptions.Timeout) as error:
        raise _by_hand("Kaggle cannot be reached from this machine", target) from error
    except (
        refused.UnauthenticatedError,
        refused.CredentialError,
        requests.exceptions.HTTPError,
    ) as error:
        # The text of these may quote a request: it is not repeated.
        raise _by_hand("Kaggle refused the download", target) from error
    except (
        refused.BackendError,
        refused.DataCorruptionError,
        refused.NotFoundError,
        requests.exceptions.RequestException,
        tarfile.TarError,
        zipfile.BadZipFile,
        EOFError,
        ValueError,  # kagglehub's own for an archive that is neither zip nor tar
    ) as error:
        raise _by_hand(f"the download failed ({type(error).__name__})", target) from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise _by_hand(f"the download could not be kept ({reason})", target) from error
    if not is_dubai(folder):
        raise _by_hand("the download has no `Tile N/images`", target)
    return folder


def _by_hand(what: str, target: Path) -> DatasetError:
    return DatasetError(
        what,
        where=DUBAI_URL,
        remedy=f"download the archive there in a browser (or from {_ORIGIN}) and unpack it into "
        f"{target} so that `Tile 1/images` lies in it; or work with the demo set meanwhile",
    )
