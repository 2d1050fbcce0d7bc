"""An upload stays with its session: on the other pages, and when its own is opened again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from streamlit.runtime.scriptrunner_utils.exceptions import StopException
from streamlit.testing.v1 import AppTest

from core.imagery.output.write import png_bytes
from core.models.store import find_model, read_card
from tests.conftest import REPOSITORY

RNG = np.random.default_rng(12)
IMAGE = RNG.integers(0, 256, (70, 90, 3), np.uint8)
LABELS = RNG.integers(0, 3, (70, 90), np.uint8)


@pytest.fixture(autouse=True)
def nothing_bundled(space: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.models.store.BUNDLED_MODELS", space / "none")


def page(at: AppTest, name: str) -> AppTest:
    at = at.switch_page(str(REPOSITORY / f"pages/{name}.py")).run()
    assert not at.exception
    return at


@pytest.fixture
def predicted(tiny_model: str) -> AppTest:
    """Predict with an image, its mask, and the scores of its map."""
    at = AppTest.from_file(str(REPOSITORY / "ui/shell/router.py"), default_timeout=120)
    at = page(at, "predict")
    at.file_uploader(key="image").upload("photo.png", png_bytes(IMAGE), "image/png").run()
    classes = read_card(find_model(tiny_model).folder).classes
    mask = png_bytes(classes.colorize(LABELS))
    at.file_uploader(key="mask").upload("mask.png", mask, "image/png").run()
    press_predict(at)
    assert scores(at)
    return at


def press_predict(at: AppTest) -> None:
    next(button for button in at.button if button.label == "Predict").click().run()


def scores(at: AppTest) -> list[str]:
    return [metric.value for metric in at.metric]


def test_image_mask_and_map_are_there_again(predicted: AppTest) -> None:
    before = scores(predicted)
    at = page(page(predicted, "overview"), "predict")
    assert scores(at) == before
    assert any("photo" in caption.value for caption in at.caption)


def test_inspect_looks_inside_at_the_same_image(predicted: AppTest) -> None:
    at = predicted.switch_page(str(REPOSITORY / "pages/inspect.py"))
    at.query_params["image_from"] = "Upload"
    at.run()
    assert not at.exception
    assert any("photo" in caption.value for caption in at.caption)


def test_what_is_taken_out_is_gone_on_every_page(predicted: AppTest) -> None:
    at = page(page(predicted, "overview"), "predict")
    at.button(key="image.remove").click().run()
    assert not at.metric
    assert any("Upload an image" in info.value for info in at.info)
    at = page(page(at, "overview"), "predict")
    assert not [c.value for c in at.caption if "photo" in c.value or "mask" in c.value]


def test_the_mask_of_an_image_does_not_stay_for_the_next_one(predicted: AppTest) -> None:
    at = page(page(predicted, "overview"), "predict")
    other = png_bytes(IMAGE[:40])
    at.file_uploader(key="image").upload("other.png", other, "image/png").run()
    assert not at.exception and not at.error
    assert not [c.value for c in at.caption if "mask" in c.value]


def test_a_click_on_predict_is_not_lost_to_another_run(
    tiny_model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = AppTest.from_file(str(REPOSITORY / "ui/shell/router.py"), default_timeout=120)
    at = page(at, "predict")
    at.file_uploader(key="image").upload("photo.png", png_bytes(IMAGE), "image/png").run()

    def interrupt(*_: object) -> bool:
        """As a run of the page ends because another begins."""
        raise StopException

    with monkeypatch.context() as patch:
        patch.setattr("ui.predict.checks.fits_model", interrupt)
        press_predict(at)
    assert not any("predicted in" in caption.value for caption in at.caption)
    at.run()
    assert not at.exception
    assert any("photo" in c.value and "predicted in" in c.value for c in at.caption)
