"""The files of a prediction, whoever asks for them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import rasterio
from rasterio.crs import CRS
from rasterio.io import MemoryFile

from core.classes import DUBAI_CLASSES
from core.errors import ImageError
from core.imagery.header import Georeference
from core.imagery.output.write import png_bytes
from core.inference.averaging import Averaging
from core.inference.outputs import writers
from core.inference.outputs.file import NamedModel, predict_file
from core.inference.outputs.kinds import Wanted
from core.inference.outputs.prediction import Prediction
from core.inference.outputs.writers import prediction_outputs
from core.inference.predictor import Predictor
from core.models.store import find_model, load_model

RNG = np.random.default_rng(21)
LABELS = RNG.integers(0, 5, (12, 17), np.uint8)
LABELS[:2] = 255
GRID = Georeference(
    CRS.from_epsg(32631), rasterio.Affine.translation(590000, 5750000) * rasterio.Affine.scale(2)
)


def prediction(grid: Georeference | None, probabilities: np.ndarray | None = None) -> Prediction:
    return Prediction(LABELS, DUBAI_CLASSES, grid, "a/scene.tif", "some-model", probabilities)


def test_without_a_grid_there_is_no_geotiff_of_labels() -> None:
    outputs = prediction_outputs(prediction(None), "scene")
    assert [(o.kind, o.name, o.mime) for o in outputs] == [
        ("labels", "scene_labels.png", "image/png"),
        ("colors", "scene_color.png", "image/png"),
        ("summary", "scene.json", "application/json"),
    ]


def test_every_file_says_what_the_labels_say() -> None:
    scores = RNG.random((12, 17, 5)).astype(np.float32)
    outputs = prediction_outputs(prediction(GRID, scores), "s", Wanted(True, True))
    assert [o.name for o in outputs] == [
        "s_labels.png", "s_color.png", "s_labels.tif", "s.geojson", "s_probabilities.tif", "s.json",
    ]  # fmt: skip
    data = {output.kind: output.make() for output in outputs}

    def picture(kind: str) -> np.ndarray:
        return cv2.imdecode(np.frombuffer(data[kind], np.uint8), cv2.IMREAD_UNCHANGED)

    np.testing.assert_array_equal(picture("labels"), LABELS)
    np.testing.assert_array_equal(picture("colors")[..., ::-1], DUBAI_CLASSES.colorize(LABELS))
    with MemoryFile(data["geotiff"]) as memory, memory.open() as file:
        assert (file.crs, file.transform, file.nodata) == (GRID.crs, GRID.transform, 255)
        np.testing.assert_array_equal(file.read(1), LABELS)
        assert file.colormap(1)[0] == (*DUBAI_CLASSES.colors[0], 255)
    with MemoryFile(data["probabilities"]) as memory, memory.open() as file:
        assert (file.crs, file.transform) == (GRID.crs, GRID.transform)
        assert file.descriptions == DUBAI_CLASSES.names
        np.testing.assert_array_equal(np.moveaxis(file.read(), 0, -1), scores)
    features = json.loads(data["polygons"])["features"]
    summary = json.loads(data["summary"])
    assert list(summary) == [
        "image", "model", "width", "height", "void_pixels", "pixel_area_m2", "classes", "generator"
    ]  # fmt: skip
    assert (summary["image"], summary["model"]) == ("a/scene.tif", "some-model")
    assert summary["void_pixels"] == 2 * 17
    for index, (name, entry) in enumerate(summary["classes"].items()):
        pixels = int((index == LABELS).sum())
        areas = {"area_m2": pixels * 4, "area_ha": pixels * 4e-4, "area_km2": pixels * 4e-6}
        shares = {"pixels": pixels, "share": pixels / (10 * 17)}
        assert entry == pytest.approx(shares | areas, rel=1e-3)
        properties = [f["properties"] for f in features]
        assert sum(p["pixels"] for p in properties if p["class"] == name) == pixels


def test_the_record_says_what_was_averaged() -> None:
    made = replace(prediction(GRID), averaging=Averaging(True, (0.75, 1)))
    outputs = prediction_outputs(made, "s")
    summary = json.loads(outputs[-1].make())
    assert list(summary)[:3] == ["image", "model", "averaging"]
    assert summary["averaging"] == {"symmetries": 8, "scales": [0.75, 1]}


def test_a_file_is_made_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr(writers, "png_bytes", lambda _: calls.append("png") or b"")
    outputs = prediction_outputs(prediction(None), "scene")
    assert calls == []
    outputs[0].make()
    assert calls == ["png"]


def test_the_command_line_writes_these_files(tiny_model: str, tmp_path: Path) -> None:
    model, card = load_model(find_model(tiny_model).folder)
    predictor = Predictor.of_card(model, card, tile=32)
    pixels = RNG.integers(0, 256, (40, 50, 3), np.uint8)
    image = tmp_path / "plain.png"
    image.write_bytes(png_bytes(pixels))
    out = tmp_path / "out"
    named, wanted = NamedModel(predictor, card.classes, "tiny"), Wanted(True, True)
    paths = predict_file(image, named, out, wanted)
    made = Prediction(
        predictor.predict(pixels),
        card.classes,
        None,
        str(image),
        "tiny",
        predictor.probabilities(pixels),
    )
    outputs = prediction_outputs(made, "plain", wanted)
    assert paths == [out / output.name for output in outputs]
    files = {path.name: path.read_bytes() for path in out.iterdir()}
    expected = {output.name: output.make() for output in outputs}
    summaries = [json.loads(each.pop("plain.json")) for each in (files, expected)]
    assert files == expected
    made_from = summaries[0].pop("made_from")
    for summary in summaries:
        assert summary.pop("generator")
    assert summaries[0] == summaries[1]
    assert made_from["model"] == predictor.model_digest
    assert made_from["files"] == {
        name: hashlib.sha256(data).hexdigest() for name, data in files.items()
    }


def test_an_image_of_another_kind_is_named(tiny_model: str, tmp_path: Path) -> None:
    model, card = load_model(find_model(tiny_model).folder)
    image = tmp_path / "grey.png"
    image.write_bytes(png_bytes(np.zeros((8, 8), np.uint8)))
    named = NamedModel(Predictor.of_card(model, card), card.classes, "tiny")
    with pytest.raises(ImageError, match="takes 3 band") as caught:
        predict_file(image, named, tmp_path / "out")
    assert caught.value.where == str(image)
    assert not (tmp_path / "out").exists()


def test_what_cannot_be_made_takes_no_other_file_along(
    tiny_model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Polygons that fail, as on a grid that maps nothing, cost the whole prediction."""

    def fail(*_: object) -> None:
        raise ValueError("the grid maps nothing")

    monkeypatch.setattr(writers, "polygon_parts", fail)
    model, card = load_model(find_model(tiny_model).folder)
    predictor = Predictor.of_card(model, card, tile=32)
    image = tmp_path / "plain.png"
    image.write_bytes(png_bytes(RNG.integers(0, 256, (40, 50, 3), np.uint8)))
    out = tmp_path / "out"
    with pytest.raises(ImageError, match=r"plain\.geojson \(the grid maps nothing\)") as caught:
        predict_file(image, NamedModel(predictor, card.classes, "tiny"), out, Wanted(True))
    assert "the labels are among them" in str(caught.value.remedy)
    names = {"plain_labels.png", "plain_color.png", "plain.json"}
    assert {path.name for path in out.iterdir()} == names
    assert "made_from" not in json.loads((out / "plain.json").read_text())  # to be made again
