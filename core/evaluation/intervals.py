"""How sure a mean over a few scenes is, and how sure scores pooled over many pixels are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import ConfigError

__all__ = [
    "Interval",
    "ScoreIntervals",
    "bootstrap_gap",
    "bootstrap_mean",
    "bootstrap_scores",
    "score_table",
]

_AT_ONCE = 1_000_000  # numbers drawn at once


@dataclass(frozen=True)
class Interval:
    """A mean and its bootstrap interval.

    Attributes:
        mean: of the values as they are.
        low, high: ends of the interval.
        level: share of the resamples' means that lie within.
        count: number of values.
        resamples, seed: how it was drawn.
    """

    mean: float
    low: float
    high: float
    level: float
    count: int
    resamples: int
    seed: int


def bootstrap_mean(
    values: Sequence[float], *, level: float = 0.95, resamples: int = 10_000, seed: int = 0
) -> Interval:
    """The mean of some scenes' values with a percentile bootstrap interval (Efron 1979).

    Scenes are what is drawn again, as pixels and patches of one are not independent. For two
    models on the same scenes give the differences by scene: an interval of those that leaves out 0
    is a difference, while two intervals that overlap may hide one. With fewer than ten values or
    so the interval is too narrow (of 8 normal ones it holds the true mean 88 times of 100 at
    a level of 0.95); it knows nothing of places that none of the scenes is like.

    Args:
        values: one finite number a scene, at least two.
        level: share of the means of resamples within the interval, above 0 and below 1.
        resamples: how often as many values are drawn with replacement, at least 100.
        seed: of NumPy's default generator.

    Raises:
        ConfigError: a value or setting is outside of these.
    """
    data = np.asarray(values, np.float64)
    if data.ndim != 1 or len(data) < 2 or not np.isfinite(data).all():
        raise ConfigError(
            "an interval takes at least two finite numbers in a row",
            remedy="leave out scenes without a score, and say so",
        )
    if not 0 < level < 1 or resamples < 100:
        raise ConfigError(
            f"expected a level between 0 and 1 and at least 100 resamples, received {level} and "
            f"{resamples}",
            remedy="0.95 and 10000 are usual",
        )
    rng = np.random.default_rng(seed)
    rows = max(1, _AT_ONCE // len(data))
    means = np.concatenate(
        [
            data[rng.integers(len(data), size=(min(rows, resamples - start), len(data)))].mean(1)
            for start in range(0, resamples, rows)
        ]
    )
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(data.mean()), float(low), float(high), level, len(data), resamples, seed)


@dataclass(frozen=True)
class ScoreIntervals:
    """Bootstrap intervals of pooled scores: of one model, or of the difference of two.

    Attributes:
        value, low, high: by ``mean_iou``, ``pixel_accuracy``, ``iou``, ``f1``, ``precision`` and
            ``recall``; the first two are numbers, the others (K,), NaN where there is no score.
        p_value: of a difference, of the mean IoU being as far from 0 by chance: twice the smaller
            share of the resamples on one side of 0 (Efron and Tibshirani 1993, chapter 15); None of
            one model.
        level, units, resamples, seed: how it was drawn.
    """

    value: dict[str, np.ndarray]
    low: dict[str, np.ndarray]
    high: dict[str, np.ndarray]
    p_value: float | None
    level: float
    units: int
    resamples: int
    seed: int


def score_table(
    hits: np.ndarray, truth: np.ndarray, predicted: np.ndarray
) -> dict[str, np.ndarray]:
    """Scores from counts, for any number of resamples at once; as `core.evaluation.confusion`.

    Args:
        hits, truth, predicted: (…, K) pixels of each class that are right, that there are, and that
            are predicted.

    Returns:
        The scores by their names, (…, K), of ``mean_iou`` and ``pixel_accuracy`` (…); NaN where
        there is none.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        iou = hits / (truth + predicted - hits)
        occur = ~np.isnan(iou)
        return {
            "iou": iou,
            "f1": 2 * hits / (truth + predicted),
            "precision": hits / predicted,
            "recall": hits / truth,
            "mean_iou": np.where(occur, iou, 0).sum(axis=-1) / occur.sum(axis=-1),
            "pixel_accuracy": hits.sum(axis=-1) / truth.sum(axis=-1),
        }


def bootstrap_scores(
    counts: np.ndarray,
    other: np.ndarray | None = None,
    *,
    level: float = 0.95,
    resamples: int = 2_000,
    seed: int = 0,
) -> ScoreIntervals:
    """Percentile bootstrap intervals (Efron 1979) of scores pooled over pixels.

    Units, which are scenes or samples, are drawn again with replacement, and their pixels pooled
    anew. Of two models the same units are drawn for both, and the interval is that of the first
    one's scores less the second's.

    Args:
        counts: (U, 3, K): of every unit and class the pixels that are right, that there are, and
            that are predicted; at least two units.
        other: the same of another model on the same units.
        level: share of the resamples within the interval, above 0 and below 1.
        resamples: how often as many units are drawn, at least 100.
        seed: of NumPy's default generator.

    Raises:
        ConfigError: a setting is outside of these, or the counts are not of the same units.
    """
    if counts.ndim != 3 or len(counts) < 2 or (other is not None and other.shape != counts.shape):
        raise ConfigError(
            "an interval takes at least two scenes or samples, for two models the same ones",
            remedy="score more of them",
        )
    if not 0 < level < 1 or resamples < 100:
        raise ConfigError(
            f"expected a level between 0 and 1 and at least 100 resamples, received {level} and "
            f"{resamples}",
            remedy="0.95 and 2000 are usual",
        )
    both = [np.asarray(c, np.float64) for c in (counts, other) if c is not None]
    rng = np.random.default_rng(seed)
    units = len(counts)
    rows = max(1, _AT_ONCE // max(units, both[0][0].size))
    parts: list[dict[str, np.ndarray]] = []
    for start in range(0, resamples, rows):
        drawn = rng.integers(units, size=(min(rows, resamples - start), units))
        drawn += units * np.arange(len(drawn))[:, None]
        weights = np.bincount(drawn.ravel(), minlength=drawn.size).reshape(drawn.shape)
        parts.append(_difference([np.tensordot(weights.astype(float), c, 1) for c in both]))
    value = _difference([c.sum(axis=0) for c in both])
    tails = (1 - level) / 2, (1 + level) / 2
    low, high = {}, {}
    for name in value:
        values = np.concatenate([part[name] for part in parts])
        low[name], high[name] = _quantiles(values, tails)
    p_value = None
    if other is not None:
        p_value = _p_value(np.concatenate([part["mean_iou"] for part in parts]))
    return ScoreIntervals(value, low, high, p_value, level, units, resamples, seed)


def bootstrap_gap(
    first: np.ndarray,
    second: np.ndarray,
    *,
    level: float = 0.95,
    resamples: int = 2_000,
    seed: int = 0,
) -> ScoreIntervals:
    """Percentile bootstrap intervals of the difference of two scores on different units.

    The units of both are drawn again independently, as the samples of one have no partner in the
    other: for two models on the same units `bootstrap_scores` is far sharper.

    Args:
        first, second: (U, 3, K) and (V, 3, K), as for `bootstrap_scores`.
        level, resamples, seed: as for `bootstrap_scores`.

    Raises:
        ConfigError: there are fewer than two units of one, or other classes.
    """
    if min(len(first), len(second)) < 2 or first.shape[1:] != second.shape[1:]:
        raise ConfigError(
            "an interval takes at least two scenes or samples of either model, with the same "
            "classes",
            remedy="score more of them",
        )
    rng = np.random.default_rng(seed)
    drawn = []
    for counts in (np.asarray(c, np.float64) for c in (first, second)):
        units = len(counts)
        rows = max(1, _AT_ONCE // max(units, counts[0].size))
        pooled = []
        for start in range(0, resamples, rows):
            size = min(rows, resamples - start)
            weights = rng.multinomial(units, np.full(units, 1 / units), size)
            pooled.append(np.tensordot(weights.astype(float), counts, 1))
        drawn.append(np.concatenate(pooled))
    parts = _difference(drawn)
    value = _difference([np.asarray(c, np.float64).sum(axis=0) for c in (first, second)])
    tails = (1 - level) / 2, (1 + level) / 2
    ends = {name: _quantiles(values, tails) for name, values in parts.items()}
    low, high = ({name: pair[end] for name, pair in ends.items()} for end in (0, 1))
    units = len(first) + len(second)
    p_value = _p_value(parts["mean_iou"])
    return ScoreIntervals(value, low, high, p_value, level, units, resamples, seed)


def _p_value(differences: np.ndarray) -> float:
    # The sample itself counts as one of the draws: with a thousand of them it is never 0.
    sides = ((differences <= 0).sum(), (differences >= 0).sum())
    return float(min(1.0, 2 * (1 + min(sides)) / (1 + len(differences))))


def _difference(pooled: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """Scores of the first counts (…, 3, K), less those of the second, if there are some."""
    tables = [score_table(c[..., 0, :], c[..., 1, :], c[..., 2, :]) for c in pooled]
    if len(tables) == 1:
        return tables[0]
    first, second = tables
    return {name: first[name] - second[name] for name in first}


def _quantiles(values: np.ndarray, tails: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Quantiles along the first axis without what is no number; NaN where nothing is one."""
    empty = np.isnan(values).all(axis=0)
    filled = np.where(empty, 0.0, values)
    low, high = np.nanquantile(filled, tails, axis=0)
    return np.where(empty, np.nan, low), np.where(empty, np.nan, high)
