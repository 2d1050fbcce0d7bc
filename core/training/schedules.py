"""Learning rates over a training, as numbers: what is trained with is what a plot shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.training.config import TrainConfig

__all__ = ["learning_rate", "learning_rates", "plateau_cuts", "stale_epochs"]

_RISE = 0.3  # share of a one-cycle's steps until the peak
_FIRST, _LAST = 25.0, 1e4  # a one-cycle begins and ends at the peak divided by these
_FLOOR = 0.01  # share of the peak at which a warm-up begins and a cosine ends


def learning_rate(config: TrainConfig, total: int, step: int) -> float:
    """The rate of a step, plateaus aside.

    Args:
        config: configuration, with `schedule`, `learning_rate` and `warmup`.
        total: steps of the whole training.
        step: number of the step, from 0.
    """
    return float(_rates(config, total, np.array([step]))[0])


def learning_rates(config: TrainConfig, total: int) -> np.ndarray:
    """The rates of all steps, (total,) float64; with ``plateau`` what it would be without one."""
    return _rates(config, total, np.arange(total))


def _rates(config: TrainConfig, total: int, steps: np.ndarray) -> np.ndarray:
    peak = config.learning_rate
    if config.schedule == "one-cycle":
        rise = max(1, round(_RISE * total))
        up = _cosine(peak / _FIRST, peak, steps / rise)
        return np.where(
            steps < rise, up, _cosine(peak, peak / _LAST, (steps - rise) / max(1, total - rise))
        )
    warm = max(1, round(total * config.warmup)) if config.warmup else 0
    rising = peak * (_FLOOR + (1 - _FLOOR) * steps / max(1, warm))
    after: np.ndarray | float = peak
    if config.schedule == "cosine":
        after = _cosine(peak, peak * _FLOOR, (steps - warm) / max(1, total - warm))
    return np.where(steps < warm, rising, after)


def _cosine(first: float, last: float, share: np.ndarray) -> np.ndarray:
    return last + (first - last) * (1 + np.cos(np.pi * np.clip(share, 0, 1))) / 2


def plateau_cuts(scores: Sequence[float], patience: int) -> int:
    """Number of cuts of the rate: one after each `patience` epochs in a row without a best score.

    Args:
        scores: validation score of each epoch so far.
        patience: number of epochs.
    """
    cuts, best, waited = 0, float("-inf"), 0
    for score in scores:
        if score > best:
            best, waited = score, 0
        else:
            waited += 1
        if waited == patience:
            cuts, waited = cuts + 1, 0
    return cuts


def stale_epochs(scores: Sequence[float]) -> int:
    """Number of epochs since the best of these scores."""
    return len(scores) - 1 - int(np.argmax(scores)) if len(scores) else 0
