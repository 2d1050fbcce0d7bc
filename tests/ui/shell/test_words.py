"""Messages say settings by their labels on a page, and are sentences."""

from __future__ import annotations

import pytest

from core.errors import DatasetError
from core.formats import sentence
from ui.shell.words import page_words


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (
            "split each image into blocks (recipe.split.kind=blocks), or add scenes",
            "split each image into blocks (“Split”: by blocks of images), or add scenes",
        ),
        ("choose smaller crops (recipe.patch.size)", "choose smaller crops (“Crop size”)"),
        ("set test to 0 (recipe.split.test=0)", "set test to 0 (“Test share”: 0)"),
        ("choose recipe.split.seed=1 or 4", "choose “Split seed”: 1 or 4"),
        ("(recipe.mask_tolerance=2), or", "(“Tolerance of mask values”: 2), or"),
        ('by recipe.class_weights={"a": 0, "b": 0}', 'by “Class weights”: {"a": 0, "b": 0}'),
        (
            "/data/recipe.json and recipe.unknown.key=2",
            "/data/recipe.json and recipe.unknown.key=2",
        ),
    ],
)
def test_a_setting_is_called_what_its_field_is(message: str, shown: str) -> None:
    assert page_words(message) == shown


def test_sentences() -> None:
    assert sentence("the mask is missing") == "The mask is missing."
    assert sentence("classes.json is no JSON") == "classes.json is no JSON."
    assert sentence("another scaling?") == "Another scaling?"
    assert sentence("/data/set: gone") == "/data/set: gone."
    assert sentence("") == ""


def test_lists_in_an_error_stay_apart_from_its_place() -> None:
    error = DatasetError(
        "it has (a, b)", where="/data/set", remedy="bring them back, or start anew"
    )
    assert error.sentences == "It has (a, b). Where: /data/set. Bring them back, or start anew."
