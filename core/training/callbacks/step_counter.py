"""Where in a training one process is: the steps that callbacks count from."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["StepCounter"]


@dataclass
class StepCounter:
    """The plan of a training, and what an earlier process has done of the present epoch.

    Attributes:
        steps: of a whole epoch.
        epochs: of the whole training.
        offset: steps of the epoch at hand that were done before this process began it; Keras
            counts from 0 all the same.
    """

    steps: int
    epochs: int
    offset: int = 0

    @property
    def total(self) -> int:
        return self.steps * self.epochs

    def within(self, step: int) -> int:
        """How many steps of its epoch are done after Keras' step, counted from 0."""
        return self.offset + step + 1

    def overall(self, epoch: int, step: int) -> int:
        """How many steps of the training are done after that step of that epoch, both from 0."""
        return epoch * self.steps + self.within(step)
