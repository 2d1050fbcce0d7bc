"""The models that come with the program."""

from __future__ import annotations

import numpy as np
import pytest

from core.models.card import file_sha256
from core.models.store import DEMO_MODEL, find_model, list_models, load_model, read_card


def test_real_imagery_comes_first() -> None:
    names = [ref.name for ref in list_models() if ref.source == "bundled"]
    assert names == ["dubai-unet", DEMO_MODEL]


@pytest.mark.parametrize("name", ["dubai-unet", DEMO_MODEL])
def test_the_weights_are_those_of_the_card(name: str) -> None:
    folder = find_model(name).folder
    card = read_card(folder)
    assert card.name == name
    assert file_sha256(folder / card.weights) == card.sha256
    sides = [set(side) for side in (card.training.train, card.training.val, card.training.test)]
    assert all(sides)
    assert sum(map(len, sides)) == len(set.union(*sides))


def test_the_demo_model_is_small_and_its_scenes_are_apart() -> None:
    folder = find_model(DEMO_MODEL).folder
    card = read_card(folder)
    assert (folder / card.weights).stat().st_size < 3e6
    assert card.imagery is not None
    assert card.masks is not None
    training = card.training
    assert len(training.digests) == len(training.train) + len(training.val) + len(training.test)
    sides = (training.train, training.val, training.test)
    scenes = [{i.partition("/")[0] for i in side} for side in sides]
    assert not scenes[0] & scenes[1]
    assert not scenes[0] & scenes[2]
    assert not scenes[1] & scenes[2]
    assert training.scores["test"]["mean_iou"] > 0.6


def test_the_demo_model_maps_a_scene_of_the_demo_set() -> None:
    from core.datasets.synthetic.dubai import generate_scene
    from core.evaluation.confusion import confusion, scores
    from core.inference.predictor import Predictor

    network, card = load_model(find_model(DEMO_MODEL).folder)
    # The first scene of seed 0, as `write_demo` draws it: none of the training, whose seed was 100.
    seed = int(np.random.SeedSequence([0, 1]).generate_state(1)[0])
    image, labels = generate_scene(1024, seed)
    predicted = Predictor.of_card(network, card).predict(image, np.ones(labels.shape, bool))
    assert scores(confusion(labels, predicted, len(card.classes))).mean_iou > 0.5
