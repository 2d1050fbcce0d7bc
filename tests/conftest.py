"""Shared fixtures: a workspace of its own for every test, small generated data, real imagery."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.slow import read_slow

if "PYTEST_XDIST_WORKER" in os.environ:
    # One thread a worker, read while TensorFlow and NumPy start, here and in child processes.
    os.environ["OMP_NUM_THREADS"] = os.environ["TF_NUM_INTRAOP_THREADS"] = "1"

REPOSITORY = Path(__file__).resolve().parent.parent
REAL_DATA = REPOSITORY.parent / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come first, and so share the first worker and its server."""
    slow = read_slow()
    for item in items:
        if item.nodeid.partition("[")[0] in slow:
            item.add_marker("slow")
        if item.path.is_relative_to(REPOSITORY / "tests/e2e"):
            item.add_marker("browser")
            # On two busy cores a click is lost now and then, which waiting does not bring back. The
            # report says how often a test was tried again.
            item.add_marker(pytest.mark.flaky(reruns=1))
    items.sort(key=lambda item: item.get_closest_marker("browser") is None)


@pytest.fixture(scope="session", autouse=True)
def one_search_for_components() -> Iterator[None]:
    """Let Streamlit look once, not once an AppTest, for components in everything installed."""
    from streamlit.components.v2 import manifest_scanner

    with pytest.MonkeyPatch.context() as patch:
        search = cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", search)
        yield


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
def eager() -> Iterator[None]:
    """TensorFlow without graphs, where these are not the point: most of a tiny training's time."""
    from core.device import tensorflow

    config = tensorflow().config
    config.run_functions_eagerly(True)
    yield
    config.run_functions_eagerly(False)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small U-Net with random weights, made once and copied by `tiny_model`."""
    from tests.tiny import save_tiny_model

    folder = tmp_path_factory.mktemp("models") / "tiny"
    save_tiny_model(folder)
    return folder


@pytest.fixture
def tiny_model(space: Path, tiny_folder: Path) -> str:
    """The name of a small U-Net with random weights in the test's workspace."""
    shutil.copytree(tiny_folder, space / "models" / "tiny")
    return "tiny"
