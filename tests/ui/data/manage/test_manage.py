"""Datasets and recipes renamed and deleted on the page, classes called otherwise."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.datasets.catalogue import list_datasets, open_dataset
from core.datasets.recipes.recipe import Recipe
from core.datasets.recipes.revisions import keep_draft, list_recipes, load_draft, save_recipe
from core.training.config import TrainConfig
from core.training.runs.run import create_run
from tests.pages.test_data import opened, settled
from ui.loaded.audits import audit_key
from ui.shell.jobs import find_job


@pytest.fixture
def demo(space: Path, demo_dataset: Path) -> Path:
    return Path(shutil.copytree(demo_dataset, space / "datasets" / "demo"))


def click(at: AppTest, key: str) -> AppTest:
    at.button(key=key).click().run()
    assert not at.exception
    return at


def page(**query: str) -> AppTest:
    at = opened(**query)
    end_audits()
    return at.run()


def end_audits() -> None:
    for ref in list_datasets():
        if (job := find_job(audit_key(ref))) is not None:
            job.join()


def ids() -> list[str]:
    return [ref.id for ref in list_datasets()]


def words(at: AppTest) -> str:
    shown = [*at.markdown, *at.caption, *at.warning, *at.error, *at.info]
    return " ".join(element.value for element in shown).replace("\\", "")


def test_a_dataset_is_renamed_and_stays_chosen(demo: Path) -> None:
    keep_draft(Recipe(name="demo", dataset="demo", exclude=("Tile 1/image_part_001",)))
    at = click(page(dataset="demo"), "manage-rename")
    at.text_input(key="manage.name").set_value("the city")
    click(at, "manage-do-rename")
    assert ids() == ["the city"]
    assert at.selectbox(key="dataset").value == "the city"
    draft = load_draft("the city")
    assert draft is not None
    assert draft.exclude == ("Tile 1/image_part_001",)
    end_audits()


@pytest.mark.parametrize("what", ["manage", "recipe"])
def test_enter_in_the_name_renames(demo: Path, what: str) -> None:
    save_recipe(Recipe(name="mine", dataset="demo"))
    at = click(page(dataset="demo", view="Prepare", section="Recipe"), f"{what}-rename")
    field = at.text_input(key="manage.name" if what == "manage" else "recipe.new-name")
    button = at.button(key=f"{what}-do-rename")
    # In a form Enter presses its first button.
    assert field.proto.form_id == button.proto.form_id != ""
    first = next(b.label for b in at.button if b.proto.form_id == field.proto.form_id)
    assert first == "Rename"
    end_audits()


@pytest.mark.parametrize("name", ["../evil", "", "other"])
def test_a_name_that_is_refused_is_said_in_the_dialog(demo: Path, name: str) -> None:
    shutil.copytree(demo, demo.with_name("other"))
    at = click(page(dataset="demo"), "manage-rename")
    at.text_input(key="manage.name").set_value(name)
    click(at, "manage-do-rename")
    assert len(at.error) == 1
    assert ids() == ["demo", "other"]
    click(at, "manage-cancel")
    assert not at.error
    assert "manage.name" not in {field.key for field in at.text_input}


def test_deleting_names_what_goes_and_asks(demo: Path) -> None:
    shutil.copytree(demo, demo.with_name("other"))
    save_recipe(Recipe(name="mine", dataset="demo"))
    at = click(page(dataset="demo"), "destroy-menu.dataset")
    assert ids() == ["demo", "other"]
    red = [button.key for button in at.button if button.label.startswith("Delete")]
    assert red == ["destroy-menu.dataset", "destroy.dataset"]  # see tests/ui/shell
    assert "with **25 files" in words(at)
    assert "saved recipes made for it (mine)" in words(at)
    assert str(demo) in [code.value for code in at.code]
    click(at, "destroy.dataset")
    assert ids() == ["other"]
    assert at.selectbox(key="dataset").value == "other"
    assert list_recipes() == ["mine"]
    end_audits()


def test_the_last_dataset_can_be_deleted(demo: Path) -> None:
    at = click(page(dataset="demo"), "destroy-menu.dataset")
    click(at, "destroy.dataset")
    assert ids() == []
    assert "There is no dataset yet" in words(at)


def test_a_dataset_in_use_cannot_be_deleted(demo: Path) -> None:
    create_run("waits", TrainConfig(dataset="demo"), {"state": "queued", "place": 1.0})
    at = click(page(dataset="demo"), "destroy-menu.dataset")
    assert "It is in use: waits" in words(at)
    assert at.button(key="destroy.dataset").disabled
    click(at, "manage-cancel")
    click(at, "manage-rename")
    at.text_input(key="manage.name").set_value("city")
    click(at, "manage-do-rename")
    assert "The dataset 'demo' is in use: waits" in words(at)
    assert ids() == ["demo"]


def test_the_servers_folders_offer_names_of_classes_alone(
    space: Path, demo_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Path(shutil.copytree(demo_dataset, tmp_path / "store/demo"))
    monkeypatch.setenv("DSI_DATA_ROOTS", str(tmp_path / "store"))
    at = page()
    assert at.button(key="manage-rename").disabled
    assert at.button(key="destroy-menu.dataset").disabled
    assert not at.button(key="manage-classes").disabled
    settled(root)


def test_classes_are_called_otherwise_and_the_draft_follows(demo: Path) -> None:
    keep_draft(
        Recipe(
            name="demo",
            dataset="demo",
            class_weights={"Road": 3.0},
            mask_values={"#010203": "Water", "#040506": "void"},
        )
    )
    save_recipe(Recipe(name="mine", dataset="demo", class_weights={"Road": 2.0}))
    at = click(page(dataset="demo"), "manage-classes")
    assert "Trained with the present names: dubai-unet" in words(at)
    assert "values by these names: mine" in words(at)
    at.text_input(key="class-name-demo-2").set_value("Street")
    at.text_input(key="class-name-demo-4").set_value("Sea")
    click(at, "class-names-save")
    names = open_dataset(demo).classes.names
    assert names == ("Building", "Land", "Street", "Vegetation", "Sea")
    draft = load_draft("demo")
    assert draft is not None
    assert draft.class_weights == {"Street": 3.0}
    assert draft.mask_values == {"#010203": "Sea", "#040506": "void"}
    assert not at.error
    end_audits()


def test_two_classes_of_one_name_are_refused(demo: Path) -> None:
    at = click(page(dataset="demo"), "manage-classes")
    at.text_input(key="class-name-demo-2").set_value("Land")
    click(at, "class-names-save")
    assert "same name" in at.error[0].value
    assert open_dataset(demo).classes.names[2] == "Road"


def test_recipes_are_renamed_and_deleted(demo: Path) -> None:
    saved = save_recipe(Recipe(name="mine", dataset="demo", exclude=("Tile 1/image_part_001",)))
    keep_draft(saved)
    at = page(dataset="demo", view="Prepare", section="Recipe")
    click(at, "recipe-rename")
    at.text_input(key="recipe.new-name").set_value("yours")
    click(at, "recipe-do-rename")
    assert list_recipes() == ["yours"]
    draft = load_draft("demo")
    assert draft is not None
    assert draft.name == "yours"  # so that it is still its own recipe
    assert any("Saved as revision 1" in caption.value for caption in at.caption)
    click(at, "destroy-menu.recipe")
    assert "with 1 revision" in words(at)
    assert list_recipes() == ["yours"]
    click(at, "destroy.recipe")
    assert list_recipes() == []
    assert any("Not saved yet" in caption.value for caption in at.caption)


def test_adding_stands_in_a_dialog_that_closes_when_it_begins(
    demo: Path, space: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.data.add.forms.DEMO_SIZE", 64)
    at = page(dataset="demo")
    assert "demo-name" not in {field.key for field in at.text_input}
    click(at, "add-dataset")
    at.number_input(key="demo-scenes").set_value(1).run()
    next(b for b in at.button if b.label == "Write another demo set").click().run()
    assert not at.exception
    job = find_job("write-demo")
    assert job is not None
    job.join()
    at.run()
    assert "demo-name" not in {field.key for field in at.text_input}
    assert at.selectbox(key="dataset").value == "demo-2"
    end_audits()
