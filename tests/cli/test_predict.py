"""Many images at once, and files that are there already."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.windows import Window

from core.cli.main import main
from core.datasets.catalogue import open_dataset
from core.datasets.synthetic.dubai import write_demo
from core.provenance import is_own_file
from tests.imagery.test_raster import tiff

RNG = np.random.default_rng(19)


def scene(folder: Path, name: str, bands: int = 3) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(tiff(RNG.integers(0, 256, (40, 48, bands), np.uint8)))
    return path


def predict(*arguments: object) -> int:
    return main(["predict", *map(str, arguments), "--model", "tiny"])


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_broken_images_are_named_and_the_others_mapped(
    capsys: pytest.CaptureFixture[str], tiny_model: str, tmp_path: Path
) -> None:
    images = [scene(tmp_path / "in", f"t{i}.tif", 1 if i == 3 else 3) for i in range(5)]
    images[1].write_bytes(images[1].read_bytes()[:-900])
    (tmp_path / "in/text.tif").write_text("no image")
    images.insert(2, tmp_path / "in/text.tif")
    assert predict(*images, "--out", tmp_path / "out") == 1
    out, err = capsys.readouterr()
    assert {line.split("/")[-1] for line in out.split() if line.endswith(".json")} == {
        "t0.json", "t2.json", "t4.json",
    }  # fmt: skip
    assert {path.name[:2] for path in (tmp_path / "out").iterdir()} == {"t0", "t2", "t4"}
    lines = err.strip().split("\n")
    assert all(line.startswith("error: ") for line in lines)
    assert "text.tif" in lines[0] and "t1.tif" in lines[1] and "t3.tif" in lines[2]
    assert "has 1" in lines[2]
    assert lines[-1] == "error: 3 of 6 not mapped"
    assert "\r" not in err


def test_a_batch_goes_on_where_it_was(
    capsys: pytest.CaptureFixture[str], tiny_model: str, tmp_path: Path
) -> None:
    images = [scene(tmp_path / "in", f"t{i}.tif") for i in range(3)]
    out = tmp_path / "out"
    assert predict(*images[:2], "--out", out) == 0
    (out / "t1_color.png").unlink()
    times = {path: path.stat().st_mtime_ns for path in out.glob("t0*")}
    capsys.readouterr()
    assert predict(*images, "--out", out, "--resume") == 0
    stdout, err = capsys.readouterr()
    assert len(stdout.split()) == 3 * 4  # the files of all three, as ever
    assert "t0.tif: left as it is" in err
    assert "t1.tif: its results are made anew: a file is missing" in err and "t2" not in err
    assert times == {path: path.stat().st_mtime_ns for path in out.glob("t0*")}


def test_all_files_are_in_one_zip(
    capsys: pytest.CaptureFixture[str], tiny_model: str, tmp_path: Path
) -> None:
    images = [scene(tmp_path / "in", f"t{i}.tif") for i in range(2)]
    out = tmp_path / "out"
    assert predict(*images, "--out", out, "--zip", "--polygons") == 0
    *files, archive = map(Path, capsys.readouterr().out.split())
    assert archive == out / "results.zip" and is_own_file(archive)
    with zipfile.ZipFile(archive) as content:
        assert content.testzip() is None
        assert {name: content.read(name) for name in content.namelist()} == {
            path.name: path.read_bytes() for path in files
        }
    before = archive.read_bytes()
    assert predict(*images, "--out", out, "--zip", "--polygons", "--resume") == 0
    assert archive.read_bytes() == before  # its own, replaced by the same
    with zipfile.ZipFile(archive, "a") as content:
        content.writestr("notes.txt", "mine")
    assert not is_own_file(archive)
    capsys.readouterr()
    assert predict(*images, "--out", out, "--zip") == 1
    assert "results.zip is there already" in capsys.readouterr().err


def test_bands_that_stand_for_the_models(
    capsys: pytest.CaptureFixture[str], tiny_model: str, tmp_path: Path
) -> None:
    pixels = RNG.integers(0, 256, (40, 48, 5), np.uint8)
    for name, chosen in (("five.tif", pixels), ("three.tif", pixels[..., [4, 0, 2]])):
        (tmp_path / name).write_bytes(tiff(chosen))
    five, out = tmp_path / "five.tif", tmp_path / "out"
    assert predict(five, "--out", out) == 1
    assert "takes 3 bands, the image has 5" in (err := capsys.readouterr().err)
    assert "--bands 0,1,2, counted from 0" in err
    assert predict(five, "--out", out, "--bands", "4,0,2") == 0
    assert predict(tmp_path / "three.tif", "--out", out) == 0
    labels = [cv2.imread(str(out / f"{name}_labels.png"), -1) for name in ("five", "three")]
    np.testing.assert_array_equal(*labels)
    for text, words in (
        ("0,1", "takes 3 bands, and 2 bands are chosen (0,1)"),
        ("0,1,5", "band 5 is chosen (0,1,5), and the image has 5 bands, 0 to 4"),
    ):
        capsys.readouterr()
        assert predict(five, "--out", out, "--bands", text) == 1
        assert words in (err := capsys.readouterr().err) and "five.tif" in err
    capsys.readouterr()
    assert predict(five, "--out", out, "--bands", "4,0,2", "--resume") == 0
    assert "left as it is" in capsys.readouterr().err
    assert predict(five, "--out", out, "--bands", "0,1,2", "--resume") == 0
    assert "made with other options" in capsys.readouterr().err


def test_complex_values_are_refused(
    capsys: pytest.CaptureFixture[str], tiny_model: str, tmp_path: Path
) -> None:
    """They were a traceback: a percentile of them is none."""
    image = tmp_path / "slc.tif"
    image.write_bytes(tiff(RNG.random((40, 48, 3)).astype(np.complex64)))
    assert predict(image, "--out", tmp_path / "out") == 1
    assert "complex values, and a network takes real ones" in capsys.readouterr().err


def test_none_of_several_is_mapped(
    capsys: pytest.CaptureFixture[str], tiny_model: str, tmp_path: Path
) -> None:
    assert predict(tmp_path / "a.tif", tmp_path / "b.tif", "--out", tmp_path / "out") == 1
    assert capsys.readouterr().err.endswith("error: 2 of 2 not mapped\n")
    assert not (tmp_path / "out").exists()


def test_a_users_files_are_not_replaced(
    capsys: pytest.CaptureFixture[str], tiny_model: str, tmp_path: Path
) -> None:
    images = [scene(tmp_path, "a.tif"), scene(tmp_path, "x.tif")]
    cv2.imwrite(str(tmp_path / "x_labels.png"), np.zeros((40, 48), np.uint8))
    (tmp_path / "x.json").write_text(json.dumps({"shapes": [], "imagePath": "x.tif"}))
    (tmp_path / "x.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    before = contents(tmp_path)
    assert predict(*images, "--out", tmp_path, "--polygons") == 1
    out, err = capsys.readouterr()
    assert (out, err) == (
        "",
        "error: x.geojson, x.json and x_labels.png are there already, choose another --out or "
        "--overwrite\n",
    )
    assert contents(tmp_path) == before
    assert predict(*images, "--out", tmp_path, "--polygons", "--overwrite") == 0
    assert json.loads((tmp_path / "x.json").read_text())["model"] == "tiny"


def test_a_result_never_takes_the_place_of_another_image(
    capsys: pytest.CaptureFixture[str], tiny_model: str, tmp_path: Path
) -> None:
    images = [scene(tmp_path, "a.tif"), scene(tmp_path, "a_labels.tif")]
    before = contents(tmp_path)
    for extra in ([], ["--overwrite"]):
        assert predict(*images, "--out", tmp_path, *extra) == 1
        assert "a_labels.tif is one of the images" in capsys.readouterr().err
        assert contents(tmp_path) == before


def test_the_same_command_again_replaces_its_own_files(
    capsys: pytest.CaptureFixture[str], tiny_model: str, tmp_path: Path
) -> None:
    image = scene(tmp_path / "in", "x.tif")
    arguments = (image, "--out", tmp_path / "out", "--polygons", "--probabilities")
    assert predict(*arguments) == 0
    first = contents(tmp_path / "out")
    assert predict(*arguments) == 0
    assert contents(tmp_path / "out") == first
    # A result that was corrected by hand is not the program's any more.
    with rasterio.open(tmp_path / "out/x_labels.tif", "r+") as labels:
        labels.write(np.zeros((40, 48), np.uint8), 1)
    capsys.readouterr()
    assert predict(*arguments) == 1
    assert "x_labels.tif is there already" in capsys.readouterr().err


def test_activations_replace_their_own_files_alone(
    capsys: pytest.CaptureFixture[str], tiny_model: str, tmp_path: Path
) -> None:
    image = scene(tmp_path / "in", "x.tif")
    out = tmp_path / "out"
    command = ["activations", str(image), "--model", "tiny", "--out", str(out)]
    command += ["--layer", "enc1_relu2"]
    assert main(command) == 0
    assert main(command) == 0
    (out / "x_activations.json").write_text('{"mine": 1}')
    np.savez(out / "x_enc1_relu2.npz", maps=np.zeros(3))
    capsys.readouterr()
    assert main(command) == 1
    err = capsys.readouterr().err
    assert "x_activations.json and x_enc1_relu2.npz are there already" in err


def test_polygons_with_a_minimum_area_and_fewer_corners(
    tiny_model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = scene(tmp_path / "in", "x.tif")
    assert predict(image, "--out", tmp_path / "all", "--polygons") == 0
    assert (
        predict(image, "--out", tmp_path / "few", "--polygons", "--min-area", 2, "--simplify", 1)
        == 0
    )
    every, few = (
        json.loads((tmp_path / name / "x.geojson").read_text())["features"]
        for name in ("all", "few")
    )
    # Pixels of half a metre.
    assert [f["properties"] for f in few] == [
        f["properties"] for f in every if f["properties"]["area_m2"] >= 2
    ]
    assert "left out" not in capsys.readouterr().err
    arguments = ("--out", tmp_path / "none", "--polygons", "--min-area", 1e9)
    assert predict(image, *arguments) == 0
    assert f"x.tif: {len(every):,} polygon" in capsys.readouterr().err
    for wrong in (("--min-area", -1), ("--simplify", 21)):
        with pytest.raises(SystemExit):
            predict(image, "--out", tmp_path / "few", *wrong)


@pytest.mark.training
def test_evaluate_says_in_what_a_dataset_differs(
    capsys: pytest.CaptureFixture[str], tiny_model: str, space: Path, tmp_path: Path
) -> None:
    root = write_demo(tmp_path / "demo", scenes=1, size=64, seed=2)
    card = space / "models/tiny/model.json"
    content = json.loads(card.read_text())
    numbers = {"mean": [3.0] * 3, "std": [0.5] * 3, "low": [2.0] * 3, "high": [4.0] * 3}
    card.write_text(json.dumps(content | {"imagery": numbers}))
    assert main(["evaluate", "--model", "tiny", "--dataset", str(root), "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["images"] == 4
    assert err.startswith(f"warning: {open_dataset(root).samples[0].id}: the values lie ")
    assert "3 ± 0.5" in err


@pytest.mark.training
def test_a_killed_prediction_of_a_large_scene_goes_on(
    tiny_model: str, space: Path, tmp_path: Path
) -> None:
    """A scene that goes by windows by itself; killed without a chance to tidy up."""
    path = tmp_path / "scene.tif"
    pixels = RNG.integers(1, 256, (3, 1024, 1024), np.uint8)
    with rasterio.open(
        path, "w", driver="GTiff", height=4096, width=4096, count=3, dtype="uint8", tiled=True,
        blockxsize=512, blockysize=512, sparse_ok=True, crs="EPSG:32631",
        transform=Affine(0.5, 0, 6e5, 0, -0.5, 5.7e6),
    ) as file:  # fmt: skip
        for place in (0, 1024, 3072):
            file.write(pixels, window=Window(place, place, 1024, 1024))
    command = [sys.executable, "-m", "core", "predict", path, "--model", "tiny", "--confidence"]

    def start(out: Path, *more: str) -> subprocess.Popen[str]:
        words = [*map(str, command), "--out", str(out), *more]
        environment = os.environ | {"DSI_WORKSPACE": str(space)}
        return subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=environment)

    whole = start(tmp_path / "whole")
    assert whole.wait(timeout=300) == 0
    out = tmp_path / "out"
    state = out / ".dsi-scene.unfinished/state.json"
    killed = start(out)
    while not (state.is_file() and json.loads(state.read_text())["rows_done"]):
        assert killed.poll() is None, killed.communicate()
        time.sleep(0.02)
    killed.kill()
    killed.wait()
    assert state.is_file() and not list(out.glob("scene*"))
    again = start(out)
    message = again.communicate(timeout=300)[1]
    assert again.returncode == 1
    assert "an unfinished prediction of this image is there" in message and "--resume" in message
    resumed = start(out, "--resume")
    message = resumed.communicate(timeout=300)[1]
    assert resumed.returncode == 0 and "goes on after" in message
    assert contents(out) == contents(tmp_path / "whole")


def test_metres_and_pixels_exclude_each_other(tiny_model: str, tmp_path: Path) -> None:
    image = scene(tmp_path / "in", "x.tif")
    arguments = ("--out", tmp_path / "out", "--polygons", "--geopackage", "--confidence")
    assert predict(image, *arguments, "--simplify-metres", 1) == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "x_labels.png", "x_color.png", "x_labels.tif", "x.geojson", "x.gpkg", "x_confidence.tif",
        "x.json",
    }  # fmt: skip
    assert predict(image, *arguments, "--simplify-metres", 1) == 0  # all of them are its own
    with pytest.raises(SystemExit):
        predict(image, *arguments, "--simplify-metres", 1, "--simplify", 1)
