"""The gallery's filters and kept thumbnails, without a browser."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.datasets.catalogue import open_dataset
from tests.pages.test_data import counted, opened
from tests.ui.components import tiles
from ui.data.gallery.thumbnails import thumbnails

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")


@pytest.fixture
def demo(space: Path, demo_dataset: Path) -> Path:
    """Three scenes of four parts; one part has no mask."""
    folder = Path(shutil.copytree(demo_dataset, space / "datasets" / "demo"))
    (folder / "Tile 3/masks/image_part_004.png").unlink()
    return folder


def shown(at: AppTest) -> list[str]:
    """Ids of the samples on the page."""
    assert not at.exception
    return [tile["id"] for tile in tiles(at)]


def words(at: AppTest) -> str:
    return " ".join(element.value for element in [*at.markdown, *at.caption, *at.info])


def test_filters_combine_and_can_be_taken_off(demo: Path) -> None:
    at = counted(opened(), demo)
    assert len(shown(at)) == 12
    at.multiselect(key="scene").select("Tile 2").select("Tile 3").run()
    assert len(shown(at)) == 8
    at.selectbox(key="mask").select("without").run()
    assert shown(at) == ["Tile 3/image_part_004"]
    assert "1 of 12 samples" in words(at)
    at.selectbox(key="mask").select("with").run()
    at.text_input(key="find").set_value("PART_004").run()
    assert shown(at) == ["Tile 2/image_part_004"]
    at.text_input(key="find").set_value("nothing like it").run()
    assert shown(at) == []
    assert "No sample meets all of this" in words(at)
    at.button(key="reset-filters").click().run()
    assert len(shown(at)) == 12
    assert at.multiselect(key="scene").value == []
    assert at.text_input(key="find").value == ""


def test_filters_by_class_problem_and_side(demo: Path) -> None:
    at = counted(opened(), demo)
    dataset = open_dataset(demo)
    facts = {
        sample.id: (dataset.load_labels(sample) == dataset.classes.names.index("Road")).mean()
        for sample in dataset.samples
        if sample.mask
    }
    at.selectbox(key="class").select("Road").run()
    at.number_input(key="share").set_value(5.0).run()
    expected = [i for i, share in facts.items() if share >= 0.05]
    assert 0 < len(expected) < 11
    assert shown(at) == expected
    at.button(key="reset-filters").click().run()
    at.multiselect(key="flagged").select("missing-mask").run()
    assert shown(at) == ["Tile 3/image_part_004"]
    at.multiselect(key="side").select("none").run()
    assert shown(at) == ["Tile 3/image_part_004"]
    at.multiselect(key="side").set_value(["train", "val", "test"]).run()
    assert shown(at) == []
    at.multiselect(key="flagged").set_value([]).run()
    assert len(shown(at)) == 11


@pytest.mark.parametrize("flagged", ["Missing mask", "missing-mask"])
def test_filters_are_in_the_address(demo: Path, flagged: str) -> None:
    at = opened(
        dataset="demo",
        scene=["Tile 1", "Tile 3"],
        find="part_00",
        flagged=flagged,
        mask="any",
    )
    # Those that need the audit wait for it and say so.
    assert at.multiselect(key="flagged").disabled
    assert at.selectbox(key="class").disabled
    assert "have been read" in words(at)
    assert len(shown(at)) == 8
    counted(at, demo)
    assert at.multiselect(key="flagged").value == ["missing-mask"]
    assert shown(at) == ["Tile 3/image_part_004"]


def test_an_address_with_nonsense_shows_all(demo: Path) -> None:
    at = counted(
        opened(dataset="demo", scene="Atlantis", share="lots", side="left", page="99"), demo
    )
    assert len(shown(at)) == 12


def test_another_filter_begins_at_the_first_page(
    demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.data.gallery.view.PER_PAGE", 3)
    at = counted(opened(page="4"), demo)
    assert shown(at) == [f"Tile 3/image_part_00{n}" for n in (2, 3, 4)] or len(shown(at)) == 3
    assert "Samples 10–12 of 12" in words(at)
    at.selectbox(key="mask").select("with").run()
    assert "Samples 1–3 of 11" in words(at)


def test_a_filter_of_a_scene_does_not_hide_another_dataset(demo: Path, space: Path) -> None:
    shutil.copytree(demo, space / "datasets" / "other")
    for n in (1, 2, 3):
        (space / f"datasets/other/Tile {n}").rename(space / f"datasets/other/Tile {n + 6}")
    at = counted(opened(dataset="demo", scene="Tile 2"), demo)
    assert len(shown(at)) == 4
    at.selectbox(key="dataset").select("other").run()
    counted(at, space / "datasets/other")
    assert len(shown(at)) == 12


def test_without_a_split_its_filter_rests(demo: Path) -> None:
    for masks in demo.glob("*/masks"):
        shutil.rmtree(masks)
    at = counted(opened(), demo)
    assert len(shown(at)) == 12
    assert at.multiselect(key="side").disabled
    assert "see Prepare" in words(at)


def test_thumbnails_outlive_the_server(
    demo: Path, space: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = open_dataset(demo)
    made = list(thumbnails(dataset, dataset.samples))
    kept = list((space / "cache/thumbnails").iterdir())
    assert len(kept) == len(made) == 12
    st.cache_resource.clear()  # as a new server
    monkeypatch.setattr(
        "ui.data.gallery.thumbnails.make_thumbnail", None
    )  # nothing needs to be made
    assert list(thumbnails(dataset, dataset.samples)) == made


def test_a_workspace_that_cannot_be_written_shows_pictures(demo: Path, space: Path) -> None:
    (space / "cache").write_bytes(b"in the way")
    at = counted(opened(), demo)
    assert len(shown(at)) == 12
    assert not at.error


def test_the_opacity_is_asked_for_while_masks_are_shown_alone(demo: Path) -> None:
    at = opened()
    at.slider(key="opacity").set_value(80).run()
    at.toggle(key="masks").set_value(False).run()
    assert not at.exception
    assert "opacity" not in {slider.key for slider in at.slider}
    at.toggle(key="masks").set_value(True).run()
    assert at.slider(key="opacity").value == 80
    counted(at, demo)  # the audit does not outlive the folder
