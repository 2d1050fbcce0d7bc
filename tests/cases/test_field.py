"""The inputs in ../shared/cases/field, where they are: every `expected.txt` holds.

They are small files in the forms that people report, with the right numbers. They lie outside the
repository; without them these tests are skipped, and the tests beside the code make their own.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from core.cli.main import main
from core.datasets.audit.audit import Audit, audit
from core.datasets.catalogue import open_dataset
from core.datasets.masks.single_mask import mask_readings
from core.errors import DSIError
from core.imagery.display import bands_of, to_rgb
from core.imagery.raster import read_raster
from tests.conftest import REPOSITORY

CASES = REPOSITORY.parent / "shared" / "cases" / "field"
COUNTS = [6614, 778, 800]
Command = Callable[..., tuple[int, str, str]]


def case(name: str) -> Path:
    """The input of a case; the test is skipped where it is not."""
    folder = CASES / name / "input"
    if not folder.is_dir():
        pytest.skip(f"the case {name} is not there (../shared/cases/field, outside the repository)")
    return folder


def audited(folder: Path) -> Audit:
    return audit(open_dataset(folder))


def counts(report: Audit) -> list[int]:
    return list(report.pixels_per_class.values())


def kinds(report: Audit) -> set[str]:
    return {problem.kind for problem in report.problems}


@pytest.mark.parametrize("name", ["prefix", "prefix2", "middle", "noboundary", "target"])
def test_name_forms(name: str) -> None:
    report = audited(case("name-forms") / name)
    assert counts(report) == COUNTS
    assert not report.problems


@pytest.mark.parametrize("name", ["case", "doubleext", "irrg"])
def test_other_name_forms(name: str) -> None:
    assert counts(audited(case("name-forms") / name)) == COUNTS


@pytest.mark.parametrize("name", ["isprs", "loveda", "mass", "mmseg", "regions", "roboflow", "voc"])
def test_layouts_as_shipped(name: str) -> None:
    report = audited(case("layouts-as-shipped") / name)
    assert counts(report) == COUNTS
    if name == "roboflow":
        assert report.classes == ("background", "building", "road")
    if name == "loveda":
        assert {facts.scene for facts in report.facts} == {"Rural", "Urban"}


@pytest.mark.parametrize(
    ("folder", "values"), [("tens", ("10", "50", "90")), ("gaps", ("1", "2", "5"))]
)
def test_class_id_gaps(folder: str, values: tuple[str, ...]) -> None:
    report = audited(case("class-id-gaps") / folder)
    assert counts(report) == [13206, 1578, 1600]
    assert [name.split()[-1] for name in report.classes] == list(values)


@pytest.mark.parametrize("folder", ["voc", "black", "cover"])
def test_palette_index(folder: str) -> None:
    report = audited(case("palette-index") / folder)
    expected = {"Tree": 13206 - 512, "Built": 1578, "Water": 1600}
    if folder != "cover":
        expected = {"background": 13206, "building": 1578, "road": 1600}
    assert report.pixels_per_class == expected
    assert report.void_pixels == (512 if folder == "cover" else 0)


@pytest.mark.parametrize("folder", ["set", "set01"])
def test_one_class_table(folder: str) -> None:
    report = audited(case("one-class-table") / folder)
    assert report.pixels_per_class == {"background": 22176, "building": 2400}


def test_jpeg_masks() -> None:
    folder = case("jpeg-masks")
    grey = audited(folder / "grey").pixels_per_class
    assert grey == pytest.approx({"land": 22176, "water": 2400}, rel=0.03)
    (problem,) = audited(folder / "colour").problems
    assert not problem.sample and len(problem.actions) >= 1


def test_gpkg_layers() -> None:
    folder = case("gpkg-layers")
    assert counts(audited(folder / "byclass"))[1:] == [400, 400]
    with pytest.raises(DSIError, match="layers aoi, buildings"):
        open_dataset(folder / "aoi")


def test_vector_no_background() -> None:
    report = audited(case("vector-no-background") / "set")
    assert report.pixels_per_class == {"background": 6592, "road": 800, "roof": 800}


def test_exif_orientation() -> None:
    folder = case("exif-orientation") / "set"
    assert audited(folder).problems == ()
    dataset = open_dataset(folder)
    assert read_raster(folder / "images/t1.jpg").pixels.shape[:2] == (64, 48)
    for sample in dataset.samples:
        pixels = dataset.load_image(sample).pixels.astype(float)
        labels = dataset.load_labels(sample, pixels.shape[:2])
        # Roofs are brighter than the ground and water is bluer.
        assert pixels[labels == 1].mean() > pixels[labels == 0].mean() + 30
        assert (pixels[labels == 2][:, 2] - pixels[labels == 2][:, 0]).mean() > 30


def test_grid_without_crs() -> None:
    report = audited(case("grid-without-crs") / "set")
    assert report.pixels_per_class["Foreground"] == 800


def test_local_cs() -> None:
    assert len(audited(case("local-cs") / "set").problems) <= 1


@pytest.mark.parametrize("name", ["internal.tif", "internal_jpeg.tif", "sidecar.tif"])
def test_mask_band(name: str) -> None:
    raster = read_raster(case("mask-band") / name)
    assert np.count_nonzero(~raster.valid) == 3840
    assert not raster.valid[:, :40].any()


def test_partial_nodata() -> None:
    dataset = open_dataset(case("partial-nodata") / "set")
    means = []
    for sample in dataset.samples:
        raster = dataset.load_image(sample)
        means.append(raster.pixels[..., 2][raster.valid].mean())
        assert (raster.pixels[raster.valid] > -1).all()
    assert np.mean(means) == pytest.approx(0.3, abs=0.1)
    details = [p.detail for p in audit(dataset).problems if p.kind == "no-data"]
    assert "31% of the image is without data; band 3 lacks data in 31% of the pixels" in details[0]


@pytest.mark.parametrize("folder", ["m9999", "m32767", "flt_min"])
def test_untagged_nodata(folder: str) -> None:
    report = audited(case("untagged-nodata") / folder)
    problems = [p for p in report.problems if p.kind == "fill-value"]
    assert len(problems) == len(report.facts)
    assert "no-data" not in kinds(report)  # it is the same fact
    assert "512 px of -" in problems[0].detail and "gdal_edit.py" in problems[0].fix
    assert "near-duplicate" not in kinds(report)
    assert np.mean([f.band_mean[0] for f in report.facts]) == pytest.approx(96, abs=5)


@pytest.mark.parametrize("color", ["white", "black"])
def test_white_border(color: str) -> None:
    problems = [p for p in audited(case("white-border") / color).problems if p.kind == "no-data"]
    assert problems
    assert f"{color} border; the rest is 44 × 39 pixels at x 20, y 25" in problems[0].detail
    assert problems[0].actions


def test_mixed_scaling() -> None:
    folder = case("mixed-scaling")
    (problem,) = (p for p in audited(folder / "dn_and_reflectance").problems if not p.sample)
    assert "6 images with means near 4,0" in problem.detail and "e+0" not in problem.detail
    assert "two groups: 6" in problem.detail and "t00" in problem.detail
    assert len(problem.actions) == 2
    assert "another scaling" in problem.detail
    (problem,) = (p for p in audited(folder / "offset_tags").problems if not p.sample)
    assert "offset 0 (4 images)" in problem.detail and "offset -0.1" in problem.detail


def test_band_order_tags() -> None:
    dataset = open_dataset(case("band-order-tags") / "planet")
    sample = dataset.samples[0]
    raster = dataset.load_image(sample)
    rgb = to_rgb(
        raster.pixels, raster.valid, bands=bands_of(raster.pixels, raster.header.named_bands)
    ).astype(int)
    water = rgb[dataset.load_labels(sample) == 2]
    assert water[:, 2].mean() > water[:, 0].mean()


def test_truth_0255() -> None:
    folder = case("truth-0255")
    dataset = open_dataset(folder / "set")
    expected = dataset.load_labels(dataset.sample("t0"))
    assert np.count_nonzero(expected == 1) == 400
    for name in ("set/masks/t0.png", "truth_bool.tif", "truth_rgb.png"):
        readings = mask_readings(
            folder / name, dataset.classes, expected.shape, name=name, coding=dataset.coding
        )
        np.testing.assert_array_equal(readings[0].truth.labels, expected)


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], space: Path) -> Command:
    """``python -m core`` in this process: exit code, stdout and stderr."""

    def run(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([str(word) for word in words])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.mark.training
def test_predict_cases_at_once(tmp_path: Path, space: Path, command: Command) -> None:
    """One call for all, since TensorFlow takes seconds to start."""
    files = [
        *(case("web-mercator-area") / f"{stem}.tif" for stem in ("merc60", "merc25")),
        case("local-cs") / "site.tif",
        case("grid-without-crs") / "set/images/t0.tif",
        *(case("world-file") / name for name in ("ortho.tif", "ortho_jpg.jpg", "ortho_png.png")),
        case("band-order-tags") / "bgr.tif",
        *(case("batch-with-broken") / f"t{index}.tif" for index in range(5)),
    ]
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    for file in files:
        name = file.name if file.parent.name != "images" else f"grid_{file.name}"
        for beside in (file, *file.parent.glob(f"{file.stem}.*")):
            if beside.stem == file.stem:
                shutil.copy(beside, inputs / (name if beside == file else beside.name))
    names = [f.name if f.parent.name != "images" else f"grid_{f.name}" for f in files]
    out = tmp_path / "out"
    code, _, errors = command(
        *("predict", *(str(inputs / name) for name in names), "--model", "dubai-unet"),
        *("--out", str(out), "--polygons"),
    )

    def report(stem: str) -> dict[str, Any]:
        return dict(json.loads((out / f"{stem}.json").read_text()))

    assert code == 1 and "Traceback" not in errors
    assert "t1.tif" in errors and "t3.tif" in errors
    assert errors.rstrip().endswith(f"2 of {len(files)} not mapped")
    assert all((out / f"t{index}_labels.png").is_file() for index in (0, 2, 4))

    assert report("merc60")["pixel_area_m2"] == pytest.approx(0.251, rel=0.01)
    assert report("merc25")["pixel_area_m2"] == pytest.approx(0.815, rel=0.01)
    areas = [entry["area_m2"] for entry in report("merc60")["classes"].values()]
    assert sum(areas) == pytest.approx(2312, rel=0.01)
    features = json.loads((out / "merc60.geojson").read_text())["features"]
    assert sum(f["properties"]["area_m2"] for f in features) == pytest.approx(2312, rel=0.01)

    assert "no_area" in report("site") and "pixel_area_m2" not in report("site")
    grid = case("grid-without-crs") / "set/images/t0.tif"
    source, result = read_raster(grid), read_raster(out / "grid_t0_labels.tif")
    assert source.georeference is not None and result.georeference is not None
    assert result.georeference.transform == source.georeference.transform
    assert result.georeference.crs is None

    for stem in ("ortho", "ortho_jpg", "ortho_png"):
        assert report(stem)["pixel_area_m2"] == pytest.approx(0.25, rel=1e-3)
        place = read_raster(out / f"{stem}_labels.tif").georeference
        assert place is not None and place.crs is not None and place.crs.to_epsg() == 32640
        assert (place.transform.c, place.transform.f) == (325000, 2790000)
    ring = json.loads((out / "ortho.geojson").read_text())["features"][0]["geometry"]
    assert ring["coordinates"][0][0] == pytest.approx([55.263, 25.216], abs=1e-3)

    assert "bgr.tif" in errors and "blue" in errors


def test_own_files_overwritten(tmp_path: Path, space: Path, command: Command) -> None:
    folder = shutil.copytree(case("own-files-overwritten"), tmp_path / "input")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    for images, words in (
        (["x.tif"], "x.geojson, x.json and x_labels.png are there already"),
        (["a.tif", "a_labels.tif"], "a_labels.tif"),
    ):
        code, out, errors = command(
            *("predict", *(str(folder / name) for name in images), "--model", "dubai-unet"),
            *("--out", str(folder), "--polygons"),
        )
        assert (code, out) == (1, "")
        assert words in errors and len(errors.splitlines()) == 1
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("colab.keras", "Keras model"),
        ("colab.h5", "model.json"),
        ("colab.weights.h5", "weights"),
        ("saved_model", "SavedModel"),
        ("colab.onnx", "ONNX"),
        ("colab.pth", "PyTorch"),
    ],
)
def test_foreign_models(name: str, words: str) -> None:
    from core.models.store import find_model

    with pytest.raises(DSIError) as error:
        find_model(str(case("foreign-models") / name))
    assert words in str(error.value)
    assert "there is no model" not in str(error.value)


@pytest.mark.training
def test_value_range(tmp_path: Path, space: Path, command: Command) -> None:
    folder = case("value-range")
    settings = ["epochs=6", "steps=10", "batch=2", "model.width=8", "model.depth=2"]
    words = [word for text in (*settings, "recipe.patch.size=64") for word in ("--set", text)]
    code, _, errors = command(*("train", "--dataset", str(folder / "set"), "--run", "x", *words))
    assert code == 0, errors
    code, _, errors = command(
        *("predict", str(folder / "same.tif"), str(folder / "dn.tif"), "--model", "x"),
        *("--out", str(tmp_path / "out")),
    )
    assert code == 0
    warnings = [line for line in errors.splitlines() if "warning" in line]
    assert warnings and all("dn.tif" in line for line in warnings)
    assert "another scaling?" in errors
    truth = cv2.imread(str(folder / "truth.png"), cv2.IMREAD_UNCHANGED)
    labels = cv2.imread(str(tmp_path / "out/same_labels.png"), cv2.IMREAD_UNCHANGED)
    assert (labels == truth).mean() > 0.7


@pytest.mark.training
def test_one_orthophoto(space: Path, command: Command) -> None:
    settings = ["epochs=1", "steps=2", "batch=2", "model.width=8", "recipe.patch.size=64"]
    words = [word for text in settings for word in ("--set", text)]
    folder = case("one-orthophoto") / "set"
    code, _, errors = command(*("train", "--dataset", str(folder), "--run", "x", *words))
    assert code == 0, errors
    card = json.loads((space / "runs/x/model.json").read_text())
    assert card["training"]["train"] and card["training"]["val"]


@pytest.mark.training
def test_resume_changed_dataset(tmp_path: Path, space: Path, command: Command) -> None:
    folder = case("resume-changed-dataset")
    data = shutil.copytree(folder / "before", tmp_path / "set")
    settings = ["epochs=2", "steps=3", "batch=2", "model.width=8", "model.depth=2"]
    words = [word for text in (*settings, "recipe.patch.size=64") for word in ("--set", text)]
    code, _, errors = command(
        *("train", "--dataset", str(data), "--run", "x", *words, "--set", "limit_minutes=0.0001")
    )
    assert code == 0, errors
    run = space / "runs/x"
    before = json.loads((run / "model.json").read_text())
    config = json.loads((run / "config.json").read_text())
    (run / "config.json").write_text(json.dumps(config | {"limit_minutes": 0}))
    shutil.rmtree(data)
    shutil.copytree(folder / "after", data)
    code, _, errors = command("train", "--resume", "--run", "x")
    after = json.loads((run / "model.json").read_text())
    held_out = {*before["training"]["val"], *before["training"]["test"]}
    if code == 0:
        assert "4 samples more" in errors
        assert not held_out & set(after["training"]["train"])
        assert set(before["training"]["train"]) <= set(after["training"]["train"])
        assert "4 samples more" in json.loads((run / "status.json").read_text())["note"]
    else:
        assert json.loads((run / "status.json").read_text())["state"] == "stopped"
        assert "land, roof, water" in errors and "water, roof, land" in errors
        assert after == before
    shutil.copy(folder / "four_classes.json", data / "classes.json")
    code, _, errors = command("train", "--resume", "--run", "x")
    assert code == 1 and "4 classes" in errors and "3" in errors
    status = json.loads((run / "status.json").read_text())
    # What was trained is still there, and goes on once the classes are back.
    assert status["state"] == "stopped" and "Where: " in status["message"]
    (data / "classes.json").write_text((folder / "before/classes.json").read_text())
    code, _, errors = command("train", "--resume", "--run", "x")
    assert code == 0, errors
    assert "4 samples more" in json.loads((run / "status.json").read_text())["note"]
