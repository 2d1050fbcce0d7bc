"""Predictions that were made: those of samples lie in the workspace, of uploads in the session."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import cv2
import numpy as np
import streamlit as st

from core.classes import ClassTable
from core.imagery.resample import resample_labels
from core.imagery.shrink import display_size, downsample_image
from core.models.prediction_history import (
    KeptPrediction,
    keep_prediction,
    prediction_history,
    read_picture,
)
from ui.predict.address import PredictionAddress

if TYPE_CHECKING:  # the first page shows what is remembered, and predicts nothing
    from core.models.card import ModelCard
    from ui.loaded.images import OpenImage
    from ui.predict.result import LabelMap, Settings

__all__ = ["RecentPrediction", "note_prediction", "recent_predictions"]

_UPLOADS, _NOTED = "predictions.uploads", "predictions.noted"
_SHOWN = 4
_SIDE = 320  # pixels
_QUALITY = 80  # of the JPEG: noise of this size is then below what is kept at most
_OPACITY = 0.55


@dataclass(frozen=True)
class RecentPrediction:
    """A prediction that was looked at.

    Attributes:
        image: file name of the image, or the sample.
        model: name of the model.
        address: where it can be seen; None for an uploaded image.
        picture: a JPEG of the image and, right of it, the map over it; None where it is gone.
        made: when, in seconds since 1970.
    """

    image: str
    model: str
    address: PredictionAddress | None
    picture: bytes | None
    made: float


def recent_predictions(
    datasets: Collection[str], models: Collection[str]
) -> list[RecentPrediction]:
    """The last of the workspace's samples, and of this session's uploads, the last first.

    Args:
        datasets, models: those that there are; a sample's prediction by others is not listed.
    """
    there = (
        kept
        for kept in prediction_history().predictions
        if kept.dataset in datasets and kept.model in models
    )
    recent = [_of_sample(kept) for kept in islice(there, _SHOWN)]
    recent += _uploads().values()
    return sorted(recent, key=lambda prediction: prediction.made, reverse=True)[:_SHOWN]


def note_prediction(
    settings: Settings,
    image: OpenImage,
    label_map: LabelMap,
    card: ModelCard,
    address: PredictionAddress | None,
) -> None:
    """Remember a prediction that is on the screen.

    That of an upload is remembered by the session alone: others who reach this server are not to
    see a person's file, however small.

    Args:
        settings: what it depends on.
        image: image that was predicted.
        label_map: its map.
        card: card of the model.
        address: where it can be seen; None for an uploaded image.

    Raises:
        WorkspaceError: it cannot be kept.
    """
    noted = (settings, address)
    if st.session_state.get(_NOTED) == noted:
        return
    certainty = label_map.certainty
    picture = _picture(image.rgb, label_map.labels, card.classes)
    if address is None:
        uploads = _uploads()
        uploads.pop(settings, None)
        uploads[settings] = RecentPrediction(image.name, card.name, None, picture, time.time())
        while len(uploads) > _SHOWN:
            del uploads[next(iter(uploads))]
    else:
        maps = [label_map.labels, certainty.confidence, certainty.entropy]
        maps += [] if certainty.disagreement is None else [certainty.disagreement]
        keep_prediction(
            KeptPrediction(
                model=address.model,
                dataset=address.dataset,
                sample=address.sample,
                weights=settings.sha256,
                image=settings.digest,
                symmetries=address.averaging.symmetries,
                scales=address.averaging.scales,
                overlap=address.overlap,
                seconds=label_map.seconds,
            ),
            np.dstack(maps),
            picture,
        )
    st.session_state[_NOTED] = noted


def _uploads() -> dict[Settings, RecentPrediction]:
    uploads: dict[Settings, RecentPrediction] = st.session_state.setdefault(_UPLOADS, {})
    return uploads


def _of_sample(kept: KeptPrediction) -> RecentPrediction:
    address = PredictionAddress.of_kept(kept)
    return RecentPrediction(kept.sample, kept.model, address, read_picture(kept), kept.made)


def _picture(rgb: np.ndarray, labels: np.ndarray, classes: ClassTable) -> bytes:
    height, width = labels.shape
    size = display_size(height, width, _SIDE)
    small = downsample_image(rgb, *size)
    blended = classes.overlay(small, resample_labels(labels, *size), _OPACITY)
    both = np.concatenate([small, blended], axis=1)
    return cv2.imencode(".jpg", both[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()
