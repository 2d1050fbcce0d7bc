"""What the Prepare page shows of normalisation and augmentation."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.datasets.batches.fit_normalisation import fit_normalisation
from core.datasets.batches.labelled_image import load_samples
from core.datasets.catalogue import open_dataset
from core.datasets.recipes.recipe import Recipe
from core.datasets.recipes.splits import split_samples
from tests.conftest import REPOSITORY
from ui.loaded import normalisations


def _script(folder: str, recipe: str, preview: str) -> None:
    from pathlib import Path

    from core.datasets.catalogue import open_dataset
    from core.datasets.recipes.apply import prepared
    from core.datasets.recipes.recipe import Recipe
    from ui.data.prepare.augmentation_preview import augmentation_preview
    from ui.data.prepare.normalisation_preview import normalisation_preview
    from ui.shell.errors import page_errors

    asked = Recipe.model_validate_json(recipe)
    dataset = prepared(open_dataset(Path(folder)), asked)
    with page_errors():
        {"augment": augmentation_preview, "normalise": normalisation_preview}[preview](
            dataset, asked
        )


def _page(folder: Path, preview: str, **settings: object) -> AppTest:
    recipe = Recipe.model_validate({"patch": {"size": 64}, **settings})
    args = (str(folder), recipe.model_dump_json(), preview)
    return AppTest.from_function(_script, args=args, default_timeout=180).run()


def _text(page: AppTest) -> str:
    return " ".join(element.value for element in [*page.info, *page.caption, *page.markdown])


@pytest.mark.parametrize("kind", ["unit", "minmax", "percentile", "standard", "imagenet"])
def test_normalisation_is_shown_before_and_after(demo_dataset: Path, kind: str) -> None:
    page = _page(demo_dataset, "normalise", normalisation=kind)
    assert not page.exception and not page.error
    assert len(page.get("image")) == 2
    assert len(page.get("plotly_chart")) == 2
    if kind in ("minmax", "percentile", "standard"):
        assert "training samples. Samples that validate or test are not" in _text(page)


def test_the_numbers_are_those_of_the_training_split_alone(demo_dataset: Path) -> None:
    dataset = open_dataset(demo_dataset)
    recipe = Recipe()
    split = split_samples(dataset.samples, recipe.split)
    fit = normalisations.training_normalisation(dataset, recipe)
    training = load_samples(dataset, [dataset.sample(i) for i in split.train])
    assert fit.normalisation == fit_normalisation(recipe, training)
    assert fit.normalisation != fit_normalisation(recipe, load_samples(dataset, dataset.samples))
    assert fit.used == fit.training == len(split.train)


def test_a_normalisation_that_does_not_fit_is_said(demo_dataset: Path) -> None:
    page = _page(demo_dataset, "normalise", normalisation="imagenet", bands=[0, 1])
    assert not page.exception
    assert "three bands, these images have 2" in page.error[0].value


def test_draws_come_when_they_are_asked_for(demo_dataset: Path) -> None:
    settings = {"augmentation": {"rotation": 30, "cutout": 0.3, "brightness": 0.1}}
    page = _page(demo_dataset, "augment", **settings)
    assert not page.exception and not page.error
    assert not page.get("image")
    page.toggle(key="augmented-shown").set_value(True).run()
    assert not page.exception and not page.error
    assert len(page.get("image")) == 9
    assert "Draw 1: crops of 64 × 64 px" in _text(page)
    first = _pictures(page)
    page.slider(key="augmented-opacity").set_value(35).run()
    page.slider(key="augmented-opacity").set_value(40).run()
    assert _pictures(page) == first
    page.button(key="augmented-again").click().run()
    assert "Draw 2" in _text(page)
    assert _pictures(page) != first


def test_pasted_objects_and_deformed_labels_are_seen_in_the_draws(demo_dataset: Path) -> None:
    shown = []
    for settings in ({}, {"copy_paste": 1.0}, {"label_deformation": 6}):
        page = _page(demo_dataset, "augment", augmentation=settings)
        page.toggle(key="augmented-shown").set_value(True).run()
        assert not page.exception and not page.error
        assert ("Copy-paste: here from" in _text(page)) == ("copy_paste" in settings)
        shown.append(_pictures(page))
    plain, pasted, deformed = shown
    assert set(pasted) - set(plain)
    assert len(set(deformed) - set(plain)) >= 5


def _pictures(page: AppTest) -> list[str]:
    """Streamlit names a picture by its content."""
    return [element.proto.imgs[0].url for element in page.get("image")]


def test_masks_keep_the_colours_of_the_classes() -> None:
    from core.classes import DUBAI_CLASSES
    from ui.data.prepare.augmentation_preview import _overlaid

    labels = np.random.default_rng(0).integers(0, 5, (600, 600), np.uint8)
    labels[:100] = 255
    rgb = np.full((600, 600, 3), 77, np.uint8)
    shown = _overlaid(rgb, labels, DUBAI_CLASSES, 1.0)
    colors = {tuple(int(v) for v in color) for color in shown.reshape(-1, 3)}
    assert colors == {*DUBAI_CLASSES.colors, (77, 77, 77)}


def test_the_page_loads_no_tensorflow_before() -> None:
    code = (
        "import sys, ui.data.prepare.augmentation_preview, ui.data.prepare.normalisation_preview, "
        "core.datasets.batches.feed, "
        "core.datasets.batches.augment, core.datasets.batches.preview\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=REPOSITORY)
