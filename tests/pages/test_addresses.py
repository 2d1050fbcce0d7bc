"""What an address asks for and is not there: said on each page, and taken out of the address."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.paths import workspace
from tests.conftest import REPOSITORY
from tests.pages.test_data import counted, settled, tiles
from tests.ui.train.runs.test_panel import make_run

Query = dict[str, str | list[str]]


def opened(page: str, query: Query) -> AppTest:
    at = AppTest.from_file(str(REPOSITORY / "ui/shell/router.py"), default_timeout=120)
    for key, value in query.items():
        at.query_params[key] = value
    at.switch_page(str(REPOSITORY / f"pages/{page}.py")).run()
    assert not at.exception
    return at


def said(at: AppTest) -> list[str]:
    texts = [box.value.replace("\\", "") for box in at.warning]
    return [text for text in texts if text.startswith("The address asks for")]


def in_address(at: AppTest, key: str) -> set[str]:
    values = at.query_params.get(key, [])
    return {values} if isinstance(values, str) else set(values)


def check(at: AppTest, asked: Query, expected: list[str]) -> None:
    """Each is said, with what there is, and none of it is left in the address."""
    texts = said(at)
    assert len(texts) == len(expected), texts
    for words in expected:
        assert any(words in text for text in texts), (words, texts)
    for key, value in asked.items():
        gone = {value} if isinstance(value, str) else set(value)
        assert not gone & in_address(at, key), key


@pytest.fixture
def demo(space: Path, demo_dataset: Path) -> Path:
    folder = space / "datasets" / "demo"
    shutil.copytree(demo_dataset, folder)
    return folder


def test_the_gallery(demo: Path) -> None:
    asked: Query = {
        "class": "Lava",
        "scene": "Tile 99",
        "mask": "maybe",
        "side": ["Training", "Left"],
        "share": "900",
        "flagged": "Nonsense",
        "tag": ["old", "older"],
        "size": "1 × 1 px",
        "page": "99",
    }
    at = counted(opened("data", asked | {"dataset": "demo"}), demo)
    unknown = asked | {"side": "Left"}
    check(
        at,
        unknown,
        [
            "the class to filter by “Lava”, which is not there. There is: Any class,",
            "the scene to filter by “Tile 99”, which is not there. There is: Tile 1,",
            "the mask to filter by “maybe”, which is not there. There is: With or without,",
            "the side to filter by “Left”, which is not there. There is: Training,",
            "the share of the class in % “900”, which is not there. There is: 0 to 100.",
            "the problem to filter by “Nonsense”, which is not there. There is: any error",
            "the tag to filter by “old” and “older”, which are not there. There is none.",
            "the size to filter by “1 × 1 px”, which is not there. There is none.",
            "the page “99”, which is not there. There is: 1.",
        ],
    )
    assert at.multiselect(key="side").value == ["train"]
    assert in_address(at, "side") == {"Training"}
    assert any("Shown is “Any class”." in text for text in said(at))
    assert any("Shown is “With or without”." in text for text in said(at))
    assert any("Shown is “Training”." in text for text in said(at))
    # Said until another is chosen.
    at.selectbox(key="class").select("Water").run()
    assert not any("Lava" in text for text in said(at))


def test_what_the_gallery_knows_is_taken(demo: Path) -> None:
    asked: Query = {"class": "Water", "mask": "With a mask", "side": ["Training", "Test"]}
    at = counted(opened("data", asked | {"dataset": "demo", "share": "2.5"}), demo)
    assert not said(at)
    assert at.selectbox(key="class").value == "Water"
    assert at.selectbox(key="mask").value == "with"
    assert at.multiselect(key="side").value == ["train", "test"]
    assert at.number_input(key="share").value == 2.5


def test_a_page_of_the_gallery(demo: Path) -> None:
    images, masks = demo / "Tile 1/images", demo / "Tile 1/masks"
    for number in range(10, 40):
        shutil.copy(next(images.iterdir()), images / f"image_part_{number:03}.jpg")
        shutil.copy(next(masks.iterdir()), masks / f"image_part_{number:03}.png")
    asked: Query = {"page": "99"}
    at = opened("data", {"dataset": "demo", "page": "99"})
    check(at, asked, ["the page “99”, which is not there. There is: 1 to 2. Shown is “1”."])
    assert len(tiles(at)) == 24
    assert not said(opened("data", {"dataset": "demo", "page": "2"}))
    settled(demo)


def test_the_sections_of_prepare(demo: Path) -> None:
    asked: Query = {"section": "Nope"}
    at = opened("data", asked | {"dataset": "demo", "view": "Prepare"})
    check(at, asked, ["the section “Nope”, which is not there. There is: Clean, Normalise"])
    settled(demo)


def test_predict(demo: Path, tiny_model: str) -> None:
    asked: Query = {
        "compare": "foo",
        "predicted": "foo",
        "overlap": "900",
        "tta": "perhaps",
        "tta_scales": ["9", "1.25"],
    }
    at = opened("predict", asked | {"source": "Dataset", "dataset": "demo"})
    unknown = asked | {"tta_scales": "9"}
    check(
        at,
        unknown,
        [
            "the way to compare “foo”, which is not there. There is: Overlay, Swipe, Side by "
            "side, Blink, Difference.",
            "the prediction “foo”, which is not there. There is: demo/",
            "the overlap “900”, which is not there. There is: 0 to 75. Shown is “30”.",
            "the averaging over flips and turns “perhaps”, which is not there. There is: true,",
            "the size to average over “9”, which is not there. There is: 0.5, 0.75, 1,",
        ],
    )
    assert list(at.pills(key="tta_scales").value) == [1.25]
    assert not at.metric


def test_the_source_of_predict(space: Path, tiny_model: str) -> None:
    asked: Query = {"source": "Nope", "predicted": "foo"}
    check(
        opened("predict", asked),
        asked,
        [
            "the source of the image “Nope”, which is not there. There is: Upload, Dataset, "
            "Batch. Shown is “Upload”.",
            "the prediction “foo”, which is not there. There is none.",
        ],
    )


def test_inspect(demo: Path, tiny_model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.models.store.BUNDLED_MODELS", workspace().root / "none")
    asked: Query = {"image_from": "Nope", "channel": "9999", "scale": "Nope"}
    at = opened("inspect", asked | {"dataset": "demo"})
    shown = at.selectbox(key="channel").value
    check(
        at,
        asked,
        [
            "the source of the image “Nope”, which is not there. There is: Dataset, Upload, Demo",
            "the channel “9999”, which is not there. There is: ",
            "the colour scale “Nope”, which is not there. There is: Each channel, Whole layer.",
        ],
    )
    assert any(f"Shown is “{shown}”." in text for text in said(at))
    asked = {"scene": "12345"}
    at = opened("inspect", asked | {"image_from": "Demo scene"})
    check(at, asked, ["the scene number “12345”, which is not there. There is: 0 to 9999."])


def test_a_scene_chosen_on_data_is_no_number_on_inspect(
    demo: Path, tiny_model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both stand in the address as ``scene``."""
    monkeypatch.setattr("core.models.store.BUNDLED_MODELS", workspace().root / "none")
    at = opened("data", {"dataset": "demo", "scene": "Tile 1"})
    assert at.multiselect(key="scene").value == ["Tile 1"]
    at.session_state["image_from"] = "Demo scene"
    at.switch_page(str(REPOSITORY / "pages/inspect.py")).run()
    assert not at.exception
    assert at.number_input(key="scene").value == 0
    at.switch_page(str(REPOSITORY / "pages/data.py")).run()
    assert not at.exception
    assert at.multiselect(key="scene").value == []
    settled(demo)


def test_train(space: Path) -> None:
    for name in ("one", "two"):
        make_run(name)
    asked: Query = {"run": "gone"}
    at = opened("train", asked | {"view": "compare"})
    check(at, asked, ["the training “gone”, which is not there. There is: "])
    asked = {"view": "Nope"}
    check(
        opened("train", asked),
        asked,
        ["There is: New training, Trainings, Compare, Models. Shown is “New training”."],
    )
    asked = {"watch": "Nope", "state": ["finished", "lost"], "on": "gone"}
    at = opened("train", asked | {"view": "runs"})
    check(
        at,
        {"watch": "Nope", "state": "lost", "on": "gone"},
        [
            "the view of a training “Nope”, which is not there. There is: Learning, Classes,",
            "the state “lost”, which is not there. There is: ",
            "the dataset “gone”, which is not there. There is: ",
        ],
    )
    assert at.multiselect(key="state").value == ["finished"]
    check(opened("train", {"take": "gone"}), {"take": "gone"}, ["the recipe “gone”"])
