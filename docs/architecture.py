"""Draw docs/architecture.svg from the imports in the code: `python docs/architecture.py`.

An arrow is left out where a longer way says the same. Packages stand above all that they import;
only their column and their words are given here. A test checks that the picture is current.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from html import escape
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
FILE = Path(__file__).with_suffix(".svg")

# Column in the picture, and what the package does.
PACKAGES = {
    "pages": (1, "one thin script a page"),
    "ui": (1, "what pages are made of, and routes"),
    "core/cli": (2, "the command line, a file a command"),
    "core/api": (0, "the REST API"),
    "core/training": (1, "steps, callbacks, runs, queue, trials"),
    "core/evaluation": (1, "confusion matrix and scores"),
    "core/explain": (2, "layers and feature maps"),
    "core/export": (0, "models for other programs"),
    "core/inference": (1, "any size, tile by tile; output files"),
    "core/datasets": (0, "layouts, masks, audit, recipes, crops"),
    "core/models": (1, "networks, weights, cost, card, store"),
    "core/imagery": (1, "rasters in and out"),
}
GROUND = "errors · paths · classes · device · settings · formats · untrusted: all may use these"

WIDTH, HEIGHT = 330, 58  # of a box
ACROSS, DOWN = 370, 96  # from box to box
MARGIN = 40


def box_of(path: Path) -> str | None:
    """Name of the package that a file of ours belongs to; None for the ground and the router."""
    top, *inner = path.relative_to(REPOSITORY).parts
    if top != "core":
        return top
    # What reads folders and files of others is used by the settings too.
    return f"core/{inner[0]}" if len(inner) > 1 and inner[0] != "untrusted" else None


def imported(path: Path) -> Iterator[str]:
    """Packages that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
        for name in names:
            top, *inner = name.split(".")
            yield f"core/{inner[0]}" if top == "core" and inner else top


def import_graph() -> dict[str, set[str]]:
    """Which package imports which."""
    files = [f for top in ("core", "ui", "pages") for f in (REPOSITORY / top).rglob("*.py")]
    graph: dict[str, set[str]] = {box: set() for file in files if (box := box_of(file))}
    for file in files:
        if box := box_of(file):
            graph[box] |= {other for other in imported(file) if other in graph} - {box}
    return graph


def reduced(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """The graph without arrows that a longer way implies."""

    @cache
    def below(box: str) -> frozenset[str]:
        return frozenset(graph[box]).union(*(below(other) for other in graph[box]))

    return {
        box: {other for other in others if not any(other in below(o) for o in others - {other})}
        for box, others in graph.items()
    }


def rows(graph: dict[str, set[str]]) -> dict[str, int]:
    """Row of each package, from the ground up: one above the highest that it imports."""

    @cache
    def row(box: str) -> int:
        highest = max((row(other) for other in graph[box]), default=-1)
        if box in ("ui", "pages"):  # above all of core
            highest = max(highest, *(row(other) for other in graph if other.startswith("core/")))
        return highest + 1

    return {box: row(box) for box in graph}


def picture() -> str:
    """The SVG, legible on a light and on a dark page: it brings its own paper."""
    graph = import_graph()
    row = rows(graph)
    top = max(row.values())
    columns = 1 + max(column for column, _ in PACKAGES.values())
    width = 2 * MARGIN + ACROSS * (columns - 1) + WIDTH
    height = 2 * MARGIN + DOWN * (top + 1) + HEIGHT

    def corner(box: str) -> tuple[int, int]:
        return MARGIN + ACROSS * PACKAGES[box][0], MARGIN + DOWN * (top - row[box])

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"'
        ' font-family="system-ui, sans-serif">',
        "<title>The packages, and which imports which</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8"'
        ' markerHeight="8" orient="auto"><path d="M0 0 8 4 0 8z" fill="#5b6b7a"/></marker></defs>',
        f'<rect width="{width}" height="{height}" rx="14" fill="#ffffff"/>',
    ]
    for box, others in sorted(reduced(graph).items()):
        x, y = corner(box)
        for other in sorted(others):
            to_x, to_y = corner(other)
            aside = PACKAGES[other][0] - PACKAGES[box][0]
            start, end = x + WIDTH / 2 * (1 + 0.8 * aside), to_x + WIDTH / 2 * (1 - 0.4 * aside)
            lines.append(
                f'<path d="M{start:.0f} {y + HEIGHT} {end:.0f} {to_y - 2}" stroke="#5b6b7a"'
                ' stroke-width="1.6" fill="none" marker-end="url(#tip)"/>'
            )
    for box in sorted(graph):
        fill = "#e6f4f5" if box.startswith("core/") else "#fdf0df"
        edge = "#0b7285" if box.startswith("core/") else "#b45a09"
        lines += _box(*corner(box), WIDTH, fill, edge, f"{box}/", PACKAGES[box][1])
    bottom = height - MARGIN - HEIGHT
    lines += _box(MARGIN, bottom, width - 2 * MARGIN, "#eef3f6", "#5b6b7a", "core/*.py", GROUND)
    return "\n".join([*lines, "</svg>"]) + "\n"


def _box(x: int, y: int, width: int, fill: str, edge: str, name: str, words: str) -> list[str]:
    middle = x + width // 2
    return [
        f'<rect x="{x}" y="{y}" width="{width}" height="{HEIGHT}" rx="8" fill="{fill}"'
        f' stroke="{edge}"/>',
        f'<text x="{middle}" y="{y + 25}" text-anchor="middle" font-size="17" font-weight="600"'
        f' fill="#14263a">{escape(name)}</text>',
        f'<text x="{middle}" y="{y + 45}" text-anchor="middle" font-size="13"'
        f' fill="#3d4f61">{escape(words)}</text>',
    ]


if __name__ == "__main__":
    FILE.write_text(picture())
    sys.stdout.write(f"{FILE}\n")
