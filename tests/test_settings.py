"""Settings by dotted key, their labels and limits, and what validation complains of."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.datasets.recipes.recipe import Recipe
from core.errors import ConfigError
from core.models.families import FAMILIES, default_spec
from core.settings import (
    Label,
    first_complaint,
    flatten_settings,
    get_setting,
    has_setting,
    labelled_settings,
    misfit,
    set_setting,
)
from core.training.config import TrainConfig

CONTENT = {"a": {"b": {"c": 1}, "table": {"x.y": 2}, "none": {}}, "d": [1]}


def test_a_dotted_key_is_read_and_changed() -> None:
    content = TrainConfig().model_dump(mode="json")
    assert get_setting(content, "recipe.split.val") == 0.2
    set_setting(content, "recipe.split.val", 0.3)
    set_setting(content, "epochs", 7)
    config = TrainConfig.model_validate(content)
    assert (config.recipe.split.val, config.epochs) == (0.3, 7)
    assert has_setting(content, "recipe.split")
    for unknown in ("", "nothing", "recipe.split.nothing", "epochs.nothing", "recipe..val"):
        assert not has_setting(content, unknown)
        with pytest.raises(KeyError):
            get_setting(content, unknown)


@pytest.mark.parametrize(
    ("key", "listed"),
    [("recipe.split.vol", "kind, val, test"), ("epoch", "version, dataset"), ("a.b.c", "version,")],
)
def test_a_key_that_is_unknown_is_refused_with_those_beside_it(key: str, listed: str) -> None:
    content = TrainConfig().model_dump(mode="json")
    with pytest.raises(ConfigError, match=f"^there is no setting '{key}', settings") as caught:
        set_setting(content, key, 1)
    assert caught.value.key == key
    assert listed in caught.value.remedy
    assert content == TrainConfig().model_dump(mode="json")


def test_settings_are_flattened_but_for_tables_that_are_one_value() -> None:
    assert flatten_settings(CONTENT) == {"a.b.c": 1, "a.table.x.y": 2, "a.none": {}, "d": [1]}
    whole = flatten_settings(CONTENT, ["table"])
    assert whole == {"a.b.c": 1, "a.table": {"x.y": 2}, "a.none": {}, "d": [1]}
    for key, value in whole.items():
        assert get_setting(CONTENT, key) == value


class Inner(BaseModel):
    share: Annotated[float, Label("Share", unit="%")] = Field(0.5, ge=0, lt=1)
    kind: Annotated[Literal["a", "b"], Label("Kind", words={"a": "first"})] = "a"
    plain: int = 3


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    inner: Inner = Inner()
    count: Annotated[int, Label("Count", unit="px", zero="all")] = Field(4, gt=0, lt=9)
    even: Annotated[int, Label("Even")] = Field(4, ge=2, multiple_of=2)
    range: Annotated[
        tuple[Annotated[float, Field(ge=1, le=2)], Annotated[float, Field(ge=1, le=2)]],
        Label("Range"),
    ] = (1.0, 2.0)
    weights: Annotated[dict[str, Annotated[float, Field(gt=0)]], Label("Weights")] = Field(
        default_factory=dict
    )


def test_limits_are_those_of_the_field() -> None:
    settings = {setting.key: setting for setting in labelled_settings(Outer)}
    assert list(settings) == ["inner.share", "inner.kind", "count", "even", "range", "weights"]

    def limits(key: str) -> tuple[object, ...]:
        result = settings[key]
        return result.kind, result.low, result.high, result.open_low, result.open_high

    assert limits("inner.share") == (float, 0, 1, False, True)
    assert limits("count") == (int, 1, 8, False, False)
    assert limits("even") == (int, 2, None, False, False)
    assert limits("range") == (float, 1, 2, False, False)
    assert limits("weights") == (float, 0, None, True, False)
    assert settings["even"].multiple == 2
    assert settings["inner.kind"].choices == ("a", "b")
    assert settings["count"].label.text == "Count, px (0 = all)"
    assert settings["inner.share"].label.text == "Share, %"


@pytest.mark.parametrize("architecture", FAMILIES)
def test_what_a_form_shows_has_a_label_and_no_two_the_same(architecture: str) -> None:
    config = TrainConfig(model=default_spec(architecture))
    settings = [*labelled_settings(TrainConfig)]
    settings += labelled_settings(FAMILIES[architecture].spec, "model.")
    labelled = {setting.key for setting in settings}
    assert len({setting.label.text for setting in settings}) == len(labelled) == len(settings)
    keys = set(flatten_settings(config.model_dump(mode="json")))
    assert labelled <= keys
    assert keys - labelled - {"model.size"} == {
        *("version", "dataset", "model.architecture", "model.bands", "model.classes"),
        *("recipe.version", "recipe.revision", "recipe.dataset", "recipe.clip"),
        *("recipe.mask_values", "recipe.mask_tolerance", "recipe.windows", "recipe.void_regions"),
        *("recipe.split.val_samples", "recipe.split.test_samples"),
    }


@pytest.mark.parametrize(
    ("content", "key", "remedy"),
    [
        ({"inner": {"share": 2}}, "inner.share", "fix inner.share: Input should be less than 1"),
        ({"inner": 3}, "inner", "fix inner: "),
        ({"other": 3}, "other", "remove 'other': there is no such setting"),
    ],
)
def test_a_complaint_names_its_key(content: dict[str, object], key: str, remedy: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(content)
    assert first_complaint(caught.value).key == key
    error = misfit(caught.value, "it does not fit", where="a file")
    assert (error.key, error.where) == (key, "a file")
    assert error.remedy.startswith(remedy)


def test_an_error_about_a_setting_says_so_where_nothing_else_is_said() -> None:
    assert str(ConfigError("it is wrong", key="a.b", remedy="fix it")) == "it is wrong, a.b, fix it"
    assert str(ConfigError("it is wrong", key="a.b", where="here")) == "it is wrong, here"


def test_a_seed_below_0_is_kept_where_nothing_is_drawn() -> None:
    """Files of 0.1 may have one beside their lists."""
    recipe = Recipe.model_validate({"split": {"kind": "fixed", "seed": -1, "val_samples": ["a"]}})
    assert recipe.split.seed == -1


def test_a_seed_below_0_is_refused_by_its_key() -> None:
    with pytest.raises(ValidationError) as caught:
        Recipe.model_validate({"split": {"seed": -1}})
    assert first_complaint(caught.value).key == "split.seed"
