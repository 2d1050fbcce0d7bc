"""What the Predict page says of an image before it is predicted."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from core.datasets.catalogue import open_dataset
from core.datasets.identity import image_digest
from core.imagery.output.write import png_bytes
from tests.pages.test_predict import nothing_bundled, opened

__all__ = ["nothing_bundled"]


def trained(space: Path, sides: Mapping[str, Sequence[str]], digests: Sequence[str]) -> None:
    """Let the card of the tiny model say what it was trained on."""
    path = space / "models/tiny/model.json"
    card: dict[str, Any] = json.loads(path.read_text())
    card["training"] |= {"dataset": "demo", "digests": list(digests)} | dict(sides)
    path.write_text(json.dumps(card))


def predict_button(at: Any) -> Any:
    return next(button for button in at.button if button.label == "Predict")


@pytest.fixture
def demo(space: Path, demo_dataset: Path) -> Path:
    (space / "datasets").mkdir(parents=True)
    return Path(shutil.copytree(demo_dataset, space / "datasets/demo"))


def test_blocks_of_an_image_are_known(tiny_model: str, space: Path, demo: Path) -> None:
    sample = open_dataset(demo).samples[0]
    sides = {
        "train": [f"{sample.id}/r1c1", f"{sample.id}/r1c2"],
        "val": [f"{sample.id}/r2c1"],
        "test": [f"{sample.id}/r2c2"],
    }
    trained(space, sides, [image_digest(sample.image)] * 4)
    at = opened()
    at.segmented_control(key="source").set_value("Dataset").run()
    assert not at.exception
    (warning,) = [w.value for w in at.warning if "This model used" in w.value]
    assert "2 blocks to train, 1 block to validate and 1 block to test of this image" in warning
    assert "better than on images that the model has not seen" in warning


@pytest.mark.parametrize("side", ["train", "val", "test"])
@pytest.mark.parametrize("source", ["Dataset", "Upload"])
def test_a_whole_image_is_known(
    tiny_model: str, space: Path, demo: Path, side: str, source: str
) -> None:
    """By its content, so that an upload of it is known as well."""
    sample = open_dataset(demo).samples[0]
    trained(space, {side: ["of another name"]}, [image_digest(sample.image)])
    at = opened()
    if source == "Dataset":
        at.segmented_control(key="source").set_value(source).run()
    else:
        upload = sample.image.read_bytes()
        at.file_uploader(key="image").upload("a.jpg", upload, "image/jpeg").run()
    assert not at.exception
    word = {"train": "train", "val": "validate", "test": "test"}[side]
    shown = at.warning if side == "train" else at.info
    assert any(f"This model used this image to {word}." in box.value for box in shown)


def test_an_image_that_no_side_has_is_not_known(tiny_model: str, space: Path, demo: Path) -> None:
    trained(space, {"train": ["Tile 1/image_part_001"]}, ["0" * 12])
    at = opened()
    at.segmented_control(key="source").set_value("Dataset").run()
    assert not any("This model used" in box.value for box in (*at.warning, *at.caption))


def test_another_number_of_bands_is_said_before_it_is_predicted(tiny_model: str) -> None:
    at = opened()
    grey = png_bytes(np.zeros((40, 40), np.uint8))
    at.file_uploader(key="image").upload("grey.png", grey, "image/png").run()
    assert any("The model takes 3 bands, the image has 1" in box.value for box in at.error)
    assert predict_button(at).disabled


def test_another_dtype_is_said_with_its_values(
    tiny_model: str, space: Path, tmp_path: Path
) -> None:
    card = space / "models/tiny/model.json"
    numbers = {"mean": [90.0] * 3, "std": [40.0] * 3, "low": [5.0] * 3, "high": [240.0] * 3}
    card.write_text(json.dumps(json.loads(card.read_text()) | {"imagery": numbers}))
    path = tmp_path / "reflectance.tif"
    values = np.linspace(0, 1, 3 * 48 * 48, dtype=np.float32).reshape(3, 48, 48)
    with rasterio.open(path, "w", "GTiff", 48, 48, 3, dtype="float32") as file:
        file.write(values)
    at = opened()
    at.file_uploader(key="image").upload("r.tif", path.read_bytes(), "image/tiff").run()
    (error,) = (box.value for box in at.error)
    assert "trained on uint8 values, the image holds float32 from 0\\.01 to 0\\.99" in error
    assert not any("hardly differ" in box.value for box in at.warning)
    assert predict_button(at).disabled
