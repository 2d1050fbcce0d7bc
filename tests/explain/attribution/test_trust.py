"""Checks of maps: a trained network's map is told apart from one of shuffled weights."""

import numpy as np
import pytest

from core.explain.attribution.explain import KINDS, Question, check_trust, explain
from core.explain.attribution.target import Target
from core.explain.attribution.trust import removal, similarity, stability
from core.explain.window import Window, view_image
from core.models.store import find_model, load_model


@pytest.fixture(scope="module")
def demo():
    """The bundled model of demo scenes, a view of a scene, and a target in it."""
    from core.datasets.synthetic.dubai import generate_scene

    model, card = load_model(find_model("demo-unet").folder)
    pixels, labels = generate_scene(160, 3)
    window = Window(16, 16, 96, 96)
    view = view_image(card, pixels, window)
    label = int(np.bincount(labels[labels != 255]).argmax())
    region = np.zeros((96, 96), bool)
    region[40:56, 40:56] = True
    return model, view, Target(label, region)


def test_similarity_is_spearmans():
    from scipy.stats import spearmanr

    rng = np.random.default_rng(0)
    first = rng.integers(0, 5, (12, 9)).astype(float)  # with ties
    second = first + rng.normal(size=first.shape)
    expected = spearmanr(first.reshape(-1), np.abs(second).reshape(-1)).statistic
    assert similarity(first, second) == pytest.approx(expected)
    assert similarity(first, first * 7) == pytest.approx(1)
    assert similarity(first, np.ones_like(first)) == 0


def test_what_is_nearer_counts_for_more_in_any_network():
    region = np.zeros((64, 64), bool)
    region[32, 32] = True
    rng = np.random.default_rng(0)
    rows, columns = np.indices(region.shape)
    near = np.exp(-np.hypot(rows - 32, columns - 32) / 8)
    first, second = (near * rng.uniform(0.5, 1.5, near.shape) for _ in range(2))
    assert similarity(first, second) > 0.9
    assert abs(similarity(first, second, region)) < 0.15
    assert similarity(first, 3 * first, region) == pytest.approx(1)


def test_stability_is_one_for_a_map_that_never_changes():
    batch = np.random.default_rng(0).random((1, 8, 8, 1), np.float32)
    still = np.arange(64.0).reshape(8, 8)
    region = np.eye(8, dtype=bool)
    assert stability(lambda _: still, batch, region) == pytest.approx(1)
    rng = np.random.default_rng(1)
    assert stability(lambda _: rng.random((8, 8)), batch, region, samples=20) == pytest.approx(
        0, abs=0.15
    )


def test_removal_of_a_score_that_is_a_weighted_sum():
    # The score is the sum of the weights of the pixels that are left: by hand.
    weights = np.array([[4.0, 1.0], [3.0, 2.0]])
    batch, baseline = np.ones((1, 2, 2, 1), np.float32), np.zeros((1, 2, 2, 1), np.float32)

    def score(one):
        return float((one[0, ..., 0] * weights).sum())

    curves = removal(score, batch, baseline, weights, steps=4)
    np.testing.assert_allclose(curves.shares, [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(curves.deletion, [10, 6, 3, 1, 0])
    np.testing.assert_allclose(curves.insertion, [0, 4, 7, 9, 10])
    wrong = removal(score, batch, baseline, -weights, steps=4)
    assert curves.deletion_gain > 0 > wrong.deletion_gain
    assert curves.insertion_gain > 0 > wrong.insertion_gain


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_answers_on_a_trained_network(demo, kind):
    model, view, target = demo
    question = Question(target, kind)
    answer = explain(model, view, question)
    assert answer.values.shape == (96, 96)
    assert answer.values.dtype == np.float32
    assert np.isfinite(answer.values).all() and answer.values.any()
    assert answer.note == (
        "a window of 96 × 96 px, 16 px from the left and 16 px from the top, of the image's "
        "160 × 160 px"
    )
    if kind == "integrated-gradients":
        assert answer.error <= 0.01
    else:
        assert answer.error is None
    np.testing.assert_array_equal(explain(model, view, question).values, answer.values)


def test_evidence_for_a_region_lies_at_it(demo):
    model, view, target = demo
    values = explain(model, view, Question(target, "hires")).values
    around = values[24:72, 24:72].sum() / values.sum()
    assert around > 0.9  # a quarter of the window


def test_a_map_of_shuffled_weights_is_another_one(demo):
    model, view, target = demo
    before = [weights.copy() for weights in model.get_weights()]
    trust = check_trust(model, view, Question(target, "saliency"))
    assert trust.depends_on_weights
    assert trust.stages[-1].similarity < 0.5 < trust.stability
    assert len({name for stage in trust.stages for name in stage.layers}) == sum(
        bool(layer.weights) for layer in model.layers
    )
    for weights, old in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weights, old)
