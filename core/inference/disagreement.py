"""How far the views that a prediction is the mean of disagree.

Measured by the Jensen-Shannon divergence of their probabilities with equal weights: the entropy of
the mean less the mean of the entropies (Lin 1991, "Divergence measures based on the Shannon
entropy", IEEE Transactions on Information Theory 37, eq. 4.1 ff.). It is 0 where all views say the
same, however unsure each of them is, and at most the logarithm of the number of classes. The same
number is the mutual information of class and view, as of BALD (Houlsby et al. 2011).

It is made of two means alone, so that tiles are blended and rows handed on as probabilities are:
one channel more, and no view is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

__all__ = ["disagreement_bits", "entropy_bits", "view_rows", "with_entropy", "within_rows"]


def entropy_bits(probabilities: np.ndarray) -> np.ndarray:
    """Shannon's entropy over the last axis in bits, (…, K) to (…); 0 where one class is certain."""
    logarithm = np.log2(np.maximum(probabilities, np.finfo(np.float32).tiny))
    return np.asarray(-(probabilities * logarithm).sum(axis=-1))


def with_entropy(
    softmax: Callable[[np.ndarray], np.ndarray],
) -> Callable[[np.ndarray], np.ndarray]:
    """From tiles to the probabilities of a view (…, K), and behind them its entropy: (…, K + 1)."""

    def view(tiles: np.ndarray) -> np.ndarray:
        probabilities = softmax(tiles)
        return np.concatenate([probabilities, entropy_bits(probabilities)[..., None]], axis=-1)

    return view


def disagreement_bits(rows: np.ndarray) -> np.ndarray:
    """The divergence of the views in bits, (…, K + 1) to (…).

    Args:
        rows: means over the views: K probabilities, and the entropy of a view in bits.
    """
    # The entropy is concave: less than 0 is rounding.
    return np.maximum(0, entropy_bits(rows[..., :-1]) - rows[..., -1])


def within_rows(rows: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Rows whose last channel is the divergence instead of the views' mean entropy.

    For an image at another size: probabilities that are interpolated mix those of neighbours, whose
    difference is no disagreement of views; the divergence is interpolated as a value of its own.
    """
    for part in rows:
        yield np.concatenate([part[..., :-1], disagreement_bits(part)[..., None]], axis=-1)


def view_rows(rows: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """The way back from `within_rows`, at the size that the rows have now."""
    for part in rows:
        entropy = entropy_bits(part[..., :-1]) - part[..., -1]
        yield np.concatenate([part[..., :-1], entropy[..., None]], axis=-1)
