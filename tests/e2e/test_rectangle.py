"""A rectangle drawn on the Predict page reaches Python: its statistics stand below the picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tests.e2e.conftest import Server, settled
from tests.e2e.test_predict import pair, predict, upload

__all__ = ["pair"]


def test_a_rectangle_is_counted(server: Server, page: Any, pair: tuple[Path, Path]) -> None:
    page.goto(f"{server.url}/predict")
    page.get_by_text("Upload an image to map it").wait_for()
    settled(page)
    image = cv2.imread(str(pair[0]))[:400, :500]
    mask = cv2.imread(str(pair[1]))[:400, :500]
    for which, (name, pixels) in enumerate((("a.png", image), ("m.png", mask))):
        data = cv2.imencode(".png", pixels)[1].tobytes()
        upload(page, which, {"name": name, "mimeType": "image/png", "buffer": data})
    predict(page)
    page.get_by_text("Mean IoU", exact=True).wait_for()
    settled(page)
    canvas = page.get_by_test_id("viewer-canvas")
    canvas.focus()
    page.keyboard.press("r")
    page.keyboard.press("Enter")
    for key in ("Right", "Down"):
        for _ in range(4):
            page.keyboard.press(f"Shift+Arrow{key}")
    page.keyboard.press("Enter")
    page.get_by_text("Rectangle:", exact=False).wait_for()
    settled(page)
    # The run of the script has not taken the focus away.
    focused = "document.activeElement.shadowRoot?.activeElement?.dataset.testid"
    assert page.evaluate(focused) == "viewer-canvas"
    words = page.get_by_test_id("viewer-tool-text").inner_text().split()
    assert words[:3] == ["41", "×", "41"]
    x, y = int(words[6].rstrip(",")), int(words[8])
    rows = page.get_by_role("table", name="Classes within the rectangle").locator("tbody tr")
    cells = [rows.nth(i).locator("td").all_inner_texts() for i in range(rows.count())]
    with page.expect_download() as download:
        page.get_by_role("button", name="Labels (PNG)").click()
    labels = cv2.imread(str(download.value.path()), cv2.IMREAD_UNCHANGED)
    part = labels[y : y + 41, x : x + 41]
    counts = np.bincount(part.ravel(), minlength=len(cells))
    assert [int(c[1].replace(",", "")) for c in cells] == counts[: len(cells)].tolist()
    assert all("%" in c[3] for c in cells)  # the truth's shares
    # Taken back, it is gone on the page too.
    canvas.focus()
    page.keyboard.press("Backspace")
    page.get_by_text("Rectangle:", exact=False).wait_for(state="detached")
