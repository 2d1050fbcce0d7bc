"""Predictions on the Predict page: kept ones opened, compared, deleted; masks in other orders."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.datasets.catalogue import open_dataset
from core.evaluation.confusion import confusion, scores
from core.evaluation.label_quality import agreement
from core.imagery.output.write import png_bytes
from core.inference.averaging import Averaging
from core.models.prediction_history import keep_prediction, prediction_history, read_maps
from core.models.store import find_model, read_card
from tests.conftest import REPOSITORY
from ui.predict import result
from ui.predict.address import PredictionAddress

RNG = np.random.default_rng(3)
SAMPLE = "Tile 2/image_part_003"


@pytest.fixture(autouse=True)
def nothing_bundled(space: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.models.store.BUNDLED_MODELS", space / "none")


@pytest.fixture
def demo(space: Path, demo_dataset: Path, tiny_model: str) -> str:
    shutil.copytree(demo_dataset, space / "datasets" / "demo")
    return tiny_model


def opened(address: PredictionAddress) -> AppTest:
    """The page in a new session, as a link opens it."""
    at = AppTest.from_file(str(REPOSITORY / "ui/shell/router.py"), default_timeout=120)
    at = at.switch_page(str(REPOSITORY / "pages/predict.py"))
    for key, value in address.query().items():
        at.query_params[key] = value
    at = at.run()
    assert not at.exception
    return at


def test_what_is_kept_opens_without_being_predicted_again(
    demo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = PredictionAddress(demo, "demo", SAMPLE)
    before = [metric.value for metric in opened(address).metric]
    assert before

    def never(*_: object) -> None:
        raise AssertionError("predicted again")

    monkeypatch.setattr(result, "open_predictor", never)
    assert [metric.value for metric in opened(address).metric] == before


def test_another_image_of_that_name_is_predicted_anew(demo: str, space: Path) -> None:
    address = PredictionAddress(demo, "demo", SAMPLE)
    opened(address)
    (image,) = (space / "datasets/demo").glob(f"{SAMPLE.replace('/', '/images/')}.*")
    content = image.read_bytes()
    image.unlink()
    image.write_bytes(content)  # another file
    opened(address)
    assert len(prediction_history().predictions) == 2


def test_two_maps_of_an_image_are_compared_and_with_the_truth(demo: str, space: Path) -> None:
    opened(PredictionAddress(demo, "demo", SAMPLE))
    (made,) = prediction_history().predictions
    maps = read_maps(made).copy()
    half = maps[: len(maps) // 2, :, 0]
    half[:] = RNG.integers(0, 5, half.shape)
    keep_prediction(made.model_copy(update={"overlap": 50, "made": 0.0}), maps, b"")
    at = opened(PredictionAddress(demo, "demo", SAMPLE))
    now, earlier = prediction_history().predictions
    at.multiselect(key="predict.compare-with").set_value([earlier.id]).run()
    assert not at.exception
    assert "Maps compared" in [heading.value for heading in at.subheader]
    one, other = read_maps(now)[..., 0], read_maps(earlier)[..., 0]
    both = agreement(confusion(one, other, 5))
    assert 0 < both.pixel_agreement < 1
    lines = next(m.value for m in at.markdown if "Cohen's kappa" in m.value)
    assert f"on {100 * both.pixel_agreement:.1f}% of the pixels" in lines
    dataset = open_dataset(space / "datasets/demo")
    truth = dataset.load_labels(dataset.sample(SAMPLE), one.shape)
    for labels in (one, other):
        assert f"mean IoU {scores(confusion(truth, labels, 5)).mean_iou:.3f}" in lines


def test_a_map_of_other_classes_or_size_is_not_compared(demo: str, space: Path) -> None:
    opened(PredictionAddress(demo, "demo", SAMPLE, Averaging(True, (1.0,))))
    at = opened(PredictionAddress(demo, "demo", SAMPLE))
    _, earlier = prediction_history().predictions
    (space / "predictions" / f"{earlier.id}.png").write_bytes(
        png_bytes(np.zeros((3, 4, 3), np.uint8))
    )
    (space / "predictions" / f"{earlier.id}.views.png").unlink()
    at.multiselect(key="predict.compare-with").set_value([earlier.id]).run()
    assert any("another size" in box.value for box in at.warning)
    assert "Maps compared" not in [heading.value for heading in at.subheader]


def test_one_is_deleted_from_the_list(demo: str) -> None:
    at = opened(PredictionAddress(demo, "demo", SAMPLE))
    (kept,) = prediction_history().predictions
    box = next(e for e in at.expander if e.label.startswith("Earlier predictions"))
    assert box.label == "Earlier predictions (1)"
    at.session_state["predict.history"] = True
    at.run()
    at.button(key=f"destroy-menu.prediction.{kept.id}").click().run()
    assert not at.exception
    assert prediction_history().predictions == []


def test_masks_of_the_same_classes_in_another_order_are_compared(
    tiny_model: str, space: Path
) -> None:
    classes = read_card(find_model(tiny_model).folder).classes
    labels = RNG.integers(0, 5, (64, 64), np.uint8)
    image = png_bytes(RNG.integers(0, 256, (64, 64, 3), np.uint8))
    values = []
    for name, order in (("same", range(5)), ("turned", range(4, -1, -1))):
        root = space / "datasets" / name
        for folder, data in (("images", image), ("masks", png_bytes(classes.colorize(labels)))):
            (root / folder).mkdir(parents=True)
            (root / folder / "a.png").write_bytes(data)
        rows = [f"{classes.classes[i].name},{classes.classes[i].color}" for i in order]
        (root / "classes.csv").write_text("\n".join(["name,color", *rows]) + "\n")
        assert open_dataset(root).classes.names[0] == classes.names[order[0]]
        at = opened(PredictionAddress(tiny_model, name, "a"))
        values.append([metric.value for metric in at.metric])
    assert values[0] == values[1] and values[0]
