"""The Predict page without a browser."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS
from streamlit.testing.v1 import AppTest

from core.classes import ClassTable, LandClass
from core.imagery.header import Georeference
from core.imagery.output.write import geotiff_bytes, png_bytes
from core.inference.averaging import Averaging
from core.inference.outputs import writers
from core.inference.outputs.writers import Output
from core.models.prediction_history import forget_predictions, prediction_history
from tests.conftest import REPOSITORY
from tests.tiny import save_tiny_model
from ui.predict import downloads
from ui.predict.address import PredictionAddress
from ui.predict.downloads import maker
from ui.predict.recent import recent_predictions
from ui.shell.address import TITLE

RNG = np.random.default_rng(9)
BINARY = ClassTable(
    classes=(
        LandClass(name="Background", color="#999999"),
        LandClass(name="Foreground", color="#E69F00"),
    )
)


@pytest.fixture(autouse=True)
def nothing_bundled(space: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.models.store.BUNDLED_MODELS", space / "none")


def press(at: AppTest, label: str) -> None:
    next(button for button in at.button if button.label == label).click().run()


def opened() -> AppTest:
    at = AppTest.from_file(str(REPOSITORY / "ui/shell/router.py"), default_timeout=120)
    return at.switch_page(str(REPOSITORY / "pages/predict.py")).run()


def test_without_a_model_it_says_what_to_do() -> None:
    at = opened()
    assert not at.exception
    assert "train one on the Train page" in at.info[0].value


def test_opens_and_says_what_to_do(tiny_model: str) -> None:
    at = opened()
    assert not at.exception
    assert at.selectbox(key="model").options == [tiny_model]
    assert any("Upload an image" in info.value for info in at.info)


def test_upload_and_predict(tiny_model: str) -> None:
    at = opened()
    image = RNG.integers(0, 256, (70, 90, 3), np.uint8)
    at.file_uploader(key="image").upload("photo.png", png_bytes(image), "image/png").run()
    press(at, "Predict")
    assert not at.exception
    assert not at.error
    assert [d.label for d in at.get("download_button")][:2] == ["Labels (PNG)", "Colours (PNG)"]
    assert any("70" in c.value and "90 × 70" in c.value for c in at.caption)
    # The polygons' smallest area says what it leaves out: here, everything.
    at.number_input(key="min_area").set_value(1e6).run()
    (left_out,) = (c.value for c in at.caption if c.value.startswith("GeoJSON: "))
    assert f"of {70 * 90:,} pixels below the smallest area left out" in left_out
    assert at.number_input(key="simplify").max == 20


def test_it_says_what_is_unlike_the_training_and_what_is_no_model(
    tiny_model: str, space: Path
) -> None:
    card = space / "models/tiny/model.json"
    numbers = {"mean": [3.0] * 3, "std": [0.5] * 3, "low": [2.0] * 3, "high": [4.0] * 3}
    card.write_text(json.dumps(json.loads(card.read_text()) | {"imagery": numbers}))
    (space / "models/net.onnx").write_bytes(b"\x08\x08")
    at = opened()
    assert any("net\\.onnx, an ONNX network" in caption.value for caption in at.caption)
    assert not at.warning
    image = RNG.integers(0, 256, (40, 40, 3), np.uint8)
    at.file_uploader(key="image").upload("photo.png", png_bytes(image), "image/png").run()
    assert not at.exception
    (warning,) = at.warning
    assert warning.value.startswith("The values lie ")
    assert "another scaling" in warning.value


@pytest.mark.parametrize("name", ["note.png", "../../etc/passwd.png"])
def test_no_image_is_one_box(tiny_model: str, name: str) -> None:
    at = opened()
    at.file_uploader(key="image").upload(name, b"text", "image/png").run()
    assert not at.exception
    assert len(at.error) == 1
    assert "not a PNG, JPEG or TIFF" in at.error[0].value


def test_damaged_weights_are_one_box(space: Path) -> None:
    # A seed of its own: a model that was loaded once stays in memory under its SHA-256.
    save_tiny_model(space / "models/damaged", seed=77)
    (space / "models/damaged/model.weights.h5").write_bytes(b"damaged")
    at = opened()
    image = RNG.integers(0, 256, (30, 30, 3), np.uint8)
    at.file_uploader(key="image").upload("photo.png", png_bytes(image), "image/png").run()
    press(at, "Predict")
    assert not at.exception
    assert any("do not match the SHA" in e.value for e in at.error)
    # After an error nothing looks as if it went on.
    assert "Stop" not in [button.label for button in at.button]


def test_a_mask_whose_values_are_a_guess_is_asked_for(space: Path) -> None:
    from core.models.architectures.unet import UNetSpec
    from core.models.network import build_model
    from tests.tiny import save_with_card

    spec = UNetSpec(classes=2, width=4, depth=1)
    save_with_card(build_model(spec), space / "models/binary", spec, BINARY)
    at = opened()
    labels = np.zeros((30, 40), np.uint8)
    labels[5:15, 5:25] = 255
    image = RNG.integers(0, 256, (30, 40, 3), np.uint8)
    at.file_uploader(key="image").upload("photo.png", png_bytes(image), "image/png").run()
    at.file_uploader(key="mask").upload("mask.png", png_bytes(labels), "image/png").run()
    (question,) = at.radio
    assert question.label == "How is the mask written?"
    assert question.options[0].endswith("\\(a guess\\)")
    assert list(question.proto.captions)[:2] == [
        "Background 1,000 px, Foreground 200 px",
        "Background 1,000 px, void 200 px",
    ]
    next(b for b in at.button if b.label == "Predict").click().run()
    assert not at.exception
    assert [m.value for m in at.metric][2] == "1,200"
    at.radio[0].set_value(1).run()
    assert [m.value for m in at.metric][2] == "1,000"
    # The answer holds for this mask: the next one is asked for anew.
    labels[:5] = 255
    at.file_uploader(key="mask").upload("next.png", png_bytes(labels), "image/png").run()
    assert at.radio[0].value == 0


def test_a_mask_that_marks_one_value_is_not_scored_before_it_is_said(space: Path) -> None:
    """0 and 255 with a model of five classes were read as the first class and void."""
    save_tiny_model(space / "models/tiny")
    at = opened()
    labels = np.zeros((30, 40), np.uint8)
    labels[5:15, 5:25] = 255
    image = RNG.integers(0, 256, (30, 40, 3), np.uint8)
    at.file_uploader(key="image").upload("photo.png", png_bytes(image), "image/png").run()
    at.file_uploader(key="mask").upload("mask.png", png_bytes(labels), "image/png").run()
    next(b for b in at.button if b.label == "Predict").click().run()
    assert not at.exception
    assert not at.metric
    assert any(box.value.startswith("No scores yet") for box in at.info)
    zero, marked = (box for box in at.selectbox if box.label.endswith("px)"))
    assert (zero.label, marked.label) == ("0 is (1,000 px)", "255 is (200 px)")
    assert zero.options[0] == "void, not labelled"
    zero.set_value(255).run()
    assert not at.metric
    next(box for box in at.selectbox if box.label.startswith("255 is")).set_value(1).run()
    assert [m.value for m in at.metric][2] == "200"


LOCAL = 'LOCAL_CS["here",UNIT["metre",1]]'


@pytest.mark.parametrize(
    ("crs", "grid"),
    [
        (CRS.from_wkt(LOCAL), Affine(10, 0, 5, 0, -10, 5)),
        (CRS.from_epsg(32640), Affine(1e-300, 0, 5e5, 0, -1e-300, 3e6)),
    ],
    ids=["a local system", "a grid that maps nothing"],
)
def test_a_download_that_fails_says_which_and_why(
    tiny_model: str, monkeypatch: pytest.MonkeyPatch, crs: CRS, grid: Affine
) -> None:
    """The browser said "Failed to generate file for download" for a moment, and nothing more."""
    makers: dict[str, Callable[[], bytes]] = {}

    def noted(output: Output, reasons: dict[str, str]) -> Callable[[], bytes]:
        makers[output.kind] = maker(output, reasons)
        return makers[output.kind]

    def fail(*_: object) -> Iterator[bytes]:
        raise ValueError("the grid maps *nothing*")
        yield b""

    monkeypatch.setattr(downloads, "maker", noted)
    monkeypatch.setattr(writers, "polygon_parts", fail)
    at = opened()
    image = RNG.integers(0, 256, (40, 50, 3), np.uint8)
    data = geotiff_bytes(image, Georeference(crs, grid))
    at.file_uploader(key="image").upload("photo.tif", data, "image/tiff").run()
    press(at, "Predict")
    assert not at.exception
    assert not at.error
    with pytest.raises(ValueError, match="nothing"):
        makers["polygons"]()
    assert all(make() for kind, make in makers.items() if kind != "polygons")
    at.run()
    assert not at.exception
    (box,) = at.error
    assert "Polygons \\(GeoJSON\\) could not be made" in box.value
    assert "the grid maps \\*nothing\\*" in box.value
    assert len(at.get("download_button")) == len(makers)
    at.number_input(key="simplify").set_value(1.0).run()  # another file: nothing is known of it
    assert not at.error


def asked_for(address: PredictionAddress, **changes: str) -> AppTest:
    at = AppTest.from_file(str(REPOSITORY / "ui/shell/router.py"), default_timeout=120)
    at.switch_page(str(REPOSITORY / "pages/predict.py"))
    for name, value in (address.query("side") | changes).items():
        at.query_params[name] = value
    at.run()
    assert not at.exception
    return at


def scores_shown(at: AppTest) -> bool:
    return "Mean IoU" in {metric.label for metric in at.metric}


def test_an_address_opens_its_prediction_and_no_other(
    tiny_model: str, space: Path, demo_dataset: Path
) -> None:
    shutil.copytree(demo_dataset, space / "datasets" / "demo")
    address = PredictionAddress(tiny_model, "demo", "Tile 2/image_part_003")
    at = asked_for(address)
    assert at.selectbox(key="sample").value == address.sample
    names = f"demo · {address.sample} · {tiny_model}"
    assert at.session_state[TITLE][1] == f"Predict · {names} – DeepSpaceImaging"
    assert scores_shown(at)
    forget_predictions(dataset="demo")  # a kept one is shown without being asked for
    assert not asked_for(address, predicted="something else").metric
    assert scores_shown(asked_for(address))
    # Another sample is not predicted before it is asked for, and then the address says so.
    other = "Tile 1/image_part_001"
    at.selectbox(key="sample").select(other).run()
    assert not at.metric
    press(at, "Predict")
    assert scores_shown(at)
    assert other in at.query_params["predicted"]
    assert [kept.sample for kept in prediction_history().predictions] == [other, address.sample]
    assert "predictions.uploads" not in at.session_state


def test_scales_are_chosen_with_their_cost_and_stand_in_the_address(
    tiny_model: str, space: Path, demo_dataset: Path
) -> None:
    shutil.copytree(demo_dataset, space / "datasets" / "demo")
    at = asked_for(PredictionAddress(tiny_model, "demo", "Tile 2/image_part_003"))
    plain = at.metric[0].value
    at.pills(key="tta_scales").set_value([1.25, 1.0, 0.75]).run()
    assert not at.exception
    assert not at.metric  # another prediction, which is not made before it is asked for
    costs = "The mean over scales 0.75, 1, 1.25, about 3.1 times the time of one prediction."
    assert costs in [caption.value for caption in at.caption]
    next(b for b in at.button if b.label == "Predict").click().run()
    assert any("the mean over scales 0.75, 1, 1.25." in c.value for c in at.caption)
    (kept, _) = recent_predictions({"demo"}, {tiny_model})
    assert kept.address and kept.address.averaging == Averaging(False, (0.75, 1.0, 1.25))
    shown = at.metric[0].value
    again = asked_for(kept.address)
    assert list(again.pills(key="tta_scales").value) == [0.75, 1.0, 1.25]
    assert again.metric[0].value == shown
    # Without any it is the image's own size.
    again.pills(key="tta_scales").set_value([]).run()
    next(b for b in again.button if b.label == "Predict").click().run()
    assert again.metric[0].value == plain
    assert not any("the mean over" in c.value for c in again.caption)


def test_an_upload_has_no_address_and_is_of_its_session_alone(tiny_model: str, space: Path) -> None:
    at = opened()
    image = RNG.integers(0, 256, (70, 90, 3), np.uint8)
    at.file_uploader(key="image").upload("photo.png", png_bytes(image), "image/png").run()
    press(at, "Predict")
    assert "predicted" not in at.query_params
    (kept,) = at.session_state["predictions.uploads"].values()
    assert (kept.image, kept.address) == ("photo.png", None)
    assert not (space / "predictions").exists()
    at.switch_page(str(REPOSITORY / "pages/overview.py")).run()
    assert "Prediction of photo.png" in pictures(at)
    assert not [name for name in pictures(overview()) if name.startswith("Prediction")]


def pictures(at: AppTest) -> list[str]:
    assert not at.exception
    return [image.alt for images in at.get("image") for image in images.proto.imgs]


def overview() -> AppTest:
    return AppTest.from_file(str(REPOSITORY / "ui/shell/router.py"), default_timeout=120).run()


def test_a_samples_prediction_is_shown_to_every_browser_until_its_dataset_is_gone(
    tiny_model: str, space: Path, demo_dataset: Path
) -> None:
    shutil.copytree(demo_dataset, space / "datasets" / "demo")
    address = PredictionAddress(tiny_model, "demo", "Tile 2/image_part_003")
    asked_for(address)
    at = overview()
    assert f"Prediction of {address.sample}" in pictures(at)
    queries = [link.proto.query_string for link in at.main.get("page_link")]
    assert any("predicted=" in query and "Tile+2" in query for query in queries)
    shutil.rmtree(space / "datasets/demo")  # not by the program, which removes it
    assert f"Prediction of {address.sample}" not in pictures(overview())


def test_a_prediction_that_cannot_be_kept_is_shown_and_said(
    tiny_model: str, space: Path, demo_dataset: Path
) -> None:
    shutil.copytree(demo_dataset, space / "datasets" / "demo")
    (space / "predictions").write_text("a file in the folder's place")
    at = asked_for(PredictionAddress(tiny_model, "demo", "Tile 2/image_part_003"))
    assert scores_shown(at)
    assert any("It is not kept" in warning.value for warning in at.warning)
    assert not overview().error


def test_a_damaged_one_is_named(tiny_model: str, space: Path) -> None:
    (space / "predictions").mkdir()
    (space / "predictions/0123.json").write_text("{")
    assert not overview().error
    at = opened()
    assert any("0123" in w.value and "cannot be read" in w.value for w in at.warning)
