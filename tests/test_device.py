"""TensorFlow as this program imports it."""

from __future__ import annotations

import gc
import importlib
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from core.device import _Absent, tensorflow
from tests.conftest import REPOSITORY


def test_what_tensorflow_brings_is_not_looked_through_again() -> None:
    """Streamlit collects garbage after every run of a page: it took longer than the page."""
    tensorflow()
    assert gc.get_freeze_count() > 100_000


def test_it_starts_without_what_it_only_takes_because_it_is_there() -> None:
    """A third of its start was scikit-learn, pandas and SciPy; afterwards they are there."""
    code = (
        "import gc, sys; from core.device import tensorflow; tensorflow(); import keras; "
        "print({'sklearn', 'pandas', 'scipy'} & {*sys.modules}, gc.isenabled()); "
        "import scipy, pandas; print('both')"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY, check=True
    )
    assert process.stdout.splitlines() == ["set() True", "both"]


def test_a_module_is_absent_for_one_thread_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another session of the dashboard may want it meanwhile."""
    (tmp_path / "absent_here.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "meta_path", [_Absent("absent_here"), *sys.meta_path])
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("absent_here")
    other = threading.Thread(target=importlib.import_module, args=("absent_here",))
    other.start()
    other.join()
    assert sys.modules.pop("absent_here")
