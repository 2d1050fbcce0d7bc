"""Charts of a dataset: how much there is of each class, and how large the images are."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import streamlit as st

from core.datasets.audit import Audit, SampleFacts
from core.datasets.dataset import Dataset

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["image_sizes", "scene_shares", "whole_shares"]

VOID_GREY = "#8A949E"
_SCENES = 40  # bars in the chart by scene
_CONFIG = {"displayModeBar": False}


def whole_shares(dataset: Dataset, found: Audit) -> None:
    """Share of each class, and of void, in all pixels that have a mask: a bar each."""
    import plotly.graph_objects as go

    counts = [*found.pixels_per_class.values(), found.void_pixels]
    shares = [100 * count / max(1, sum(counts)) for count in counts]
    names = [*dataset.classes.names, "Void"]
    chart = go.Figure(
        go.Bar(
            x=shares,
            y=names,
            orientation="h",
            marker={
                "color": _colors(dataset),
                "line": {"width": 1, "color": "rgba(128,140,155,.5)"},
            },
            text=[f"{share:.1f} %" if share >= 0.05 else "< 0.1 %" for share in shares],
            textposition="outside",
            cliponaxis=False,
            customdata=counts,
            hovertemplate="%{y}: %{x:.2f} %<br>%{customdata:,} pixels<extra></extra>",
        )
    )
    chart.update_layout(
        height=70 + 40 * len(names),
        margin={"l": 0, "r": 60, "t": 10, "b": 40},
        xaxis={"title": "Share of all pixels in %", "rangemode": "tozero"},
        yaxis={"autorange": "reversed"},
    )
    st.plotly_chart(chart, config=_CONFIG, key="whole-shares", alt="Share of each class in percent")


def scene_shares(dataset: Dataset, found: Audit) -> None:
    """The same by scene, one stacked bar each; the largest scenes where there are many."""
    import plotly.graph_objects as go

    scenes: dict[str, list[SampleFacts]] = defaultdict(list)
    for facts in found.facts:
        if facts.usable:
            scenes[facts.scene].append(facts)
    pixels = {
        scene: [
            *(sum(f.pixels_per_class[name] for f in members) for name in dataset.classes.names),
            sum(f.void_pixels for f in members),
        ]
        for scene, members in scenes.items()
    }
    kept = sorted(pixels, key=lambda scene: -sum(pixels[scene]))[:_SCENES]
    order = [scene for scene in pixels if scene in kept]
    if len(order) < len(pixels):
        st.caption(f"The {len(order)} largest of {len(pixels):,} scenes.")
    chart = go.Figure()
    for index, (name, color) in enumerate(
        zip([*dataset.classes.names, "Void"], _colors(dataset), strict=True)
    ):
        chart.add_bar(
            x=[100 * pixels[scene][index] / sum(pixels[scene]) for scene in order],
            y=order,
            name=name,
            orientation="h",
            marker={"color": color, "line": {"width": 0}},
            hovertemplate=f"%{{y}}, {name}: %{{x:.1f}} %<extra></extra>",
        )
    chart.update_layout(
        barmode="stack",
        height=130 + 30 * len(order),
        margin={"l": 0, "r": 20, "t": 10, "b": 40},
        xaxis={"title": "Share of the scene's pixels in %", "range": [0, 100]},
        yaxis={"autorange": "reversed", "type": "category"},
        legend={"orientation": "h", "y": -60 / (30 * len(order) + 60), "traceorder": "normal"},
    )
    st.plotly_chart(chart, config=_CONFIG, key="scene-shares", alt="Share of each class by scene")


def image_sizes(found: Audit) -> None:
    """Width and height of the images; one mark a size, larger the more images have it."""
    import plotly.graph_objects as go

    sizes: dict[tuple[int, int], list[SampleFacts]] = defaultdict(list)
    for facts in found.facts:
        if facts.width:
            sizes[facts.width, facts.height].append(facts)
    chart = go.Figure(_size_marks(sizes))
    widest, highest = (max(values) for values in zip(*sizes, strict=True))
    chart.update_layout(
        height=380,
        margin={"l": 0, "r": 20, "t": 10, "b": 40},
        xaxis={"title": "Width in pixels", "range": [0, widest * 1.15]},
        yaxis={"title": "Height in pixels", "range": [0, highest * 1.15]},
    )
    st.plotly_chart(chart, config=_CONFIG, key="image-sizes", alt="Width and height of the images")


def _size_marks(sizes: dict[tuple[int, int], list[SampleFacts]]) -> go.Scatter:
    import plotly.graph_objects as go

    members = list(sizes.values())
    scenes = [list(dict.fromkeys(f.scene for f in group)) for group in members]
    return go.Scatter(
        x=[width for width, _ in sizes],
        y=[height for _, height in sizes],
        mode="markers+text" if len(sizes) <= 12 else "markers",
        marker={"size": [10 + min(20, len(group)) for group in members], "opacity": 0.75},
        text=[", ".join(names) if len(names) <= 2 else f"{len(names)} scenes" for names in scenes],
        textposition="top center",
        customdata=[
            [len(group), f"{group[0].width * group[0].height / 1e6:.1f}"] for group in members
        ],
        hovertemplate="%{x} × %{y} pixels (%{customdata[1]:.1f} megapixels)<br>"
        "%{customdata[0]} image(s): %{text}<extra></extra>",
    )


def _colors(dataset: Dataset) -> list[str]:
    return [*(land.color for land in dataset.classes.classes), VOID_GREY]
