"""Notes of a page's frame: in view, put away, and brought back."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def script() -> None:
    from ui.widgets.frame import open_frame

    with open_frame("Data") as frame:
        frame.note("It warns.", warning=True)
        frame.note("It informs.")
        frame.note("It warns.")  # as the first, and yet another kind


def _away(at: AppTest) -> list[str]:
    """Labels of the buttons that put a note away, or back."""
    return [button.label for button in at.button]


def test_notes_are_put_away_and_brought_back() -> None:
    at = AppTest.from_function(script).run()
    assert not at.exception
    assert _away(at).count("Put away") == 1
    assert _away(at).count("Keep in view") == 2
    next(b for b in at.button if b.label == "Put away").click().run()
    assert _away(at) == ["Keep in view"] * 3
    for _ in range(3):
        next(b for b in at.button if b.label == "Keep in view").click().run()
    assert _away(at) == ["Put away"] * 3
    assert not at.exception
