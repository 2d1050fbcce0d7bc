"""What of a prediction stands in the page's address, so that a link opens it as it was seen."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.imagery.tiles import OVERLAP
from core.inference.averaging import PLAIN, Averaging
from core.models.prediction_history import KeptPrediction
from ui.shell.address import ask_for
from ui.shell.links import Query
from ui.viewer.viewer import Mode

__all__ = [
    "PredictionAddress",
    "ask_for_prediction",
    "asked_for_prediction",
    "check_asked",
    "chosen_mode",
    "forget_prediction",
    "scale_text",
]

_PREDICTED, _COMPARE = "predicted", "compare"
_CLICKED = "predict.clicked"
_MODES: dict[Mode, str] = {
    "overlay": "Overlay",
    "swipe": "Swipe",
    "side": "Side by side",
    "blink": "Blink",
    "difference": "Difference",
}


@dataclass(frozen=True)
class PredictionAddress:
    """A prediction of a dataset's sample; an uploaded image has no address.

    Attributes:
        model, dataset, sample: as the page's boxes name them.
        averaging: over what the probabilities are averaged.
        overlap: of neighbouring tiles, in % of a tile.
    """

    model: str
    dataset: str
    sample: str
    averaging: Averaging = PLAIN
    overlap: int = round(100 * OVERLAP)

    @classmethod
    def of_kept(cls, kept: KeptPrediction) -> PredictionAddress:
        """Where a prediction of the workspace can be seen."""
        averaging = Averaging(kept.symmetries, kept.scales)
        return cls(kept.model, kept.dataset, kept.sample, averaging, kept.overlap)

    def query(self, mode: Mode | None = None) -> Query:
        """The query of a link that opens the page with the prediction made.

        Args:
            mode: how it is compared with the ground truth; None as the page does by itself.
        """
        query: dict[str, str | list[str]] = {
            "model": self.model,
            "source": "Dataset",
            "dataset": self.dataset,
            "sample": self.sample,
            "tta": str(self.averaging.symmetries).lower(),
            "tta_scales": [scale_text(scale) for scale in self.averaging.scales],
            "overlap": str(self.overlap),
            _PREDICTED: self._mark,
        }
        return query | ({_COMPARE: mode} if mode else {})

    @property
    def is_asked_for(self) -> bool:
        """Whether the address asks for this prediction, and not for that of another sample."""
        return st.query_params.get(_PREDICTED) == self._mark

    def check(self) -> None:
        """Have the page say where the address asks for another prediction than this one."""
        ask_for(_PREDICTED, [self._mark], "prediction")

    def show(self) -> None:
        """Have the address ask for it."""
        if not self.is_asked_for:
            st.query_params[_PREDICTED] = self._mark

    def open_here(self, mode: Mode | None = None) -> None:
        """Have this run of the Predict page show it; to be called before the page's boxes.

        Streamlit takes no page for another one that only has another address, and does not let an
        address be set that belongs to boxes.

        Args:
            mode: as for `query`.
        """
        state = st.session_state
        state["model"], state["source"] = self.model, "Dataset"
        state["dataset"], state["sample"] = self.dataset, self.sample
        state["tta"], state["tta_scales"] = self.averaging.symmetries, list(self.averaging.scales)
        state["overlap"] = self.overlap
        self.show()
        if mode:
            st.query_params[_COMPARE] = mode

    @property
    def _mark(self) -> str:
        # A plain "yes" would go along when another sample is chosen, and start its prediction. In
        # words, since Streamlit leaves out of the address what a box shows by itself.
        words = f"{self.dataset}/{self.sample} by {self.model}, overlap {self.overlap}"
        return words if self.averaging.is_plain else f"{words}, averaged over {self.averaging}"


def scale_text(scale: float) -> str:
    """What a scale is called on the page and in its address, such as "0.75"."""
    return f"{scale:g}"


def ask_for_prediction() -> None:
    """Note a click on Predict.

    The answer of the button itself is lost where another run of the page begins before this one
    comes to the prediction, as when the viewer or a box reports something at that moment.
    """
    st.session_state[_CLICKED] = True


def asked_for_prediction() -> bool:
    """Whether Predict was clicked; the next time it is asked, it was not."""
    return bool(st.session_state.pop(_CLICKED, False))


def forget_prediction() -> None:
    """Have the address ask for no prediction."""
    st.query_params.pop(_PREDICTED, None)


def check_asked(address: PredictionAddress | None) -> None:
    """Have the page say what the address asks for of a prediction and does not get.

    Args:
        address: of what is chosen; None for an uploaded image.
    """
    ask_for(_COMPARE, _MODES, "way to compare")
    if address is None:
        ask_for(_PREDICTED, (), "prediction")
    else:
        address.check()


def chosen_mode() -> Mode | None:
    """How the address wants prediction and ground truth to be compared."""
    asked = st.query_params.get(_COMPARE)
    return next((mode for mode in _MODES if mode == asked), None)
