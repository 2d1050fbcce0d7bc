"""A training made once, for the tests that need one to have been."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.training.config import TrainConfig, with_settings
from core.training.runs.run import create_run
from core.training.session.train import train
from tests.tiny import QUICK

BATCH_NORM = "model.norm=batch"  # the network of `trained`


@pytest.fixture(scope="session")
def trained(demo_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run of one epoch, to be copied into a workspace."""
    with pytest.MonkeyPatch.context() as environment:
        folder = tmp_path_factory.mktemp("trained") / "workspace"
        environment.setenv("DSI_WORKSPACE", str(folder))
        config = with_settings(
            TrainConfig(dataset=str(demo_dataset)), [*QUICK, BATCH_NORM, "epochs=1"]
        )
        run = create_run("trained", config)
        train(run)
    return run.folder
