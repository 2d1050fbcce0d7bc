"""Several images on the Predict page: begun, looked through, moved by a threshold, kept."""

from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS
from streamlit.testing.v1 import AppTest

from core.classes import DUBAI_CLASSES, ClassTable, LandClass
from core.evaluation.batch.compare import compare_batches
from core.evaluation.batch.store import KeptBatch, find_batch, list_batches
from core.imagery.header import Georeference
from core.imagery.output.write import geotiff_bytes, png_bytes
from core.models.architectures.unet import UNetSpec
from core.models.network import build_model
from tests.conftest import REPOSITORY
from tests.tiny import save_tiny_model, save_with_card
from ui.predict.batch.opened import job_key
from ui.shell.jobs import find_job

RNG = np.random.default_rng(5)
ROADS = ClassTable(
    classes=(LandClass(name="Ground", color="#999999"), LandClass(name="Road", color="#E69F00"))
)


@pytest.fixture(autouse=True)
def nothing_bundled(space: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.models.store.BUNDLED_MODELS", space / "none")


def opened(**query: str) -> AppTest:
    at = AppTest.from_file(str(REPOSITORY / "ui/shell/router.py"), default_timeout=120)
    at = at.switch_page(str(REPOSITORY / "pages/predict.py"))
    for key, value in ({"source": "Batch"} | query).items():
        at.query_params[key] = value
    at = at.run()
    assert not at.exception
    return at


def picture(size: tuple[int, int] = (40, 50)) -> bytes:
    return png_bytes(RNG.integers(0, 256, (*size, 3), np.uint8))


def archive(files: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as out:
        for name, content in files.items():
            out.writestr(name, content)
    return data.getvalue()


def masks(labels: np.ndarray, classes: ClassTable = DUBAI_CLASSES) -> bytes:
    return png_bytes(classes.colorize(labels))


def start(at: AppTest) -> str:
    """Press the button, wait for the end, and give back the batch's id."""
    at.button(key="batch.start").click().run()
    assert not at.exception
    batch = str(at.session_state["predict.batch"])
    job = find_job(job_key(batch))
    assert job is not None
    job.join()
    at.run()
    assert not at.exception
    return batch


def test_files_of_a_zip_with_a_damaged_one_the_worst_first(tiny_model: str) -> None:
    at = opened()
    labels = RNG.integers(0, 5, (40, 50), np.uint8)
    files = {
        "images/a.png": picture(),
        "masks/a.png": masks(labels),
        "images/b.png": picture(),
        "masks/b.png": masks(np.full_like(labels, 3)),
        "images/bad.png": b"no picture",
        "notes.txt": b"left out",
    }
    box = at.file_uploader(key="batch-images-0")
    box.upload("set.zip", archive(files), "application/zip").run()
    batch = start(at)
    names = at.selectbox(key="item").options
    assert sorted(names) == ["images/a.png", "images/b.png", "images/bad.png"]
    assert names[-1] == "images/bad.png"
    results = find_batch(batch).results()
    assert [bool(results[n].matrix) for n in range(3)] == [True, True, False]
    assert results[2].failed
    warnings = " ".join(box.value for box in at.warning)
    assert "notes\\.txt is no image" in warnings
    assert "1 image could not be predicted" in warnings
    # In nobody's list, and opened by its address all the same.
    assert list_batches(pytest.fail) == {}
    again = opened(batch=batch, item="images/bad.png")
    assert again.selectbox(key="item").value == "images/bad.png"
    assert any("not a PNG, JPEG or TIFF" in box.value for box in again.error)
    assert opened().info[0].value.startswith("Choose images")


def test_a_side_of_a_dataset_is_kept_in_the_list_gone_on_with_and_deleted(
    space: Path, demo_dataset: Path, tiny_model: str
) -> None:
    shutil.copytree(demo_dataset, space / "datasets" / "demo")
    at = opened(batch_from="Dataset", dataset="demo")
    batch = start(at)
    kept = find_batch(batch)
    assert kept.record().finished
    assert len(kept.results()) == 12
    first, second, *_ = at.selectbox(key="item").options
    assert at.selectbox(key="item").value == first
    at.button(key="batch.Next").click().run()
    assert at.selectbox(key="item").value == second
    # A sample that has gone is said, and its table and map stay.
    gone = kept.record().images[kept_number(kept, second)].name
    (image,) = (space / "datasets/demo").glob(f"{gone.replace('/', '/images/')}.*")
    image.unlink()
    at = opened(batch=batch, item=second)
    assert any("gone" in box.value for box in at.error)
    assert not at.exception
    at.button(key=f"destroy-menu.batch.{batch}").click().run()
    assert not at.exception
    assert list_batches(pytest.fail) == {}


def kept_number(kept: KeptBatch, name: str) -> int:
    images = kept.record().images
    return next(n for n, image in enumerate(images) if image.name == name)


def test_a_threshold_of_two_classes_moves_all_counts_and_is_kept(space: Path) -> None:
    spec = UNetSpec(classes=2, width=4, depth=1)
    save_with_card(build_model(spec), space / "models/roads", spec, ROADS)
    at = opened()
    labels = RNG.integers(0, 2, (40, 50), np.uint8)
    for name, data in (("a.png", picture()), ("a_mask.png", masks(labels, ROADS))):
        at.file_uploader(key="batch-images-0").upload(name, data, "image/png")
    at.run()
    batch = start(at)
    slider = at.slider(key=f"batch.threshold.{batch}")
    slider.set_value(0.0).run()
    assert not at.exception
    assert find_batch(batch).record().threshold == 0.0
    accuracy = {metric.label: metric.value for metric in at.metric}["Pixel accuracy"]
    assert accuracy == f"{labels.mean():.1%}"
    assert any("Road from a probability of 0.00 on" in c.value for c in at.caption)


def test_uploads_stay_while_another_page_is_looked_at(tiny_model: str) -> None:
    at = opened()
    for number in range(3):
        at.file_uploader(key="batch-images-0").upload(f"{number}.png", picture(), "image/png")
    at.run()
    at = at.switch_page(str(REPOSITORY / "pages/train.py")).run()
    at = at.switch_page(str(REPOSITORY / "pages/predict.py")).run()
    assert any("3 files" in caption.value for caption in at.caption)
    batch = start(at)
    assert len(find_batch(batch).results()) == 3
    assert not any("from before" in caption.value for caption in at.caption)


def test_two_batches_are_compared_and_one_is_listed_for_everybody(
    space: Path, demo_dataset: Path, tiny_model: str
) -> None:
    shutil.copytree(demo_dataset, space / "datasets" / "demo")
    save_tiny_model(space / "models/other", seed=5)
    at = opened(batch_from="Dataset", dataset="demo", model=tiny_model)
    first = start(at)
    at.selectbox(key="model").set_value("other").run()
    second = start(at)
    assert first != second
    at.selectbox(key=f"batch.other.{second}").set_value(first).run()
    assert not at.exception
    text = next(c.value for c in at.caption if c.value.startswith("The same class on"))
    pairs = compare_batches(find_batch(second), find_batch(first))
    mean = np.mean([pair.agreement for pair in pairs])
    assert f"{mean:.1%} of the pixels, in the mean over 12 images" in text
    at.selectbox(key="order").set_value("Least agreement first").run()
    assert at.selectbox(key="item").options[0] == pairs[0].name
    # On the page's other views they stand in a list.
    at = AppTest.from_file(str(REPOSITORY / "ui/shell/router.py"), default_timeout=120)
    at = at.switch_page(str(REPOSITORY / "pages/predict.py")).run()
    assert any(box.label == "Earlier batches (2)" for box in at.expander)


def test_uploads_are_listed_when_somebody_asks(tiny_model: str) -> None:
    at = opened()
    at.file_uploader(key="batch-images-0").upload("a.png", picture(), "image/png").run()
    batch = start(at)
    assert list_batches(pytest.fail) == {}
    at.button(key="batch.keep").click().run()
    assert list(list_batches(pytest.fail)) == [batch]


def test_a_sample_too_large_is_predicted_by_windows(
    space: Path, tiny_model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = space / "datasets/wide/images"
    root.mkdir(parents=True)
    pixels = RNG.integers(0, 256, (300, 400, 3), np.uint8)
    grid = Georeference(CRS.from_epsg(32631), Affine(0.5, 0, 590_000, 0, -0.5, 5_750_000))
    (root / "scene.tif").write_bytes(geotiff_bytes(pixels, grid))
    monkeypatch.setattr("core.imagery.scene.scene.WHOLE_BYTES", 1000)
    at = opened(source="Dataset", dataset="wide", sample="scene")
    assert any("too large to be read whole" in box.value for box in at.info)
    at.button(key="predict.windows").click().run()
    assert not at.exception
    batch = str(at.session_state["predict.batch"])
    job = find_job(job_key(batch))
    assert job is not None
    job.join()
    at.run()
    assert not at.exception and not at.error
    assert any("scene: 400 × 300 pixels, predicted by windows" in c.value for c in at.caption)
    assert sum(find_batch(batch).results()[0].counts) == 120_000


def test_a_batch_that_cannot_start_leaves_nothing(space: Path, tiny_model: str) -> None:
    at = opened()
    at.file_uploader(key="batch-images-0").upload("a.zip", b"PK nothing", "application/zip").run()
    at.button(key="batch.start").click().run()
    batch = str(at.session_state["predict.batch"])
    job = find_job(job_key(batch))
    assert job is not None
    job.join()
    at.run()
    assert not at.exception
    assert any("no image among the files" in box.value for box in at.error)
    assert not list((space / "predictions/batches").glob("2*"))


def test_the_model_gone_meanwhile_is_said_and_what_is_done_stays(
    space: Path, tiny_model: str
) -> None:
    at = opened()
    for name, data in (("a.png", picture()), ("b.png", b"no picture")):
        at.file_uploader(key="batch-images-0").upload(name, data, "image/png")
    at.run()
    batch = start(at)
    save_tiny_model(space / "models/second", seed=6)
    shutil.rmtree(space / "models/tiny")
    at.run()
    at.button(key="batch.again").click().run()
    job = find_job(job_key(batch))
    assert job is not None
    job.join()
    at.run()
    assert any("the batch cannot go on" in box.value for box in at.error)
    assert not at.exception
    assert "a.png" in at.selectbox(key="item").options
