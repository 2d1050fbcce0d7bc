"""Prepare and Train open on every value that a recipe or a configuration may have."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from streamlit.testing.v1 import AppTest

from core.datasets.recipes.recipe import Recipe
from core.datasets.recipes.revisions import keep_draft
from core.models.families import FAMILIES, default_spec
from core.settings import Setting, labelled_settings, set_setting
from core.training.config import TrainConfig
from tests.pages.test_data import settled
from tests.pages.test_prepare import opened as open_prepare
from tests.pages.test_train import opened as open_train

Change = dict[str, Any]

SECTIONS = {
    "Clean": ("exclude", "bands", "mask_values", "mask_tolerance", "windows", "name"),
    "Normalise": ("normalisation", "clip"),
    "Augment": ("augmentation",),
    "Split": ("split",),
    "Patches": ("patch",),
}
# What the limits of one field ask of the others.
BESIDE: dict[str, Change] = {
    "split.val": {"split.test": 0.0},
    "split.test": {"split.val": 0.0},
    "split.folds": {"split.kind": "folds"},
    "split.fold": {"split.kind": "folds", "split.folds": 50},
    "loss.cross_entropy": {"loss.dice": 1.0},
    "loss.label_smoothing": {"loss.cross_entropy": 1.0},
    "loss.focal_gamma": {"loss.focal": 1.0},
    "loss.tversky_alpha": {"loss.tversky": 1.0},
    "loss.tversky_beta": {"loss.tversky": 1.0},
    "momentum": {"optimizer": "sgd"},
    "plateau_patience": {"schedule": "plateau"},
    "plateau_factor": {"schedule": "plateau"},
    "freeze_encoder": {"start_from": "nowhere"},
}
# Fields without limits, or with rules of their own.
OTHERS: dict[str, tuple[Change, ...]] = {
    "split.fold": ({"split.fold": 49},),
    "split.seed": (
        {"split.seed": 0},
        {"split.seed": 10**20},
        {"split.seed": -1, "split.kind": "fixed", "split.val_samples": ["nowhere"]},
    ),
    "augmentation.zoom": ({"augmentation.zoom": [0.1, 8.0]},),
    "bands": ({"bands": [7]}, {"bands": [2, 2, 0]}),
    "exclude": ({"exclude": ["nowhere", "nowhere"]},),
    "name": ({"name": ""}, {"name": "../outside"}),
    "product": ({"product": "nowhere"},),
    "class_weights": ({"class_weights": {"Road": 0.0, "Lava": 1000.0}},),
    "start_from": ({"start_from": "nowhere"},),
    "encoder_weights": ({"encoder_weights": "nowhere.h5"},),
}
RECIPES: tuple[Change, ...] = (
    {"clip": [0.0, 100.0], "normalisation": "percentile"},
    {"clip": [-1e308, 1e308], "normalisation": "decibel"},
    {"mask_values": {"#010203": "Lava", "value 7": "void"}},
    {"mask_tolerance": 4.0},
    {"windows": {"Tile 1/image_part_001": [0, 0, 1, 1], "nowhere": [0, 0, 10**9, 10**9]}},
    {"split.kind": "fixed", "split.val_samples": ["nowhere"]},
    {"split.val": 0.6, "split.test": 0.2},
)


def changes(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Change]]:
    """The limits of every field, and what else it may be: key and settings to change."""
    for setting in labelled_settings(model, prefix):
        name = setting.key
        limits = [{name: value} for value in ends(setting)]
        for change in (*limits, *OTHERS.get(name, ())):
            yield name, BESIDE.get(name, {}) | change


def ends(setting: Setting) -> list[Any]:
    if setting.choices:
        return [choice for choice in setting.choices if choice != "fixed"]
    if setting.kind is bool:
        return [False, True]
    if setting.kind not in (int, float) or setting.key.endswith(
        ("bands", "class_weights", "split.seed")
    ):
        return []
    low, high = setting.low, setting.high
    assert low is not None  # nothing may be below any bound
    low = math.nextafter(low, math.inf) if setting.open_low else low
    high = 10**20 if high is None else math.nextafter(high, 0) if setting.open_high else high
    if setting.key.endswith(".fold"):
        high = 4
    one, other = setting.kind(low), setting.kind(high)
    return [[one, one], [other, other]] if setting.key.endswith("zoom") else [one, other]


def changed(model: BaseModel, change: Change) -> dict[str, Any]:
    content = model.model_dump(mode="json")
    for key, value in change.items():
        set_setting(content, key, value)
    type(model).model_validate(content)  # a value that is refused would show nothing
    return content


def together(model: BaseModel, mine: list[Change]) -> list[tuple[list[Change], dict[str, Any]]]:
    """As few drafts as hold each of these changes: those that do not contradict share one."""
    drafts: list[tuple[list[Change], Change]] = []
    for change in mine:
        changed(model, change)  # by itself it is valid
        for members, all_of_them in drafts:
            beside = {key: all_of_them[key] for key in all_of_them.keys() & change.keys()}
            if beside == {key: change[key] for key in beside}:
                try:
                    changed(model, all_of_them | change)
                except ValidationError:
                    continue
                members.append(change)
                all_of_them |= change
                break
        else:
            drafts.append(([change], dict(change)))
    return [(members, changed(model, all_of_them)) for members, all_of_them in drafts]


def problems(at: AppTest, name: str, model: BaseModel, mine: list[Change]) -> list[Any]:
    """What raises when drafts with these changes are shown one after the other."""
    raised = []
    for members, content in together(model, mine):
        at.session_state[name] = content
        at.run()
        raised += [(members, error.message) for error in at.exception]
    return raised


@pytest.fixture
def demo(space: Path, demo_dataset: Path) -> Iterator[Path]:
    folder = Path(shutil.copytree(demo_dataset, space / "datasets" / "demo"))
    yield folder
    settled(folder)


@pytest.mark.parametrize("section", SECTIONS)
def test_prepare_opens_on_the_limits_of_every_field(demo: Path, section: str) -> None:
    mine = [c for key, c in changes(Recipe) if key.startswith(SECTIONS[section])]
    mine += [c for c in RECIPES if next(iter(c)).startswith(SECTIONS[section])]
    assert mine
    recipe = Recipe(name="demo", dataset="demo", patch={"size": 64})  # type: ignore[arg-type]
    at = open_prepare(section=section)
    assert not at.exception
    assert not problems(at, "draft\0demo", recipe, mine)


def test_every_field_of_a_recipe_is_in_a_section() -> None:
    shown = tuple(name for names in SECTIONS.values() for name in names)
    elsewhere = {"product", "class_weights"}  # above the views, and on Train
    assert {key for key, _ in changes(Recipe) if not key.startswith(shown)} == elsewhere


def shown_by_train(config: TrainConfig, mine: list[Change]) -> list[Any]:
    assert mine
    at = open_train()
    assert not at.exception
    return problems(at, "train.draft", config, mine)


CONFIG = TrainConfig.model_validate({"recipe": {"patch": {"size": 64}}})


def test_train_opens_on_the_limits_of_every_field_of_a_recipe(demo: Path) -> None:
    mine = [*(change for _, change in changes(Recipe)), *RECIPES]
    mine = [{f"recipe.{key}": value for key, value in change.items()} for change in mine]
    assert not shown_by_train(CONFIG, mine)


def test_train_opens_on_the_limits_of_every_other_field(demo: Path) -> None:
    mine = [change for key, change in changes(TrainConfig) if not key.startswith("recipe.")]
    assert not shown_by_train(CONFIG, mine)


@pytest.mark.parametrize("architecture", FAMILIES)
def test_train_opens_on_the_limits_of_every_architecture(demo: Path, architecture: str) -> None:
    config = CONFIG.model_copy(update={"model": default_spec(architecture)})
    mine = [change for _, change in changes(FAMILIES[architecture].spec, "model.")]
    assert not shown_by_train(config, [*mine, {"encoder_weights": "imagenet"}])


@pytest.mark.parametrize(
    ("section", "change", "widget", "value"),
    [
        ("Split", {"split.val": 0.0}, "split.val", 0.0),
        ("Split", {"split.val": 0.6}, "split.val", 60.0),
        ("Augment", {"augmentation.zoom": [0.1, 8.0]}, "augmentation.zoom", (0.1, 8.0)),
    ],
)
def test_a_kept_draft_is_shown_as_it_is_and_can_be_changed(
    demo: Path, section: str, change: Change, widget: str, value: Any
) -> None:
    keep_draft(Recipe.model_validate(changed(Recipe(dataset="demo"), change)))
    at = open_prepare(section=section)
    assert not at.exception
    slider = at.slider(key=f"draft-demo-{widget}")
    assert slider.value == value
    slider.set_value((1.0, 1.0) if isinstance(value, tuple) else 20.0).run()
    assert not at.exception and not at.error
