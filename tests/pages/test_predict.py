"""The Predict page without a browser."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.classes import ClassTable, LandClass
from core.imagery.output.write import png_bytes
from tests.conftest import REPOSITORY
from tests.tiny import save_tiny_model

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
    at.button[0].click().run()
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
    at.button[0].click().run()
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
    box = at.selectbox(key="mask-reading")
    assert box.label == "How is the mask written?"
    assert [option.rpartition(": ")[2] for option in box.options] == [
        "Background 1,000 px, Foreground 200 px",
        "Background 1,000 px, void 200 px",
    ]
    next(b for b in at.button if b.label == "Predict").click().run()
    assert not at.exception
    assert [m.value for m in at.metric][2] == "1,200"
    at.selectbox(key="mask-reading").select(1).run()
    assert [m.value for m in at.metric][2] == "1,000"
