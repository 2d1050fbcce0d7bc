"""Shared fixtures: a workspace of its own for every test, small generated data, real imagery."""

from __future__ import annotations

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
REAL_DATA = REPOSITORY.parent / "shared" / "data"


@pytest.fixture(autouse=True)
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty workspace, so that no test sees or touches the developer's."""
    folder = tmp_path / "workspace"
    monkeypatch.setenv("DSI_WORKSPACE", str(folder))
    monkeypatch.delenv("DSI_DATA_ROOTS", raising=False)
    return folder


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real imagery; the test is skipped where it is not."""
    if not REAL_DATA.is_dir():
        pytest.skip("no real imagery beside the repository (../shared/data)")
    return REAL_DATA


@pytest.fixture(scope="session")
def demo_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small generated dataset in the Dubai layout: three scenes of four parts, 96 px."""
    from core.datasets.synthetic.dubai import write_demo

    return write_demo(tmp_path_factory.mktemp("demo") / "demo", scenes=3, size=96, seed=7)


@pytest.fixture
def tiny_model(space: Path) -> str:
    """The name of a small U-Net with random weights in the test's workspace."""
    from tests.tiny import save_tiny_model

    save_tiny_model(space / "models" / "tiny")
    return "tiny"
