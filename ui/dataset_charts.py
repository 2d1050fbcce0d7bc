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
_LABELLED = 12  # scenes named in the chart of sizes
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
    if not sizes:
        st.info("No image of this dataset can be read: see Problems.", icon=":material/info:")
        return
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

    # The commonest size of a scene carries its name: the parts of a mosaic differ by a pixel.
    ordered = sorted(sizes.items(), key=lambda item: -len(item[1]))
    scenes = [list(dict.fromkeys(f.scene for f in group)) for _, group in ordered]
    many = len({name for names in scenes for name in names}) > _LABELLED
    labels, named = [], set[str]()
    for names in scenes:
        labels.append("" if many else ", ".join(name for name in names if name not in named))
        named.update(names)
    return go.Scatter(
        x=[width for (width, _), _ in ordered],
        y=[height for (_, height), _ in ordered],
        mode="markers+text",
        marker={
            "size": [10 + min(20, len(group)) for _, group in ordered],
            "opacity": 0.75,
            "color": "#14828E",
        },
        text=labels,
        textposition="top center",
        customdata=[
            (len(group), width * height / 1e6, ", ".join(names[:3]) + (" …" if names[3:] else ""))
            for ((width, height), group), names in zip(ordered, scenes, strict=True)
        ],
        hovertemplate="%{x} × %{y} pixels (%{customdata[1]:.1f} megapixels)<br>"
        "%{customdata[0]} image(s): %{customdata[2]}<extra></extra>",
    )


def _colors(dataset: Dataset) -> list[str]:
    return [*(land.color for land in dataset.classes.classes), VOID_GREY]
