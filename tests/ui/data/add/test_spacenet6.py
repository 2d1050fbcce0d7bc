"""SpaceNet 6 on the Data page: a set is written, real tiles are fetched, without a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.datasets.catalogue import open_dataset
from core.datasets.download.spacenet6 import fetch_spacenet6
from core.errors import DatasetError
from tests.pages.test_data import opened, settled
from tests.spacenet_tree import write_tree
from ui.data.add.spacenet6 import SPACENET6_JOBS
from ui.shell.jobs import find_job


def joined(at: AppTest, key: str) -> AppTest:
    assert key in SPACENET6_JOBS
    job = find_job(key)
    assert job is not None
    job.join()
    return at.run()


def write_button(at: AppTest) -> Any:
    return next(b for b in at.button if b.label == "Write a generated set")


def test_a_generated_set_is_written(space: Path) -> None:
    at = opened()
    at.number_input(key="spacenet6-places").set_value(1)
    at.number_input(key="spacenet6-size").set_value(64)
    write_button(at).click().run()
    at = joined(at, "write-spacenet6")
    assert not at.exception and not at.error
    folder = space / "datasets" / "spacenet6-demo"
    assert at.selectbox(key="dataset").value == "spacenet6-demo"
    assert len(open_dataset(folder).samples) == 3
    settled(folder)


def test_a_name_that_is_no_name_is_refused(space: Path) -> None:
    at = opened()
    at.text_input(key="spacenet6-name").set_value("../elsewhere")
    write_button(at).click().run()
    assert "cannot be used as a name" in at.error[0].value
    assert list((space / "datasets").iterdir()) == []


def test_tiles_are_fetched(space: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = write_tree(tmp_path / "bucket", 34) / "AOI_11_Rotterdam"
    from fsspec.implementations.dirfs import DirFileSystem
    from fsspec.implementations.local import LocalFileSystem

    local = DirFileSystem(path=str(tree), fs=LocalFileSystem())
    monkeypatch.setattr("core.datasets.download.spacenet6._bucket", lambda target: local)
    monkeypatch.setitem(fetch_spacenet6.__kwdefaults__, "base", "")
    at = opened()
    at.multiselect(key="spacenet6-products").set_value(["SAR-Intensity"])
    at.number_input(key="spacenet6-tiles").set_value(20).run()
    assert at.button(key="fetch-spacenet6").label == "Fetch 20 tiles, about 260 MB"
    at.button(key="fetch-spacenet6").click().run()
    at = joined(at, "fetch-spacenet6")
    assert not at.exception and not at.error
    assert len(open_dataset(space / "datasets" / "spacenet6").samples) == 20
    settled(space / "datasets" / "spacenet6")


def test_offline_the_page_says_what_to_do(space: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> Path:
        raise DatasetError("the bucket cannot be reached", remedy="download the archive")

    monkeypatch.setattr("core.datasets.download.spacenet6.fetch_spacenet6", refuse)
    at = opened()
    at.button(key="fetch-spacenet6").click().run()
    at = joined(at, "fetch-spacenet6")
    assert not at.exception
    assert any("cannot be reached" in error.value for error in at.error)


def test_no_product_no_button(space: Path) -> None:
    at = opened()
    at.multiselect(key="spacenet6-products").set_value([]).run()
    assert at.button(key="fetch-spacenet6").disabled
