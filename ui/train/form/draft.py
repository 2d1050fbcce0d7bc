"""The configuration of a new training while it is being made: kept, also across reloads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import streamlit as st

from core.datasets.recipes.recipe import Recipe
from core.errors import DSIError
from core.models.families import FAMILIES, default_spec
from core.models.weights.pretrained import IMAGENET, NONE, at_hand
from core.settings import Setting, has_setting, labelled_settings, set_setting
from core.training.config import TrainConfig
from core.training.draft import forget_draft, keep_draft, load_draft
from ui.settings.draft import Draft
from ui.shell.errors import show_error
from ui.train.form.presets import PRESETS, preset

__all__ = ["TrainDraft"]

_ARCHITECTURES, _NOT_KEPT = "train.architectures", "train.not-kept"
_SHOWN = ("split", "patch", "augmentation", "normalisation")  # of a recipe, in the form


class TrainDraft(Draft[TrainConfig]):
    """The settings of a new training, not yet checked: what does not fit is shown beside its field.

    There is one a session, whatever dataset is chosen; a new session goes on with the one that was
    changed last.
    """

    model = TrainConfig
    name = "train.draft"
    widgets = "train."
    recipe = "recipe."

    def _first(self) -> dict[str, Any]:
        if kept := load_draft():
            return kept
        content = TrainConfig().model_dump(mode="json")
        for key, value in preset("Quick try", "unet").items():
            if has_setting(content, key):
                set_setting(content, key, value)
        return content

    def _accept(self, content: dict[str, Any]) -> None:
        super()._accept(content)
        try:
            keep_draft(content)
        except DSIError as error:
            st.session_state[_NOT_KEPT] = error  # shown, and the session goes on with it

    def show_not_kept(self) -> None:
        """Say why the last change would not outlive a reload of the page."""
        if error := st.session_state.pop(_NOT_KEPT, None):
            show_error(error)

    def reset(self) -> None:
        """Begin anew, with the first preset; to be used in callbacks."""
        forget_draft()
        for key in (self.name, _ARCHITECTURES):
            st.session_state.pop(key, None)

    def settings(self) -> Iterator[Setting]:
        """Labels and limits of the settings that fields show, the architecture's own among them."""
        yield from labelled_settings(TrainConfig)
        spec = FAMILIES[self.value("model.architecture")].spec
        yield from labelled_settings(spec, "model.")

    def choose_architecture(self, name: str) -> None:
        """Take another architecture, with its settings as they were when it was left."""
        others = st.session_state.setdefault(_ARCHITECTURES, {})
        content, marked = self.content, self.marked_preset()
        others[content["model"]["architecture"]] = content["model"]
        spec = others.get(name) or default_spec(name).model_dump(mode="json")
        # Weights to begin with do not fit another encoder; ImageNet's are better than random ones,
        # and are the first choice where nothing needs to be fetched for them.
        offline = at_hand(default_spec(name).model_copy(update=spec))
        weights = IMAGENET if offline else NONE
        self.change({"model": spec, "encoder_weights": weights, "start_from": ""})
        if marked:
            self.change(preset(marked, name))

    def marked_preset(self) -> str | None:
        """The preset that the draft agrees with."""
        architecture = self.value("model.architecture")
        for name in PRESETS:
            settings = preset(name, architecture).items()
            if all(self.value(key) == setting for key, setting in settings if self.has(key)):
                return name
        return None

    def fill(self, config: TrainConfig) -> None:
        """Take all settings of a configuration."""
        self._accept(config.model_dump(mode="json"))

    def fill_recipe(self, recipe: Recipe | None) -> None:
        """Take a recipe's decisions; with None only those that the form shows are kept."""
        content = (recipe or Recipe()).model_dump(mode="json")
        if recipe is None:
            content |= {name: self.value(f"recipe.{name}") for name in _SHOWN}
        self.change({"recipe": content})

    def build(self, dataset: str) -> TrainConfig:
        """The configuration for a dataset.

        Raises:
            pydantic.ValidationError: some settings do not fit.
        """
        return TrainConfig.model_validate(self.content | {"dataset": dataset})
