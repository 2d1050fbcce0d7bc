"""What holds for the package as a whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import core
from core import errors

REPOSITORY = Path(__file__).resolve().parent.parent


def test_importing_core_is_light() -> None:
    code = (
        "import sys, core, core.cli.main; "
        "print([m for m in ('tensorflow', 'keras', 'streamlit', 'keract') if m in sys.modules])"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY, check=True
    )
    assert out.stdout.strip() == "[]"


def test_facade_is_exactly_its_all() -> None:
    public = {n for n in vars(core) if not n.startswith("_")}
    modules = {n for n in public if isinstance(getattr(core, n), type(sys))}
    assert public - modules == set(core.__all__)
    assert sorted(core.__all__) == sorted(set(core.__all__))


def test_every_error_is_in_the_tree_and_carries_its_remedy() -> None:
    for name in errors.__all__:
        error = getattr(errors, name)
        assert issubclass(error, errors.DSIError)
        assert str(error("it broke", where="here", remedy="fix it")) == "it broke, here, fix it"
