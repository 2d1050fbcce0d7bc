"""What axe-core finds in the viewer, in every mode, with every kind of layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rasterio.crs import CRS
from rasterio.transform import Affine

from core.imagery.header import Georeference
from tests.e2e.test_accessibility import AXE, RUN
from tests.e2e.viewer_page import GREY, Viewer, given
from ui.viewer.ground import ground_payload
from ui.viewer.layers import Layer
from ui.viewer.values import Threshold, ValueLayer

UTM = Georeference(CRS.from_epsg(32631), Affine(0.5, 0, 590000, 0, -0.5, 5750000))


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed (npm ci)")
def test_axe_finds_nothing_serious_in_the_viewer(page: Any) -> None:
    labels = np.zeros((60, 80), np.uint8)
    layers = [
        Layer("prediction", "Prediction", "labels", labels),
        Layer("truth", "Ground truth", "labels", labels + 1),
        ValueLayer(
            "sure",
            "Confidence",
            labels + 9,
            0,
            1,
            note="Of the likeliest class.",
            threshold=Threshold("prediction", "Confidence threshold", 0.5),
        ),
    ]
    layers.append(ValueLayer("heat", "Channel 3", labels + 9, -1, 2, ends=(0, 1)))
    image = np.full((60, 80, 3), GREY, np.uint8)
    more = {
        "bands": {"url": "/values/none", "names": ["Red", "NIR"], "digits": 5},
        "rectangle": {"box": [3, 4, 20, 30]},
        "outlines": [[[40, 10], [60, 10], [60, 30]]],
        "linked": True,
    }
    viewer = Viewer(page, given(image, layers, ground=ground_payload(UTM, 80, 60), **more))
    page.locator(".look summary").click()
    page.evaluate("document.documentElement.lang = 'en'; document.title = 'Viewer'")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    findings = {}
    for mode in ("overlay", "swipe", "side", "blink", "difference"):
        viewer.part(f"mode-{mode}").click()
        viewer.drawn()
        findings[mode] = page.evaluate(RUN)
        for tool in ("distance", "area", "rectangle"):
            viewer.part(f"tool-{tool}").click()
            viewer.part("canvas").first.focus()
            for key in ("Enter", "Shift+ArrowRight", "Enter", "Shift+ArrowDown", "Enter"):
                page.keyboard.press(key)
            findings[f"{mode}, {tool}"] = page.evaluate(RUN)
            viewer.part(f"tool-{tool}").click()
    viewer.part("help").click()
    findings["help"] = page.evaluate(RUN)
    assert not any(findings.values()), findings
