"""How much there is of each class: in all, by scene, and on the sides of a split."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import streamlit as st

from core.datasets.audit.audit import Audit
from core.datasets.audit.facts import SampleFacts
from core.datasets.dataset import Dataset
from core.datasets.recipes.splits import Split
from core.formats import percent
from ui.data.statistics.style import EDGE, VOID_GREY, class_colors, show
from ui.shell.errors import figure_text
from ui.widgets.classes import legend

__all__ = ["scene_shares", "split_shares", "whole_shares"]

_SCENES = 40  # bars in the chart by scene
_BAR = 30  # pixels


def whole_shares(dataset: Dataset, audit: Audit) -> None:
    """Share of each class, and of void, in all pixels that have a mask: a bar each."""
    import plotly.graph_objects as go

    counts = [*audit.pixels_per_class.values(), audit.void_pixels]
    shares = [100 * count / max(1, sum(counts)) for count in counts]
    names = [*map(figure_text, dataset.classes.names), "Void"]  # Plotly reads tags in any text
    chart = go.Figure(
        go.Bar(
            x=shares,
            y=names,
            orientation="h",
            marker={"color": class_colors(dataset), "line": {"width": 1, "color": EDGE}},
            text=[_percent(share, count) for share, count in zip(shares, counts, strict=True)],
            textposition="outside",
            cliponaxis=False,
            customdata=counts,
            hovertemplate="%{y}: %{x:.2f}%<br>%{customdata:,} pixels<extra></extra>",
        )
    )
    chart.update_layout(
        height=70 + 40 * len(names),
        margin={"l": 0, "r": 60, "t": 10, "b": 40},
        xaxis={"title": "Share of all pixels in %", "rangemode": "tozero"},
        yaxis={"autorange": "reversed", "type": "category"},
    )
    show(chart, "whole-shares", "Share of each class in percent")


def _percent(share: float, count: int) -> str:
    return percent(share / 100) if share >= 0.05 or not count else f"< {percent(0.001)}"


def scene_shares(dataset: Dataset, audit: Audit) -> None:
    """The same by scene, one stacked bar each; the largest scenes where there are many."""
    scenes: dict[str, list[SampleFacts]] = defaultdict(list)
    for facts in audit.facts:
        if facts.usable:
            scenes[facts.scene].append(facts)
    pixels = {scene: _pixels(dataset, members) for scene, members in scenes.items()}
    kept = set(sorted(pixels, key=lambda scene: -sum(pixels[scene]))[:_SCENES])
    shown = {scene: counts for scene, counts in pixels.items() if scene in kept}
    if len(shown) < len(pixels):
        st.caption(f"The {len(shown)} largest of {len(pixels):,} scenes.")
    _stacked(dataset, shown, "Share of the scene's pixels in %", "scene-shares", "by scene")


def split_shares(dataset: Dataset, audit: Audit, split: Split) -> None:
    """The same by the sides of a split; in brackets the samples that count."""
    by_id = {facts.id: facts for facts in audit.facts if facts.usable}
    sides = {"Training": split.train, "Validation": split.val, "Test": split.test}
    bars: dict[str, list[int]] = {}
    for side, ids in sides.items():
        members = [by_id[i] for i in ids if i in by_id]
        if members:
            bars[f"{side} ({len(members):,})"] = _pixels(dataset, members)
    if not bars:
        st.info("No sample of the split has a mask that can be used.", icon=":material/info:")
        return
    _stacked(dataset, bars, "Share of the side's pixels in %", "split-shares", "by side")


def _pixels(dataset: Dataset, members: Iterable[SampleFacts]) -> list[int]:
    """Pixels of each class, then of void."""
    members = list(members)
    return [
        *(sum(f.pixels_per_class.get(name, 0) for f in members) for name in dataset.classes.names),
        sum(f.void_pixels for f in members),
    ]


def _stacked(
    dataset: Dataset, bars: Mapping[str, Sequence[int]], axis: str, key: str, what: str
) -> None:
    import plotly.graph_objects as go

    chart = go.Figure()
    names = [*map(figure_text, dataset.classes.names), "Void"]  # Plotly reads tags in any text
    for index, (name, color) in enumerate(zip(names, class_colors(dataset), strict=True)):
        chart.add_bar(
            x=[100 * counts[index] / max(1, sum(counts)) for counts in bars.values()],
            y=[figure_text(name) for name in bars],
            customdata=[counts[index] for counts in bars.values()],
            name=name,
            orientation="h",
            marker={"color": color, "line": {"width": 0.5, "color": EDGE}},
            hovertemplate=f"%{{y}}, {name}: %{{x:.1f}}%<br>%{{customdata:,}} pixels<extra></extra>",
        )
    chart.update_layout(
        barmode="stack",
        height=60 + _BAR * len(bars),
        margin={"l": 0, "r": 20, "t": 10, "b": 40},
        xaxis={"title": axis, "range": [0, 100]},
        yaxis={"autorange": "reversed", "type": "category"},
        showlegend=False,
    )
    # Plotly's own legend does not wrap into its room on a telephone.
    legend(dataset.classes, VOID_GREY)
    show(chart, key, f"Share of each class {what}")
