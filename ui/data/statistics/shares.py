"""How much there is of each class: in all, by scene, and on the sides of a split."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import streamlit as st

from core.datasets.audit.audit import Audit
from core.datasets.audit.facts import SampleFacts
from core.datasets.dataset import Dataset
from core.datasets.filters import Side
from core.datasets.recipes.splits import Split
from core.formats import percent
from ui.data.statistics.style import EDGE, VOID_GREY, ShowSamples, class_colors, show
from ui.shell.errors import figure_text
from ui.widgets.classes import legend

__all__ = ["scene_shares", "split_shares", "whole_shares"]

_SCENES = 40  # bars in the chart by scene
_BAR = 30  # pixels
_ANY_SHARE = 0.01  # per cent: of a rare class too


def whole_shares(dataset: Dataset, audit: Audit, show_samples: ShowSamples) -> None:
    """Share of each class, and of void, in all pixels that have a mask: a bar each.

    A click on the bar of a class shows the samples that have it.
    """
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

    def on_click(_: int, point: int) -> None:
        if point < len(dataset.classes):
            show_samples(**{"class": dataset.classes.names[point], "share": _ANY_SHARE})

    show(chart, "whole-shares", "Share of each class in percent", on_click=on_click)


def _percent(share: float, count: int) -> str:
    return percent(share / 100) if share >= 0.05 or not count else f"< {percent(0.001)}"


def scene_shares(dataset: Dataset, audit: Audit, show_samples: ShowSamples) -> None:
    """The same by scene, one stacked bar each; the largest scenes where there are many.

    A click on a bar shows the scene's samples.
    """
    scenes: dict[str, list[SampleFacts]] = defaultdict(list)
    for facts in audit.facts:
        if facts.usable:
            scenes[facts.scene].append(facts)
    pixels = {scene: _pixels(dataset, members) for scene, members in scenes.items()}
    kept = set(sorted(pixels, key=lambda scene: -sum(pixels[scene]))[:_SCENES])
    shown = {scene: counts for scene, counts in pixels.items() if scene in kept}
    if len(shown) < len(pixels):
        st.caption(f"The {len(shown)} largest of {len(pixels):,} scenes.")
    names = list(shown)

    def on_click(_: int, point: int) -> None:
        # Where every sample is a scene of its own, there is no filter but its name.
        alone = len(dataset.scenes) == len(dataset.samples)
        show_samples(**({"find": names[point]} if alone else {"scene": [names[point]]}))

    _stacked(dataset, shown, ("Share of the scene's pixels in %", "scene"), on_click)


def split_shares(
    dataset: Dataset, audit: Audit, split: Split, show_samples: ShowSamples | None = None
) -> None:
    """The same by the sides of a split; in brackets the samples that count.

    A click on a bar shows the side's samples, where there is `show_samples`.
    """
    by_id = {facts.id: facts for facts in audit.facts if facts.usable}
    sides: dict[Side, tuple[str, tuple[str, ...]]] = {
        "train": ("Training", split.train),
        "val": ("Validation", split.val),
        "test": ("Test", split.test),
    }
    bars: dict[str, list[int]] = {}
    shown: list[Side] = []
    for side, (title, ids) in sides.items():
        members = [by_id[i] for i in ids if i in by_id]
        if members:
            bars[f"{title} ({len(members):,})"] = _pixels(dataset, members)
            shown.append(side)
    if not bars:
        st.info("No sample of the split has a mask that can be used.", icon=":material/info:")
        return

    def on_click(_: int, point: int) -> None:
        if show_samples is not None:
            show_samples(side=[shown[point]])

    words = ("Share of the side's pixels in %", "split")
    _stacked(dataset, bars, words, on_click if show_samples else None)


def _pixels(dataset: Dataset, members: Iterable[SampleFacts]) -> list[int]:
    """Pixels of each class, then of void."""
    members = list(members)
    return [
        *(sum(f.pixels_per_class.get(name, 0) for f in members) for name in dataset.classes.names),
        sum(f.void_pixels for f in members),
    ]


def _stacked(
    dataset: Dataset,
    bars: Mapping[str, Sequence[int]],
    words: tuple[str, str],
    on_click: Callable[[int, int], None] | None,
) -> None:
    """Bars of all classes; `words` are the axis' title and what a bar is."""
    import plotly.graph_objects as go

    chart = go.Figure()
    axis, what = words
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
    show(chart, f"{what}-shares", f"Share of each class by {what}", on_click=on_click)
