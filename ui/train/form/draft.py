"""What a new training will be told, while it is being made: kept for the session.

The draft is the truth, and widgets show it: so it survives other views and pages, and is filled in
by presets, recipes and earlier runs alike. It is the content of a `TrainConfig`, not yet checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import getitem
from typing import Any

import streamlit as st

from core.datasets.recipes.recipe import Recipe
from core.models.families import default_spec
from core.training.config import TrainConfig
from ui.train.form.presets import PRESETS, preset

__all__ = [
    "build",
    "change",
    "choose_architecture",
    "fill",
    "fill_recipe",
    "has",
    "key",
    "marked_preset",
    "value",
]

_DRAFT, _OTHERS = "train.draft", "train.architectures"


def key(path: str) -> str:
    """The key of the widget that shows a setting."""
    return f"train.{path}"


def _content() -> dict[str, Any]:
    if _DRAFT not in st.session_state:
        st.session_state[_DRAFT] = TrainConfig().model_dump(mode="json")
        change(preset("Quick try", "unet"))
    content: dict[str, Any] = st.session_state[_DRAFT]
    return content


def value(path: str) -> Any:
    """A setting by its dotted key."""
    return reduce(getitem, path.split("."), _content())


def has(path: str) -> bool:
    """Whether there is such a setting; other architectures have others."""
    place: Any = _content()
    for name in path.split("."):
        if not isinstance(place, dict) or name not in place:
            return False
        place = place[name]
    return True


def change(settings: Mapping[str, Any]) -> None:
    """Change settings by dotted key; those that the architecture does not have are left out."""
    for path, setting in settings.items():
        if has(path):
            *groups, last = path.split(".")
            reduce(getitem, groups, _content())[last] = setting
    if "recipe.normalisation" in settings:
        _content()["recipe"]["clip"] = None  # the limits are of another kind
    split = _content()["recipe"]["split"]
    split["fold"] = min(split["fold"], split["folds"] - 1)


def choose_architecture(name: str) -> None:
    """Take another architecture, with its settings as they were when it was left."""
    others = st.session_state.setdefault(_OTHERS, {})
    content, marked = _content(), marked_preset()
    others[content["model"]["architecture"]] = content["model"]
    content["model"] = others.get(name) or default_spec(name).model_dump(mode="json")
    # Neither fits another encoder.
    content["encoder_weights"], content["start_from"] = "none", ""
    if marked:
        change(preset(marked, name))


def marked_preset() -> str | None:
    """The preset that the draft agrees with."""
    architecture = value("model.architecture")
    for name in PRESETS:
        settings = preset(name, architecture).items()
        if all(value(path) == setting for path, setting in settings if has(path)):
            return name
    return None


def fill(config: TrainConfig) -> None:
    """Take all settings of a configuration."""
    st.session_state[_DRAFT] = config.model_dump(mode="json")


def fill_recipe(recipe: Recipe | None) -> None:
    """Take a recipe's decisions; with None only what is decided in the form is kept."""
    if recipe is not None:
        _content()["recipe"] = recipe.model_dump(mode="json")
        return
    shown = ("split", "patch", "augmentation", "normalisation")
    kept = {name: value(f"recipe.{name}") for name in shown}
    _content()["recipe"] = Recipe().model_dump(mode="json") | kept


def build(dataset: str) -> TrainConfig:
    """The configuration for a dataset.

    Raises:
        pydantic.ValidationError: some settings do not fit.
    """
    content = _content() | {"dataset": dataset}
    recipe = dict(content["recipe"])
    if recipe["split"]["kind"] != "fixed":
        recipe["split"] = recipe["split"] | {"val_samples": [], "test_samples": []}
    return TrainConfig.model_validate(content | {"recipe": recipe})
