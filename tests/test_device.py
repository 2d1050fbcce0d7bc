"""TensorFlow as this program imports it."""

from __future__ import annotations

import gc

from core.device import tensorflow


def test_what_tensorflow_brings_is_not_looked_through_again() -> None:
    """Streamlit collects garbage after every run of a page: it took longer than the page."""
    tensorflow()
    assert gc.get_freeze_count() > 100_000
