"""Label files that never end, and the process that reads them within bounds."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely

from core.datasets.masks import vector_file
from core.datasets.masks.footprints import _areas
from core.datasets.masks.vector_file import list_layers, read_attributes, read_geometries
from core.errors import DatasetError
from core.untrusted.bounded import Bounded, OutOfBounds, Refused
from core.untrusted.time_budget import TimeBudget
from tests.conftest import REPOSITORY
from tests.datasets.masks.vector_attacks import square


@pytest.mark.parametrize("name", ["a.geojson", "a.gpkg"])
def test_no_file_is_read_beyond_its_limit(tmp_path: Path, name: str) -> None:
    with (tmp_path / name).open("wb") as file:
        file.truncate(600 * 1024**2)  # takes no place on the disk
    for read in (list_layers, read_attributes):
        with pytest.raises(DatasetError, match=r"take 0\.6 GiB, and 0\.5 GiB is the limit"):
            read(tmp_path / name)


def test_a_first_line_nested_without_end(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_text("[" * 100_000 + "\n{}\n")
    with pytest.raises(DatasetError, match="cannot be read"):
        list_layers(path)


@pytest.mark.parametrize("features", [1, 600])
def test_attributes_by_the_ten_thousand(
    tmp_path: Path, features: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """60,000 of them took most of a minute."""
    path = tmp_path / "labels.geojson"
    each = 60_000 // features
    kept = square()
    [feature] = kept["features"]  # type: ignore[misc]
    kept["features"] = [
        {**feature, "properties": {f'{n} " {k}': "a: b" for k in range(each)}}
        for n in range(features)
    ]
    path.write_text(json.dumps(kept))
    with monkeypatch.context() as patch:
        # It was GDAL that took so long: it is not even asked.
        asked: list[object] = []
        patch.setattr(vector_file, "_reader", lambda: asked.append(path))
        for read in (list_layers, read_attributes):
            with pytest.raises(DatasetError, match="more than 4,096 different attributes"):
                read(path)
        assert not asked
    kept["features"] = [{**feature, "properties": {"a": "b"}}] * 5000
    path.write_text(json.dumps(kept))
    assert set(read_attributes(path)) == {"a"}


def test_a_text_without_an_end_is_gone_through_once(tmp_path: Path) -> None:
    path = tmp_path / "labels.geojson"
    path.write_text('{"a": "' + '\\"' * 2_000_000)
    with pytest.raises(DatasetError, match="cannot be read"):
        list_layers(path)
    # Two texts: the second reaches to the end, and is not looked for again at each of its marks.
    texts = list(vector_file._TEXT.finditer(path.read_bytes()))
    assert [text.end() for text in texts] == [5, path.stat().st_size]


def test_a_budget_is_that_of_a_file() -> None:
    budget = TimeBudget()
    assert budget.left("a", "layers", 30) == 30
    budget.spend("a", "layers", 20)
    assert budget.left("a", "layers", 30) == 30  # the same again costs nothing more
    assert budget.left("a", "attributes", 30) == 10
    assert budget.left("b", "attributes", 30) == 30
    budget.spend("a", "attributes", 10)
    assert budget.left("a", "layers", 30) == budget.left("a", "extent", 30) == 0


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A GeoPackage whose layer is a view without an end."""
    path = tmp_path / "labels.gpkg"
    ring = shapely.to_wkb(np.array([shapely.box(0, 0, 9, 9)]))
    pyogrio.raw.write(
        path, geometry=ring, field_data=[np.array(["a"])], fields=["kind"], layer="roofs",
        geometry_type="Polygon", crs="EPSG:32631",
    )  # fmt: skip
    with sqlite3.connect(path) as database:
        triggers = database.execute("select name from sqlite_master where type='trigger'")
        for (name,) in triggers.fetchall():
            database.execute(f'drop trigger "{name}"')
        database.execute("delete from gpkg_ogr_contents")  # how many there are
        database.execute("alter table roofs rename to those")
        database.execute(
            "create view roofs as with recursive n(fid) as (select 1 union all select fid + 1 "
            "from n) select n.fid, those.geom, those.kind from n, those"
        )
    return path


def test_a_view_without_an_end_has_one(endless: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_file, "_SECONDS", 2)
    budget = TimeBudget()
    monkeypatch.setattr(vector_file, "_BUDGET", budget)
    asked: list[float] = []
    call = Bounded.call

    def counted(self: Bounded, *arguments: Any, seconds: float, **more: Any) -> Any:
        asked.append(seconds)
        return call(self, *arguments, seconds=seconds, **more)

    monkeypatch.setattr(Bounded, "call", counted)
    with pytest.raises(DatasetError, match=r"more than (2 s|2\.0 GiB) to read"):
        read_geometries(endless, "roofs", "kind")
    assert len(asked) == 1 and asked[0] < 3  # the seconds after which its process is ended


def test_one_file_does_not_hold_up_another(
    endless: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_file, "_SECONDS", 10)
    other = tmp_path / "other.geojson"
    other.write_text(json.dumps(square()))
    said: list[str] = []

    def read() -> None:
        try:
            read_geometries(endless, "roofs", "kind")
        except DatasetError as error:
            said.append(str(error))

    slow = threading.Thread(target=read)
    slow.start()
    time.sleep(0.5)
    assert len(list_layers(other)) == 1
    assert slow.is_alive()
    slow.join()
    assert "more than" in said[0]


def test_a_file_that_took_its_time_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page asks several things of one file, each of which took half a minute."""
    path = tmp_path / "labels.geojson"
    path.write_text(json.dumps(square()))
    asked: list[float] = []

    class Slow:
        def call(self, *_: object, seconds: float, spent: Callable[[float], None]) -> object:
            asked.append(seconds)
            spent(seconds)
            raise OutOfBounds(f"{seconds:.0f} s")

    monkeypatch.setattr(vector_file, "_SECONDS", 1)
    monkeypatch.setattr(vector_file, "_reader", Slow)
    for read in (list_layers, read_attributes, vector_file.label_extent):
        with pytest.raises(DatasetError, match="more than 1 s to read"):
            read(path)
    assert len(asked) == 1


@pytest.fixture
def bounded() -> Bounded:
    return Bounded("tests.datasets.masks.bounded_functions", 1024**3)


def test_bounds_of_memory_and_time(bounded: Bounded) -> None:
    assert bounded.call("double", np.arange(3), seconds=20).tolist() == [0, 2, 4]
    with pytest.raises(OutOfBounds, match=r"1\.0 GiB"):
        bounded.call("fill", 2 * 1024**3, seconds=20)
    with pytest.raises(OutOfBounds, match="1 s"):
        bounded.call("wait", 60, seconds=1)
    with pytest.raises(Refused, match="not so"):
        bounded.call("refuse", "not so", seconds=20)
    with pytest.raises(Refused, match="ended unexpectedly"):
        bounded.call("die", seconds=20)
    assert bounded.call("double", 4, seconds=20) == 8


def test_a_call_ends_when_nobody_waits_for_it(tmp_path: Path) -> None:
    """The server is killed while a file that never ends is read."""
    code = (
        "import os, threading, time\n"
        "from core.untrusted.bounded import Bounded\n"
        "b = Bounded('tests.datasets.masks.bounded_functions', 1024**3)\n"
        "b.call('double', 1, seconds=9)\n"
        "print(b._free[0]._process.pid, flush=True)\n"
        "threading.Thread(target=b.call, args=('spin',), kwargs={'seconds': 0.5}).start()\n"
        "time.sleep(0.2)\n"
        "os._exit(0)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY
    )
    process = Path("/proc") / run.stdout.strip()
    deadline = time.monotonic() + 60
    while process.exists() and "Z" not in (process / "stat").read_text().split()[2]:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_process_writes_no_file(bounded: Bounded, tmp_path: Path) -> None:
    with pytest.raises(Refused):
        bounded.call("write", str(tmp_path / "a"), seconds=20)
    assert not (tmp_path / "a").exists() or (tmp_path / "a").stat().st_size == 0


def test_an_outline_that_crosses_itself_a_thousand_times() -> None:
    """Repairing it took a minute."""
    bow = shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    tangle = shapely.Polygon(np.random.default_rng(0).random((1000, 2)) * 100)
    flat = shapely.Polygon([(0, 0), (5, 5), (9, 9)])
    one, many, none = _areas([bow, tangle, flat])
    assert one == pytest.approx(50, rel=0.02)
    assert 3000 < many < 6000  # half of what it goes around
    assert none < 0.01
