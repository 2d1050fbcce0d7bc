"""Width and height of a dataset's images."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import streamlit as st

from core.datasets.audit.audit import Audit
from core.datasets.audit.facts import SampleFacts
from ui.data.filters import size_words
from ui.data.statistics.style import MARK, ShowSamples, show
from ui.shell.errors import figure_text

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["image_sizes"]

_LABELLED = 12  # scenes named in the chart


def image_sizes(audit: Audit, show_samples: ShowSamples) -> None:
    """Width and height of the images; one mark a size, larger the more images have it.

    A click on a mark shows the samples of that size.
    """
    import plotly.graph_objects as go

    sizes: dict[tuple[int, int], list[SampleFacts]] = defaultdict(list)
    for facts in audit.facts:
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
    ordered = [size for size, _ in _commonest_first(sizes)]

    def on_click(_: int, point: int) -> None:
        # Of one size there is no filter: all samples have it.
        show_samples(**({"size": [size_words(*ordered[point])]} if len(ordered) > 1 else {}))

    show(chart, "image-sizes", "Width and height of the images", on_click=on_click)


def _commonest_first(
    sizes: dict[tuple[int, int], list[SampleFacts]],
) -> list[tuple[tuple[int, int], list[SampleFacts]]]:
    return sorted(sizes.items(), key=lambda item: -len(item[1]))


def _size_marks(sizes: dict[tuple[int, int], list[SampleFacts]]) -> go.Scatter:
    import plotly.graph_objects as go

    # The commonest size of a scene carries its name: the parts of a mosaic differ by a pixel.
    ordered = _commonest_first(sizes)
    scenes = [list(dict.fromkeys(figure_text(f.scene) for f in group)) for _, group in ordered]
    many = len({name for names in scenes for name in names}) > _LABELLED
    widest = max(width for width, _ in sizes)
    labels, named = [], set[str]()
    for names in scenes:
        new = [name for name in names if name not in named]
        words = ", ".join(new) if len(new) < 3 else f"{len(new)} scenes"
        labels.append("" if many else words)
        named.update(names)
    return go.Scatter(
        x=[width for (width, _), _ in ordered],
        y=[height for (_, height), _ in ordered],
        mode="markers+text",
        marker={
            "size": [10 + min(20, len(group)) for _, group in ordered],
            "opacity": 0.75,
            "color": MARK,
        },
        text=labels,
        # A long name beside the right edge would be cut off there.
        textposition=[
            "top left" if width > 0.7 * widest else "top center" for (width, _), _ in ordered
        ],
        customdata=[
            (
                len(group),
                width * height / 1e6,
                ", ".join(names[:3]) + (" …" if names[3:] else ""),
            )
            for ((width, height), group), names in zip(ordered, scenes, strict=True)
        ],
        hovertemplate="%{x} × %{y} pixels (%{customdata[1]:.1f} megapixels)<br>"
        "%{counted(customdata[0], 'image')}: %{customdata[2]}<extra></extra>",
    )
