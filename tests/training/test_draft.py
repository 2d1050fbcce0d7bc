"""The draft of a training: what was chosen last is there again, also what does not fit yet."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.models.families import default_spec
from core.settings import set_setting
from core.training.config import TrainConfig
from core.training.draft import forget_draft, keep_draft, load_draft


def content(**settings: Any) -> dict[str, Any]:
    made = TrainConfig().model_dump(mode="json")
    for key, value in settings.items():
        set_setting(made, key.replace("__", "."), value)
    return made


def test_settings_are_kept_until_they_are_forgotten() -> None:
    assert load_draft() is None
    kept = content(epochs=7, recipe__patch__size=96)
    keep_draft(kept)
    assert load_draft() == kept
    forget_draft()
    forget_draft()
    assert load_draft() is None


def test_values_that_do_not_fit_yet_are_kept_too() -> None:
    kept = content(epochs=7, model__width=13)
    keep_draft(kept)
    assert load_draft() == kept
    kept["model"] = default_spec("sm-pspnet").model_dump(mode="json")
    kept["recipe"]["split"]["test"] = 2.0
    keep_draft(kept)
    assert load_draft() == kept


def test_settings_that_have_come_since_have_their_first_values(space: Path) -> None:
    for kept in (content(epochs=7), content(epochs=7, model__width=13)):
        del kept["seed"], kept["recipe"]["patch"]["rare"]
        keep_draft(kept)
        loaded = load_draft()
        assert loaded is not None
        assert loaded["epochs"] == 7
        assert loaded["seed"] == TrainConfig().seed
        assert loaded["recipe"]["patch"]["rare"] == TrainConfig().recipe.patch.rare


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"epochs": "many"}',
        '{"epoch": 3}',
        '{"model": {"architecture": "gone"}}',
        '{"model": 3}',
        json.dumps({"recipe": {"patch": []}}),
    ],
)
def test_another_form_counts_as_none(space: Path, text: str) -> None:
    keep_draft(content())
    (space / "runs" / ".draft.json").write_text(text)
    assert load_draft() is None
