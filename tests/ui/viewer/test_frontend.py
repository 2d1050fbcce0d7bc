"""The browser code of the compare viewer: its own tests, and that its bundle is current."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import get_args

import pytest

from ui.viewer.viewer import Mode

REPOSITORY = Path(__file__).resolve().parents[3]
FRONTEND = REPOSITORY / "ui/viewer/frontend"


def _node(*arguments: str, cwd: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not installed (apt-get install nodejs npm)")
    done = subprocess.run(["node", *arguments], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_tests_beside_the_code_pass() -> None:
    _node("--test", cwd=FRONTEND)


def test_the_bundle_is_current() -> None:
    if not (REPOSITORY / "node_modules/esbuild").is_dir():
        pytest.skip("esbuild is not installed (npm ci)")
    _node("ui/viewer/frontend/build.js", "--check", cwd=REPOSITORY)


def test_the_modes_of_the_script_are_those_of_the_browser() -> None:
    table = (FRONTEND / "modes/table.js").read_text(encoding="utf-8")
    names = re.search(r"MODES = \[(.*)\]", table)
    assert names and names[1].split(", ") == list(get_args(Mode))
