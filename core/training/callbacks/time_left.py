"""How long a training still takes, from what its steps and validations took so far."""

from __future__ import annotations

from collections import deque

__all__ = ["TimeLeft"]

# An estimate that is this much above the last one is believed; a smaller rise is noise, and a clock
# that counts up is not.
_RISE, _SLACK = 1.25, 5.0  # times the last one, and seconds
_EPOCHS = 3  # whose validation is averaged: the first one traces a graph as well


class TimeLeft:
    """Seconds until the last epoch ends.

    A step counts as long as the mean of the present epoch and the one before. The first step of an
    epoch is left out of it, which waits for the first batch, and in the first epoch for the graph.
    What follows an epoch's steps (validation, writing of the weights) is part of every epoch.

    Args:
        steps: steps of an epoch.
        epochs: epochs of the whole training.
        validation_steps: how many steps a validation is expected to take as long as; counts until
            one was measured.
    """

    def __init__(self, steps: int, epochs: int, validation_steps: float = 0.0) -> None:
        self._steps, self._epochs, self._validation_steps = steps, epochs, validation_steps
        self._first: tuple[int, float] | None = None
        self._last: tuple[int, float] | None = None
        self._before = (0, 0.0)  # steps of the epoch before, and their seconds
        self._afterwards: deque[float] = deque(maxlen=_EPOCHS)
        self._shown: float | None = None

    def begin_epoch(self) -> None:
        """An epoch begins."""
        self._before = self._present() if self._first else self._before
        self._first = self._last = None

    def end_step(self, done: int, now: float) -> None:
        """A step has ended.

        Args:
            done: steps of the epoch that are done.
            now: seconds of a steady clock.
        """
        self._first = self._first or (done, now)
        self._last = (done, now)

    def end_epoch(self, now: float) -> None:
        """An epoch has ended, validation included."""
        if self._last:
            self._afterwards.append(now - self._last[1])

    def estimate(self, epoch: int) -> float | None:
        """Seconds left after the last step; None before the second one.

        It rises only where the training has truly become slower.

        Args:
            epoch: the present epoch, from 0.
        """
        steps, seconds = (a + b for a, b in zip(self._before, self._present(), strict=True))
        if not steps or self._last is None:
            return self._shown
        step = seconds / steps
        afterwards = (
            sum(self._afterwards) / len(self._afterwards)
            if self._afterwards
            else self._validation_steps * step
        )
        whole = self._steps * step + afterwards
        present = max(0, self._steps - self._last[0]) * step + afterwards
        left = present + max(0, self._epochs - epoch - 1) * whole
        if self._shown is None or left > self._shown * _RISE + _SLACK:
            self._shown = left
        self._shown = min(self._shown, left)
        return self._shown

    def _present(self) -> tuple[int, float]:
        """Steps of the present epoch that were timed, and their seconds."""
        if self._first is None or self._last is None:
            return 0, 0.0
        return self._last[0] - self._first[0], self._last[1] - self._first[1]
