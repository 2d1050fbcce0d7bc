"""The Evaluate page, run from the router: a new evaluation, its views, and what can go wrong."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.datasets.catalogue import find_dataset
from core.evaluation.kept.plan import plan_evaluation
from core.evaluation.kept.record import EvaluationOptions
from core.evaluation.kept.run import run_evaluation
from core.evaluation.kept.store import KeptEvaluation, list_evaluations, new_evaluation
from core.evaluation.spacenet.objects import read_building_scores
from core.inference.predictor import Predictor
from core.models.store import find_model, load_model
from tests.conftest import REPOSITORY
from tests.evaluation.kept.test_truth import write_pair
from tests.evaluation.report import test_report
from tests.pages.test_addresses import said
from tests.pages.test_literal_names import EVIL, check
from tests.tiny import save_tiny_model
from tests.ui.components import component_data
from ui.shell.jobs import find_job

VIEWS = [
    *("Scores", "Confusion", "Samples", "Calibration", "Slices", "Buildings", "Suspects"),
    *("Compare", "Before and after", "Splits"),
]


@pytest.fixture(autouse=True)
def alone(space: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.models.store.BUNDLED_MODELS", space / "none")


@pytest.fixture
def demo(space: Path, demo_dataset: Path) -> Path:
    folder = Path(shutil.copytree(demo_dataset, space / "datasets" / "demo"))
    for part in (*folder.rglob("*_003.*"), *folder.rglob("*_004.*")):
        part.unlink()
    return folder


def evaluated(model: str, dataset: str = "demo") -> KeptEvaluation:
    ref = find_model(model)
    plan = plan_evaluation(ref, find_dataset(dataset), "all", EvaluationOptions())
    kept = new_evaluation(plan.record, plan.card)
    network, card = load_model(ref.folder)
    run_evaluation(kept, plan, Predictor.of_card(network, card))
    return kept


@pytest.fixture
def kept(demo: Path, tiny_model: str) -> KeptEvaluation:
    return evaluated(tiny_model)


def opened(**query: str) -> AppTest:
    at = AppTest.from_file(str(REPOSITORY / "ui/shell/router.py"), default_timeout=180)
    for key, value in query.items():
        at.query_params[key] = value
    at.switch_page(str(REPOSITORY / "pages/evaluate.py")).run()
    assert not at.exception
    return at


def texts(at: AppTest) -> str:
    elements = [*at.info, *at.caption, *at.markdown, *at.subheader, *at.warning]
    return " ".join(element.value for element in elements).replace("\\", "")


def finish(at: AppTest) -> AppTest:
    job = find_job("evaluate")
    assert job is not None
    job.join()
    at.run()
    assert not at.exception
    return at


def test_without_anything_it_says_what_to_do() -> None:
    at = opened()
    assert "press Evaluate" in texts(at)
    assert "There is no model yet" in texts(at)
    assert not at.error, at.error[0].value


def test_an_evaluation_from_the_button_to_its_scores(demo: Path, tiny_model: str) -> None:
    at = opened()
    at.button(key="evaluate.start").click().run()
    finish(at)
    assert not at.error, at.error[0].value
    [(kept, record)] = list_evaluations(pytest.fail).values()
    assert record.finished
    assert at.query_params["evaluation"] in (kept.id, [kept.id])
    assert "tiny on demo, all samples · 6 samples · 3 scenes" in texts(at)
    numbers = {metric.label: metric.value for metric in at.metric}
    analysis = kept.analysis()
    assert analysis is not None
    accuracy = np.trace(analysis.matrix()) / analysis.matrix().sum()
    assert numbers["Pixel accuracy"].startswith(f"{accuracy:.3f} (")
    assert "intervals over 6 samples" in texts(at)
    at.segmented_control(key="unit").set_value("Scenes").run()
    assert "intervals over 3 scenes. With so few" in texts(at)
    assert not at.exception


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_opens_by_its_address(kept: KeptEvaluation, view: str) -> None:
    at = opened(evaluation=kept.id, view=view)
    assert not at.error, at.error[0].value
    assert not said(at)
    assert at.segmented_control(key="view").value == view


def test_a_cell_leads_to_its_regions_in_the_viewer(kept: KeptEvaluation) -> None:
    analysis = kept.analysis()
    assert analysis is not None
    cell, regions = max(analysis.regions.by_cell.items(), key=lambda item: item[1][0].area)
    names = kept.record().classes.names
    at = opened(view="Confusion", true=names[cell[0]], predicted=names[cell[1]])
    assert f"{names[cell[0]]} taken for {names[cell[1]]}" in texts(at)
    pixels = int(analysis.matrix()[cell])
    assert f"{pixels:,} pixels:" in texts(at)
    first = regions[0]
    assert f"its box begins at column {first.x}, row {first.y}" in texts(at)
    data = component_data(at, "dsi_compare_viewer")
    assert data is not None
    assert [layer["key"] for layer in data["layers"]] == ["truth", "prediction"]
    at.number_input(key="region").set_value(2).run()
    second = regions[1]
    assert f"its box begins at column {second.x}, row {second.y}" in texts(at)
    # From the cell to the whole sample that has most of it.
    by_pixels = [int(analysis.matrix([n])[cell]) for n in range(6)]
    at.button(key="evaluate.open-most").click().run()
    assert not at.exception
    most = kept.record().samples[int(np.argmax(by_pixels))].id
    assert at.selectbox(key="sample").value == most
    # Right pixels are no confusion.
    at = opened(view="Confusion", true=names[0], predicted=names[0])
    assert "Choose two different classes" in texts(at)


def test_the_worst_sample_is_first_and_filters_hold(kept: KeptEvaluation) -> None:
    at = opened(view="Samples", by="Pixel accuracy")
    analysis = kept.analysis()
    assert analysis is not None
    shares = [np.trace(m) / m.sum() for m in (analysis.matrix([n]) for n in range(6))]
    samples = kept.record().samples
    assert at.selectbox(key="sample").value == samples[int(np.argmin(shares))].id
    at.slider(key="most").set_value(round(float(np.median(shares)), 2)).run()
    left = sum(share <= round(float(np.median(shares)), 2) for share in shares)
    assert f"{left} samples, the worst first" in texts(at)
    at.slider(key="most").set_value(0.0).run()
    assert "take a filter off" in texts(at)
    # By what happened to a class.
    counts = analysis.counts()
    name = kept.record().classes.names[0]
    hits, true, called = counts[:, :, 0].T
    for kind, pixels in (("Missed", true - hits), ("False alarm", called - hits), ("Hit", hits)):
        at = opened(view="Samples", has=name, kind=kind)
        left = int((pixels > 0).sum())
        assert (f"{left} sample" if left else "take a filter off") in texts(at)


def test_two_models_are_compared(kept: KeptEvaluation, space: Path) -> None:
    at = opened(view="Compare")
    assert "no other evaluation of the same samples" in texts(at)
    save_tiny_model(space / "models" / "second", seed=3)
    other = evaluated("second")
    at = opened(view="Compare", evaluation=kept.id, other=other.id)
    assert "tiny less second" in texts(at)
    assert "paired bootstrap" in texts(at)
    at.button(key="evaluate.pixels").click().run()
    job = find_job(f"compare-{kept.id}-{other.id}")
    assert job is not None
    job.join()
    at.run()
    assert not at.exception
    assert not at.error, at.error[0].value
    made = job.result
    labels = [
        (kept.labels(n), other.labels(n), find_dataset("demo").load_labels(sample))
        for n, sample in enumerate(find_dataset("demo").samples)
    ]
    alone = sum(int(((a == t) & (b != t) & (t != 255)).sum()) for a, b, t in labels)
    assert made.counts[1].sum() == alone
    data = component_data(at, "dsi_compare_viewer")
    assert data is not None
    assert [layer["key"] for layer in data["layers"]] == ["truth", "first", "second"]


def test_buildings_are_counted_and_a_miss_is_opened_at_its_place(kept: KeptEvaluation) -> None:
    at = opened(view="Buildings")
    assert "As the SpaceNet challenges count" in texts(at)
    assert at.selectbox(key=f"buildings.class.{kept.id}").value == "Building"
    at.number_input(key=f"buildings.area.{kept.id}").set_value(20.0).run()
    at.button(key="buildings.count").click().run()
    job = find_job(f"buildings-{kept.id}")
    assert job is not None
    job.join()
    at.run()
    assert not at.exception
    assert not at.error, at.error[0].value
    made = read_building_scores(kept)
    assert made is not None
    numbers = {metric.label: metric.value for metric in at.metric}
    assert numbers["Misses"] == f"{made.total.misses:,}"
    assert made.total.misses > 0
    assert "buildings that touch are one" in texts(at)
    first = next(each for each in made.objects if each.outcome == "miss")
    sample = kept.record().samples[first.sample].id
    assert f"{sample}: {first.area:,.0f} px, missed, from column {first.x}, row" in texts(at)
    data = component_data(at, "dsi_compare_viewer")
    assert data is not None
    assert [layer["key"] for layer in data["layers"]] == ["truth", "prediction", "objects"]
    assert [c["color"] for c in data["classes"][-3:]] == [
        [150, 205, 255],
        [255, 140, 0],
        [30, 40, 160],
    ]
    at.selectbox(key="in").set_value(sample).run()
    own = made.of_sample(first.sample)
    assert f"here: {own.text}." in texts(at)
    assert at.button(key="buildings.count").disabled


def test_masks_of_another_size_are_asked_about(demo: Path, tiny_model: str) -> None:
    mask = next(demo.rglob("masks/*.png"))
    cv2.imwrite(str(mask), cv2.imread(str(mask))[:48, :48])
    at = opened()
    at.button(key="evaluate.start").click().run()
    finish(at)
    assert "1 mask of another size or grid" in at.error[0].value.replace("\\", "")
    assert not list_evaluations(pytest.fail)
    at.radio(key="evaluate.misfits").set_value("Leave these samples out").run()
    at.button(key="evaluate.start").click().run()
    finish(at)
    [(_, record)] = list_evaluations(pytest.fail).values()
    assert len(record.samples) == 5
    assert "was left out" in texts(at)


def test_mask_values_outside_the_class_table_are_asked_about(demo: Path, tiny_model: str) -> None:
    for number, mask in enumerate(sorted(demo.rglob("masks/*.png"))[:2]):
        pixels = cv2.imread(str(mask))
        pixels[:10, :10] = (1, 2, 3 + number)
        cv2.imwrite(str(mask), pixels)
    at = opened()
    at.button(key="evaluate.start").click().run()
    finish(at)
    # Both are asked about, though the first mask has one of them alone; nothing half is left.
    assert "outside the class table" in at.error[0].value
    assert not list_evaluations(pytest.fail)
    at.selectbox(key="evaluate.value.#030201").set_value("void").run()
    at.selectbox(key="evaluate.value.#040201").set_value("Water").run()
    at.button(key="evaluate.start").click().run()
    finish(at)
    assert not at.error, at.error[0].value
    [(kept, record)] = list_evaluations(pytest.fail).values()
    assert record.finished
    assert record.options.mask_values == {"#030201": "void", "#040201": "Water"}
    assert "were read: #030201 as void, #040201 as Water" in texts(at)
    analysis = kept.analysis()
    assert analysis is not None
    whole = 6 * 96 * 96
    labels = [find_dataset("demo").read_mask(s).labels for s in find_dataset("demo").samples]
    unlabelled = sum(int((one == 255).sum()) for one in labels)
    assert analysis.matrix().sum() == whole - unlabelled + 100
    # The samples are shown as they were scored.
    at = opened(view="Samples", evaluation=kept.id)
    assert not at.error, at.error[0].value


@pytest.fixture
def pairs(space: Path, tiny_model: str) -> Path:
    """Two samples with index masks and a class table of its own."""
    root = space / "datasets" / "pairs"
    for name in ("a", "b"):
        write_pair(root, name, np.indices((40, 60))[1].astype(np.uint8) // 12)
    return root


def test_classes_in_another_order_are_matched_by_name(pairs: Path) -> None:
    before = evaluated("tiny", "pairs").analysis()
    table = json.loads((pairs / "classes.json").read_text())
    listed = table["classes"]
    (pairs / "classes.json").write_text(json.dumps({"classes": listed[::-1]}))
    at = opened()
    at.button(key="evaluate.start").click().run()
    finish(at)
    assert not at.error, at.error[0].value
    assert "in another order: they were matched by name" in texts(at)
    kept, record = next(iter(list_evaluations(pytest.fail).values()))
    assert record.classes.names == tuple(c["name"] for c in listed)
    after = kept.analysis()
    assert before is not None
    assert after is not None
    np.testing.assert_array_equal(before.matrix(), after.matrix())
    for view in ("Samples", "Suspects"):
        assert not opened(view=view, evaluation=kept.id).error


def test_a_dataset_without_a_class_of_the_model_is_refused(pairs: Path) -> None:
    table = json.loads((pairs / "classes.json").read_text())
    table["classes"][0]["name"] = "Lava"
    (pairs / "classes.json").write_text(json.dumps(table))
    at = opened()
    at.button(key="evaluate.start").click().run()
    finish(at)
    assert "dataset's classes are Lava" in at.error[0].value.replace("\\", "")
    assert not list_evaluations(pytest.fail)


@pytest.mark.parametrize("view", ["Suspects", "Buildings", "Splits"])
def test_without_its_dataset_a_view_says_so(kept: KeptEvaluation, demo: Path, view: str) -> None:
    shutil.rmtree(demo)
    at = opened(view=view)
    button = {"Suspects": "suspects.search", "Buildings": "buildings.count"}.get(view)
    if button:
        at.button(key=button).click().run()
        job = find_job(f"{view.lower()}-{kept.id}")
        assert job is not None
        job.join()
        at.run()
    assert not at.exception
    assert at.error
    said_ = at.error[0].value.replace("\\", "")
    assert "cannot be opened" in said_ or "There is no dataset 'demo'" in said_


def test_samples_that_have_gone_are_said_and_the_scores_stay(
    kept: KeptEvaluation, demo: Path
) -> None:
    shutil.rmtree(demo)
    at = opened(view="Scores")
    assert not at.error, at.error[0].value
    assert at.metric
    at = opened(view="Samples")
    assert "cannot be opened" in at.error[0].value
    assert not at.exception


def test_an_unfinished_one_goes_on(kept: KeptEvaluation) -> None:
    record = kept.record()
    kept.write_record(record.model_copy(update={"finished": False}))
    (kept.folder / "counts.npz").unlink()
    at = opened()
    assert "stopped before its end" in texts(at)
    at.button(key="evaluate.go-on").click().run()
    finish(at)
    assert not at.error, at.error[0].value
    assert kept.record().finished
    assert at.metric


def test_a_note_and_deleting(kept: KeptEvaluation) -> None:
    at = opened()
    at.text_area(key=f"evaluate.note.{kept.id}").set_value("winter images").run()
    at.button(key=f"evaluate.save.{kept.id}").click().run()
    assert kept.record().note == "winter images"
    at.button(key=f"destroy.evaluation.{kept.id}").click().run()
    assert not at.exception
    assert not kept.folder.exists()
    assert "press Evaluate" in texts(at)


def test_what_the_address_asks_for_and_is_not_there_is_said(kept: KeptEvaluation) -> None:
    at = opened(evaluation="none", view="Confusion", true="Lava", norm="x")
    listed = " ".join(said(at))
    for words in ("evaluation “none”", "true class “Lava”", "way to count “x”"):
        assert words in listed
    analysis = kept.analysis()
    assert analysis is not None
    names = kept.record().classes.names
    true, predicted = next(iter(analysis.regions.by_cell))
    at = opened(view="Confusion", true=names[true], predicted=names[predicted], region="99")
    assert "region “99”" in " ".join(said(at))


@pytest.mark.parametrize("view", VIEWS)
def test_names_are_shown_as_they_are(
    tiny_model: str, view: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_report, "EVIL", EVIL)
    first, _ = (test_report.named_as_they_may(tiny_model, seed) for seed in (1, 2))
    test_report.doubt(first)
    at = opened(view=view, evaluation=first.kept.id, true=f"{EVIL} 0", predicted=f"{EVIL} 1")
    assert check(at)
