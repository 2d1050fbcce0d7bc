"""The view Prepare: decisions become a recipe, which is saved, compared, and taken by Train."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.datasets.catalogue import open_dataset
from core.datasets.identity import image_digest
from core.datasets.recipes.exchange import recipe_text
from core.datasets.recipes.recipe import Recipe, load_recipe
from core.datasets.recipes.revisions import (
    keep_draft,
    load_draft,
    recipe_file,
    revisions,
    save_recipe,
)
from core.datasets.void.regions import VoidRegion, VoidRegions
from core.datasets.void.store import keep_regions
from core.paths import workspace
from tests.conftest import REPOSITORY
from tests.pages.test_data import counted, settled

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")

FIRST = "Tile 1/image_part_001"


@pytest.fixture
def demo(space: Path, demo_dataset: Path) -> Path:
    return Path(shutil.copytree(demo_dataset, space / "datasets" / "demo"))


def opened(view: str = "Prepare", section: str = "Clean") -> AppTest:
    at = AppTest.from_file(str(REPOSITORY / "ui/shell/router.py"), default_timeout=120)
    at.query_params["view"] = view
    at.query_params["section"] = section
    at.switch_page("../../pages/data.py").run()
    settled(workspace().datasets / "demo")  # the page runs again when its audit ends
    return at.run()


def key(path: str) -> str:
    return f"draft-demo-{path}"


@pytest.mark.parametrize("section", ["Clean", "Normalise", "Augment", "Split", "Patches", "Recipe"])
def test_every_section_opens(demo: Path, section: str) -> None:
    at = counted(opened(section=section), demo)
    assert not at.exception
    assert not at.error


def test_a_recipe_file_is_an_alternative_only_to_saved_ones(demo: Path) -> None:
    def asked(at: AppTest) -> str:
        return str(at.get("file_uploader")[0].proto.label)

    at = opened(section="Recipe")
    assert asked(at) == "A recipe file"
    save_recipe(Recipe(name="kept"))
    assert asked(at.run()) == "Or a recipe file"


def test_decisions_outlive_the_session(demo: Path) -> None:
    at = opened()
    at.multiselect(key=key("exclude")).set_value([FIRST]).run()
    assert not at.exception
    kept = load_draft("demo")
    assert kept is not None
    assert kept.exclude == (FIRST,)
    again = opened()
    assert again.multiselect(key=key("exclude")).value == [FIRST]


def test_what_does_not_fit_is_said_and_not_taken(demo: Path) -> None:
    at = opened(section="Split")
    at.slider(key=key("split.val")).set_value(50.0).run()
    at.slider(key=key("split.test")).set_value(50.0).run()
    assert any("leave something to train on" in error.value for error in at.error)
    kept = load_draft("demo")
    assert kept is not None
    assert (kept.split.val, kept.split.test) == (0.5, 0.2)
    at.run()
    assert not any("leave something to train on" in error.value for error in at.error)


def test_a_split_that_cannot_be_made_is_one_box(demo: Path) -> None:
    at = opened(section="Split")
    at.selectbox(key=key("split.kind")).set_value("folds").run()
    assert not at.exception
    assert any("hoose fewer folds" in error.value for error in at.error)
    at.number_input(key=key("split.folds")).set_value(2).run()
    assert not at.error


def test_blocks_are_the_way_out_where_a_split_cannot_be_made(demo: Path) -> None:
    at = opened(section="Patches")
    at.number_input(key=key("patch.size")).set_value(32).run()
    at.segmented_control(key="section").set_value("Split").run()
    at.selectbox(key=key("split.kind")).set_value("folds").run()
    (error,) = (box.value.replace("\\", "") for box in at.error)
    assert "Only 3 scenes with masks" in error
    assert "recipe." not in error
    next(b for b in at.button if b.label == "Take blocks").click().run()
    assert not at.error
    assert at.selectbox(key=key("split.kind")).value == "blocks"
    assert any(m.value.startswith("| | Scenes | Blocks |") for m in at.markdown)


def test_a_split_by_blocks_has_more_samples_than_images(demo: Path) -> None:
    at = counted(opened(section="Split"), demo)
    at.selectbox(key=key("split.kind")).set_value("blocks").run()
    at.segmented_control(key="section").set_value("Patches").run()
    at.number_input(key=key("patch.size")).set_value(32).run()
    assert not at.exception
    assert any(option.endswith("/r1c2") for option in at.selectbox(key="patch-sample").options)
    at.segmented_control(key="section").set_value("Split").run()
    assert not at.exception
    assert not at.warning
    table = next(m.value for m in at.markdown if m.value.startswith("| | Scenes"))
    samples = [int(row.split("|")[3]) for row in table.splitlines()[2:]]
    assert sum(samples) > len(open_dataset(demo).samples)


def test_a_random_split_shows_its_leak(demo: Path) -> None:
    at = counted(opened(section="Split"), demo)
    assert any("on the same side" in caption.value for caption in at.caption)
    at.selectbox(key=key("split.kind")).set_value("random").run()
    assert any("on different sides" in warning.value for warning in at.warning)


def test_recipes_are_saved_compared_and_loaded(demo: Path) -> None:
    at = opened(section="Recipe")
    at.text_input(key=key("name")).set_value("mine").run()
    at.button(key="save-recipe").click().run()
    assert not at.exception
    assert revisions("mine") == [1]
    assert any("Saved as revision 1" in caption.value for caption in at.caption)
    at.segmented_control(key="section").set_value("Augment").run()
    at.slider(key=key("augmentation.rotation")).set_value(20.0).run()
    assert any("1 change since revision 1" in caption.value for caption in at.caption)
    at.segmented_control(key="section").set_value("Recipe").run()
    table = at.dataframe[0].value
    assert table.to_numpy().tolist() == [["augmentation.rotation", "0.0", "20.0"]]
    at.button(key="save-recipe").click().run()
    assert load_recipe(recipe_file("mine", 2)).augmentation.rotation == 20
    at.selectbox(key="load-revision-mine").set_value(1).run()
    next(b for b in at.button if b.label == "Load").click().run()
    kept = load_draft("demo")
    assert kept is not None
    assert kept.augmentation.rotation == 0


def test_a_name_that_cannot_be_one_is_refused(demo: Path, space: Path) -> None:
    at = opened(section="Recipe")
    at.text_input(key=key("name")).set_value("../outside").run()
    at.button(key="save-recipe").click().run()
    assert not at.exception
    assert any("cannot be used as a name" in error.value for error in at.error)
    assert not (space / "outside").exists()


def test_limits_belong_to_their_normalisation(demo: Path) -> None:
    at = opened(section="Normalise")
    at.selectbox(key=key("normalisation")).set_value("percentile").run()
    at.number_input(key="clip-demo-percentile-0").set_value(5.0).run()
    kept = load_draft("demo")
    assert kept is not None
    assert (kept.normalisation, kept.clip) == ("percentile", (5.0, 99.0))
    at.selectbox(key=key("normalisation")).set_value("standard").run()
    kept = load_draft("demo")
    assert kept is not None
    assert (kept.normalisation, kept.clip) == ("standard", None)


def test_limits_in_decibel_are_those_of_the_data_until_others_are_typed(demo: Path) -> None:
    at = opened(section="Normalise")
    at.selectbox(key=key("normalisation")).set_value("decibel").run()
    shown = [at.number_input(key=f"clip-demo-dB-{side}").value for side in (0, 1)]
    assert shown[0] >= 0 and 50 < shown[1] <= 255  # of 8-bit pictures, here
    assert any("limits are those of the data" in caption.value for caption in at.caption)
    assert load_draft("demo").clip is None  # type: ignore[union-attr]
    at.number_input(key="clip-demo-dB-0").set_value(-7.0).run()
    assert load_draft("demo").clip == (-7.0, shown[1])  # type: ignore[union-attr]


def test_a_fix_of_the_audit_goes_into_the_recipe_and_can_be_taken_back(demo: Path) -> None:
    mask = demo / "Tile 1" / "masks" / "image_part_001.png"
    pixels = cv2.imread(str(mask))
    pixels[:6, :6] = (3, 2, 1)  # BGR
    cv2.imwrite(str(mask), pixels)
    at = counted(opened(view="Problems"), demo)
    assert not at.exception
    assert not any("files as they lie" in box.value for box in at.info)
    recipe = Recipe(name="demo", dataset="demo", mask_values={"#010203": "Road"})
    at.session_state["draft\0demo"] = recipe.model_dump(mode="json")
    at.run()
    assert any("files as they lie, before the fixes" in box.value for box in at.info)
    at.segmented_control(key="view").set_value("Prepare").run()
    assert at.selectbox(key="value-demo-#010203").value == "Road"
    at.selectbox(key="value-demo-#010203").set_value("void").run()
    kept = load_draft("demo")
    assert kept is not None
    assert kept.mask_values == {"#010203": "void"}
    at.button(key="forget-demo-#010203").click().run()
    kept = load_draft("demo")
    assert kept is not None
    assert kept.mask_values == {}


def test_train_offers_the_saved_recipe_and_keeps_what_its_form_does_not_show(demo: Path) -> None:
    save_recipe(
        Recipe(name="mine", dataset="demo", exclude=(FIRST,), augmentation={"rotation": 30.0})  # type: ignore[arg-type]
    )
    at = AppTest.from_file(str(REPOSITORY / "ui/shell/router.py"), default_timeout=120)
    at.query_params["take"] = "mine"
    at.switch_page("../../pages/train.py").run()
    assert not at.exception
    assert at.selectbox(key="train.recipe").value == "mine"
    assert any("Leaves out 1 sample" in caption.value for caption in at.caption)


def test_train_offers_what_was_changed_on_data_and_not_saved(demo: Path) -> None:
    def train() -> AppTest:
        at = AppTest.from_file(str(REPOSITORY / "ui/shell/router.py"), default_timeout=120)
        at.query_params["dataset"] = "demo"
        at = at.switch_page("../../pages/train.py").run()
        assert not at.exception
        return at

    def keys(at: AppTest) -> set[str | None]:
        return {button.key for button in at.button}

    assert "train.take-draft" not in keys(train())
    saved = save_recipe(Recipe(name="mine", dataset="demo"))
    keep_draft(saved)
    assert "train.take-draft" not in keys(train())
    keep_draft(saved.model_copy(update={"exclude": (FIRST,)}))
    at = train()
    assert any("mine has 1 change that is not saved" in c.value for c in at.caption)
    at.button(key="train.take-draft").click().run()
    assert not at.exception
    assert any("Leaves out 1 sample" in caption.value for caption in at.caption)
    assert any("with 1 unsaved change" in caption.value for caption in at.caption)
    assert "train.take-draft" not in keys(at)


def test_void_regions_are_listed_carried_by_a_file_and_forgotten(demo: Path) -> None:
    dataset = open_dataset(demo)
    sample = dataset.sample(FIRST)
    assert sample.mask is not None
    pixels = np.zeros((96, 96), bool)
    pixels[10:20, 30:50] = True
    region = VoidRegion.of(pixels, image_digest(sample.mask))
    digest = keep_regions(VoidRegions(samples={FIRST: region}))
    text = recipe_text(Recipe(name="marked", void_regions=digest))
    (workspace().recipes / ".regions" / f"{digest}.json").unlink()

    bare = Recipe(void_regions=digest).model_dump_json()
    at = opened(section="Recipe")
    at.file_uploader[0].upload("bare.json", bare.encode()).run()
    assert "not in this workspace" in at.error[0].value
    at.file_uploader[0].upload("marked.json", text.encode()).run()
    assert not at.error
    assert not at.exception
    draft = load_draft("demo")
    assert draft is not None
    assert (draft.name, draft.void_regions) == ("marked", digest)

    at = opened()
    listed = [each.value for each in at.markdown]
    assert any("200 pixels of 1 sample" in text for text in listed)
    assert not at.warning
    # Of a mask that has changed since, they are not applied, and it is said.
    cv2.imwrite(str(sample.mask), np.full((96, 96, 3), 200, np.uint8))
    assert "have changed since void regions" in opened().warning[0].value.replace("\\", "")
    at = opened()
    at.button(key="forget-demo-void").click().run()
    draft = load_draft("demo")
    assert draft is not None
    assert not draft.void_regions
