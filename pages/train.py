"""Train: launch a training, watch it, stop it, compare it, and take its model along."""

from __future__ import annotations

from core.training.queue.queue import advance
from ui.shell.errors import page_errors
from ui.train.compare.panel import compare_panel
from ui.train.models.panel import models_panel
from ui.train.new import new_training
from ui.train.runs.panel import runs_panel
from ui.train.views import choose_view
from ui.widgets.frame import open_frame

with open_frame("Train") as frame:
    with page_errors():
        advance()  # should the worker of the queue have been killed
    match choose_view():
        case "runs":
            runs_panel(frame)
        case "compare":
            compare_panel(frame)
        case "models":
            models_panel(frame)
        case _:
            new_training(frame)
