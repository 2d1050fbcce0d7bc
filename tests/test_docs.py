"""README and docs say what there is: what is missing, broken or out of date fails here."""

from __future__ import annotations

import argparse
import importlib
import json
import re
import runpy
import shlex
from pathlib import Path

import pytest

from core import TrainConfig
from core.cli.main import parser
from tests.conftest import REPOSITORY

README = (REPOSITORY / "README.md").read_text()
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
FORMATS = (REPOSITORY / "docs" / "formats.md").read_text()
READ_BY = re.findall(r"<!-- read by (\S+:.*?) -->\n```json\n(.*?)```", FORMATS, re.S)


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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_and_pictures_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = page if not path else (page.parent / path).resolve()
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def anchors(page: Path) -> set[str]:
    """What GitHub makes of the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def test_every_page_of_docs_can_be_reached_from_the_readme() -> None:
    for page in PAGES[1:]:
        assert f"(docs/{page.name})" in README, page.name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_figure_is_missing(page: Path) -> None:
    assert "@@" not in page.read_text()


def test_commands_of_the_tutorial_are_understood() -> None:
    """They were all run when it was written; here the parser reads them."""
    text = (REPOSITORY / "docs" / "tutorial.md").read_text()
    lines = re.findall(r"^python -m core (.+)$", text, re.M)
    assert {line.split()[0] for line in lines} >= {"demo", "audit", "train", "evaluate", "predict"}
    for line in lines:
        parser().parse_args(shlex.split(line))


def test_the_picture_of_the_packages_is_current() -> None:
    docs = REPOSITORY / "docs"
    drawn = runpy.run_path(str(docs / "architecture.py"))["picture"]()
    assert (docs / "architecture.svg").read_text() == drawn, "run `python docs/architecture.py`"


@pytest.mark.parametrize(("readers", "text"), READ_BY, ids=[readers for readers, _ in READ_BY])
def test_examples_of_files_can_be_read(readers: str, text: str) -> None:
    path, _, words = readers.partition(":")
    models = [getattr(importlib.import_module(path), n) for n in re.findall(r"[A-Z]\w+", words)]
    lines = text.splitlines() if "line by line" in words else [text] * len(models)
    for model, line in zip(models, lines, strict=True):
        content = model.model_validate_json(line).model_dump()
        assert set(json.loads(line)) <= set(content)  # records pass over what they do not know


def test_all_settings_are_in_the_formats() -> None:
    [text] = [text for readers, text in READ_BY if "same as its defaults" in readers]
    assert json.loads(text) == TrainConfig(dataset="town").model_dump(mode="json")


def test_the_formats_have_examples() -> None:
    assert len(READ_BY) == 15
