"""Which pixels a score depends on: saliency, SmoothGrad and integrated gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import cv2
import numpy as np

from core.errors import ModelError
from core.explain.attribution.target import ScoreGradient

__all__ = [
    "BASELINES",
    "Baseline",
    "Integrated",
    "baseline_batch",
    "integrated_gradients",
    "saliency",
    "smooth_grad",
]

Baseline = Literal["mean", "blurred", "noise"]
BASELINES: tuple[Baseline, ...] = get_args(Baseline)

_MOST_ERROR = 0.01  # share of the difference of the scores by which their sum may miss it

Progress = Callable[[int, int], None]


def saliency(score: ScoreGradient, batch: np.ndarray) -> np.ndarray:
    """How strongly the score answers to a small change of each pixel.

    The largest absolute gradient over the bands (Simonyan and others 2014, arXiv 1312.6034).

    Args:
        score: what is scored.
        batch: (1, h, w, C) float32, normalised.

    Returns:
        (h, w) float32, change of the score for one unit of the normalised input.
    """
    _, gradient = score.by_image(batch)
    return np.abs(gradient).max(axis=-1)


def smooth_grad(
    score: ScoreGradient,
    batch: np.ndarray,
    *,
    samples: int = 16,
    noise: float = 0.1,
    progress: Progress | None = None,
) -> np.ndarray:
    """Saliency of the mean gradient over noisy copies of the image.

    Smilkov and others 2017, arXiv 1706.03825. The noise is seeded: the same map every time.

    Args:
        score, batch: as for `saliency`.
        samples: number of copies.
        noise: standard deviation of the noise as a share of the range of the batch's values.
        progress: called with the number of copies done and of all.

    Returns:
        (h, w) float32, as `saliency`.
    """
    rng = np.random.default_rng(0)
    spread = noise * float(np.ptp(batch))
    total = np.zeros(batch.shape[1:], np.float64)
    for done in range(samples):
        if progress:
            progress(done, samples)
        moved = batch + rng.normal(0, spread, batch.shape).astype(np.float32)
        total += score.by_image(moved)[1]
    return np.abs(total / samples).max(axis=-1).astype(np.float32)


@dataclass(frozen=True)
class Integrated:
    """Integrated gradients from one baseline.

    Attributes:
        values: (h, w) float32, what each pixel adds to the score beyond the baseline's, summed over
            the bands: positive speaks for the class, negative against it.
        score, baseline_score: of the image and of the baseline.
    """

    values: np.ndarray
    score: float
    baseline_score: float

    @property
    def error(self) -> float:
        """How far the values' sum is from the difference of the scores, as a share of it."""
        difference = self.score - self.baseline_score
        missing = float(self.values.sum(dtype=np.float64)) - difference
        return abs(missing) / max(abs(difference), 1e-12)


def integrated_gradients(
    score: ScoreGradient,
    batch: np.ndarray,
    baseline: np.ndarray,
    *,
    steps: int = 32,
    progress: Progress | None = None,
) -> Integrated:
    """What each pixel adds to the score on the way from a baseline to the image.

    Sundararajan and others 2017, arXiv 1703.01365, by the Gauss-Legendre rule. The values sum to
    the difference of the scores; the number of steps is doubled, four times at most, until they do
    to 1 %.

    Args:
        score, batch: as for `saliency`.
        baseline: of the shape of `batch`, an image that says nothing.
        steps: points on the way at first.
        progress: called with the number of points done and of those that are known to be needed.
    """
    final, _ = score.by_image(batch)
    first, _ = score.by_image(baseline)
    for count in (steps, 2 * steps, 4 * steps, 8 * steps, 16 * steps):
        total = np.zeros(batch.shape[1:], np.float64)
        for done, (place, weight) in enumerate(_points(count)):
            if progress:
                progress(done, count)
            between = baseline + np.float32(place) * (batch - baseline)
            total += weight * score.by_image(between)[1]
        values = (total * (batch - baseline)[0]).sum(axis=-1).astype(np.float32)
        result = Integrated(values, final, first)
        if result.error <= _MOST_ERROR:
            break
    return result


def _points(count: int) -> Iterator[tuple[float, float]]:
    """Places between 0 and 1 and their weights."""
    places, weights = np.polynomial.legendre.leggauss(count)
    for place, weight in zip((places + 1) / 2, weights / 2, strict=True):
        yield float(place), float(weight)


def baseline_batch(batch: np.ndarray, kind: Baseline) -> np.ndarray:
    """An image that says nothing, of which there is more than one: maps differ by it.

    Args:
        batch: (1, h, w, C) float32, normalised.
        kind: `mean`, every band at its own mean; `blurred`, the image without what is smaller than
            about an eighth of its side; `noise`, normal noise of the bands' mean and spread.

    Raises:
        ModelError: another kind.
    """
    mean = batch.mean(axis=(0, 1, 2), keepdims=True)
    if kind == "mean":
        return np.broadcast_to(mean, batch.shape).astype(np.float32)
    if kind == "blurred":
        sigma = max(batch.shape[1:3]) / 16
        planes = [
            cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
            for plane in np.moveaxis(batch[0], -1, 0)
        ]
        return np.stack(planes, axis=-1)[None].astype(np.float32)
    if kind == "noise":
        spread = batch.std(axis=(0, 1, 2), keepdims=True)
        noise = np.random.default_rng(0).normal(size=batch.shape)
        return (mean + spread * noise).astype(np.float32)
    raise ModelError(f"there is no baseline {kind!r}", remedy=f"choose one of {BASELINES}")
