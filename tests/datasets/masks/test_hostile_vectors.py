"""Label files that name other files or addresses, or are no such files."""

from __future__ import annotations

import json
import os
import socketserver
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pyogrio
import pytest
import shapely

from core.cli.main import main
from core.datasets.masks import vector_file
from core.datasets.masks.vector_file import list_layers, read_attributes, read_geometries
from core.errors import DatasetError
from tests.datasets.masks.vector_attacks import square

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
