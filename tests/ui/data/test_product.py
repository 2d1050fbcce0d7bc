"""A dataset of several image products: every view, and the audit, look at the chosen one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.classes import VOID
from core.datasets.catalogue import open_dataset
from core.datasets.fingerprint import fingerprint
from core.datasets.layouts.spacenet6 import AREA
from core.datasets.pictures.thumbnails import Thumbnail
from core.datasets.recipes.recipe import Recipe
from core.datasets.recipes.revisions import keep_draft, load_draft
from core.datasets.synthetic.spacenet6 import write_spacenet6
from tests.pages.test_data import opened
from tests.ui.components import problems
from ui.data.gallery.thumbnails import thumbnails
from ui.shell.jobs import find_job

BOX = "draft-sn6-product"


@pytest.fixture
def tiles(space: Path) -> Path:
    """Three passes over one place; the optical file of one of them is damaged."""
    root = write_spacenet6(space / "datasets/sn6", scenes=1, size=72, seed=3)
    broken = sorted((root / AREA / "PS-RGB").iterdir())[0]
    broken.write_bytes(broken.read_bytes()[:300])
    return root


def read(at: AppTest, root: Path, product: str) -> AppTest:
    job = find_job(f"audit-{fingerprint(root)}{product}")
    assert job is not None
    job.join()
    return at.run()


def test_the_audit_is_of_the_chosen_product(tiles: Path) -> None:
    at = read(opened(dataset="sn6", view="Problems"), tiles, "SAR-Intensity")
    assert not at.exception
    assert "Unreadable file" not in kinds(at)
    at.selectbox(key=BOX).select("PS-RGB").run()
    at = read(at, tiles, "PS-RGB")
    assert not at.exception
    assert "Unreadable file" in kinds(at)
    kept = load_draft("sn6")
    assert kept is not None
    assert kept.product == "PS-RGB"


def kinds(at: AppTest) -> set[str]:
    return {row["kind"] for row in problems(at)}


def test_a_sample_is_shown_in_the_chosen_product(tiles: Path) -> None:
    keep_draft(Recipe(name="sn6", dataset="sn6", product="PS-RGBNIR"))
    at = opened(dataset="sn6", view="Sample")
    assert not at.exception
    assert at.selectbox(key=BOX).value == "PS-RGBNIR"
    assert "4 of uint16" in str(at.table[0].value)
    read(at, tiles, "PS-RGBNIR")


def test_a_product_that_is_not_there_can_be_changed(tiles: Path) -> None:
    keep_draft(Recipe(name="sn6", dataset="sn6", product="PS-RGBX"))
    at = opened(dataset="sn6")
    assert "There is no product" in at.error[0].value
    at.selectbox(key=BOX).select("PAN").run()
    assert not at.error
    read(at, tiles, "PAN")


def test_bands_chosen_in_the_gallery_are_those_of_its_pictures(
    tiles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[Any] = []

    def seen(dataset: Any, samples: Any, look: Any) -> list[Thumbnail]:
        looks.append(look)
        return list(thumbnails(dataset, samples, look))

    monkeypatch.setattr("ui.data.gallery.view.thumbnails", seen)
    at = opened(dataset="sn6")
    assert looks[-1] is None
    at.slider(key="sample-4-float32-clip").set_range(5.0, 95.0).run()
    assert not at.exception
    assert looks[-1].clip == (5.0, 95.0)
    # The same choice stands in the view Sample.
    at.segmented_control(key="view").set_value("Sample").run()
    assert at.slider(key="sample-4-float32-clip").value == (5.0, 95.0)
    read(at, tiles, "SAR-Intensity")


def test_a_mask_is_void_where_the_radar_saw_nothing(tiles: Path) -> None:
    dataset = open_dataset(tiles)
    void = [
        int(
            np.count_nonzero(
                (dataset.load_labels(sample) == VOID) | ~dataset.load_image(sample).valid
            )
        )
        for sample in dataset.samples
    ]
    edge = int(np.argmax(void))
    assert void[edge] > 0
    at = opened(dataset="sn6", view="Sample", sample=dataset.samples[edge].id)
    assert any(f"{void[edge]:,} pixels" in caption.value for caption in at.caption)
    read(at, tiles, "SAR-Intensity")
