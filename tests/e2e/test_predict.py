"""A real photograph and its mask in the browser, as a person would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.conftest import REAL_DATA
from tests.e2e.conftest import Server, settled
from tests.imagery.test_raster import tiff


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An aerial photograph and its mask: of Dubai where it is here, else generated."""
    home = REAL_DATA / "dubai"
    if not home.is_dir():
        from core.datasets.synthetic.dubai import write_demo

        home = write_demo(tmp_path_factory.mktemp("demo") / "demo", scenes=1, size=256, seed=1)
    tile = sorted(home.glob("Tile *"))[0]
    return tile / "images/image_part_003.jpg", tile / "masks/image_part_003.png"


def upload(page: Any, which: int, file: Any) -> None:
    box = page.get_by_test_id("stFileUploader").nth(which)
    box.locator("input[type=file]").set_input_files(file)
    # This file's chip: that of the file before it would be there at once.
    name = Path(file).name if isinstance(file, str) else file["name"]
    box.get_by_test_id("stFileChip").filter(has_text=name).wait_for()
    settled(page)


def payload(name: str, data: bytes) -> dict[str, object]:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}


def drawn(page: Any) -> None:
    """Wait until the browser has drawn what was asked for."""
    page.evaluate("() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")


def predict(page: Any) -> Any:
    """Press Predict and wait for the painted viewer."""
    page.get_by_role("button", name="Predict", exact=True).click()
    page.locator("[data-testid=viewer-root][data-ready='1']").wait_for()
    settled(page)
    return page.get_by_test_id("viewer-root")


def test_upload_predict_compare(server: Server, page: Any, pair: tuple[Path, Path]) -> None:
    page.goto(f"{server.url}/predict")
    page.get_by_text("Upload an image to map it").wait_for()
    settled(page)  # until then the first box of files may become the second
    upload(page, 0, str(pair[0]))
    upload(page, 1, str(pair[1]))
    viewer = predict(page)

    # Both layers, on and off without the server.
    assert viewer.get_attribute("data-layers") == "prediction"
    page.get_by_test_id("viewer-layer-truth").check()
    assert set(viewer.get_attribute("data-layers").split(",")) == {"prediction", "truth"}

    # The swipe follows the mouse.
    page.get_by_test_id("viewer-mode-swipe").click()
    assert viewer.get_attribute("data-mode") == "swipe"
    drawn(page)
    handle = page.get_by_test_id("viewer-divider").bounding_box()
    before = float(viewer.get_attribute("data-divider"))
    x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 150, y, steps=5)
    page.mouse.up()
    assert float(viewer.get_attribute("data-divider")) < before - 0.05

    # Side by side, with the class under the pointer.
    page.get_by_test_id("viewer-mode-side").click()
    drawn(page)
    pane = page.locator("[data-testid=viewer-canvas][data-pane=prediction]")
    box = pane.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    readout = page.get_by_test_id("viewer-readout").inner_text()
    names = ["Building", "Land", "Road", "Vegetation", "Water"]
    assert any(name in readout for name in names)

    # The table, and the same figures from core.
    rows = page.get_by_role("table").locator("tbody tr")
    assert rows.count() == 5
    cells = [rows.nth(i).locator("td").all_inner_texts() for i in range(5)]
    assert [c[0].strip() for c in cells] == names
    height, width = cv2.imread(str(pair[1])).shape[:2]
    assert sum(int(c[1].replace(",", "")) for c in cells) == height * width
    assert page.get_by_text("Mean IoU", exact=True).is_visible()

    # The download is the label map: its pixels are the table's.
    with page.expect_download() as download:
        page.get_by_role("button", name="Labels (PNG)").click()
    labels = cv2.imread(str(download.value.path()), cv2.IMREAD_UNCHANGED)
    assert labels.shape == (height, width)
    assert [int(c[1].replace(",", "")) for c in cells] == [
        int((labels == index).sum()) for index in range(5)
    ]

    # A class switched off stays off when Python runs again.
    page.get_by_test_id("viewer-class-1").click()
    assert viewer.get_attribute("data-classes-off") == "1"
    page.get_by_role("button", name="Predict", exact=True).click()
    settled(page)
    assert viewer.get_attribute("data-classes-off") == "1"


def test_what_is_wrong_is_said_and_the_page_goes_on(
    server: Server, page: Any, pair: tuple[Path, Path]
) -> None:
    page.goto(f"{server.url}/predict")
    page.get_by_text("Upload an image to map it").wait_for()
    settled(page)  # until then the first box of files may become the second
    photo = pair[0].read_bytes()
    deep = tiff(np.full((80, 90, 4), 900, np.uint16))
    for name, data, message in (
        ("note.png", b"only text", "not a PNG, JPEG or TIFF"),
        ("half.jpg", photo[: len(photo) // 2], "damaged or cut off"),
        ("empty.png", b"", "the file is empty"),
    ):
        upload(page, 0, payload(name, data))
        page.get_by_test_id("stAlert").get_by_text(message).wait_for()
    upload(page, 0, payload("deep.tif", deep))
    page.get_by_test_id("stAlert").get_by_text("takes 3 band").wait_for()
    settled(page)
    assert page.get_by_role("button", name="Predict", exact=True).is_disabled()
    # A mask of another size: said, and the image is predicted all the same.
    upload(page, 0, str(pair[0]))
    mask = cv2.imencode(".png", np.zeros((10, 10), np.uint8))[1].tobytes()
    upload(page, 1, payload("mask.png", mask))
    page.get_by_test_id("stAlert").get_by_text("mask is 10×10").wait_for()
    assert predict(page).get_attribute("data-layers") == "prediction"


def test_a_dataset_sample_by_its_address(server: Server, page: Any) -> None:
    from core.datasets.synthetic.dubai import write_demo

    write_demo(server.workspace / "datasets" / "harbour", scenes=1, size=128, seed=2)
    page.goto(f"{server.url}/predict?source=Dataset&dataset=harbour&sample=Tile+1/image_part_002")
    page.get_by_role("button", name="Predict", exact=True).wait_for()
    settled(page)
    viewer = predict(page)
    page.get_by_test_id("viewer-mode-difference").click()
    assert viewer.get_attribute("data-mode") == "difference"
    pixels = [
        int(page.get_by_test_id(f"viewer-difference-{name}").get_attribute("data-pixels"))
        for name in ("hit", "false-alarm", "miss", "other")
    ]
    rows = page.get_by_role("table", name="Area and scores by class").locator("tbody tr")
    true = [int(rows.nth(i).locator("td").last.inner_text().replace(",", "")) for i in range(5)]
    assert sum(pixels) == sum(true)
    # How sure it is, marked in the browser alone.
    page.get_by_test_id("viewer-mode-overlay").click()
    unsure = page.get_by_test_id("viewer-unsure-confidence")
    assert unsure.inner_text() == "unsure: 0.0% of the pixels"
    page.get_by_test_id("viewer-threshold-confidence").fill("1")
    page.locator("[data-testid=viewer-root][data-ready='1']").wait_for()  # it is fetched now
    assert unsure.inner_text() != "unsure: 0.0% of the pixels"
    page.get_by_test_id("viewer-layer-entropy").check()
    page.get_by_role("img", name="Entropy: colours from 0.000 bit to 2.322 bit").wait_for()
    assert page.get_by_test_id("stApp").get_attribute("data-test-script-state") == "notRunning"
