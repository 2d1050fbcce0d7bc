"""What pages and the command line import of a training starts no TensorFlow."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import REPOSITORY

_MODULES = [
    "core.training.checks.checks",
    "core.training.queue.queue",
    "core.training.runs.timelapse",
    "core.training.schedules",
    "core.training.session.train",
    "core.training.trials.learning_rate",
    "core.training.trials.step_time",
]


def test_only_training_itself_starts_tensorflow() -> None:
    code = f"import sys, {', '.join(_MODULES)}; print({{'keras', 'tensorflow'}} & {{*sys.modules}})"
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY, check=True
    )
    assert process.stdout.strip() == "set()"
