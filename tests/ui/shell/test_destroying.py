"""What cannot be undone is red on every page: by its key, which the style of the frame goes by."""

from __future__ import annotations

import ast

import pytest

from tests.conftest import REPOSITORY

_WORDS = ("Delete", "Erase", "Discard")


def _start(node: ast.expr | None) -> str:
    """The beginning of a text, as far as it stands in the code."""
    if isinstance(node, ast.JoinedStr):
        node = node.values[0]
    return str(node.value) if isinstance(node, ast.Constant) else ""


def _buttons() -> list[tuple[str, str, str]]:
    """Place, label and key of each button and popover."""
    listed = []
    for file in [*(REPOSITORY / "ui").rglob("*.py"), *(REPOSITORY / "pages").glob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text())):
            name = getattr(getattr(node, "func", None), "attr", "")
            if isinstance(node, ast.Call) and name in ("button", "popover", "form_submit_button"):
                named = {keyword.arg: keyword.value for keyword in node.keywords}
                label = node.args[0] if node.args else named.get("label")
                place = f"{file.name}:{node.lineno}"
                listed.append((place, _start(label), _start(named.get("key"))))
    return listed


def test_buttons_that_destroy_have_a_key_that_is_red() -> None:
    destroying = [button for button in _buttons() if button[1].startswith(_WORDS)]
    assert len(destroying) >= 6
    assert [button for button in destroying if not button[2].startswith("destroy")] == []


@pytest.mark.parametrize("place", ["destroy-menu-", "destroy-"])
def test_the_style_of_all_pages_has_their_colours(place: str) -> None:
    style = (REPOSITORY / "ui/shell/frame.css").read_text()
    assert f'[class*="st-key-{place}"]' in style
