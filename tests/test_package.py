"""What holds for the package as a whole."""

from __future__ import annotations

import ast
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
    """What a type checker sees of it is what there is when it runs."""
    seen = {
        alias.name: node.module
        for block in ast.parse(Path(core.__file__).read_text()).body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == core._HOMES
    assert sorted(core.__all__) == sorted(seen)
    assert set(core.__all__) <= set(dir(core))
    for name, home in seen.items():
        assert getattr(core, name) is getattr(sys.modules[home], name)


def test_the_facade_is_imported_name_by_name() -> None:
    code = "import sys, core; print(*sys.modules)"
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY, check=True
    )
    assert not set(out.stdout.split()) & {"numpy", "rasterio", "pydantic", "core.paths"}


def test_every_error_is_in_the_tree_and_carries_its_remedy() -> None:
    for name in errors.__all__:
        error = getattr(errors, name)
        assert issubclass(error, errors.DSIError)
        assert str(error("it broke", where="here", remedy="fix it")) == "it broke, here, fix it"
