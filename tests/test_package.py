"""What holds for the package as a whole."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import core
from core import errors

REPOSITORY = Path(__file__).resolve().parent.parent
FLOORS = ["imagery", "datasets models", "inference", "training evaluation explain"]
# DESIGN.md, section 1: what one package of a floor may use of another beside the floors below.
ALLOWED = {("training", "evaluation"), ("evaluation", "inference")}


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
        assert str(error("it broke", where="here", remedy="mend it")) == "it broke, here, mend it"


def test_no_file_of_ui_shadows_the_standard_library() -> None:
    """While a page runs, Streamlit puts ui/ on the path."""
    stems = {path.stem for path in (REPOSITORY / "ui").glob("*.py")} - {"__init__"}
    assert not stems & set(sys.stdlib_module_names)


def floor(package: str) -> int | None:
    return next((i for i, names in enumerate(FLOORS) if package in names.split()), None)


@pytest.mark.parametrize("path", sorted((REPOSITORY / "core").rglob("*.py")), ids=lambda p: p.stem)
def test_imports_run_one_way(path: Path) -> None:
    """`core` imports no streamlit, ui or pages, and its packages only lower floors."""
    package = path.relative_to(REPOSITORY / "core").parts[0]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            top = name.split(".")[0]
            assert top not in {"streamlit", "ui", "pages"}, f"{path}: {name}"
            parts = name.split(".")
            if top == "core" and len(parts) > 1 and floor(package) is not None:
                theirs, mine = floor(parts[1]), floor(package)
                if theirs is None or parts[1] == package or (package, parts[1]) in ALLOWED:
                    continue
                assert theirs < mine, f"{path}: {name}"
