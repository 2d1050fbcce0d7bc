"""A file of ours is known by what is in it; everything else is left alone."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
import rasterio
from rasterio.crs import CRS

from core.classes import DUBAI_CLASSES
from core.errors import WorkspaceError
from core.imagery.header import Georeference
from core.imagery.output.write import geotiff_bytes, label_geotiff, png_bytes
from core.provenance import check_free, is_own_file, marked_json, marked_png, marked_zip

RNG = np.random.default_rng(14)
LABELS = RNG.integers(0, 5, (20, 30), np.uint8)
GRID = Georeference(CRS.from_epsg(32631), rasterio.Affine(2, 0, 6e5, 0, -2, 5.7e6))


def npz(values: np.ndarray) -> bytes:
    buffer = BytesIO()
    np.savez_compressed(buffer, values=values)
    return buffer.getvalue()


def as_json(value: object) -> bytes:
    return json.dumps(value, indent=2).encode()


PLAIN = {"image": "a.tif", "share": 0.1 + 0.2, "name": "Größe", "list": [1, 2.5, None]}
OURS = {
    "png": marked_png(png_bytes(LABELS)),
    "tif": label_geotiff(LABELS, GRID, DUBAI_CLASSES.colors, DUBAI_CLASSES.names),
    "probabilities.tif": geotiff_bytes(RNG.random((9, 8, 3)).astype(np.float32), GRID),
    "json": as_json(marked_json(PLAIN)),
    "npz": marked_zip(npz(LABELS)),
}
THEIRS = {
    "png": png_bytes(LABELS),
    "tif": OURS["tif"].replace(b"DeepSpaceImaging", b"OtherImageWriter"),
    "json": as_json(PLAIN),
    "generator.json": as_json(PLAIN | {"generator": "DeepSpaceImaging"}),
    "list.json": b"[1, 2]",
    "npz": npz(LABELS),
    "txt": b"DeepSpaceImaging 0123",
    "empty": b"",
}


def put(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", OURS)
def test_what_was_written_here_is_known(name: str, tmp_path: Path) -> None:
    path = put(tmp_path, name, OURS[name])
    assert is_own_file(path)
    check_free([path])


@pytest.mark.parametrize("name", THEIRS)
def test_what_was_not_is_left_alone(name: str, tmp_path: Path) -> None:
    path = put(tmp_path, name, THEIRS[name])
    assert not is_own_file(path)
    with pytest.raises(WorkspaceError, match=r"is there already.*--overwrite"):
        check_free([path])
    check_free([path], overwrite=True)


@pytest.mark.parametrize("name", OURS)
def test_a_result_that_was_edited_is_somebodys_work(name: str, tmp_path: Path) -> None:
    data = bytearray(OURS[name])
    data[len(data) // 3] ^= 1
    assert not is_own_file(put(tmp_path, name, bytes(data)))


def test_a_label_map_corrected_in_place_is_not_replaced(tmp_path: Path) -> None:
    path = put(tmp_path, "x_labels.tif", OURS["tif"])
    with rasterio.open(path, "r+") as dataset:
        dataset.write(np.zeros_like(LABELS), 1)
        assert dataset.tags()["TIFFTAG_SOFTWARE"].startswith("DeepSpaceImaging ")
    assert not is_own_file(path)


def test_the_marks_change_no_content(tmp_path: Path) -> None:
    picture = cv2.imdecode(np.frombuffer(OURS["png"], np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(picture, LABELS)
    with np.load(put(tmp_path, "a.npz", OURS["npz"])) as file:
        np.testing.assert_array_equal(file["values"], LABELS)
    with rasterio.open(put(tmp_path, "a.tif", OURS["tif"])) as dataset:
        np.testing.assert_array_equal(dataset.read(1), LABELS)
    assert {k: v for k, v in json.loads(OURS["json"]).items() if k != "generator"} == PLAIN


def test_no_result_takes_the_place_of_an_image(tmp_path: Path) -> None:
    image = put(tmp_path, "a_labels.tif", OURS["tif"])
    with pytest.raises(WorkspaceError, match=r"a_labels\.tif is one of the images"):
        check_free([tmp_path / "a.json", image], [image], overwrite=True)
    link = tmp_path / "link.tif"
    link.symlink_to(image)
    with pytest.raises(WorkspaceError, match="one of the images"):
        check_free([link], [image], overwrite=True)


def test_the_files_in_the_way_are_named(tmp_path: Path) -> None:
    files = [put(tmp_path, f"{i}.json", b"{}") for i in range(9)]
    with pytest.raises(WorkspaceError) as caught:
        check_free([files[1], files[0], tmp_path / "free.json", files[2]])
    assert str(caught.value) == (
        "0.json, 1.json and 2.json are there already, choose another --out or --overwrite"
    )
    with pytest.raises(WorkspaceError, match=r"0\.json, .*, 3\.json and 5 more are there"):
        check_free(files)
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "gone.json").symlink_to(tmp_path / "nowhere")
    with pytest.raises(WorkspaceError, match=r"folder\.json and gone\.json are"):
        check_free([tmp_path / "folder.json", tmp_path / "gone.json"])
