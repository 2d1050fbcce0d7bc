"""Values in a network's configuration as plain data: numbers, words, and lists of them."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["is_plain_value", "unwrapped"]

_LARGEST = 2**31
_LONGEST = 4096  # entries of a list
_TEXT = 200  # signs


def unwrapped(value: Any) -> Any:
    """A value without what Keras wraps tuples, shapes and arrays in; anything else as it is."""
    if isinstance(value, list):
        return [unwrapped(each) for each in value]
    if not isinstance(value, dict):
        return value
    keys = set(value)
    if value.get("class_name") in ("__tuple__", "TensorShape") and "items" in keys:
        return unwrapped(value["items"])
    if value.get("class_name") == "__tuple__" and isinstance(value.get("config"), list):
        return unwrapped(value["config"])
    if value.get("class_name") == "__numpy__" and isinstance(value.get("config"), dict):
        return unwrapped(value["config"].get("value"))
    if value.get("type") == "ndarray" and "value" in keys:
        return unwrapped(value["value"])
    return value


def is_plain_value(value: Any, depth: int = 3) -> bool:
    """Whether it is None, a truth value, a finite number, a short word, or a list of such."""
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, int | float):
        return math.isfinite(value) and abs(value) <= _LARGEST
    if isinstance(value, str):
        return len(value) <= _TEXT and value.isprintable()
    if isinstance(value, list):
        return (
            depth > 0
            and len(value) <= _LONGEST
            and all(is_plain_value(each, depth - 1) for each in value)
        )
    return False
