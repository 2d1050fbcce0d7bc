"""Several images in the browser: a ZIP with a bad one, the table, the threshold, one ZIP of all."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from core.classes import ClassTable, LandClass
from core.imagery.output.write import png_bytes
from tests.e2e.conftest import Server, settled
from tests.tiny import save_with_card

ROADS = ClassTable(
    classes=(LandClass(name="Ground", color="#999999"), LandClass(name="Road", color="#E69F00"))
)


def model_of_two_classes(folder: Path) -> None:
    """A small network with random weights."""
    import keras

    from core.models.architectures.unet import UNetSpec
    from core.models.network import build_model

    keras.utils.set_random_seed(3)
    spec = UNetSpec(classes=2, width=4, depth=1)
    save_with_card(build_model(spec), folder, spec, ROADS)


def archive(random: np.random.Generator) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as out:
        for name in ("a", "b"):
            image = random.integers(0, 256, (60, 80, 3), np.uint8)
            mask = random.integers(0, 2, (60, 80), np.uint8)
            out.writestr(f"images/{name}.png", png_bytes(image))
            out.writestr(f"masks/{name}.png", png_bytes(ROADS.colorize(mask)))
        out.writestr("images/bad.png", b"no picture")
        out.writestr("notes.txt", b"no image")
    return data.getvalue()


def test_a_zip_with_a_bad_image_to_a_zip_of_results(server: Server, page: Any) -> None:
    model_of_two_classes(server.workspace / "models" / "roads-e2e")
    kept = begin(server, page)
    results = [
        json.loads(line) for line in (kept / "results.jsonl").read_text().split("\n") if line
    ]
    assert [bool(result["error"]) for result in results] == [False, False, True]

    # What went wrong is named, and the rest is there, the worst first.
    page.get_by_text("notes.txt is no image").wait_for()
    page.get_by_text("1 image could not be predicted").wait_for()
    names = ["images/a.png", "images/b.png"]
    first = names[min(results[:2], key=_mean_iou)["number"]]
    page.get_by_text(f"{first}: 80 × 60 pixels").wait_for()
    assert {"prediction", "truth", "confidence"} <= set(_layers(page))

    # Another image by the keyboard; the address keeps it.
    page.get_by_text("Scores pooled").click()
    page.keyboard.press("ArrowRight")
    names.remove(first)
    page.get_by_text(f"{names[0]}: 80 × 60 pixels").wait_for()
    assert f"item={names[0].replace('/', '%2F')}" in page.url

    # The threshold at 0: all is road, nothing is predicted again, and the record keeps it.
    page.get_by_role("slider", name="Road from a probability of").focus()
    page.keyboard.press("Home")
    page.get_by_text("Road from a probability of 0.00 on.").first.wait_for()
    settled(page)
    assert json.loads((kept / "batch.json").read_text())["threshold"] == 0.0
    check_zip(page)

    # Opened again by its address: nothing is computed.
    before = (kept / "maps/000000.png").stat().st_mtime_ns
    page.goto(f"{server.url}/predict?source=Batch&batch={kept.name}&item={names[0]}")
    page.get_by_text(f"{names[0]}: 80 × 60 pixels").wait_for()
    assert (kept / "maps/000000.png").stat().st_mtime_ns == before
    shutil.rmtree(server.workspace / "models" / "roads-e2e")


def begin(server: Server, page: Any) -> Path:
    """Upload the ZIP, have it predicted, and give back the batch's folder when it has ended."""
    page.goto(f"{server.url}/predict?source=Batch&model=roads-e2e")
    page.get_by_role("button", name="Predict all").wait_for()
    settled(page)  # until then the first box of files may become the second
    box = page.get_by_test_id("stFileUploader").nth(0)
    upload = {"name": "set.zip", "mimeType": "application/zip"}
    box.locator("input[type=file]").set_input_files(
        upload | {"buffer": archive(np.random.default_rng(7))}
    )
    box.get_by_test_id("stFileChip").filter(has_text="set.zip").wait_for()
    settled(page)
    page.get_by_role("button", name="Predict all").click()
    page.get_by_text("Scores pooled over the pixels of 2 images").wait_for()
    settled(page)
    batch = page.url.partition("batch=")[2].partition("&")[0]
    return Path(server.workspace / "predictions/batches" / batch)


def check_zip(page: Any) -> None:
    """Have everything packed at a threshold of 0, and look into the download."""
    page.get_by_role("button", name="Pack everything into a ZIP").click()
    link = page.get_by_role("link", name="Download the ZIP")
    link.wait_for()
    with page.expect_download() as download:
        link.click()
    with zipfile.ZipFile(str(download.value.path())) as made:
        assert made.testzip() is None
        names = made.namelist()
        png = np.frombuffer(made.read("images/images_a_labels.png"), np.uint8)
        summary = json.loads(made.read("summary.json"))
        table = made.read("table.csv").decode("utf-8-sig").splitlines()
    labels = cv2.imdecode(png, cv2.IMREAD_UNCHANGED)
    assert labels.shape == (60, 80) and (labels == 1).all()
    assert summary["threshold"] == {"Road": 0.0} and list(summary["failed"]) == ["images/bad.png"]
    assert len(table) == 4 and "images/images_bad_labels.png" not in names


def _mean_iou(result: dict[str, Any]) -> float:
    """Mean IoU of a result."""
    matrix = np.array(result["matrix"])
    hits = np.diag(matrix)
    return float(np.mean(hits / (matrix.sum(0) + matrix.sum(1) - hits)))


def _layers(page: Any) -> list[str]:
    boxes = page.locator("[data-testid^=viewer-layer-]").all()
    return [box.get_attribute("data-testid").removeprefix("viewer-layer-") for box in boxes]
