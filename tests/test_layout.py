"""Where things lie: imports run one way, no circle, no crowded folder, no name of the library's."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

FLOORS = [
    "imagery",
    "datasets models",
    "inference",
    "training evaluation explain export",
    "api cli",
]
# DESIGN.md, section 1: what one package of a floor may use of another beside the floors below.
ALLOWED = {("training", "evaluation"), ("evaluation", "inference"), ("api", "cli")}
ABOUT_TEN = 12
CROWDED = {"core/datasets/audit": 16, "core/cli": 16}  # a file a command


@cache
def modules() -> dict[str, Path]:
    """Dotted name to file, packages by their own name."""
    files: dict[str, Path] = {}
    for top in ("core", "ui", "pages"):
        for path in sorted((REPOSITORY / top).rglob("*.py")):
            parts = path.relative_to(REPOSITORY).with_suffix("").parts
            files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return files


def imported_names(path: Path) -> Iterator[str]:
    """All that a file imports, wherever in it: what is imported late is needed all the same."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, f"{path} has a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@cache
def imports() -> dict[str, set[str]]:
    """The modules of ours that each module imports."""
    known = modules()

    def module_of(name: str) -> str | None:
        return name if name in known else name.rpartition(".")[0]

    return {
        module: {m for name in imported_names(path) if (m := module_of(name)) in known} - {module}
        for module, path in known.items()
    }


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """One circle of a graph; empty where it has none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def inside(package: str, graph: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """The modules and folders directly in a package, and which of them imports which."""
    depth = package.count(".") + 2
    shortened: dict[str, set[str]] = {}
    for module, others in graph.items():
        if not module.startswith(f"{package}."):
            continue
        name = ".".join(module.split(".")[:depth])
        used = {".".join(o.split(".")[:depth]) for o in others if o.startswith(f"{package}.")}
        shortened.setdefault(name, set()).update(used - {name})
    return shortened


def test_no_circle_of_files() -> None:
    assert circle(imports()) == []


@pytest.mark.parametrize("package", [n for n, p in modules().items() if p.name == "__init__.py"])
def test_no_arrow_back_up_between_folders(package: str) -> None:
    """What lies side by side in a package, files and folders, has an order."""
    assert circle(inside(package, imports())) == []


def test_a_circle_would_be_seen() -> None:
    graph = {"core.a.x": {"core.b.y"}, "core.b.y": set(), "core.b.z": {"core.a.x"}}
    assert circle(graph) == []
    assert set(circle(inside("core", graph))) == {"core.a", "core.b"}


@pytest.mark.parametrize("top", ["core", "ui", "pages"])
def test_no_folder_is_crowded(top: str) -> None:
    for folder in [REPOSITORY / top, *(REPOSITORY / top).rglob("*/")]:
        files = [*folder.glob("*.py"), *folder.glob("*.js")]
        count = sum(f.name != "__init__.py" and not f.name.endswith(".test.js") for f in files)
        name = str(folder.relative_to(REPOSITORY))
        assert count <= CROWDED.get(name, ABOUT_TEN), f"{name} holds {count} modules"


def test_nothing_shadows_the_standard_library() -> None:
    """A page's process has the router's folder and the repository at the head of its path."""
    for folder in (REPOSITORY, REPOSITORY / "ui" / "shell"):
        names = {path.stem for path in folder.iterdir() if path.suffix == ".py" or path.is_dir()}
        assert not names & set(sys.stdlib_module_names), folder


def floor(package: str) -> int | None:
    return next((i for i, names in enumerate(FLOORS) if package in names.split()), None)


@pytest.mark.parametrize("module", modules())
def test_imports_run_one_way(module: str) -> None:
    """`core` imports no streamlit, ui or pages, `ui` no pages, and packages only lower floors."""
    top, *rest = module.split(".")
    forbidden = {"core": {"streamlit", "ui", "pages"}, "ui": {"pages"}, "pages": {"pages"}}[top]
    for name in imported_names(modules()[module]):
        first, *others = name.split(".")
        assert first not in forbidden, name
        if top == first == "core" and rest and others:
            mine, theirs = floor(rest[0]), floor(others[0])
            pair = (rest[0], others[0])
            if mine is None or theirs is None or rest[0] == others[0] or pair in ALLOWED:
                continue
            assert theirs < mine, name


@cache
def definitions(module: str) -> frozenset[str]:
    """Names that a file defines itself at its top level, also below an ``if`` or ``try``."""
    names: set[str] = set()
    waiting: list[ast.AST] = list(ast.parse(modules()[module].read_text()).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        waiting += ast.iter_child_nodes(node)
    return frozenset(names)


def test_names_are_imported_from_their_homes() -> None:
    """What a file took from another is not taken from it in turn: that would hide its home."""
    detours = []
    for module, path in modules().items():
        for name in imported_names(path):
            home, _, word = name.rpartition(".")
            if name in modules() or home not in modules() or "core" in (module, home):
                continue
            if word not in definitions(home):
                detours.append(f"{module} takes {word} from {home}")
    assert not detours


def test_all_lists_what_is_defined_there() -> None:
    foreign = {}
    for module, path in modules().items():
        listed = {
            name.value
            for node in ast.parse(path.read_text()).body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
            for name in ast.walk(node.value)
            if isinstance(name, ast.Constant)
        }
        if module != "core" and not listed <= definitions(module):
            foreign[module] = listed - definitions(module)
    assert not foreign
