"""Whether a map of what a class comes from can be trusted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    import keras

__all__ = ["Removal", "Stage", "randomisation", "removal", "similarity", "stability"]

_SIDE = 64  # values along the longer side at which maps are compared
_GROUP = 32  # values of about the same distance
_RANDOM_ORDERS = 3


@dataclass(frozen=True)
class Stage:
    """A map made by a network of which a part has lost what it learned.

    Attributes:
        layers: names of the layers whose weights are shuffled at this stage and were not before.
        similarity: to the map of the network as it is, see `similarity`.
    """

    layers: tuple[str, ...]
    similarity: float


@dataclass(frozen=True)
class Removal:
    """The score as pixels are taken away or put in, the most important first.

    Attributes:
        shares: share of the pixels, from 0 to 1, (n,).
        deletion, insertion: score at each share, (n,).
        random_deletion, random_insertion: the mean over some random orders, (n,).
    """

    shares: np.ndarray
    deletion: np.ndarray
    insertion: np.ndarray
    random_deletion: np.ndarray
    random_insertion: np.ndarray

    @property
    def deletion_gain(self) -> float:
        """By how much sooner the score falls than in a random order: a share, above 0 is better."""
        return _area(self.shares, self.random_deletion - self.deletion, self._range)

    @property
    def insertion_gain(self) -> float:
        """By how much sooner the score rises than in a random order: a share, above 0 is better."""
        return _area(self.shares, self.insertion - self.random_insertion, self._range)

    @property
    def _range(self) -> float:
        return float(abs(self.deletion[0] - self.deletion[-1]))


def similarity(first: np.ndarray, second: np.ndarray, region: np.ndarray | None = None) -> float:
    """Spearman's rank correlation of the sizes of two maps, from −1 to 1.

    Maps are compared where people see them, not by pixel: made smaller to 64 values along the
    longer side, by their means.

    Args:
        first, second: (h, w), of one shape.
        region: (h, w) bool, what the maps explain. In every network of convolutions, trained or
            not, what is nearer counts for more; with a region the ranks are those among values of
            about the same distance from it, so that this alone makes no two maps alike.

    Returns:
        0 where one of them is the same everywhere.
    """
    small = [_small(np.abs(values)).reshape(-1) for values in (first, second)]
    groups = [np.arange(small[0].size)]
    if region is not None:
        away = cv2.distanceTransform((~region).astype(np.uint8), cv2.DIST_L2, 5)
        order = np.argsort(_small(away).reshape(-1), kind="stable")
        groups = np.array_split(order, max(1, order.size // _GROUP))
    centred = np.zeros((2, small[0].size))
    for group in groups:
        for at, values in enumerate(small):
            ranks = _ranks(values[group])
            centred[at, group] = (ranks - ranks.mean()) / group.size
    spread = float(np.sqrt((centred**2).sum(axis=1).prod()))
    return float((centred[0] * centred[1]).sum() / spread) if spread > 0 else 0.0


def randomisation(
    model: keras.Model,
    make_map: Callable[[keras.Model], np.ndarray],
    region: np.ndarray,
    *,
    stages: int = 5,
    progress: Callable[[int, int], None] | None = None,
) -> list[Stage]:
    """How a map changes as the network forgets what it learned, from its output to its input.

    The weights are shuffled within each of their arrays, so that their distribution stays, in ever
    more layers (Adebayo and others 2018, arXiv 1810.03292). A map that stays as it was does not
    show what the network learned, but edges of the image.

    Args:
        model: the network; it is not changed.
        make_map: makes the map (h, w) of a network with these layers.
        region: (h, w) bool, what the map explains.
        stages: number of groups of layers.
        progress: called with the number of maps made and of all.

    Returns:
        The stages, the layers next to the output first.
    """
    import keras

    original = make_map(model)
    shuffled = keras.models.clone_model(model)
    shuffled.set_weights(model.get_weights())
    layers = [layer for layer in reversed(shuffled.layers) if layer.weights]
    rng = np.random.default_rng(0)
    results = []
    groups = [group for group in np.array_split(np.arange(len(layers)), stages) if len(group)]
    for done, group in enumerate(groups):
        if progress:
            progress(done, len(groups))
        for at in group:
            _shuffle(layers[at], rng)
        names = tuple(layers[at].name for at in group)
        results.append(Stage(names, similarity(original, make_map(shuffled), region)))
    return results


def _shuffle(layer: Any, rng: np.random.Generator) -> None:
    values = []
    for weights in layer.get_weights():
        flat = weights.reshape(-1).copy()
        rng.shuffle(flat)
        values.append(flat.reshape(weights.shape))
    layer.set_weights(values)


def stability(
    make_map: Callable[[np.ndarray], np.ndarray],
    batch: np.ndarray,
    region: np.ndarray,
    *,
    samples: int = 4,
    noise: float = 0.02,
) -> float:
    """How much of a map stays when the image is changed by what nobody sees.

    Args:
        make_map: makes the map (h, w) of a batch.
        batch: (1, h, w, C) float32, normalised.
        region: (h, w) bool, what the map explains.
        samples: number of changed images.
        noise: standard deviation of the change as a share of the range of the batch's values.

    Returns:
        Mean `similarity` to the map of the image as it is.
    """
    rng = np.random.default_rng(0)
    spread = noise * float(np.ptp(batch))
    original = make_map(batch)
    moved = (
        make_map(batch + rng.normal(0, spread, batch.shape).astype(np.float32))
        for _ in range(samples)
    )
    return float(np.mean([similarity(original, values, region) for values in moved]))


def removal(
    score: Callable[[np.ndarray], float],
    batch: np.ndarray,
    baseline: np.ndarray,
    values: np.ndarray,
    steps: int = 12,
) -> Removal:
    """The score as pixels give way to a baseline, and the other way round.

    Petsiuk and others 2018, arXiv 1806.07421. Not reliable for classes that cover much of a scene
    (arXiv 2507.05916): what is put in place of the pixels is a texture of its own.

    Args:
        score: of a batch.
        batch: (1, h, w, C) float32, normalised.
        baseline: of the shape of `batch`, see `gradient_maps.baseline_batch`.
        values: (h, w), the map whose order is tried, at the batch's pixels.
        steps: number of shares beyond 0.
    """
    shares = np.linspace(0, 1, steps + 1)
    rng = np.random.default_rng(0)
    orders = [np.argsort(-values.reshape(-1), kind="stable")]
    orders += [rng.permutation(values.size) for _ in range(_RANDOM_ORDERS)]

    def curve(order: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        return np.array([score(one) for one in _mixed(order, start, end, shares)])

    deletion, *random_deletion = [curve(order, batch, baseline) for order in orders]
    insertion, *random_insertion = [curve(order, baseline, batch) for order in orders]
    return Removal(
        shares,
        deletion,
        insertion,
        np.mean(random_deletion, axis=0),
        np.mean(random_insertion, axis=0),
    )


def _mixed(
    order: np.ndarray, start: np.ndarray, end: np.ndarray, shares: np.ndarray
) -> Iterator[np.ndarray]:
    """From one batch to another, in an order of pixels."""
    for share in shares:
        mixed = start.copy()
        pixels = order[: round(float(share) * order.size)]
        flat, other = (b.reshape(-1, b.shape[-1]) for b in (mixed, end))
        flat[pixels] = other[pixels]
        yield mixed


def _area(shares: np.ndarray, difference: np.ndarray, span: float) -> float:
    return float(np.trapezoid(difference, shares) / span) if span > 0 else 0.0


def _small(values: np.ndarray) -> np.ndarray:
    height, width = values.shape
    scale = min(1.0, _SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(values.astype(np.float64), size, interpolation=cv2.INTER_AREA)


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1 on; equal values share the mean of theirs."""
    _, place, counts = np.unique(values.reshape(-1), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: np.ndarray = ((2 * last - counts + 1) / 2)[place.reshape(-1)]
    return ranks
