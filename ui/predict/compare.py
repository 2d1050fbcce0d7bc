"""Two or more maps of one image: by other models, or by one with other settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.classes import ClassTable, label_counts
from core.datasets.masks.single_mask import Truth
from core.errors import DatasetError, DSIError
from core.evaluation.confusion import confusion, scores
from core.evaluation.label_quality import agreement
from core.evaluation.match_classes import match_classes
from core.formats import percent, score
from core.models.card import ModelCard
from core.models.prediction_history import KeptPrediction, prediction_history, read_maps
from core.models.store import find_model, read_card
from ui.predict.history import settings_text
from ui.shell.errors import plain, show_error
from ui.viewer.viewer import Mode
from ui.widgets.classes import class_table

__all__ = ["Comparison", "OtherMap", "choose_other_maps", "show_agreement"]

_KEY = "predict.compare-with"


@dataclass(frozen=True)
class Comparison:
    """What a map is compared with.

    Attributes:
        truth: ground truth, where there is some.
        mode: how the two are compared at first; None shows the prediction over the image.
        others: other maps of the image.
    """

    truth: Truth | None = None
    mode: Mode | None = None
    others: Sequence[OtherMap] = ()


@dataclass(frozen=True)
class OtherMap:
    """A map that was made of the same image before.

    Attributes:
        key: names it among the layers.
        title: model and settings.
        labels: (H, W) uint8, 255 = void, with the classes of the map that it is compared with.
    """

    key: str
    title: str
    labels: np.ndarray


def choose_other_maps(
    identity: tuple[str, str], shown: str, shape: tuple[int, int], card: ModelCard
) -> list[OtherMap]:
    """A box with the earlier maps of the image, where there are some.

    Args:
        identity: dataset and sample.
        shown: id of the map on the screen, as of `KeptPrediction`; it is not listed.
        shape: height and width of the image; maps of other sizes are of another one.
        card: card of the model on the screen.
    """
    listed = {
        kept.id: kept
        for kept in prediction_history().predictions
        if (kept.dataset, kept.sample) == identity and kept.id != shown
    }
    if not listed:
        return []
    st.session_state[_KEY] = [k for k in st.session_state.get(_KEY, []) if k in listed]
    chosen = st.multiselect(
        "Compare with earlier maps of this image",
        list(listed),
        format_func=lambda identity: _title(listed[identity]),
        key=_KEY,
        max_selections=3,
        placeholder="By another model, or with other settings",
    )
    maps = [_other(listed[identity], shape, card) for identity in chosen]
    return [other for other in maps if other]


def _title(kept: KeptPrediction) -> str:
    return f"{kept.model}, {settings_text(kept)}"


def _other(kept: KeptPrediction, shape: tuple[int, int], card: ModelCard) -> OtherMap | None:
    """The map with the classes of `card`, matched by name; None after saying what is wrong."""
    title = _title(kept)
    try:
        labels = read_maps(kept)[..., 0]
        table = read_card(find_model(kept.model).folder).classes
    except DSIError as error:
        show_error(error)
        return None
    if labels.shape != shape:
        st.warning(
            f"{plain(title)}: its map is of another size; the image was another one then.",
            icon=":material/warning:",
        )
        return None
    try:
        lookup = match_classes(table, card.classes, title)
    except DatasetError:
        st.warning(
            f"{plain(title)}: it has other classes ({plain(', '.join(table.names))}), and is not "
            "compared.",
            icon=":material/warning:",
        )
        return None
    return OtherMap(f"map-{kept.id}", title, labels if lookup is None else lookup[labels])


def show_agreement(
    labels: np.ndarray,
    name: str,
    others: Sequence[OtherMap],
    classes: ClassTable,
    truth: Truth | None,
) -> None:
    """How far maps of one image agree, and how each scores where there is a ground truth.

    Args:
        labels: (H, W) uint8, the map on the screen.
        name: name of its model.
        others: the other maps.
        classes: classes of all of them.
        truth: ground truth, where there is some.
    """
    count = len(classes)
    st.subheader("Maps compared")
    maps = [(name, labels), *((other.title, other.labels) for other in others)]
    columns: list[str] = []
    cells: list[list[str]] = [[] for _ in range(count)]
    lines = []
    for title, one in maps:
        shares = label_counts(one)[:count] / max(1, (one != 255).sum())
        columns.append(f"{title}: share")
        result = scores(confusion(truth.labels, one, count)) if truth else None
        if result:
            columns.append("IoU")
        for row, share, label in zip(cells, shares, range(count), strict=True):
            row.append(percent(float(share)))
            if result:
                row.append(score(result.classes[label].iou))
        facts = []
        if result:
            facts.append(
                f"mean IoU {score(result.mean_iou)}, pixel accuracy "
                f"{percent(result.pixel_accuracy)}"
            )
        if one is not labels:
            both = agreement(confusion(labels, one, count))
            facts.append(
                f"the same class as {plain(name)} on {percent(both.pixel_agreement)} of the pixels "
                f"(Cohen's kappa {score(both.kappa)})"
            )
        if facts:
            lines.append(f"- **{plain(title)}**: {'; '.join(facts)}")
    st.markdown("\n".join(lines))
    class_table(classes, columns, cells, label="Maps compared by class")
    if len(maps) > 2:
        stack = np.stack([one for _, one in maps])
        same = (stack == stack[0]).all(axis=0) & (stack[0] != 255)
        share = same.sum() / max(1, (stack[0] != 255).sum())
        st.caption(f"All {len(maps)} maps have the same class on {percent(float(share))}.")
