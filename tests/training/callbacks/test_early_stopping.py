"""A training ends where its validation does not improve any more, and not before."""

from __future__ import annotations

from types import SimpleNamespace

import pytest


@pytest.mark.parametrize(
    ("scores", "patience", "ends"),
    [
        ([0.5, 0.4, 0.3], 2, True),
        ([0.5, 0.4, 0.3], 3, False),
        ([0.5, 0.4, 0.6], 2, False),
        ([0.5] * 9, 0, False),
        ([], 1, False),
    ],
)
def test_it_ends_after_so_many_epochs_without_a_better_score(
    scores: list[float], patience: int, ends: bool
) -> None:
    from core.training.callbacks.early_stopping import EarlyStopping
    from core.training.callbacks.epoch_state import EpochState

    state = EpochState(steps=1, epochs=20)
    state.scores = scores
    callback = EarlyStopping(state, patience)
    callback.set_model(SimpleNamespace(stop_training=False))
    callback.on_epoch_end(2)
    assert callback.due is state.stopped_early is callback.model.stop_training is ends


def test_one_that_was_asked_to_stop_did_not_end_early() -> None:
    from core.training.callbacks.early_stopping import EarlyStopping
    from core.training.callbacks.epoch_state import EpochState

    state = EpochState(steps=1, epochs=20)
    state.scores, state.stop_reason = [0.5, 0.4], "as you asked"
    EarlyStopping(state, 1).on_epoch_end(1)
    assert not state.stopped_early
