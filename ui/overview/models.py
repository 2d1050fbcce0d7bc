"""The test scores of a model, as its card has them."""

from __future__ import annotations

import streamlit as st

from core.datasets.identity import counted_samples
from core.errors import DSIError
from core.formats import millions, percent, score
from core.models.store import ModelRef, read_card
from ui.shell.errors import plain
from ui.shell.links import page_link
from ui.widgets.classes import class_table

__all__ = ["show_scores"]

_SCORES = {"iou": "IoU", "precision": "Precision", "recall": "Recall"}


def show_scores(ref: ModelRef) -> bool:
    """Show the test scores of a model; whether its card has any."""
    try:
        model = read_card(ref.folder)
    except DSIError:
        return False
    test = model.training.scores.get("test")
    if not test:
        return False
    st.subheader(f"{'Bundled model' if ref.source == 'bundled' else 'Model'}: {plain(model.name)}")
    st.caption(
        f"{millions(model.parameters)} parameters, trained on {plain(model.training.dataset)}; "
        f"scores on {counted_samples(model.training.test, model.training.in_blocks)} that it never "
        "saw."
    )
    left, right = st.columns([1, 2], gap="large")
    with left:
        st.metric("Mean IoU", score(test["mean_iou"]))
        st.metric("Pixel accuracy", percent(test["pixel_accuracy"]))
        page_link("predict", "Predict with it", "layers", {"model": ref.name})
    with right:
        per_class = test["per_class"]
        rows = [
            [score(per_class.get(name, {}).get(key)) for key in _SCORES]
            for name in model.classes.names
        ]
        class_table(model.classes, list(_SCORES.values()), rows, label="Test scores")
    return True
