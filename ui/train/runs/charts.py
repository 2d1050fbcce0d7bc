"""Curves of a training, with Plotly.

Streamlit 1.67 names a Plotly chart by a digest of its content: one that is given a new point is
drawn anew, and what was zoomed is lost. Whoever wants to look closely while a training runs holds
the curves still (`ui.train.runs.curves`); the same content keeps its zoom whatever else changes.

Where a record lacks what a curve shows, as those of older runs do, its point is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from plotly.colors import sample_colorscale

from core.classes import ClassTable
from core.training.runs.metrics import EpochRecord, InpaintingRecord, StepRecord
from ui.shell.errors import figure_text

__all__ = [
    "class_curves",
    "gradient_curves",
    "inpainting_curve",
    "iou_curves",
    "loss_curve",
    "memory_curves",
    "rate_curve",
    "speed_curve",
]

_POINTS = 600  # drawn at most: a curve is about as many pixels wide
_HEIGHT = 300
# Under a line in a class's own colour, which may be as dark or as light as the page.
_CASING = "#808c9b"
_TRAINING, _VALIDATION = "#b8671a", "#1c9aa8"  # told apart on light and dark
_SPEED, _RATE = "#4c8f3f", "#8a63d2"
_GIB = 2**30


def loss_curve(
    records: Sequence[StepRecord], epochs: Sequence[EpochRecord], steps: int, key: str
) -> None:
    """Show the training loss by step, as measured and smoothed, and the validation's by epoch.

    Args:
        records: step records.
        epochs: epoch records, with the cross-entropy of the validation images.
        steps: steps of the whole training, the length of the axis; 0 where it is not known yet.
        key: widget key, unique on the page.
    """
    every = -(-len(records) // _POINTS) or 1
    x = [record.step for record in records][::every]
    raw = [record.loss for record in records]
    figure = go.Figure(
        [
            _line(x, raw[::every], "as measured", _TRAINING, width=1, opacity=0.8),
            _line(x, _smoothed(raw)[::every], "smoothed", _TRAINING, width=2),
        ]
    )
    validated = [e for e in _thinned(epochs) if e.val_cross_entropy is not None]
    if validated:
        at = [record.step for record in validated]
        entropy = [record.val_cross_entropy for record in validated]
        name = "validation, cross-entropy"
        figure.add_trace(_line(at, entropy, name, _VALIDATION, epochs=len(validated)))
    figure.update_yaxes(title="Loss", rangemode="tozero")
    _show_steps(figure, steps, key, "Training and validation loss by step")


def inpainting_curve(records: Sequence[InpaintingRecord], key: str) -> None:
    """Show the loss of inpainting by epoch.

    Args:
        records: records of inpainting.
        key: widget key, unique on the page.
    """
    every = -(-len(records) // _POINTS) or 1
    x = [record.epoch for record in records][::every]
    y = [record.loss for record in records][::every]
    figure = go.Figure([_line(x, y, "loss", _TRAINING, epochs=len(records))])
    figure.update_xaxes(title="Epoch of inpainting", tickformat="d")
    figure.update_yaxes(title="Loss", rangemode="tozero")
    figure.update_layout(showlegend=False, height=_HEIGHT - 80)
    _show(figure, key, "Loss of inpainting by epoch")


def rate_curve(records: Sequence[StepRecord], steps: int, key: str) -> None:
    """Show the learning rate by step.

    Args:
        records: step records.
        steps: steps of the whole training, the length of the axis; 0 where it is not known yet.
        key: widget key, unique on the page.
    """
    x, y = _by_step(records, [record.learning_rate for record in records])
    figure = go.Figure([_line(x, y, "learning rate", _RATE, form=",.3~r")])
    figure.update_yaxes(title="Learning rate", rangemode="tozero", exponentformat="e")
    figure.update_layout(showlegend=False, height=_HEIGHT - 80)
    _show_steps(figure, steps, key, "Learning rate by step")


def speed_curve(records: Sequence[StepRecord], steps: int, key: str) -> None:
    """Show the crops trained a second by step; arguments as of `rate_curve`."""
    x, y = _by_step(records, [record.images_per_second for record in records])
    figure = go.Figure([_line(x, y, "crops a second", _SPEED, form=".1f")])
    figure.update_yaxes(title="Crops a second", rangemode="tozero")
    figure.update_layout(showlegend=False)
    _show_steps(figure, steps, key, "Crops trained a second by step")


def memory_curves(records: Sequence[StepRecord], steps: int, key: str) -> None:
    """Show main memory and that of each GPU by step, in GiB; arguments as of `rate_curve`."""
    lines = {"main memory": [record.memory for record in records]} | {
        device: [record.gpu_memory.get(device) for record in records]
        for device in _names(record.gpu_memory for record in records)
    }
    figure = go.Figure()
    for (name, values), color in zip(lines.items(), _spread(len(lines)), strict=True):
        x, y = _by_step(records, values)
        gib = [number / _GIB for number in y]
        figure.add_trace(_line(x, gib, figure_text(name), color, form=".2f"))
    figure.update_yaxes(title="Memory, GiB", rangemode="tozero")
    _show_steps(figure, steps, key, "Memory of the training by step")


def gradient_curves(records: Sequence[StepRecord], steps: int, key: str) -> None:
    """Show the gradient norm of each block of the network by step, on a logarithmic axis.

    The colours run from the first block to the last. Arguments as of `rate_curve`.
    """
    blocks = sorted(_names(record.gradient_norm for record in records), key=_depth)
    figure = go.Figure()
    for block, color in zip(blocks, _spread(len(blocks)), strict=True):
        # A norm of 0 has no place on a logarithmic axis.
        norms = [record.gradient_norm.get(block) or None for record in records]
        x, y = _by_step(records, norms, _POINTS // 3)
        figure.add_trace(_line(x, y, figure_text(block), color, width=1.5, form=",.3~r"))
    figure.update_yaxes(title="Gradient norm", type="log", exponentformat="power", dtick=1)
    figure.update_layout(height=_HEIGHT + 100)
    _show_steps(figure, steps, key, "Gradient norm of each block by step")


def iou_curves(records: Sequence[EpochRecord], epochs: int, key: str) -> None:
    """Show the mean IoU per epoch: of the training crops, and of the whole validation images.

    Args:
        records: epoch records.
        epochs: epochs of the whole training, the length of the axis.
        key: widget key, unique on the page.
    """
    records = _thinned(records)
    x = [record.epoch for record in records]
    crops = [record.mean_iou for record in records]
    whole = [record.val_mean_iou for record in records]
    figure = go.Figure(
        [
            _line(x, crops, "training crops", _TRAINING, epochs=epochs),
            _line(x, whole, "validation images", _VALIDATION, epochs=epochs),
        ]
    )
    _show_epochs(figure, epochs, "Mean IoU", key)


def class_curves(
    records: Sequence[EpochRecord], classes: ClassTable, epochs: int, key: str
) -> None:
    """Show the validation IoU per epoch of each class, in the class's colour.

    Arguments as of `iou_curves`.
    """
    figure = go.Figure()
    records = _thinned(records, _POINTS // 2)
    x = [record.epoch for record in records]
    for land_class in classes.classes:
        y = [record.val_iou.get(land_class.name) for record in records]
        name = figure_text(land_class.name)  # Plotly reads tags in any text
        casing = _line(x, y, name, _CASING, width=4.5)
        figure.add_trace(casing.update(showlegend=False, hoverinfo="skip", legendgroup=name))
        line = _line(x, y, name, land_class.color, width=2.5, epochs=epochs)
        figure.add_trace(line.update(legendgroup=name))
    _show_epochs(figure, epochs, "IoU", key)


def _line(
    x: Sequence[int],
    y: Sequence[float | None],
    name: str,
    color: str,
    *,
    width: float = 2,
    opacity: float = 1,
    epochs: int | None = None,
    form: str = ".3f",
) -> go.Scatter:
    # A single epoch is no line yet; many dots hide theirs.
    size = 0 if epochs is None else 6 if epochs <= 60 else 3
    return go.Scatter(
        # Arrays are sent packed; None becomes NaN, a gap.
        x=np.asarray(x, np.int32),
        y=np.asarray(y, np.float32),
        name=name,
        mode="lines+markers" if size else "lines",
        opacity=opacity,
        line={"color": color, "width": width},
        marker={"color": color, "size": size},
        hovertemplate=f"%{{y:{form}}}",
    )


def _spread(count: int) -> list[str]:
    """So many colours in an order that is seen, legible on light and dark."""
    at = [0.1 + 0.8 * index / max(1, count - 1) for index in range(count)]
    return list(sample_colorscale("Turbo", at))


def _show_steps(figure: go.Figure, steps: int, key: str, alt: str) -> None:
    figure.update_xaxes(title="Step", range=[0, max(steps, 1)], hoverformat=",d")
    _show(figure, key, alt)


def _show_epochs(figure: go.Figure, epochs: int, title: str, key: str) -> None:
    every = -(-max(2, epochs) // 10)  # whole epochs: between them a tick would say the same number
    figure.update_xaxes(
        title="Epoch", range=[0.5, max(2, epochs) + 0.5], tickformat="d", tick0=0, dtick=every
    )
    figure.update_yaxes(title=title, range=[0, 1])
    _show(figure, key, f"{title} by epoch")


def _show(figure: go.Figure, key: str, alt: str) -> None:
    figure.update_layout(
        height=figure.layout.height or _HEIGHT,
        margin={"l": 0, "r": 8, "t": 8 if figure.layout.showlegend is False else 36, "b": 0},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="x unified",
        uirevision=key,
    )
    config = {"displaylogo": False, "displayModeBar": False}
    st.plotly_chart(figure, key=key, config=config, alt=alt)


def _thinned(records: Sequence[EpochRecord], points: int = _POINTS) -> Sequence[EpochRecord]:
    """So many of the records at most, evenly chosen."""
    return records[:: -(-len(records) // points) or 1]


def _by_step(
    records: Sequence[StepRecord], values: Sequence[float | None], points: int = _POINTS
) -> tuple[list[int], list[float]]:
    """Steps and values where there is one; of more than so many, means of neighbours.

    Args:
        records: step records.
        values: value of each record, or None.
    """
    pairs = [(record.step, value) for record, value in zip(records, values, strict=True)]
    measured = [(step, number) for step, number in pairs if number is not None]
    every = -(-len(measured) // points) or 1
    bins = [measured[at : at + every] for at in range(0, len(measured), every)]
    return [b[-1][0] for b in bins], [sum(number for _, number in b) / len(b) for b in bins]


def _names(measured: Iterable[Mapping[str, float]]) -> list[str]:
    """The names that occur, in their order."""
    return list(dict.fromkeys(name for by_name in measured for name in by_name))


def _depth(block: str) -> tuple[int, int]:
    """Where a block lies in a network: enc1, enc2 … bridge … dec2, dec1, head.

    Others lie between as they were recorded, which is the network's order, too; runs of before 0.3
    recorded all blocks by name.
    """
    name = block.rstrip("0123456789")
    number = int(block[len(name) :] or 0)
    order = {"enc": (0, number), "dec": (2, -number), "head": (3, 0)}
    return order.get(name, (1, 0))


def _smoothed(values: Sequence[float]) -> list[float]:
    """A running mean that forgets over about a hundredth of the curve, at least 5 points."""
    decay = 1 - 1 / max(5, len(values) / 100)
    total = weight = 0.0
    smooth = []
    for value in values:
        total, weight = decay * total + value, decay * weight + 1
        smooth.append(total / weight)
    return smooth
