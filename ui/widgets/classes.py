"""Tables with the class colours beside the class names."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from core.classes import ClassTable

__all__ = ["class_table", "legend"]

_STYLE = """
<style>
.dsi-classes { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
.dsi-classes th, .dsi-classes td { padding: .35rem .6rem; text-align: right; white-space: nowrap;
  border-bottom: 1px solid rgba(128, 140, 155, .28); }
.dsi-classes th { font-weight: 600; opacity: .75; }
.dsi-classes th:first-child, .dsi-classes td:first-child { text-align: left; }
.dsi-swatch { display: inline-block; width: .85em; height: .85em; margin-right: .5em;
  border-radius: 2px; vertical-align: -.05em; border: 1px solid rgba(128, 140, 155, .6); }
.dsi-scroll { overflow-x: auto; }
</style>
"""


def class_table(
    classes: ClassTable, columns: Sequence[str], rows: Sequence[Sequence[str]], *, label: str
) -> None:
    """Show one row a class: swatch, name, then the cells.

    An HTML table rather than `st.dataframe`, whose canvas no screen reader can read.

    Args:
        classes: class table, a row each.
        columns: headings after the class.
        rows: cells as they are to be read, units included.
        label: title of the table, for screen readers.
    """
    head = "".join(f"<th scope='col'>{escape(text)}</th>" for text in ("Class", *columns))
    body = "".join(
        f"<tr><td><span class='dsi-swatch' style='background:{land_class.color}'></span>"
        f"{escape(land_class.name)}</td>"
        f"{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
        for land_class, cells in zip(classes.classes, rows, strict=True)
    )
    st.html(
        # What scrolls is to be reached by the keyboard.
        f"{_STYLE}<div class='dsi-scroll' tabindex='0' role='region' aria-label='{escape(label)}'>"
        f"<table class='dsi-classes' aria-label='{escape(label)}'>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def legend(classes: ClassTable, void_color: str = "") -> None:
    """The classes' colours beside their names, in a line that wraps.

    Args:
        classes: class table.
        void_color: colour of void; empty where it is left transparent.
    """
    chips = [_chip(land_class.color, land_class.name) for land_class in classes.classes]
    void = (
        _chip(void_color, "Void")
        if void_color
        else "<span style='opacity:.7'>Void: no colour</span>"
    )
    st.html(f"<div style='line-height:1.9'>{''.join(chips)}{void}</div>")


def _chip(color: str, name: str) -> str:
    return (
        f"<span style='white-space:nowrap;margin-right:1.1em'><span style='display:inline-block;"
        f"width:.85em;height:.85em;margin-right:.45em;border-radius:2px;vertical-align:-.05em;"
        f"border:1px solid rgba(128,140,155,.6);background:{color}'></span>"
        f"{escape(name)}</span>"
    )
