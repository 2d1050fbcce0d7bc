"""README says what there is: a command, option, page or setting that is missing fails here."""

from __future__ import annotations

import argparse
import re

from core.cli.main import parser
from tests.conftest import REPOSITORY

README = (REPOSITORY / "README.md").read_text()


def commands() -> dict[str, argparse.ArgumentParser]:
    for action in parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    raise AssertionError("the parser has no commands")


def test_every_command_and_option_is_in_the_readme() -> None:
    usage = re.search(r"```\n(python -m core demo.*?)```", README, re.S)
    assert usage is not None
    lines = usage.group(1).splitlines()
    listing = next(line for line in lines if "|" in line and "datasets" in line)
    for name, command in commands().items():
        line = next((line for line in lines if line.startswith(f"python -m core {name} ")), listing)
        assert re.search(rf"\b{name}\b", line), name
        for action in command._actions:
            for option in action.option_strings:
                if option.startswith("--") and option != "--help":
                    assert option in line, f"{name} {option}"


def test_every_page_is_in_the_readme() -> None:
    for page in (REPOSITORY / "pages").glob("*.py"):
        assert f"**{page.stem.title()}**" in README


def test_every_environment_variable_is_in_the_readme() -> None:
    code = "".join(path.read_text() for path in (REPOSITORY / "core").rglob("*.py"))
    for name in set(re.findall(r"\bDSI_[A-Z_]+\b", code)):
        assert f"`{name}`" in README, name


def test_pictures_exist() -> None:
    for path in re.findall(r"!\[[^]]*\]\(([^)]+)\)", README):
        assert (REPOSITORY / path).is_file(), path


def test_no_figure_is_missing() -> None:
    assert "@@" not in README
