"""Evaluations in the workspace: made, stopped and gone on with, opened again, deleted."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.datasets.catalogue import find_dataset
from core.errors import DatasetError, WorkspaceError
from core.evaluation.analysis import Analysis
from core.evaluation.evaluate import evaluate, samples_of_split
from core.evaluation.kept import run as module
from core.evaluation.kept.pictures import margin_box, open_scored
from core.evaluation.kept.plan import EvaluationPlan, plan_again, plan_evaluation
from core.evaluation.kept.record import LONGEST_NOTE, EvaluationOptions, EvaluationRecord
from core.evaluation.kept.run import run_evaluation
from core.evaluation.kept.store import (
    KeptEvaluation,
    delete_evaluation,
    find_evaluation,
    list_evaluations,
    new_evaluation,
)
from core.inference.predictor import Predictor
from core.models.store import find_model, load_model
from tests.evaluation.kept.test_truth import write_pair

Made = tuple[KeptEvaluation, EvaluationPlan, Predictor]


class Stopped(BaseException):
    """As of a job whose stop button was pressed."""


def stop_at(call: int) -> Callable[[int, int], None]:
    calls = 0

    def progress(done: int, total: int) -> None:
        nonlocal calls
        calls += 1
        if calls == call:
            raise Stopped

    return progress


@pytest.fixture
def demo(space: Path, demo_dataset: Path) -> Path:
    folder = Path(shutil.copytree(demo_dataset, space / "datasets" / "demo"))
    for part in (*folder.rglob("*_003.*"), *folder.rglob("*_004.*")):
        part.unlink()
    return folder


def planned(options: EvaluationOptions | None = None, dataset: str = "demo") -> EvaluationPlan:
    made = find_dataset(dataset)
    return plan_evaluation(find_model("tiny"), made, "all", options or EvaluationOptions())


@pytest.fixture
def made(demo: Path, tiny_model: str) -> Made:
    model, card = load_model(find_model(tiny_model).folder)
    plan = planned()
    return new_evaluation(plan.record, plan.card), plan, Predictor.of_card(model, card)


def test_it_is_kept_as_evaluate_counts(made: Made) -> None:
    kept, plan, predictor = made
    calls: list[tuple[int, int]] = []
    record = run_evaluation(kept, plan, predictor, lambda *call: calls.append(call))
    assert record.finished
    assert calls[0] == (0, 6)
    assert calls[-1] == (6, 6)
    assert kept.record() == record == find_evaluation(kept.id).record()
    analysis = kept.analysis()
    assert analysis is not None
    dataset = find_dataset("demo")
    samples = samples_of_split(dataset, plan.card, "all")
    whole = evaluate(predictor, plan.card, dataset, samples)
    np.testing.assert_array_equal(analysis.matrix(), whole.matrix)
    assert analysis.cross_entropy() == pytest.approx(whole.cross_entropy)
    assert list(record.groups()) == ["Tile 1", "Tile 2", "Tile 3"]
    again = plan_again(kept)
    scored = open_scored(kept, again, 3)
    raster = dataset.load_image(samples[3])
    np.testing.assert_array_equal(scored.prediction, predictor.predict(raster.pixels))
    np.testing.assert_array_equal(scored.image.labels, dataset.load_labels(samples[3]))
    matrix = analysis.matrix([3])
    assert matrix.sum() == (scored.image.labels != 255).sum()
    assert not list(kept.folder.rglob(".dsi-*"))


@pytest.mark.parametrize(("patience", "done"), [(1e9, 3), (-1.0, 1)])
def test_it_goes_on_where_it_was_stopped(
    made: Made, patience: float, done: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an image, and within one that takes long, of which nothing is counted twice."""
    kept, plan, predictor = made
    monkeypatch.setattr(module, "_PATIENCE", patience)
    with pytest.raises(Stopped):
        run_evaluation(kept, plan, predictor, stop_at(4))
    half = kept.analysis()
    assert half is not None
    assert len(half) == done
    assert not kept.record().finished
    first = sorted((kept.folder / "labels").iterdir())
    times = [path.stat().st_mtime_ns for path in first[: len(half)]]
    run_evaluation(kept, plan_again(kept), predictor)
    assert [path.stat().st_mtime_ns for path in first[: len(half)]] == times
    through = new_evaluation(plan.record, plan.card)
    run_evaluation(through, plan, predictor)
    ours, theirs = kept.analysis(), through.analysis()
    assert ours is not None
    assert theirs is not None
    for name, values in theirs.arrays().items():
        np.testing.assert_allclose(ours.arrays()[name], values, err_msg=name)


def test_a_deleted_one_is_not_made_anew(made: Made) -> None:
    kept, plan, predictor = made

    def delete(done: int, total: int) -> None:
        if done == 1 and kept.folder.is_dir():
            shutil.rmtree(kept.folder)

    with pytest.raises(WorkspaceError):
        run_evaluation(kept, plan, predictor, delete)
    assert not kept.folder.exists()


def test_they_are_listed_annotated_and_deleted(made: Made) -> None:
    kept, plan, _ = made
    later = plan.record.model_copy(update={"made": plan.record.made + 5})
    other = new_evaluation(later, plan.card)
    (kept.folder.parent / "none").mkdir()
    errors: list[WorkspaceError] = []
    assert list(list_evaluations(errors.append)) == [other.id, kept.id]
    assert len(errors) == 1
    assert "none" in errors[0].where
    assert kept.write_note("after the flood").note == kept.record().note == "after the flood"
    with pytest.raises(WorkspaceError, match="at most 4,000 characters"):
        kept.write_note("a" * (LONGEST_NOTE + 1))
    delete_evaluation(kept)
    assert not kept.folder.exists()
    with pytest.raises(WorkspaceError, match="gone already"):
        delete_evaluation(kept)
    for strange in (kept.id, "../models", "none"):
        with pytest.raises(WorkspaceError, match="there is no evaluation"):
            find_evaluation(strange)


def test_samples_that_have_gone_or_changed_are_named(made: Made, demo: Path) -> None:
    kept, plan, predictor = made
    run_evaluation(kept, plan, predictor)
    sample = plan.samples[5]
    assert sample.mask is not None
    whole = sample.mask.read_bytes()
    cv2.imwrite(str(sample.mask), cv2.imread(str(sample.mask))[::-1])
    with pytest.raises(DatasetError, match="is not the one that was evaluated"):
        open_scored(kept, plan_again(kept), 5)
    open_scored(kept, plan_again(kept), 4)
    sample.mask.write_bytes(whole)
    open_scored(kept, plan_again(kept), 5)
    plan_before = plan_again(kept)
    sample.image.unlink()
    with pytest.raises(DatasetError, match=f"image of the sample {sample.id} has gone"):
        open_scored(kept, plan_before, 5)
    with pytest.raises(DatasetError, match="1 of the 6 samples of this evaluation have gone"):
        plan_again(kept)
    shutil.rmtree(demo)
    with pytest.raises(DatasetError, match="dataset of this evaluation, 'demo', cannot be opened"):
        plan_again(kept)
    analysis = kept.analysis()
    assert analysis is not None  # the scores are there all the same
    assert len(analysis) == 6


def test_damage_is_said(made: Made) -> None:
    kept = made[0]
    kept.write_analysis(Analysis(5, 3))
    kept.write_labels(2, np.zeros((4, 4), np.uint8))
    readers: dict[str, tuple[Callable[[], object], str]] = {
        "evaluation.json": (kept.record, "evaluation cannot be read"),
        "model.json": (kept.card, "model card of the evaluation"),
        "counts.npz": (kept.analysis, "counts of the evaluation"),
        "labels/000002.png": (lambda: kept.labels(2), "prediction of this sample is damaged"),
    }
    for file, (read, what) in readers.items():
        read()
        whole = (kept.folder / file).read_bytes()
        for content in (b"", b"\0" * 40, b"PK\x03\x04" + b"x" * 60, whole[: len(whole) // 2]):
            (kept.folder / file).write_bytes(content)
            with pytest.raises(WorkspaceError, match=what):
                read()
    with pytest.raises(WorkspaceError, match="prediction of this sample is missing"):
        kept.labels(3)


def test_classes_in_another_order_are_matched_by_name(made: Made, demo: Path) -> None:
    kept, plan, predictor = made
    run_evaluation(kept, plan, predictor)
    # The same images and masks, as a folder of pairs with a table of its own.
    turned = demo.with_name("turned")
    for sample in plan.samples:
        for folder, file in (("images", sample.image), ("masks", sample.mask)):
            assert file is not None
            (turned / folder).mkdir(parents=True, exist_ok=True)
            name = sample.id.replace("/", "_").replace(" ", "")
            shutil.copy(file, turned / folder / f"{name}{file.suffix}")
    classes = [c.model_dump() for c in plan.record.classes.classes]
    table = {"classes": classes[::-1], "void": ["#9B9B9B", "#000000"]}
    (turned / "classes.json").write_text(json.dumps(table))
    other = planned(dataset="turned")
    assert other.dataset.classes.names == plan.record.classes.names[::-1]
    assert "matched by name" in other.record.remarks[0]
    second = new_evaluation(other.record, other.card)
    run_evaluation(second, other, predictor)
    one, two = kept.analysis(), second.analysis()
    assert one is not None
    assert two is not None
    np.testing.assert_array_equal(one.matrix(), two.matrix())
    # `evaluate` of the command line does the same.
    samples = samples_of_split(other.dataset, other.card, "all")
    whole = evaluate(predictor, other.card, other.dataset, samples)
    np.testing.assert_array_equal(whole.matrix, one.matrix())
    scored = open_scored(second, plan_again(second), 1)
    first = open_scored(kept, plan_again(kept), 1)
    np.testing.assert_array_equal(scored.image.labels, first.image.labels)


def test_other_classes_are_refused(tmp_path: Path, tiny_model: str) -> None:
    write_pair(tmp_path / "set", "a", np.zeros((40, 60), np.uint8))
    names = ["House", "Land", "Road", "Vegetation", "Water"]
    table = {"classes": [{"name": name, "value": i} for i, name in enumerate(names)]}
    (tmp_path / "set" / "classes.json").write_text(json.dumps(table))
    with pytest.raises(DatasetError, match="the model's Building, Land"):
        planned(dataset=str(tmp_path / "set"))


def test_a_record_is_one_by_its_form(made: Made) -> None:
    record = made[1].record
    assert record.title == "tiny on demo, all samples"
    text = record.model_dump_json()
    assert EvaluationRecord.model_validate_json(text) == record
    for strange in ({"colour": 1}, {"version": 2}, {"samples": []}, {"options": {"edge": 0}}):
        with pytest.raises(ValueError, match="validation error"):
            EvaluationRecord.model_validate(json.loads(text) | strange)


def test_the_part_around_a_region() -> None:
    assert margin_box((10, 700, 5, 5), 1000, 2000) == (slice(574, 830), slice(0, 256))
    assert margin_box((1500, 10, 300, 10), 200, 2000) == (slice(0, 200), slice(1100, 2000))
    assert margin_box((0, 0, 4, 4), 30, 20) == (slice(0, 30), slice(0, 20))
