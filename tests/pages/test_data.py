"""The Data page without a browser."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.classes import DUBAI_CLASSES, VOID
from core.datasets.catalogue import open_dataset
from core.datasets.fingerprint import fingerprint
from core.errors import DatasetError
from core.paths import workspace
from tests.conftest import REPOSITORY
from tests.ui.components import component_data, problems, tiles
from ui.data.gallery.thumbnails import mask_picture, thumbnails
from ui.shell.errors import plain
from ui.shell.jobs import find_job, start_job

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")


def opened(**query: str) -> AppTest:
    at = AppTest.from_file(str(REPOSITORY / "ui/shell/router.py"), default_timeout=120)
    for key, value in query.items():
        at.query_params[key] = value
    return at.switch_page("../../pages/data.py").run()


def counted(at: AppTest, dataset: Path) -> AppTest:
    """The page once its audit has ended."""
    job = find_job(f"audit-{fingerprint(dataset)}")
    assert job is not None
    job.join()
    return at.run()


def settled(folder: Path) -> None:
    """Wait for the audit that the page began, so that it does not outlive the test's folder."""
    job = find_job(f"audit-{fingerprint(folder)}")
    if job is not None:
        job.join()


def facts(at: AppTest) -> list[str]:
    """What the title's row says of the dataset."""
    line = next(c.value for c in at.caption if " · " in c.value and "sample" in c.value)
    return line.replace("\\", "").split(" · ")


@pytest.fixture
def demo(space: Path, demo_dataset: Path) -> Path:
    return Path(shutil.copytree(demo_dataset, space / "datasets" / "demo"))


def test_empty_workspace_offers_three_ways(space: Path) -> None:
    at = opened()
    assert not at.exception
    assert not at.error
    labels = [button.label for button in at.button]
    assert {"Write the demo set", "Fetch the Dubai set"} <= set(labels)
    assert str(space / "datasets") in [code.value for code in at.code]
    assert any("DSI_DATA_ROOTS" in caption.value for caption in at.caption)


def test_writing_the_demo_set_is_one_click(space: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.data.add.forms.DEMO_SIZE", 64)
    monkeypatch.setattr("ui.data.add.forms.DEMO_SCENES", 2)
    at = opened()
    at.button(key="write-demo").click().run()
    job = find_job("write-demo")
    assert job is not None
    job.join()
    at.run()
    assert not at.exception
    assert at.selectbox(key="dataset").value == "demo"
    assert "8 samples" in facts(at)
    assert sorted(p.name for p in (space / "datasets").iterdir()) == ["demo"]
    # With one there, another is offered under a name that is free.
    at.button(key="add-dataset").click().run()
    assert at.text_input(key="demo-name").value == "demo-2"
    counted(at, space / "datasets/demo")


def test_gallery_then_numbers(demo: Path) -> None:
    at = opened()
    assert not at.exception
    assert len(tiles(at)) == 12
    assert "12 samples" in facts(at)
    counted(at, demo)
    assert not at.exception
    shown = facts(at)
    assert "3 scenes" in shown
    assert "3 problems" in shown  # each scene is a mosaic: good to know
    at.multiselect(key="scene").select("Tile 2").run()
    assert len(tiles(at)) == 4
    at.toggle(key="masks").set_value(False).run()
    assert not at.exception
    assert "opacity" not in {slider.key for slider in at.slider}


@pytest.mark.parametrize("view", ["Sample", "Statistics", "Problems"])
def test_every_view_opens_by_its_address(demo: Path, view: str) -> None:
    at = counted(opened(view=view, dataset="demo"), demo)
    assert not at.exception
    assert not at.error
    if view == "Statistics":
        assert len(at.get("plotly_chart")) == 12
        assert any(f"{12 * 96 * 96 / 1e6:.2f} megapixels" in c.value for c in at.caption)
    if view == "Problems":
        assert {row["kind"] for row in problems(at)} == {"Mosaic"}
        assert at.get("download_button")


def test_samples_are_stepped_through(demo: Path, space: Path) -> None:
    at = opened(view="Sample", sample="Tile 2/image_part_003")
    assert not at.exception
    assert component_data(at, "dsi_arrow_keys") is not None
    next(b for b in at.button if b.label == "Next").click().run()
    assert at.selectbox(key="sample").value == "Tile 2/image_part_004"
    # The ends are ends.
    at.selectbox(key="sample").select("Tile 3/image_part_004").run()
    assert next(b for b in at.button if b.label == "Next").disabled
    at.selectbox(key="sample").select("Tile 2/image_part_004").run()
    # In another dataset there is no such sample: its first one is shown.
    shutil.copytree(demo / "Tile 1", space / "datasets" / "small" / "Tile 9")
    at.run()
    at.selectbox(key="dataset").select("small").run()
    assert not at.exception
    assert at.selectbox(key="sample").value == "Tile 9/image_part_001"
    counted(at, demo)
    counted(at, space / "datasets/small")


def test_a_filter_decides_what_is_stepped_through(demo: Path) -> None:
    at = opened(dataset="demo", find="image_part_002")
    assert len(tiles(at)) == 3
    at.session_state["sample"] = "Tile 1/image_part_002"
    at.segmented_control(key="view").select("Sample").run()
    assert at.text_input(key="find").value == "image_part_002"
    assert any("3 of 12 samples" in markdown.value for markdown in at.markdown)
    assert next(b for b in at.button if b.label == "Previous").disabled
    next(b for b in at.button if b.label == "Next").click().run()
    assert at.selectbox(key="sample").value == "Tile 2/image_part_002"
    # From a sample that the filter leaves out, on to the next that it does not.
    at.selectbox(key="sample").select("Tile 2/image_part_004").run()
    next(b for b in at.button if b.label == "Next").click().run()
    assert at.selectbox(key="sample").value == "Tile 3/image_part_002"
    assert next(b for b in at.button if b.label == "Next").disabled
    at.button(key="reset-filters").click().run()
    next(b for b in at.button if b.label == "Next").click().run()
    assert at.selectbox(key="sample").value == "Tile 3/image_part_003"
    # The gallery has the filter that was chosen here.
    at.text_input(key="find").set_value("part_004").run()
    at.segmented_control(key="view").select("Gallery").run()
    assert len(tiles(at)) == 3
    assert not at.exception
    counted(at, demo)


def test_broken_files_are_tiles_and_rows(demo: Path) -> None:
    (demo / "Tile 1/images/image_part_001.jpg").write_bytes(b"text")
    (demo / "Tile 1/masks/image_part_002.png").write_bytes(b"")
    (demo / "Tile 1/masks/image_part_003.png").unlink()
    small = np.zeros((5, 5, 3), np.uint8)
    assert cv2.imwrite(str(demo / "Tile 1/masks/image_part_004.png"), small)
    at = opened()
    assert not at.exception
    assert [bool(tile["src"]) for tile in tiles(at)] == [False, *[True] * 11]
    said = [" ".join((*tile["notes"], *tile["problems"])) for tile in tiles(at)[:4]]
    for words, text in zip(
        (
            "The image cannot be read",
            "The mask cannot be read",
            "no mask",
            "The mask is 5 × 5 pixels",
        ),
        said,
        strict=True,
    ):
        assert words in text
    counted(at, demo)
    at.segmented_control(key="view").select("Problems").run()
    assert not at.exception
    kinds = [row["kind"] for row in problems(at)]
    assert kinds[:3] == ["Unreadable file", "Unreadable file", "Sizes differ"]
    assert "Missing mask" in kinds
    # Each of them opens too, and says what is wrong.
    for part in range(1, 5):
        at = opened(view="Sample", sample=f"Tile 1/image_part_00{part}")
        assert not at.exception
        assert len(at.error) + len(at.warning) + len(at.info) > 1


def test_notes_of_the_real_set_are_shown(
    space: Path, real_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = space / "datasets/dubai"
    for kind in ("images", "masks"):
        shutil.copytree(real_data / f"dubai/Tile 2/{kind}", copy / f"Tile 2/{kind}")
    shutil.copy(real_data / "dubai/classes.json", copy)
    at = opened(dataset="dubai")
    assert not at.exception
    assert plain("classes.json disagrees with the masks") in at.warning[0].value
    counted(at, copy)


def test_a_dataset_that_cannot_be_opened_is_one_box(space: Path) -> None:
    (space / "datasets/bad/images").mkdir(parents=True)
    at = opened()
    assert not at.exception
    assert len(at.error) == 1
    assert "holds no PNG" in at.error[0].value


def test_a_name_that_is_no_name_is_refused(demo: Path, space: Path) -> None:
    at = opened()
    at.button(key="add-dataset").click().run()
    at.text_input(key="demo-name").set_value("../../evil")
    next(b for b in at.button if b.label == "Write another demo set").click().run()
    assert not at.exception
    assert "cannot be used as a name" in at.error[0].value
    assert [p.name for p in (space / "datasets").iterdir()] == ["demo"]
    counted(at, demo)


def test_masks_in_the_gallery_have_exactly_the_class_colours(demo: Path) -> None:
    """The small mask shows no colour but the table's, where it is labelled."""
    dataset = open_dataset(demo)
    for thumbnail in thumbnails(dataset, dataset.samples):
        picture = mask_picture(thumbnail, dataset.classes)
        assert picture is not None
        assert thumbnail.labels is not None
        pixels = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_UNCHANGED)
        labels = cv2.imdecode(np.frombuffer(thumbnail.labels, np.uint8), cv2.IMREAD_GRAYSCALE)
        rgb, alpha = pixels[..., 2::-1], pixels[..., 3]
        assert {tuple(c) for c in rgb[labels != VOID]} <= set(DUBAI_CLASSES.colors)
        assert ((alpha == 0) == (labels == VOID)).all()


def test_a_changed_file_changes_the_fingerprint_and_the_thumbnail(demo: Path) -> None:
    dataset = open_dataset(demo)
    sample = dataset.samples[0]
    before, (small,) = fingerprint(demo), thumbnails(dataset, [sample])
    assert fingerprint(demo) == before
    image = cv2.imread(str(sample.image))
    assert cv2.imwrite(str(sample.image), 255 - image)
    assert fingerprint(demo) != before
    (changed,) = thumbnails(dataset, [sample])
    assert changed.image != small.image


def test_the_page_does_not_import_tensorflow(demo: Path, space: Path) -> None:
    """Overview and Data, in a process of their own."""
    code = f"""
import json, sys
from streamlit.testing.v1 import AppTest
at = AppTest.from_file({str(REPOSITORY / "ui/shell/router.py")!r}, default_timeout=120).run()
at.switch_page("../../pages/data.py").run()
shown = sum(e.proto.json.count('"src"') for e in at.get("bidi_component"))
print(json.dumps([len(at.exception), shown, "tensorflow" in sys.modules]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout.splitlines()[-1]) == [0, 12, False]


def test_a_stopped_job_ends_at_its_next_step() -> None:
    started, go_on = threading.Event(), threading.Event()

    def work(progress: Callable[[int, int], None]) -> str:
        progress(1, 3)
        started.set()
        go_on.wait()
        progress(2, 3)
        raise AssertionError("it went on after it was stopped")

    job = start_job("test-stop", "Waiting", "steps", work)
    started.wait()
    assert start_job("test-stop", "Waiting", "steps", work) is job  # one at a time
    assert job.progress_text == "Waiting: 1 of 3 steps"
    job.stop()
    go_on.set()
    job.join()
    assert (job.state, job.error) == ("stopped", None)


def test_a_failed_job_keeps_its_error() -> None:
    def work(progress: Callable[[int, int], None]) -> None:
        raise DatasetError("no luck", remedy="try again")

    job = start_job("test-fail", "Trying", "steps", work)
    job.join()
    assert job.state == "failed"
    assert job.error is not None
    assert job.error.remedy == "try again"


def test_a_fetch_that_fails_at_once_says_what_to_do(
    space: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However soon it ends: offline, kagglehub gives up before the page is drawn again."""

    def offline(progress: object) -> Path:
        raise DatasetError("Kaggle cannot be reached", remedy="download it by hand")

    monkeypatch.setattr("core.datasets.download.dubai.fetch_dubai", offline)
    at = opened()
    for _ in range(2):  # the second time as well
        next(button for button in at.button if button.label == "Fetch the Dubai set").click()
        at.run()
        job = find_job("fetch-dubai")
        assert job is not None
        job.join()
        at.run()
        assert not at.exception
        assert [error.value for error in at.error if "Kaggle cannot be reached" in error.value]


def test_images_that_cannot_be_read_have_no_sizes(demo: Path) -> None:
    for image in demo.glob("*/images/*"):
        image.write_bytes(b"")
    at = counted(opened(dataset="demo", view="Statistics"), demo)
    assert not at.exception
    assert any("No image of this dataset can be read" in info.value for info in at.info)


def test_names_that_look_like_markdown_are_text(tmp_path: Path) -> None:
    """A picture from elsewhere, a link: what a ZIP brings is not asked for by the page."""
    from core.datasets.synthetic.dubai import write_demo

    name = "![a](http:x.example) [b](x)"
    root = write_demo(tmp_path / "set", scenes=1, size=96, seed=7)
    for folder, ending in (("images", ".jpg"), ("masks", ".png")):
        (workspace().datasets / "odd" / folder).mkdir(parents=True)
        (root / f"Tile 1/{folder}/image_part_001{ending}").rename(
            workspace().datasets / "odd" / folder / f"{name}{ending}"
        )
    (workspace().datasets / "odd/classes.json").write_text(DUBAI_CLASSES.model_dump_json())
    at = opened(dataset="odd", view="Sample")
    assert not at.exception
    shown = [
        at.table[0].value.to_string(),
        *(m.value for m in at.markdown if "example" in m.value),
    ]
    assert "example" in shown[0]
    assert not any("](" in text for text in shown)
