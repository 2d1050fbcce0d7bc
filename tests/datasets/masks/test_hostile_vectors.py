"""Label files that name other files or addresses, are no such files, or never end."""

from __future__ import annotations

import json
import os
import socketserver
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pyogrio
import pytest
import shapely

from core.cli.main import main
from core.datasets.masks import vector_file
from core.datasets.masks.footprints import _areas
from core.datasets.masks.vector_file import list_layers, read_attributes, read_geometries
from core.errors import DatasetError
from core.untrusted.bounded import Bounded, OutOfBounds, Refused
from core.untrusted.time_budget import TimeBudget
from tests.conftest import REPOSITORY

SECRET = "root-of-all-evil"


@pytest.fixture
def heard() -> Iterator[tuple[str, list[str]]]:
    """An address of this machine, and what it was asked for."""
    asked: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked.append(self.rfile.readline().decode())

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/x", asked
        server.shutdown()


def square(**more: object) -> dict[str, object]:
    ring = [[0, 0], [9, 0], [9, 9], [0, 9], [0, 0]]
    feature = {
        "type": "Feature",
        "properties": {"crs": "a name"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    return {"type": "FeatureCollection", **more, "features": [feature]}


def looked_at(path: Path) -> str:
    """All that reading a file brings to light, or what is said of it."""
    try:
        return f"{list_layers(path)} {read_attributes(path)} {read_geometries(path, '', '')}"
    except DatasetError as error:
        return str(error)


VIRTUAL = {
    "vrt": '<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>CSV:{secret}</SrcDataSource>'
    "</OGRVRTLayer></OGRVRTDataSource>",
    "vrt-address": '<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>/vsicurl/{url}'
    "</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>",
    "wfs": "<OGRWFSDataSource><URL>{url}</URL></OGRWFSDataSource>",
    "gdalg": '{{"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline ! read {url}"}}',
    "csv": "secret\n{secret}\n",
    "gml": '<gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml" '
    'xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="{url}"/>',
    "esri": '{{"displayFieldName": "", "geometryType": "esriGeometryPolygon", "features": []}}',
    "topojson": '{{"type": "Topology", "objects": {{}}, "arcs": []}}',
    "stac": '{{"type": "FeatureCollection", "links": [{{"href": "{url}"}}], "features": []}}',
}


@pytest.mark.parametrize("name", ["labels.gpkg", "labels.geojson", "labels.ndjson"])
@pytest.mark.parametrize("kind", VIRTUAL)
def test_no_other_driver_opens_a_label_file(
    tmp_path: Path, heard: tuple[str, list[str]], kind: str, name: str
) -> None:
    url, asked = heard
    secret = tmp_path / "secret.csv"
    secret.write_text(f"name\n{SECRET}\n")
    path = tmp_path / name
    path.write_text(VIRTUAL[kind].format(url=url, secret=secret))
    assert SECRET not in looked_at(path)
    assert not asked


@pytest.mark.parametrize("module", ["VirtualText('{}', UTF-8, 0)", "VirtualGeoJSON('{}')"])
@pytest.mark.parametrize("as_view", [False, True])
def test_no_table_of_a_geopackage_is_another_file(
    tmp_path: Path, module: str, as_view: bool
) -> None:
    """SpatiaLite, which GDAL loads where it is there, has tables that are files by their path."""
    outside = tmp_path / "outside.geojson"
    outside.write_text(json.dumps(square()).replace("a name", SECRET))
    path = tmp_path / "labels.gpkg"
    ring = shapely.to_wkb(np.array([shapely.box(0, 0, 9, 9)]))
    pyogrio.raw.write(
        path, geometry=ring, field_data=[np.array(["a"])], fields=["kind"], layer="roofs",
        geometry_type="Polygon", crs="EPSG:32631",
    )  # fmt: skip
    columns = "COL001" if "Text" in module else "crs"
    view = f"create view seen as select ROWID as fid, {columns} from file"
    with sqlite3.connect(path) as database:
        database.execute("pragma writable_schema=on")
        add = (
            "insert into sqlite_master (type, name, tbl_name, rootpage, sql) values (?, ?, ?, 0, ?)"
        )
        table = f"create virtual table file using {module.format(outside)}"
        database.execute(add, ("table", "file", "file", table))
        database.execute(add, ("view", "seen", "seen", view))
        database.execute(
            "insert into gpkg_contents (table_name, data_type, identifier, srs_id) "
            "values (?, 'attributes', 'x', 0)",
            ("seen" if as_view else "file",),
        )
    names = [layer.name for layer in list_layers(path)]
    assert names[0] == "roofs"
    for name in ("file", "seen"):
        try:
            read = f"{read_attributes(path, (name,))} {read_geometries(path, name, '')}"
        except DatasetError as error:
            read = str(error)
        assert SECRET not in read


def test_gml_that_is_called_a_geopackage(
    tmp_path: Path, heard: tuple[str, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, and none of the files that GDAL's driver for GML leaves beside what it reads."""
    url, asked = heard
    root = tmp_path / "set"
    (root / "images").mkdir(parents=True)
    cv2.imwrite(str(root / "images/a.png"), np.zeros((8, 8, 3), np.uint8))
    (root / "labels").mkdir()
    (root / "labels/a.gpkg").write_text(VIRTUAL["gml"].format(url=url))
    with pytest.raises(DatasetError, match=r"a\.gpkg") as caught:
        list_layers(root / "labels/a.gpkg")
    assert "\n" not in str(caught.value)
    assert main(["audit", str(root), "--json"]) == 0
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert any("a.gpkg" in p["detail"] and "\n" not in p["detail"] for p in problems), problems
    assert sorted(p.name for p in root.rglob("*") if p.is_file()) == ["a.gpkg", "a.png"]
    assert not asked


@pytest.mark.parametrize(
    "crs",
    [
        '"crs": {"type": "link", "properties": {"href": "URL", "type": "proj4"}}',
        '"crs": {"type": "URL", "properties": {"url": "URL"}}',
        '"CRS" : {"type": "name", "Type": "link", "properties": {"href": "URL"}}',
        '"cr\\u0073": {"type": "li\\u006ek", "properties": {"href": "URL"}}',
        '"crs\\u0000x": {"type": "link", "properties": {"href": "URL"}}',
        '"crs": {"type\\u0000": "link", "properties": {"href": "URL"}}',
        '"crs": {"properties": {"href": "URL"}, "type": "link", "a": '
        + "[" * 9000
        + "]" * 9000
        + "}",
    ],
)
def test_a_reference_system_is_never_fetched(
    tmp_path: Path, heard: tuple[str, list[str]], crs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, asked = heard
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    path = tmp_path / "labels.geojson"
    text = json.dumps(square(NAME=1)).replace('"NAME": 1', crs.replace("URL", url))
    path.write_text(text)
    with pytest.raises(DatasetError, match="by an address"):
        list_layers(path)
    assert not asked


def test_nobody_is_asked_where_such_a_file_is_opened_all_the_same(
    tmp_path: Path, heard: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, asked = heard
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(vector_file, "_crs_elsewhere", lambda _: False)
    vector_file._reader().close()  # its processes were begun before
    path = tmp_path / "labels.geojson"
    crs = {"type": "link", "properties": {"href": url, "type": "proj4"}}
    path.write_text(json.dumps(square(crs=crs)))
    looked_at(path)
    assert not asked


@pytest.mark.parametrize(
    "crs",
    [
        None,
        {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32631"}},
        {"type": "name", "properties": {"name": "http://www.opengis.net/def/crs/EPSG/0/32631"}},
    ],
)
def test_named_ones_are_read(tmp_path: Path, crs: object) -> None:
    path = tmp_path / "labels.geojson"
    path.write_text(json.dumps(square(crs=crs)))
    shapes, values, system = read_geometries(path, "", "crs")
    assert shapes is not None and len(shapes) == 1
    assert values == ["a name"]
    assert system == ("EPSG:32631" if crs else "EPSG:4326")


def test_a_pipe_and_a_device_are_no_labels(tmp_path: Path) -> None:
    pipe = tmp_path / "a.geojson"
    os.mkfifo(pipe)
    (tmp_path / "zero.gpkg").symlink_to("/dev/zero")
    for path in (pipe, tmp_path / "zero.gpkg"):
        with pytest.raises(DatasetError, match="is no file"):
            list_layers(path)


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
def test_attributes_by_the_ten_thousand(tmp_path: Path, features: int) -> None:
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
    start = time.monotonic()
    for read in (list_layers, read_attributes):
        with pytest.raises(DatasetError, match="more than 4,096 different attributes"):
            read(path)
    assert time.monotonic() - start < 5
    kept["features"] = [{**feature, "properties": {"a": "b"}}] * 5000
    path.write_text(json.dumps(kept))
    assert set(read_attributes(path)) == {"a"}


def test_a_text_without_an_end_is_gone_through_once(tmp_path: Path) -> None:
    path = tmp_path / "labels.geojson"
    path.write_text('{"a": "' + '\\"' * 2_000_000)
    start = time.monotonic()
    with pytest.raises(DatasetError, match="cannot be read"):
        list_layers(path)
    assert time.monotonic() - start < 20


def test_a_budget_is_that_of_a_file() -> None:
    budget = TimeBudget()
    assert budget.left("a", "layers", 30) == 30
    budget.spend("a", "layers", 20)
    assert budget.left("a", "layers", 30) == 30  # the same again costs nothing more
    assert budget.left("a", "attributes", 30) == 10
    assert budget.left("b", "attributes", 30) == 30
    budget.spend("a", "attributes", 10)
    assert budget.left("a", "layers", 30) == budget.left("a", "extent", 30) == 0


def geopackage(path: Path) -> Path:
    ring = shapely.to_wkb(np.array([shapely.box(0, 0, 9, 9)]))
    pyogrio.raw.write(
        path, geometry=ring, field_data=[np.array(["a"])], fields=["kind"], layer="roofs",
        geometry_type="Polygon", crs="EPSG:32631",
    )  # fmt: skip
    return path


def test_nothing_is_left_beside_a_geopackage_with_a_log(tmp_path: Path) -> None:
    """Two empty files lay there then, in a folder of data that is never written to."""
    path = geopackage(tmp_path / "a.gpkg")
    database = sqlite3.connect(path)
    database.execute("pragma journal_mode=wal")
    database.close()
    content = path.read_bytes()
    assert [layer.name for layer in list_layers(path)] == ["roofs"]
    assert read_attributes(path) == {"kind": ["a"]}
    assert vector_file.label_extent(path).bounds == (0, 0, 9, 9)
    assert read_geometries(path, "roofs", "kind")[1] == ["a"]
    assert list(tmp_path.iterdir()) == [path] and path.read_bytes() == content
    # What is in a log counts, as long as somebody has it open.
    database = sqlite3.connect(path)
    triggers = database.execute("select name from sqlite_master where type='trigger'").fetchall()
    for (name,) in triggers:
        database.execute(f'drop trigger "{name}"')
    database.execute("update roofs set kind='b'")
    database.commit()
    assert read_attributes(path) == {"kind": ["b"]}
    database.close()


@pytest.mark.parametrize("date", ["0000-01-01", "9999-12-31", "2024-05-06", "2024-05-06T07:08:09Z"])
def test_a_date_of_any_year_is_a_text(tmp_path: Path, date: str) -> None:
    """A date without a number in NumPy made all labels damaged or cut off."""
    path = tmp_path / "labels.geojson"
    [feature] = square()["features"]  # type: ignore[misc]
    features = [{**feature, "properties": {"built": date, "kind": "a"}}]
    path.write_text(json.dumps({**square(), "features": features}))
    texts = read_attributes(path)
    assert texts["kind"] == ["a"]
    assert texts["built"][0].replace("/", "-").startswith(date[:10])


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
    start = time.monotonic()
    with pytest.raises(DatasetError, match=r"more than (2 s|2\.0 GiB) to read"):
        read_geometries(endless, "roofs", "kind")
    assert time.monotonic() - start < 30


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
