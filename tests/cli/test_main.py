"""The command-line contract of DESIGN.md, to the letter."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import rasterio
from sklearn.metrics import accuracy_score, confusion_matrix, jaccard_score

from core.classes import DUBAI_CLASSES
from core.cli.main import main
from core.datasets.catalogue import open_dataset
from core.datasets.identity import sample_digests
from core.imagery.raster import read_raster
from core.inference.predictor import Predictor
from core.models.store import find_model, load_model
from tests.conftest import REPOSITORY
from tests.imagery.test_raster import tiff

RNG = np.random.default_rng(8)


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Exit code, stdout, stderr."""
    capsys.readouterr()
    code = main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return code, out, err


def fails(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one line of a command a user got wrong."""
    code, out, err = run(capsys, *arguments)
    assert code == 1
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    return err


def test_demo_writes_the_dubai_layout(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = run(capsys, "demo", tmp_path / "d", "--scenes", 2, "--size", 64, "--seed", 3)
    assert (code, out.strip()) == (0, str(tmp_path / "d"))
    dataset = open_dataset(tmp_path / "d")
    assert dataset.layout == "dubai"
    assert len(dataset.scenes) == 2
    assert "d" in fails(capsys, "demo", tmp_path / "d")


def test_audit_json(capsys: pytest.CaptureFixture[str], demo_dataset: Path) -> None:
    code, out, _ = run(capsys, "audit", demo_dataset, "--json")
    report = json.loads(out)
    assert code == 0
    assert list(report) == [
        "layout", "samples", "scenes", "classes", "pixels_per_class", "void_pixels", "problems"
    ]  # fmt: skip
    assert report["layout"] == "dubai"
    assert report["samples"] == 12
    total = sum(report["pixels_per_class"].values()) + report["void_pixels"]
    assert total == 12 * 96 * 96
    for problem in report["problems"]:
        assert list(problem) == ["kind", "sample", "detail", "severity", "fix"]
    assert run(capsys, "audit", demo_dataset)[0] == 0


@pytest.mark.training
def test_evaluate_json_agrees_with_scikit_learn(
    capsys: pytest.CaptureFixture[str], demo_dataset: Path, tiny_model: str, tmp_path: Path
) -> None:
    code, out, _ = run(
        capsys, "evaluate", "--model", tiny_model, "--dataset", demo_dataset, "--json"
    )
    report = json.loads(out)
    assert code == 0
    assert list(report) == [
        "model", "dataset", "split", "images", "pixels", "mean_iou", "pixel_accuracy",
        "per_class", "confusion",
    ]  # fmt: skip
    assert (report["model"], report["split"], report["images"]) == (tiny_model, "all", 12)
    dataset = open_dataset(demo_dataset)
    truths, predictions = [], []
    for scene in dataset.scenes:
        images = [str(sample.image) for sample in dataset.samples if sample.scene == scene]
        place = str(tmp_path / scene)
        assert main(["predict", *images, "--model", tiny_model, "--out", place]) == 0
    for sample in dataset.samples:
        place = tmp_path / sample.scene
        labels = read_raster(place / f"{sample.image.stem}_labels.png").pixels[..., 0]
        truth = dataset.load_labels(sample)
        truths.append(truth[truth != 255])
        predictions.append(labels[truth != 255])
    y, p = np.concatenate(truths), np.concatenate(predictions)
    assert report["pixels"] == y.size
    assert report["pixel_accuracy"] == pytest.approx(accuracy_score(y, p))
    assert report["mean_iou"] == pytest.approx(jaccard_score(y, p, average="macro"))
    assert report["confusion"] == confusion_matrix(y, p, labels=range(5)).tolist()
    assert set(report["per_class"]) == set(DUBAI_CLASSES.names)
    for scores in report["per_class"].values():
        assert list(scores) == ["iou", "f1", "precision", "recall", "support"]


def test_evaluate_of_a_side_the_model_does_not_know(
    capsys: pytest.CaptureFixture[str], demo_dataset: Path, tiny_model: str
) -> None:
    line = fails(
        capsys, "evaluate", "--model", tiny_model, "--dataset", demo_dataset, "--split", "test"
    )
    assert "--split all" in line


def test_evaluate_knows_a_side_by_its_images(
    capsys: pytest.CaptureFixture[str], demo_dataset: Path, tiny_model: str, tmp_path: Path
) -> None:
    root = shutil.copytree(demo_dataset, tmp_path / "own")
    first, second, *others = open_dataset(root).samples
    path = find_model(tiny_model).folder / "model.json"
    card = json.loads(path.read_text())
    card["training"] |= {
        "train": [sample.id for sample in others],
        "val": [second.id],
        "test": [],
        "digests": sample_digests([*others, second]),
        "config": {"recipe": {"exclude": [first.id]}},
    }
    path.write_text(json.dumps(card))
    command = ("evaluate", "--model", tiny_model, "--dataset", root, "--split", "val", "--json")
    first.image.unlink()
    code, out, err = run(capsys, *command)
    assert (code, json.loads(out)["images"]) == (0, 1)
    assert f"any more: {first.id}." in err
    shutil.copy(others[0].image, second.image)
    line = fails(capsys, *command)
    assert f"have other images than in its training ({second.id})" in line
    assert "--split all" in line


def test_predict_writes_its_files_and_keeps_the_grid(
    capsys: pytest.CaptureFixture[str], tiny_model: str, tmp_path: Path
) -> None:
    image = tmp_path / "scene.tif"
    image.write_bytes(tiff(RNG.integers(0, 256, (50, 70, 3), np.uint8)))
    out = tmp_path / "deep" / "out"
    code, text, _ = run(
        capsys, "predict", image, "--model", tiny_model, "--out", out,
        "--overlap", 0.5, "--tta", "--polygons", "--probabilities",
    )  # fmt: skip
    assert code == 0
    names = ["_labels.png", "_color.png", "_labels.tif", ".geojson", "_probabilities.tif", ".json"]
    assert sorted(p.name for p in out.iterdir()) == sorted(f"scene{n}" for n in names)
    assert sorted(text.split()) == sorted(str(out / f"scene{n}") for n in names)
    labels = cv2.imread(str(out / "scene_labels.png"), cv2.IMREAD_UNCHANGED)
    assert labels.shape == (50, 70)
    color = cv2.imread(str(out / "scene_color.png"))[..., ::-1]
    np.testing.assert_array_equal(color, DUBAI_CLASSES.colorize(labels))
    with rasterio.open(image) as source, rasterio.open(out / "scene_labels.tif") as made:
        assert (made.crs, made.transform) == (source.crs, source.transform)
        np.testing.assert_array_equal(made.read(1), labels)
    with rasterio.open(out / "scene_probabilities.tif") as made:
        np.testing.assert_array_equal(made.read().argmax(axis=0), labels)
        assert made.descriptions == DUBAI_CLASSES.names
    report = json.loads((out / "scene.json").read_text())
    for index, entry in enumerate(report["classes"].values()):
        assert entry["pixels"] == (labels == index).sum()
        assert entry["area_m2"] == pytest.approx(entry["pixels"] * 0.25, rel=2e-3)
    assert sum(e["share"] for e in report["classes"].values()) == pytest.approx(1)


def test_predict_and_evaluate_average_over_scales(
    capsys: pytest.CaptureFixture[str], tiny_model: str, demo_dataset: Path, tmp_path: Path
) -> None:
    image = demo_dataset / "Tile 1/images/image_part_001.jpg"
    out = tmp_path / "out"
    command = ("predict", image, "--model", tiny_model, "--out", out, "--probabilities")
    record, probabilities = out / f"{image.stem}.json", out / f"{image.stem}_probabilities.tif"

    def values() -> np.ndarray:
        with rasterio.open(probabilities) as made:
            return np.asarray(made.read())

    _, _, err = run(capsys, *command)
    assert "note: the mean" not in err
    plain, summary = values(), json.loads(record.read_text())
    assert "averaging" not in summary
    # Its own size alone is what it always was, to the last bit.
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    assert run(capsys, *command, "--tta-scales", 1)[0] == 0
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    code, _, err = run(capsys, *command, "--tta-scales", "0.75,1,1.25")
    assert code == 0
    assert "the mean over scales 0.75, 1, 1.25, about 3.1 times the time" in err
    said = {"symmetries": 1, "scales": [0.75, 1, 1.25]}
    assert json.loads(record.read_text())["averaging"] == said
    model, card = load_model(find_model(tiny_model).folder)
    predictor = Predictor.of_card(model, card, scales=(0.75, 1, 1.25))
    expected = predictor.probabilities(read_raster(image).pixels)
    np.testing.assert_array_equal(np.moveaxis(values(), 0, -1), expected)
    assert np.abs(values() - plain).max() > 1e-4

    # A model that has learned something: the tiny one says the same everywhere. On one image, for
    # each is mapped 18 times.
    one = tmp_path / "one"
    for kind, suffix in (("images", "jpg"), ("masks", "png")):
        (one / "Tile 1" / kind).mkdir(parents=True)
        name = f"Tile 1/{kind}/image_part_001.{suffix}"
        shutil.copy(demo_dataset / name, one / name)
    score = ("evaluate", "--model", "demo-unet", "--dataset", one, "--json")
    once = json.loads(run(capsys, *score)[1])
    assert "averaging" not in once
    code, text, err = run(capsys, *score, "--tta", "--tta-scales", "1,0.5")
    assert code == 0
    assert "the mean over 8 symmetries, scales 1, 0.5, about 10 times the time" in err
    report = json.loads(text)
    assert report.pop("averaging") == {"symmetries": 8, "scales": [1, 0.5]}
    assert list(report) == list(once)
    assert report["pixels"] == once["pixels"]
    assert report["confusion"] != once["confusion"]


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "invalid scales value"), ("1,x", "invalid"), ("9", "0.25 to 4"), ("1,1", "twice")],
)
def test_scales_that_cannot_be_are_wrong_usage(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, said: str
) -> None:
    for command in (("predict", "a.png", "--out", tmp_path), ("evaluate", "--dataset", "a")):
        with pytest.raises(SystemExit) as left:
            run(capsys, *command, "--model", "m", "--tta-scales", text)
        assert left.value.code == 2
        assert said in capsys.readouterr().err


def test_predict_of_an_image_smaller_than_a_tile(
    capsys: pytest.CaptureFixture[str], tiny_model: str, tmp_path: Path
) -> None:
    for height, width in ((1, 1), (3, 200)):
        image = tmp_path / f"s{height}.png"
        cv2.imwrite(str(image), RNG.integers(0, 256, (height, width, 3), np.uint8))
        assert run(capsys, "predict", image, "--model", tiny_model, "--out", tmp_path / "o")[0] == 0
        labels = cv2.imread(str(tmp_path / f"o/s{height}_labels.png"), cv2.IMREAD_UNCHANGED)
        assert labels.shape == (height, width)


def test_predict_refuses_what_is_not_the_models_kind(
    capsys: pytest.CaptureFixture[str], tiny_model: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    deep = tmp_path / "deep.tif"
    deep.write_bytes(tiff(RNG.integers(0, 4096, (40, 40, 4), np.uint16)))
    assert "takes 3 bands, the image has 4" in fails(
        capsys, "predict", deep, "--model", tiny_model, "--out", out
    )
    text = tmp_path / "text.png"
    text.write_text("not a picture")
    assert "not a PNG" in fails(capsys, "predict", text, "--model", tiny_model, "--out", out)
    absent = tmp_path / "absent.png"
    assert "no such file" in fails(capsys, "predict", absent, "--model", tiny_model, "--out", out)
    assert not out.exists() or not list(out.iterdir())
    twice = [tmp_path / "a" / "x.png", tmp_path / "b" / "x.png"]
    assert "overwrite" in fails(capsys, "predict", *twice, "--model", tiny_model, "--out", out)
    assert str(deep) in fails(capsys, "activations", deep, "--model", tiny_model, "--out", out)
    assert not out.exists()


def test_a_place_that_cannot_be_written_is_said_before_the_work(
    capsys: pytest.CaptureFixture[str], tiny_model: str, demo_dataset: Path, tmp_path: Path
) -> None:
    image = demo_dataset / "Tile 1/images/image_part_001.jpg"
    taken = tmp_path / "taken"
    taken.write_text("a file")
    ring = tmp_path / "ring"
    ring.symlink_to(ring)
    for command in ("predict", "activations"):
        for out, said in ((taken, "a file is in the way"), (ring / "out", "cannot be written to")):
            # No progress bar before the one line: nothing was computed in vain.
            assert said in fails(capsys, command, image, "--model", tiny_model, "--out", out)


def test_activations(
    capsys: pytest.CaptureFixture[str], tiny_model: str, demo_dataset: Path, tmp_path: Path
) -> None:
    image = demo_dataset / "Tile 1/images/image_part_001.jpg"
    out = tmp_path / "maps"
    code, text, _ = run(
        capsys, "activations", image, "--model", tiny_model, "--out", out, "--layer", "enc1_relu2"
    )
    assert code == 0
    assert text.split()
    assert all(Path(line).is_file() for line in text.strip().split("\n"))
    assert "enc1" in fails(
        capsys, "activations", image, "--model", tiny_model, "--out", out, "--layer", "enc1_relu9"
    )


@pytest.mark.training
def test_train_list_and_use_a_run(
    capsys: pytest.CaptureFixture[str], demo_dataset: Path, tmp_path: Path
) -> None:
    recipe = tmp_path / "recipe.json"
    recipe.write_text('{"name": "tiny", "patch": {"size": 64}}')
    code, out, _ = run(
        capsys, "train", "--dataset", demo_dataset, "--recipe", recipe, "--run", "r1",
        "--set", "epochs=1", "--set", "steps=2", "--set", "batch=2", "--set", "model.width=8",
        "--set", "model.depth=2",
    )  # fmt: skip
    assert code == 0
    assert "Finished" in out
    listed = json.loads(run(capsys, "runs", "--json")[1])["runs"]
    assert [(r["name"], r["state"], r["epoch"]) for r in listed] == [("r1", "finished", 1)]
    (row,) = listed
    assert (row["queue"], row["tags"], row["architecture"]) == (None, [], "unet")
    folder = Path(row["path"])
    card = json.loads((folder / "model.json").read_text())
    assert row["test_mean_iou"] == card["training"]["scores"]["test"]["mean_iou"]
    assert row["parameters"] == card["parameters"]
    sides = json.loads((folder / "samples.json").read_text())["sides"]
    for side in ("val", "test"):
        assert set(sides[side]) == set(card["training"][side])
    models = json.loads(run(capsys, "models", "--json")[1])["models"]
    assert "r1" in [m["name"] for m in models]
    code, out, _ = run(
        capsys, "evaluate", "--model", "r1", "--dataset", demo_dataset, "--split", "test", "--json"
    )
    assert code == 0
    assert json.loads(out)["images"] == 4  # one scene of four parts
    again = ("train", "--dataset", demo_dataset, "--recipe", recipe, "--run", "r1")
    assert "r1" in fails(capsys, *again)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["epochs"], "KEY=VALUE"),
        (["epoch=3"], "no setting 'epoch'"),
        (["epochs=many"], "epochs"),
        (["recipe.patch.size=50"], "recipe.patch.size"),
        (["recipe.split.val=0.9"], "leave something to train on"),
    ],
)
def test_train_with_wrong_settings(
    capsys: pytest.CaptureFixture[str], demo_dataset: Path, settings: list[str], message: str
) -> None:
    line = fails(capsys, "train", "--dataset", demo_dataset, *(f"--set={s}" for s in settings))
    assert message in line


def test_datasets_lists_workspace_and_allowed_folders_only(
    capsys: pytest.CaptureFixture[str],
    space: Path,
    demo_dataset: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert json.loads(run(capsys, "datasets", "--json")[1]) == {"datasets": []}
    monkeypatch.setenv("DSI_DATA_ROOTS", str(demo_dataset.parent))
    (space / "datasets" / "mine" / "images").mkdir(parents=True)
    listed = json.loads(run(capsys, "datasets", "--json")[1])["datasets"]
    assert [d["layout"] for d in listed] == ["pairs", "dubai"]
    assert listed[0]["name"] == "mine"


def test_one_damaged_model_or_run_hides_no_other(
    capsys: pytest.CaptureFixture[str], space: Path, tiny_model: str
) -> None:
    for folder, name in (
        (space / "models/broken", "model.json"),
        (space / "runs/bad", "config.json"),
    ):
        folder.mkdir(parents=True)
        (folder / name).write_text("{")
    (space / "runs/bad/status.json").write_text("")
    code, out, err = run(capsys, "models", "--json")
    assert code == 0
    assert tiny_model in [m["name"] for m in json.loads(out)["models"]]
    assert "broken" in err
    code, out, err = run(capsys, "runs", "--json")
    assert (code, json.loads(out)) == (0, {"runs": []})
    assert "bad" in err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["paint"],
        ["predict", "x.png"],
        ["evaluate", "--model", "m"],
        ["evaluate", "--model", "m", "--dataset", "d", "--split", "some"],
        ["demo", "d", "--scenes", "0"],
        ["demo", "d", "--seed", "-1"],
        ["predict", "x.png", "--model", "m", "--out", "o", "--overlap", "0.9"],
        ["train"],
        ["train", "--resume"],
        ["train", "--resume", "--run", "r", "--set", "epochs=3"],
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2


def test_unknown_names_and_empty_folders(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, tiny_model: str, demo_dataset: Path
) -> None:
    assert "known models" in fails(capsys, "evaluate", "--model", "nix", "--dataset", demo_dataset)
    assert "no dataset 'nix'" in fails(
        capsys, "evaluate", "--model", tiny_model, "--dataset", "nix"
    )
    assert "empty" in fails(capsys, "audit", tmp_path)
    (tmp_path / "stuff").mkdir()
    assert "no known layout" in fails(capsys, "audit", tmp_path)
    (tmp_path / "p" / "images").mkdir(parents=True)
    assert "no PNG, JPEG or TIFF" in fails(capsys, "audit", tmp_path / "p")
    assert "no run 'r9'" in fails(capsys, "train", "--resume", "--run", "r9")


@pytest.mark.training
def test_bundled_model_scores_as_its_card_says(
    capsys: pytest.CaptureFixture[str], real_data: Path
) -> None:
    """The bundled model on its held-out test images: the figures in README and card."""
    code, out, _ = run(
        capsys, "evaluate", "--model", "dubai-unet", "--dataset", real_data / "dubai",
        "--split", "test", "--json",
    )  # fmt: skip
    assert code == 0
    report = json.loads(out)
    assert report["mean_iou"] >= 0.60
    assert report["pixel_accuracy"] >= 0.85  # measured: 0.856; other CPUs round otherwise
    card = json.loads((REPOSITORY / "weights/dubai-unet/model.json").read_text())
    assert report["mean_iou"] == pytest.approx(
        card["training"]["scores"]["test"]["mean_iou"], abs=1e-3
    )
