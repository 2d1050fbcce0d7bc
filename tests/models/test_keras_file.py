"""The `.keras` file Netron draws."""

import subprocess
import sys
import threading
import zipfile

import numpy as np
import pytest

from core.errors import ModelError
from core.models import keras_file as graph
from core.models.keras_file import graph_file
from core.models.store import find_model, load_model
from tests.tiny import save_tiny_model


def test_the_file_holds_the_model_with_its_weights(tiny_model, space):
    import keras

    path = graph_file(tiny_model)
    assert path.parent == space / "exports" / "graphs"
    again = keras.models.load_model(path)
    model, _ = load_model(find_model(tiny_model).folder)
    x = np.random.default_rng(0).random((1, 16, 16, 3), np.float32)
    np.testing.assert_array_equal(again(x), model(x))


def test_it_is_made_once_and_anew_for_new_weights(tiny_model, space):
    first = graph_file(tiny_model)
    made = first.stat().st_mtime_ns
    assert graph_file(tiny_model) == first
    assert first.stat().st_mtime_ns == made
    other = first.with_name(f"{tiny_model}-2-0123456789ab.keras")  # the model "tiny-2"
    other.touch()
    save_tiny_model(space / "models" / tiny_model, seed=1)
    second = graph_file(tiny_model)
    assert set(second.parent.iterdir()) == {second, other}
    assert second != first


def test_sessions_may_ask_at_once(tiny_model, monkeypatch):
    loads = []
    monkeypatch.setattr(graph, "load_model", lambda folder: loads.append(1) or load_model(folder))
    paths = []
    threads = [
        threading.Thread(target=lambda: paths.append(graph_file(tiny_model))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(paths) == 4
    assert len(set(paths)) == len(loads) == 1
    assert zipfile.is_zipfile(paths[0])


def test_models_of_runs_have_a_graph(space):
    save_tiny_model(space / "runs" / "my run")
    assert zipfile.is_zipfile(graph_file("my run"))


@pytest.mark.parametrize("name", ["", "nope", ".", "..", "../models/tiny", "tiny/", "a\0b"])
def test_only_names_of_the_store_are_answered(tiny_model, name):
    with pytest.raises(ModelError, match="there is no model"):
        graph_file(name)


def test_a_folder_is_not_opened_by_its_path(tiny_model, space, tmp_path, monkeypatch):
    save_tiny_model(tmp_path / "elsewhere")
    monkeypatch.chdir(tmp_path)
    for name in ("elsewhere", str(tmp_path / "elsewhere"), str(space / "models" / tiny_model)):
        with pytest.raises(ModelError, match="there is no model"):
            graph_file(name)


def test_a_kept_file_is_given_without_tensorflow(tiny_model):
    graph_file(tiny_model)
    code = (
        "import sys; from core.models.keras_file import graph_file; "
        f"graph_file({tiny_model!r}); assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
