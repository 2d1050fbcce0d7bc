"""Samples that are selected in the gallery: left out, tagged, filtered by their tags."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.datasets.recipes.recipe import Recipe
from core.datasets.recipes.revisions import keep_draft, load_draft
from core.datasets.tags import change_tags, read_tags, tags_file
from tests.pages.test_data import counted, opened
from tests.ui.components import component_data, tiles

FIRST, SECOND = "Tile 1/image_part_001", "Tile 1/image_part_002"


@pytest.fixture
def demo(space: Path, demo_dataset: Path) -> Path:
    return Path(shutil.copytree(demo_dataset, space / "datasets" / "demo"))


def selected(at: AppTest, *samples: str) -> AppTest:
    """The page once these were selected, as the browser sends it."""
    at.session_state["gallery.selected"] = list(samples)
    at.run()
    assert not at.exception
    return at


def excluded() -> tuple[str, ...]:
    draft = load_draft("demo")
    return draft.exclude if draft else ()


def keys(at: AppTest) -> set[str]:
    return {button.key for button in at.button if button.key}


def test_selected_samples_are_left_out_and_used_again(demo: Path) -> None:
    at = counted(opened(), demo)
    assert "gallery.exclude" not in keys(at)
    selected(at, FIRST, SECOND)
    at.button(key="gallery.exclude").click().run()
    assert not at.exception
    assert excluded() == (FIRST, SECOND)
    assert [tile["id"] for tile in tiles(at) if tile["out"]] == [FIRST, SECOND]
    assert "gallery.exclude" not in keys(at)
    selected(at, SECOND)
    at.button(key="gallery.include").click().run()
    assert excluded() == (FIRST,)
    at.button(key="gallery.clear").click().run()
    data = component_data(at, "dsi_sample_grid")
    assert data is not None
    assert data["selected"] == []


def test_leaving_out_takes_a_sample_off_the_lists_of_the_split(demo: Path) -> None:
    keep_draft(
        Recipe(
            name="demo",
            dataset="demo",
            split={"kind": "fixed", "val_samples": (FIRST, SECOND)},  # type: ignore[arg-type]
        )
    )
    at = selected(counted(opened(), demo), FIRST)
    at.button(key="gallery.exclude").click().run()
    draft = load_draft("demo")
    assert draft is not None
    assert (draft.exclude, draft.split.val_samples) == ((FIRST,), (SECOND,))


def test_all_that_the_filter_leaves_are_selected(demo: Path) -> None:
    at = counted(opened(scene="Tile 2"), demo)
    selected(at, FIRST)
    at.button(key="gallery.select-all").click().run()
    assert at.session_state["gallery.selected"] == [
        FIRST,
        *(f"Tile 2/image_part_00{n}" for n in (1, 2, 3, 4)),
    ]


def test_another_dataset_has_nothing_selected(demo: Path) -> None:
    shutil.copytree(demo, demo.with_name("other"))
    at = selected(counted(opened(dataset="demo"), demo), FIRST)
    at.selectbox(key="dataset").select("other").run()
    counted(at, demo.with_name("other"))
    assert at.session_state["gallery.selected"] == []


def test_tags_are_given_shown_filtered_and_taken(demo: Path) -> None:
    before = sorted(demo.rglob("*"))
    at = selected(counted(opened(), demo), FIRST, SECOND)
    at.multiselect(key="gallery.tags").set_value(["cloud"]).run()
    at.button(key="gallery.tag").click().run()
    assert not at.exception
    assert read_tags("demo") == {FIRST: ("cloud",), SECOND: ("cloud",)}
    assert sorted(demo.rglob("*")) == before
    assert [tile["tags"] for tile in tiles(at)[:3]] == [["cloud"], ["cloud"], []]
    at.multiselect(key="tag").select("cloud").run()
    assert [tile["id"] for tile in tiles(at)] == [FIRST, SECOND]
    assert any("tagged cloud" in element.value for element in at.markdown)
    selected(at, FIRST)
    at.multiselect(key="gallery.tags").set_value(["cloud"]).run()
    at.button(key="gallery.untag").click().run()
    assert read_tags("demo") == {SECOND: ("cloud",)}
    assert [tile["id"] for tile in tiles(at)] == [SECOND]


def test_tags_stand_in_the_address(demo: Path) -> None:
    change_tags("demo", [SECOND], ["to check"])
    at = counted(opened(dataset="demo", tag="to check"), demo)
    assert [tile["id"] for tile in tiles(at)] == [SECOND]


def test_damaged_tags_are_one_box(demo: Path) -> None:
    change_tags("demo", [FIRST], ["x"])
    tags_file("demo").write_text("[")
    at = opened()
    assert not at.exception
    assert len(at.error) == 1 and "tags of the samples cannot be read" in at.error[0].value
    assert tiles(at)
    at = opened(view="Sample")  # whose filters are those of the gallery
    assert len(at.error) == 1 and "tags of the samples cannot be read" in at.error[0].value
    counted(at, demo)


def choice(sent: object) -> None:
    """A page on which the browser sent `sent`."""
    from pathlib import Path

    import streamlit as st

    from core.datasets.catalogue import open_dataset
    from ui.data.gallery.selection import Selection

    selection = Selection(open_dataset(Path(st.session_state["root"])))
    selection.take(sent)
    st.session_state["kept"] = (selection.turn, list(selection.samples))


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"turn": 3, "ids": [FIRST, "../../etc", FIRST]}, (3, [FIRST])),
        ({"turn": "3", "ids": [FIRST]}, (0, [])),
        ({"turn": 1, "ids": FIRST}, (0, [])),
        (None, (0, [])),
        ([FIRST], (0, [])),
    ],
)
def test_what_the_browser_sends_is_checked(demo: Path, sent: object, kept: object) -> None:
    at = AppTest.from_function(choice, args=(sent,))
    at.session_state["root"] = str(demo)
    at.run()
    assert not at.exception
    assert at.session_state["kept"] == kept
