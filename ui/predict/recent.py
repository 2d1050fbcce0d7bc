"""The last predictions of a session, small, for links to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import streamlit as st

from core.classes import ClassTable
from core.imagery.resample import resample_labels
from core.imagery.shrink import display_size, downsample_image
from ui.predict.address import PredictionAddress

if TYPE_CHECKING:  # the first page shows what is remembered, and predicts nothing
    from core.models.card import ModelCard
    from ui.loaded.images import OpenImage
    from ui.predict.result import Settings

__all__ = ["RecentPrediction", "note_prediction", "recent_predictions"]

_KEY = "predictions.recent"
_KEPT = 4
_SIDE = 320  # pixels
_OPACITY = 0.55


@dataclass(frozen=True)
class RecentPrediction:
    """A prediction that was looked at.

    Attributes:
        image: file name of the image.
        model: name of the model.
        address: where it can be seen; None for an uploaded image.
        picture: a JPEG of the image and, right of it, the map over it.
    """

    image: str
    model: str
    address: PredictionAddress | None
    picture: bytes


def recent_predictions() -> list[RecentPrediction]:
    """Those of this session, the last first."""
    return list(reversed(_kept().values()))


def note_prediction(
    settings: Settings,
    image: OpenImage,
    labels: np.ndarray,
    card: ModelCard,
    address: PredictionAddress | None,
) -> None:
    """Remember a prediction that is on the screen.

    Args:
        settings: what it depends on.
        image: image that was predicted.
        labels: (H, W) uint8, its map.
        card: card of the model.
        address: where it can be seen; None for an uploaded image.
    """
    kept = _kept()
    before = kept.pop(settings, None)
    model = address.model if address else card.name
    picture = before.picture if before else _picture(image.rgb, labels, card.classes)
    kept[settings] = RecentPrediction(image.name, model, address, picture)
    while len(kept) > _KEPT:
        del kept[next(iter(kept))]


def _kept() -> dict[Settings, RecentPrediction]:
    kept: dict[Settings, RecentPrediction] = st.session_state.setdefault(_KEY, {})
    return kept


def _picture(rgb: np.ndarray, labels: np.ndarray, classes: ClassTable) -> bytes:
    height, width = labels.shape
    size = display_size(height, width, _SIDE)
    small = downsample_image(rgb, *size)
    blended = classes.overlay(small, resample_labels(labels, *size), _OPACITY)
    both = np.concatenate([small, blended], axis=1)
    return cv2.imencode(".jpg", both[..., ::-1])[1].tobytes()
