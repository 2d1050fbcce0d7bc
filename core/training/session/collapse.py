"""What a finished run never predicts: classes it leaves out, or all but one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["never_predicted"]


def never_predicted(names: Sequence[str], scores: Mapping[str, Any], counts: np.ndarray) -> str:
    """One or two sentences about the classes that no pixel was given, or nothing.

    Args:
        names: class names in label order, K of them.
        scores: scores on a side, with its `confusion` (K, K), rows true.
        counts: labelled pixels per class of the training samples, (K,) int.

    Returns:
        Empty where every class that occurs, there or in the training, was predicted.
    """
    matrix = np.asarray(scores["confusion"], np.int64)
    if not matrix.sum():
        return ""
    predicted, occurs = matrix.sum(axis=0), (matrix.sum(axis=1) > 0) | (counts > 0)
    missing = [
        name for name, n, here in zip(names, predicted, occurs, strict=True) if here and not n
    ]
    if not missing:
        return ""
    sentence = f"Never predicted on the validation images: {', '.join(missing)}."
    if np.count_nonzero(predicted) > 1:
        return sentence
    only = names[int(predicted.argmax())]
    return (
        f"The run collapsed: it calls every pixel {only}. {sentence} Try a lower learning rate, "
        "class weights, or crops around rare classes, and look at the masks in the audit."
    )
