"""A dataset's labels in the order of a model's classes: classes are matched by their names."""

from __future__ import annotations

import numpy as np

from core.classes import VOID, ClassTable
from core.errors import DatasetError

__all__ = ["match_classes"]


def match_classes(dataset: ClassTable, model: ClassTable, where: str) -> np.ndarray | None:
    """What a dataset's labels are as a model's.

    Args:
        dataset, model: their class tables.
        where: the dataset, for the message.

    Returns:
        (256,) uint8, by the dataset's label the model's; None where they are the same.

    Raises:
        DatasetError: one has a class that the other has not: what it would be taken for is not for
            a program to choose.
    """
    if dataset.names == model.names:
        return None
    if set(dataset.names) != set(model.names):
        raise DatasetError(
            f"the dataset's classes are {', '.join(dataset.names)}, the model's "
            f"{', '.join(model.names)}",
            where=where,
            remedy="evaluate on a dataset with the same classes: names count, their order does not",
        )
    lookup = np.full(256, VOID, np.uint8)
    for label, name in enumerate(dataset.names):
        lookup[label] = model.names.index(name)
    return lookup
