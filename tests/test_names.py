"""Words that docs/glossary.md bans are in no name, and in no message or docstring."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

GLOSSARY = (REPOSITORY / "docs" / "glossary.md").read_text()
FOLDERS = ("core", "ui", "pages", "bench", "tests", "examples")


def banned(heading: str) -> set[str]:
    """First column of the table below a heading of the glossary."""
    section = GLOSSARY.partition(f"### {heading}\n")[2].partition("\n#")[0]
    rows = re.findall(r"^\| ([^|]+) \|", section, re.M)[2:]
    return {word for row in rows for word in row.split(", ")}


NAMES, MESSAGES = banned("In names"), banned("In messages")


def names(tree: ast.AST) -> Iterator[str]:
    """Names that the code gives; those it only uses are their makers' to choose."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name) | ast.arg(arg=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case ast.ExceptHandler(name=str(name)) | ast.alias(asname=str(name)):
                yield name
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name


def messages(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def words_in_name(name: str) -> set[str]:
    """Banned words in an identifier, whatever its style: ``HasBegun`` and ``has_begun`` alike."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return {word for word in NAMES if f"_{word}_" in f"_{snake}_"}


def words_in_message(text: str) -> set[str]:
    """Banned words in a text, also ``mends``, ``mended`` and ``mending``."""
    return {w for w in MESSAGES if re.search(rf"\b{w}(s|ed|ing)?\b", text, re.IGNORECASE)}


def scan() -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Files by the banned word that a name, and that a message of theirs has."""
    in_names: dict[str, set[str]] = {}
    in_messages: dict[str, set[str]] = {}
    files = [REPOSITORY / "app.py"]
    files += [file for folder in FOLDERS for file in (REPOSITORY / folder).rglob("*.py")]
    for file in set(files) - {Path(__file__)}:
        tree = ast.parse(file.read_text())
        place = file.relative_to(REPOSITORY).as_posix()
        for word in {word for name in (*names(tree), file.stem) for word in words_in_name(name)}:
            in_names.setdefault(word, set()).add(place)
        for word in {word for text in messages(tree) for word in words_in_message(text)}:
            in_messages.setdefault(word, set()).add(place)
    return in_names, in_messages


IN_NAMES, IN_MESSAGES = scan()


@pytest.mark.parametrize("word", sorted(NAMES))
def test_no_name_has_a_banned_word(word: str) -> None:
    where = sorted(IN_NAMES.get(word, ()))
    assert not where, f"{word!r} in names of {', '.join(where)}: docs/glossary.md has better"


@pytest.mark.parametrize("word", sorted(MESSAGES))
def test_no_message_has_a_banned_word(word: str) -> None:
    where = sorted(IN_MESSAGES.get(word, ()))
    assert not where, f"{word!r} in texts of {', '.join(where)}: docs/glossary.md has better"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("found = 1", {"found"}),
        ("def begun_normalisation(): ...", {"begun"}),
        ("class BestKeeper: ...", {"keeper"}),
        ("self.work_off = 1", {"work_off"}),
        ("def f(*, told): ...", {"told"}),
        ("for _found in x: ...", {"found"}),
        ("except_ = FileNotFoundError", set()),
        ("foundation = profound = 1", set()),
    ],
)
def test_names_are_recognised(code: str, expected: set[str]) -> None:
    assert {w for name in names(ast.parse(code)) for w in words_in_name(name)} == expected


def test_messages_are_recognised() -> None:
    assert words_in_message("Mended it, and it ended without a word.") == {"mend", "without a word"}
    assert not words_in_message("We recommend an amendment.")
