"""Suspect labels by hand-computed cases; what is decided about them; the recipe that takes it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from core.datasets.batches.labelled_image import LabelledImage
from core.datasets.catalogue import find_dataset
from core.datasets.recipes.apply import prepared
from core.datasets.recipes.recipe import Recipe
from core.datasets.void.store import load_regions
from core.errors import ConfigError, DatasetError, WorkspaceError
from core.evaluation.confusion import confusion
from core.evaluation.kept.plan import EvaluationPlan, plan_again, plan_evaluation
from core.evaluation.kept.record import EvaluationOptions
from core.evaluation.kept.run import run_evaluation
from core.evaluation.kept.store import KeptEvaluation, new_evaluation
from core.evaluation.suspects.record import (
    Suspect,
    SuspectList,
    read_suspects,
    write_suspects,
)
from core.evaluation.suspects.review import (
    Review,
    SavedReview,
    decide,
    read_review,
    states,
    undo,
    write_review,
)
from core.evaluation.suspects.revise import model_recipe, revise
from core.evaluation.suspects.search import SuspectSearch, search_suspects
from core.inference.predictor import Predictor
from core.models.store import find_model, load_model

pytestmark = pytest.mark.usefixtures("eager")  # most of the time is graphs


def searched(
    tmp_path: Path, images: list[tuple[np.ndarray, np.ndarray]], rows: int = 7
) -> SuspectList:
    """Of labels (H, W) and the probability of class 1 of two (H, W)."""
    search = SuspectSearch(2, tmp_path)
    for labels, second in images:
        probabilities = np.stack([1 - second, second], axis=-1).astype(np.float32)
        for row in range(0, len(labels), rows):
            search.on_strip(labels[row : row + rows], probabilities[row : row + rows])
        predicted = probabilities.argmax(axis=-1).astype(np.uint8)
        valid = np.ones(labels.shape, bool)
        image = LabelledImage("a", np.zeros((*labels.shape, 3), np.uint8), labels, valid)
        search.on_image(image, predicted, confusion(labels, predicted, 2))
    return search.result()


def test_thresholds_regions_and_quality_by_hand(tmp_path: Path) -> None:
    labels = np.zeros((20, 30), np.uint8)
    labels[:, 20:] = 1
    second = np.where(labels == 1, 0.8, 0.1)
    second[2:8, 3:10] = 0.95  # 42 pixels labelled 0 of which the model is sure that they are 1
    second[12:18, 3:10] = 0.7  # below the threshold of class 1: not sure enough
    labels[0, 0] = 255
    listed = searched(tmp_path, [(labels, second)])
    # Class 1: 200 pixels with 0.8. Class 0: 315 of 399 with 0.9, 42 each with 0.05 and with 0.3.
    assert listed.thresholds == pytest.approx([(315 * 0.9 + 42 * 0.35) / 399, 0.8])
    assert listed.labelled == (399, 200)
    assert listed.pixels == ((0, 42), (0, 0))
    assert listed.share == pytest.approx(42 / 599)
    [suspect] = listed.suspects
    assert suspect.box == (3, 2, 7, 6)
    assert (suspect.area, suspect.label, suspect.suggestion) == (42, 0, 1)
    assert suspect.confidence == pytest.approx(0.95)
    assert suspect.doubted == pytest.approx(0.05)
    assert suspect.weight == pytest.approx(42 * 0.9)
    drawn = np.zeros((20, 30), bool)
    suspect.draw(drawn)
    np.testing.assert_array_equal(drawn, second == 0.95)
    # Softmin (temperature 0.1) of the probabilities of the labels.
    scores = np.repeat([0.9, 0.05, 0.3, 0.8], [315, 42, 42, 200])
    weights = np.exp((1 - scores) / 0.1)
    assert listed.quality == (pytest.approx(weights @ scores / weights.sum(), rel=1e-5),)
    assert listed.quality[0] is not None
    assert listed.quality[0] < 0.08


def test_borders_and_specks_are_left_out_and_the_most_comes_first(tmp_path: Path) -> None:
    labels = np.zeros((40, 60), np.uint8)
    labels[:, 30:] = 1
    second = np.where(labels == 1, 0.9, 0.0)
    second[:, 28:30] = 1.0  # within two pixels of the border: drawn inexactly
    second[3:6, 3:8] = 1.0  # 15 pixels: too small
    second[10:14, 3:7] = 1.0  # 16
    second[20:30, 3:13] = 0.95  # 100, less sure
    second[20:30, 14:20] = 1.0  # 60, its own region: a column lies between
    listed = searched(
        tmp_path, [(labels, second), (np.full((9, 9), 255, np.uint8), np.ones((9, 9)))]
    )
    assert [(s.area, s.x, s.y) for s in listed.suspects] == [
        (100, 3, 20),
        (60, 14, 20),
        (16, 3, 10),
    ]
    assert listed.pixels[0][1] == 80 + 15 + 16 + 100 + 60
    assert listed.quality[1] is None


def test_the_most_weighty_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.evaluation.suspects.search.MOST_SUSPECTS", 2)
    labels = np.zeros((40, 60), np.uint8)
    labels[:, 40:] = 1
    second = np.where(labels == 1, 0.9, 0.0)
    for number, size in enumerate((4, 6, 5)):
        second[3 : 3 + size, 3 + 10 * number : 3 + 10 * number + size] = 1.0
    listed = searched(tmp_path, [(labels, second)])
    assert [s.area for s in listed.suspects] == [36, 25]
    assert listed.dropped == 1


def some_suspects(samples: tuple[int, ...] = (0, 0, 1)) -> SuspectList:
    return SuspectList(
        made=7.0,
        border=2,
        least_area=16,
        thresholds=(0.8, None),
        labelled=(100, 0),
        pixels=((0, 20), (0, 0)),
        quality=(0.1,) * (max(samples) + 1),
        suspects=tuple(
            Suspect(
                sample=sample,
                x=4 * number,
                y=2,
                width=4,
                height=5,
                area=20,
                label=0,
                suggestion=1,
                confidence=0.9,
                doubted=0.05,
                counts=(0, 20),
            )
            for number, sample in enumerate(samples)
        ),
    )


def test_decisions_follow_one_another_and_are_undone() -> None:
    listed = some_suspects()
    review = Review(of=7.0)
    assert states(listed, review) == ["open", "open", "open"]
    review = decide(review, "void", [2, 0])
    assert review.decisions[0].suspects == (0, 2)
    assert states(listed, review) == ["void", "open", "void"]
    # A sample that is left out takes all of its regions along.
    review = decide(review, "exclude", [1])
    assert states(listed, review) == ["excluded", "excluded", "void"]
    dismissed = decide(review, "dismiss", [0])
    assert states(listed, dismissed) == ["dismissed", "open", "void"]
    review = undo(review)
    assert states(listed, review) == ["void", "open", "void"]
    review = decide(review, "reopen", [0])
    assert states(listed, review) == ["open", "open", "void"]
    assert decide(review, "void", []) is review
    saved = SavedReview(recipe="city", revision=2, void_regions="")
    review = review.model_copy(update={"saved": saved, "saved_decisions": 2})
    assert undo(review) == review
    more = decide(review, "dismiss", [1])
    assert undo(more) == review


def test_files_that_are_damaged_are_said(tmp_path: Path) -> None:
    kept = KeptEvaluation(tmp_path)
    assert read_suspects(kept) is None
    listed = some_suspects()
    write_suspects(kept, listed)
    assert read_suspects(kept) == listed
    review = decide(read_review(kept, listed), "void", [0])
    write_review(kept, review)
    assert read_review(kept, listed) == review
    # Of another search the regions have other places.
    assert not read_review(kept, listed.model_copy(update={"made": 8.0})).decisions
    (tmp_path / "review.json").write_text("{")
    with pytest.raises(WorkspaceError, match="decisions about suspect labels"):
        read_review(kept, listed)
    content = listed.model_dump_json().replace('"area":20', '"area":21', 1)
    (tmp_path / "suspects.json").write_text(content)
    with pytest.raises(WorkspaceError, match="suspect labels of the evaluation"):
        read_suspects(kept)


@pytest.fixture
def demo(space: Path, demo_dataset: Path) -> Path:
    folder = Path(shutil.copytree(demo_dataset, space / "datasets" / "demo"))
    for part in (*folder.rglob("*_003.*"), *folder.rglob("*_004.*")):
        part.unlink()
    return folder


@pytest.fixture
def kept(demo: Path, tiny_model: str) -> KeptEvaluation:
    return evaluated(EvaluationOptions())


def evaluated(options: EvaluationOptions) -> KeptEvaluation:
    ref = find_model("tiny")
    plan = plan_evaluation(ref, find_dataset("demo"), "all", options)
    made = new_evaluation(plan.record, plan.card)
    model, card = load_model(ref.folder)
    run_evaluation(made, plan, Predictor.of_card(model, card))
    return made


def test_an_evaluation_is_searched_as_it_was_scored(kept: KeptEvaluation) -> None:
    model, card = load_model(find_model("tiny").folder)
    plan = plan_again(kept)
    calls: list[tuple[int, int]] = []
    listed = search_suspects(plan, Predictor.of_card(model, card), lambda *call: calls.append(call))
    assert calls == [(number, 6) for number in range(6)]
    analysis = kept.analysis()
    assert analysis is not None
    assert listed.labelled == tuple(analysis.matrix().sum(axis=1).tolist())
    assert not listed.seen
    assert listed.suspects
    for suspect in listed.suspects[:5]:
        drawn = np.zeros((96, 96), bool)
        suspect.draw(drawn)
        assert set(kept.labels(suspect.sample)[drawn]) == {suspect.suggestion}
        sample = plan.samples[suspect.sample]
        assert set(plan.dataset.load_labels(sample)[drawn]) == {suspect.label}


def test_a_recipe_takes_what_was_accepted(kept: KeptEvaluation) -> None:
    plan, listed = plan_again(kept), some_suspects((0, 0, 1, 2))
    base = Recipe(name="city", dataset="demo", exclude=(plan.samples[3].id,))
    with pytest.raises(ConfigError, match="nothing is accepted"):
        revise(plan, listed, ["open", "dismissed", "open", "open"], base)
    made = revise(plan, listed, ["void", "void", "excluded", "open"], base)
    assert (made.regions, made.pixels, made.learned) == (2, 40, 0)
    assert made.excluded == (plan.samples[1].id,)
    assert made.recipe.exclude == (plan.samples[3].id, plan.samples[1].id)
    assert not made.fixed_split
    used = prepared(find_dataset("demo"), made.recipe)
    assert len(used.samples) == 4
    first = used.sample(plan.samples[0].id)
    before = find_dataset("demo").load_labels(first)
    after = used.load_labels(first)
    assert (after[2:7, 0:8] == 255).all()
    changed = np.zeros(after.shape, bool)
    changed[2:7, 0:8] = True
    np.testing.assert_array_equal(after[~changed], before[~changed])
    # More regions later come to those that there are.
    again = revise(plan, listed, ["open", "open", "open", "void"], made.recipe)
    regions = load_regions(again.recipe.void_regions)
    assert set(regions.samples) == {plan.samples[0].id, plan.samples[2].id}
    assert regions.pixels == 60


def test_scores_with_the_files_labels_and_with_revised_ones(kept: KeptEvaluation) -> None:
    plan = plan_again(kept)
    made = revise(plan, some_suspects((0,)), ["void"], Recipe(dataset="demo"))
    digest = made.recipe.void_regions
    revised = evaluated(EvaluationOptions(void_regions=digest))
    assert revised.record().title == "tiny on demo, all samples, revised labels"
    assert kept.record().void == ""
    one, other = kept.analysis(), revised.analysis()
    assert one is not None
    assert other is not None
    before = plan.dataset.load_labels(plan.samples[0])
    lost = int((before[2:7, 0:4] != 255).sum())
    assert one.matrix().sum() - other.matrix().sum() == lost == 20
    np.testing.assert_array_equal(one.matrix([1]), other.matrix([1]))
    assert "void as a person has judged" in " ".join(revised.record().remarks)
    # Regions of samples that are not scored make no other truth.
    only = evaluated(EvaluationOptions(void_regions=digest, only=(plan.samples[2].id,)))
    assert only.record().void == ""
    assert [s.id for s in only.record().samples] == [plan.samples[2].id]
    with pytest.raises(DatasetError, match="the first is nowhere"):
        evaluated(EvaluationOptions(only=("nowhere",)))
    # Without the regions the truth would silently be another one.
    mask = plan.samples[0].mask
    assert mask is not None
    regions = load_regions(digest)
    assert plan_again(revised).dataset.void == regions.samples


def test_the_sides_of_a_split_stay_where_a_sample_is_left_out(
    kept: KeptEvaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = with_training(plan_again(kept), (0, 1), (2, 3), (4, 5))
    base = model_recipe(plan.card.training, "demo")
    made = revise(plan, some_suspects((0, 2)), ["excluded", "excluded"], base)
    assert made.fixed_split
    ids = [sample.id for sample in plan.samples]
    assert made.recipe.split.kind == "fixed"
    assert made.recipe.split.val_samples == (ids[3],)
    assert made.recipe.split.test_samples == (ids[4], ids[5])
    with pytest.raises(ConfigError, match="no sample would be left to validate on"):
        revise(plan, some_suspects((2, 3)), ["excluded", "excluded"], base)
    # Another split than the model's is not replaced by its sides.
    other = base.model_copy(update={"split": base.split.model_copy(update={"seed": 5})})
    assert not revise(plan, some_suspects((0,)), ["excluded"], other).fixed_split


def with_training(plan: EvaluationPlan, *sides: tuple[int, ...]) -> EvaluationPlan:
    """The plan with a card whose training had these samples on its sides."""
    from dataclasses import replace

    ids = [tuple(plan.samples[n].id for n in side) for side in sides]
    training = plan.card.training.model_copy(
        update=dict(zip(("train", "val", "test"), ids, strict=True))
        | {"config": {"recipe": Recipe(dataset="demo").model_dump(mode="json")}}
    )
    return replace(plan, card=plan.card.model_copy(update={"training": training}))
