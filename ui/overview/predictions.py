"""The last predictions as pictures."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from ui.overview.cards import card, card_grid
from ui.predict.recent import RecentPrediction
from ui.shell.errors import plain

__all__ = ["prediction_cards"]


def prediction_cards(recent: Sequence[RecentPrediction]) -> None:
    """A card for each; that of a dataset's sample opens it as it was, with its prediction.

    Args:
        recent: predictions, the last first.
    """
    with card_grid("predictions"):
        for number, prediction in enumerate(recent):
            address = prediction.address
            query = address.query() if address else {"model": prediction.model}
            title = plain(address.sample if address else prediction.image)
            with card(f"prediction-{number}", "predict", title, "layers", query) as above:
                alt = f"Prediction of {prediction.image}"
                if prediction.picture:
                    above.image(prediction.picture, width="stretch", alt=alt)
                words = f"by {plain(prediction.model)}"
                st.caption(words if address else f"{words} · uploaded: choose the file again")
