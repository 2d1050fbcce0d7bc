"""The state that an inpainting goes on from, beside that of the training."""

from __future__ import annotations

from pathlib import Path

from core.training.runs.run import Run

__all__ = ["InpaintingState"]


class InpaintingState(Run):
    """The run as far as its inpainting goes: the same folder, with a checkpoint of its own.

    It is kept until the training has ended, so that nothing is done twice or left out wherever the
    process is killed.
    """

    @property
    def checkpoint(self) -> Path:
        return super().checkpoint / "inpainting"
