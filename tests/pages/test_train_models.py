"""The models of the Train page: what is listed, and what comes in, is renamed and deleted."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.models.exchange import incoming
from core.models.exchange.outgoing import model_archive
from core.models.store import find_model, list_models, read_card
from core.paths import workspace
from core.training.config import TrainConfig
from core.training.runs.run import create_run
from tests.conftest import REPOSITORY
from ui.shell import jobs


@pytest.fixture(autouse=True)
def no_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of other tests are on the same server; the last check is made in this process."""
    from core.models.exchange.check_process import check

    class Here:
        def __init__(self, *_: Any) -> None: ...

        def call(self, _: str, folder: str, seconds: float) -> tuple[str, str]:
            return check(folder)

        def close(self) -> None: ...

    st.cache_resource.clear()
    monkeypatch.setattr(incoming, "Bounded", Here)


def opened(page: str = "train", **query: str) -> AppTest:
    at = AppTest.from_file(str(REPOSITORY / "ui/shell/router.py"), default_timeout=120)
    for key, value in query.items():
        at.query_params[key] = value
    return at.switch_page(f"../../pages/{page}.py").run()


def _button(at: AppTest, label: str) -> Any:
    return next(button for button in at.button if button.label == label)


def _toasts(at: AppTest) -> str:
    return " ".join(toast.value for toast in at.toast).replace("\\", "")


def _finished(at: AppTest) -> AppTest:
    """The page after the model has come in, as its bar would bring it."""
    for job in [*jobs._jobs()[0].values()]:
        job.join()
    return at.run()


def test_all_models_are_listed_with_where_they_come_from(
    tiny_model: str, tiny_folder: Path, space: Path
) -> None:
    run = create_run("trained", TrainConfig(dataset="demo"))
    shutil.copytree(tiny_folder, run.folder, dirs_exist_ok=True)
    at = opened(view="models", model="tiny")
    assert not at.exception and not at.error
    table = at.dataframe[0].value.set_index("Model")["From"]
    assert dict(table) == {
        "dubai-unet": "the program",
        "demo-unet": "the program",
        "tiny": "the workspace",
        "trained": "a training",
    }
    assert [heading.value for heading in at.subheader] == ["tiny"]
    rows = at.dataframe[0].value.set_index("Model")
    assert list(rows)[:2] == ["Val mean IoU", "Test mean IoU"]
    assert rows.loc["dubai-unet", "Test mean IoU"] == pytest.approx(0.721, abs=0.001)
    assert rows.loc["tiny", "Network"] == "U-Net"
    columns = json.loads(at.dataframe[0].proto.columns)
    assert not columns["Model"].get("pinned")  # the names of what is pinned are grey
    assert 36 + sum(columns[name]["width"] for name in ("Model", *list(rows)[:2])) <= 366
    ticked = json.loads(at.dataframe[0].proto.selection_default)["selection"]["rows"]
    assert ticked == [list(rows.index).index("tiny")]
    assert any("Further to the right" in block.value for block in at.get("html"))
    (facts,) = [text.value for text in at.markdown if "| Network |" in text.value]
    assert "3 bands of uint8" in facts
    links = {link.proto.label: link.proto.query_string for link in at.get("page_link")}
    assert links["Predict with it"] == links["Inspect it"] == "model=tiny"
    assert len(at.get("download_button")) == 1
    # What belongs to the program or to a run is not changed here.
    for name in ("dubai-unet", "trained"):
        at = opened(view="models", model=name)
        assert not at.exception
        assert not [b for b in at.button if b.label in ("Delete it", "Rename it")]


def test_a_model_is_renamed_and_deleted_and_the_page_says_so(tiny_model: str) -> None:
    at = opened(view="models", model="tiny")
    field = at.text_input(key="models.new-name.tiny")
    assert field.proto.form_id == _button(at, "Rename it").proto.form_id != ""  # Enter presses it
    field.set_value("dubai-unet")
    _button(at, "Rename it").click().run()
    assert "already" in at.error[0].value
    at.text_input(key="models.new-name.tiny").set_value("better")
    _button(at, "Rename it").click().run()
    assert not at.exception and not at.error
    assert "Renamed the model tiny to better" in _toasts(at)
    assert at.selectbox(key="model").value == "better"
    assert _button(at, "Delete it").key == "destroy.model.better"
    _button(at, "Delete it").click().run()
    assert not at.exception and not at.error
    assert "Deleted the model better" in _toasts(at)
    assert {ref.source for ref in list_models()} == {"bundled"}
    assert at.selectbox(key="model").value == "dubai-unet"


@pytest.mark.parametrize(("page", "view"), [("train", "models"), ("predict", ""), ("inspect", "")])
def test_a_model_that_another_tab_deleted_is_a_line(tiny_model: str, page: str, view: str) -> None:
    at = opened(page, view=view or "", model="tiny")
    assert at.selectbox(key="model").value == "tiny"
    shutil.rmtree(workspace().models / "tiny")
    at.run()
    assert not at.exception and not at.error
    assert at.selectbox(key="model").value == "dubai-unet"
    said = "The model “tiny”, which was chosen before, is not there any more."
    assert any(said in warning.value for warning in at.warning)


def test_a_model_comes_in_as_a_zip(tiny_model: str) -> None:
    archive = model_archive(find_model("tiny"))
    at = opened(view="models")
    at.file_uploader(key="models.zip-0").set_value(("tiny.zip", archive, "application/zip")).run()
    assert at.text_input(key="models.zip-name").value == "tiny-2"
    at.text_input(key="models.zip-name").set_value("tiny").run()
    at.button(key="models.zip-start").click().run()
    assert "already" in at.error[0].value
    at.text_input(key="models.zip-name").set_value("copy").run()
    at.button(key="models.zip-start").click().run()
    _finished(at)
    assert not at.exception and not at.error
    assert "copy is in the workspace" in _toasts(at)
    # Nothing is left to be imported a second time.
    assert at.file_uploader(key="models.zip-1").value is None
    assert at.button(key="models.zip-start").disabled
    assert at.text_input(key="models.zip-name").value == ""
    assert at.selectbox(key="model").value == "copy"
    assert read_card(workspace().models / "copy").name == "copy"


def test_a_zip_that_is_no_model_is_one_box() -> None:
    at = opened(view="models")
    at.file_uploader(key="models.zip-0").set_value(("m.zip", b"no zip", "application/zip")).run()
    at.button(key="models.zip-start").click().run()
    _finished(at)
    assert not at.exception
    assert len(at.error) == 1
    assert "no ZIP archive" in at.error[0].value
    assert {ref.source for ref in list_models()} == {"bundled"}


def test_a_model_comes_from_a_folder_of_the_server(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = opened(view="models")
    assert any("put a folder with model.json" in caption.value for caption in at.caption)
    shutil.copytree(tiny_folder, tmp_path / "data" / "city")
    monkeypatch.setenv("DSI_DATA_ROOTS", str(tmp_path / "data"))
    at = opened(view="models")
    at.selectbox(key="models.folder").set_value("server/data/city").run()
    assert at.text_input(key="models.folder-name").value == "city"
    at.button(key="models.folder-start").click().run()
    _finished(at)
    assert not at.exception and not at.error
    assert at.selectbox(key="model").value == "city"
    assert at.selectbox(key="models.folder").value is None
    assert at.button(key="models.folder-start").disabled
