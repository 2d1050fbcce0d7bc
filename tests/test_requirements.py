"""What the code needs is declared in pyproject.toml, and requirements.txt pins exactly that."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import REPOSITORY

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
# What the signatures of a declared package are made of comes with it.
COMES_WITH = {
    "annotated-types": "pydantic",
    "affine": "rasterio",
    "pillow": "imagehash",
    "pydantic-core": "pydantic",
    "starlette": "streamlit",
}


def pins(name: str) -> dict[str, str]:
    """Version by package; every line but comments and other files is an exact pin."""
    declared = {}
    for line in (REPOSITORY / name).read_text().splitlines():
        if not line or line.startswith(("#", "-r ")):
            continue
        assert re.fullmatch(r"[a-z0-9-]+(\[[a-z-]+\])?==[0-9][^ ]*", line), f"{name}: {line}"
        requirement = Requirement(line)
        version = str(requirement.specifier).removeprefix("==")
        declared[canonicalize_name(requirement.name)] = version
    return declared


def test_the_pins_are_those_of_the_dependencies() -> None:
    declared = {canonicalize_name(r.name): r for r in map(Requirement, PROJECT["dependencies"])}
    pinned = pins("requirements.txt")
    assert set(pinned) == set(declared)
    for name, version in pinned.items():
        assert declared[name].specifier.contains(version), f"{declared[name]} is not {version}"


def test_what_is_pinned_twice_has_one_version() -> None:
    pinned = pins("requirements.txt")
    for file in ("requirements-dev.txt", "requirements-gpu.txt"):
        for name, version in pins(file).items():
            assert pinned.get(name, version) == version, f"{file}: {name}"


def test_everything_that_is_imported_is_declared() -> None:
    declared = {canonicalize_name(Requirement(line).name) for line in PROJECT["dependencies"]}
    homes = packages_distributions()
    files = [REPOSITORY / "app.py"]
    files += [f for folder in ("core", "ui", "pages") for f in (REPOSITORY / folder).rglob("*.py")]
    for file in files:
        for name in imported(file) - {"core", "ui", "pages"} - set(sys.stdlib_module_names):
            homes_of = {canonicalize_name(home) for home in homes[name]}
            assert {COMES_WITH.get(home, home) for home in homes_of} & declared, f"{file}: {name}"


def imported(file: Path) -> set[str]:
    """Top-level packages that a file imports, anywhere in it."""
    modules = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            modules.append(node.module or "")
    return {module.partition(".")[0] for module in modules}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that `pip install .` makes, unpacked as it is into site-packages."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    command += ["--no-build-isolation", "--wheel-dir", str(folder), str(REPOSITORY)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    [wheel] = folder.glob("*.whl")
    assert wheel.name.startswith(f"deepspaceimaging-{PROJECT['version']}-")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site-packages")
    return folder / "site-packages"


def test_the_wheel_holds_code_and_data(installed: Path) -> None:
    for folder in ("core", "ui", "pages", "weights"):
        for file in (REPOSITORY / folder).rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                assert (installed / file.relative_to(REPOSITORY)).is_file(), file
    assert sorted(p.name for p in installed.iterdir() if p.suffix != ".dist-info") == [
        "app.py",
        "core",
        "pages",
        "ui",
        "weights",
    ]
    [licence] = installed.glob("*.dist-info/licenses/LICENSE")
    assert licence.read_text() == (REPOSITORY / "LICENSE").read_text()


def test_the_wheel_works_without_the_clone(installed: Path, tmp_path: Path) -> None:
    code = (
        "import core; from core.models.catalogue import list_architectures;"
        "print(core.__file__, core.find_model('dubai-unet').source);"
        "print(sum(1 for _ in list_architectures(3, 5)) > 100)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(installed), "DSI_WORKSPACE": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == [str(installed / "core" / "__init__.py"), "bundled", "True"], (
        done.stderr
    )
