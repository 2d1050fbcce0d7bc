"""Every widget that is bound to the page's address is prepared by ui/shell/address.py."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.conftest import REPOSITORY

_BOUND = "query-params"
_PREPARED = {"ask_for", "ask_for_several", "take_flag", "take_name", "take_names", "take_number"}
_ANY_TEXT = {"text_input"}  # every text is one that it knows


class Bound(NamedTuple):
    """A widget bound to the address.

    Attributes:
        where: file and line.
        kind: name of Streamlit's function.
        key: its key, as it is written in the source.
        prepared: whether a function of ui/shell/address.py is called for this key before, in the
            same function.
    """

    where: str
    kind: str
    key: str
    prepared: bool


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _is_bound(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and node.value == _BOUND


def _binders(tree: ast.Module) -> set[str]:
    """Functions that give the arguments of a bound widget."""
    return {
        function.name
        for function in tree.body
        if isinstance(function, ast.FunctionDef)
        and any(
            isinstance(n, ast.Dict) and any(map(_is_bound, n.values)) for n in ast.walk(function)
        )
    }


def _key(call: ast.Call, binders: set[str]) -> ast.expr | None:
    """The key of a widget bound to the address; None for any other call."""
    arguments = {keyword.arg: keyword.value for keyword in call.keywords}
    if _is_bound(arguments.get("bind")):
        return arguments["key"]
    for keyword in call.keywords:
        if (
            keyword.arg is None
            and isinstance(keyword.value, ast.Call)
            and _name(keyword.value) in binders
        ):
            return keyword.value.args[0]
    return None


def bound_widgets(source: str, path: str) -> Iterator[Bound]:
    """The bound widgets of a module, in no order."""
    tree = ast.parse(source)
    binders = _binders(tree)
    for function in tree.body:
        calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
        prepared = {
            (ast.unparse(call.args[0]), call.lineno) for call in calls if _name(call) in _PREPARED
        }
        for call in calls:
            if (key := _key(call, binders)) is None:
                continue
            words = ast.unparse(key)
            before = any(name == words and line < call.lineno for name, line in prepared)
            yield Bound(f"{path}:{call.lineno}", _name(call), words, before)


def _all_bound() -> list[Bound]:
    paths = [path for folder in ("ui", "pages") for path in (REPOSITORY / folder).rglob("*.py")]
    return [
        bound
        for path in sorted(paths)
        for bound in bound_widgets(path.read_text(), Path(path).relative_to(REPOSITORY).as_posix())
    ]


def test_every_bound_widget_is_prepared() -> None:
    widgets = _all_bound()
    assert {"sample", "page", "class", "overlap", "watch"} <= {b.key.strip("'") for b in widgets}
    assert not [b for b in widgets if not b.prepared and b.kind not in _ANY_TEXT]


def test_every_mention_of_a_binding_is_a_widget_that_is_seen() -> None:
    """A widget that is bound in a way this test does not see would pass unprepared."""
    for path in sorted({*(REPOSITORY / "ui").rglob("*.py"), *(REPOSITORY / "pages").rglob("*.py")}):
        source = path.read_text()
        tree = ast.parse(source)
        mentions = sum(_is_bound(node) for node in ast.walk(tree))
        tied = len(_binders(tree))
        widgets = list(bound_widgets(source, path.name))
        assert len(widgets) >= mentions - tied, path
        assert not tied or len(widgets) > mentions - tied, path


def test_an_unprepared_one_is_seen() -> None:
    source = (
        "def a():\n    st.pills('A', key='a', bind='query-params')\n"
        "def b():\n    take_names('b', [], '')\n    st.pills('B', key='b', bind='query-params')\n"
        "def tied(key):\n    return {'key': key, 'bind': 'query-params'}\n"
        "def c():\n    take_name('b', [], '')\n    st.selectbox('C', **tied('c'))\n"
    )
    assert {(b.key, b.kind, b.prepared) for b in bound_widgets(source, "x")} == {
        ("'a'", "pills", False),
        ("'b'", "pills", True),
        ("'c'", "selectbox", False),
    }
