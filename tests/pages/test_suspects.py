"""Suspect labels on the Evaluate page: looked for, judged, saved into a recipe, trained with."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.datasets.catalogue import find_dataset
from core.datasets.recipes.apply import prepared
from core.datasets.recipes.recipe import Recipe, load_recipe
from core.datasets.recipes.revisions import keep_draft, load_draft, recipe_file, save_recipe
from core.evaluation.kept.store import KeptEvaluation, list_evaluations
from core.evaluation.suspects.record import SuspectList, read_suspects
from core.evaluation.suspects.review import read_review, states
from core.models.card import ModelCard
from core.models.store import find_model, read_card
from core.paths import write_json
from core.training.config import TrainConfig, with_settings
from core.training.queue.queue import queued_runs
from core.training.runs.origin import Origin, read_origin, write_origin
from core.training.runs.run import create_run, find_run
from tests.pages.test_evaluate import alone, demo, evaluated, kept, opened, texts
from tests.tiny import TINY, save_tiny_model
from tests.ui.components import component_data
from ui.shell.jobs import find_job

__all__ = ["alone", "demo", "kept"]  # fixtures

pytestmark = pytest.mark.usefixtures("eager")  # most of the time is graphs


def with_card(folder: Path, **training: object) -> ModelCard:
    """Change what a model's card says of its training."""
    card = read_card(folder)
    made = card.training.model_copy(update=training)
    card = card.model_copy(update={"training": made, "name": folder.name})
    write_json(folder / "model.json", card.model_dump(mode="json"))
    return card


@pytest.fixture
def trained(demo: Path, tiny_model: str, space: Path) -> KeptEvaluation:
    """An evaluation of a model whose card says that it was trained on two of the scenes."""
    ids = [sample.id for sample in find_dataset("demo").samples]
    config = with_settings(TrainConfig(dataset="demo"), TINY)
    recipe = save_recipe(Recipe(name="city", dataset="demo"))
    config = config.model_copy(update={"recipe": recipe})
    with_card(
        space / "models" / tiny_model,
        dataset="demo",
        train=tuple(ids[:2]),
        val=tuple(ids[2:4]),
        test=tuple(ids[4:]),
        config=config.model_dump(mode="json"),
    )
    return evaluated(tiny_model)


def search(at: AppTest, kept: KeptEvaluation) -> SuspectList:
    at.button(key="suspects.search").click().run()
    job = find_job(f"suspects-{kept.id}")
    assert job is not None
    job.join()
    at.run()
    assert not at.exception
    assert not at.error
    listed = read_suspects(kept)
    assert listed is not None
    return listed


def decided(kept: KeptEvaluation) -> list[str]:
    listed = read_suspects(kept)
    assert listed is not None
    return list(states(listed, read_review(kept, listed)))


def test_regions_are_judged_one_by_one_many_at_once_and_taken_back(kept: KeptEvaluation) -> None:
    at = opened(view="Suspects")
    assert "Nothing of the dataset is changed" in texts(at)
    listed = search(at, kept)
    first = listed.suspects[0]
    names = kept.record().classes.names
    assert "trained on none of these samples" in texts(at)
    assert f"from column {first.x}, row {first.y}: {first.area:,} pixels labelled" in texts(at)
    assert f"the model says {names[first.suggestion]} with" in texts(at)
    data = component_data(at, "dsi_compare_viewer")
    assert data is not None
    assert [layer["key"] for layer in data["layers"]] == ["truth", "prediction"]
    at.button(key="suspects.void").click().run()
    assert decided(kept)[0] == "void"
    # What is decided is not listed any more; the next one is shown.
    second = listed.suspects[1]
    assert f"from column {second.x}, row {second.y}:" in texts(at)
    at.button(key="suspects.dismiss").click().run()
    assert decided(kept)[1] == "dismissed"
    at.button(key="suspects.undo").click().run()
    assert decided(kept)[1] == "open"
    at.segmented_control(key="suspects.scope").set_value("All listed").run()
    at.selectbox(key="given").set_value(names[first.label]).run()
    at.button(key="suspects.dismiss").click().run()
    now = decided(kept)
    for suspect, state in zip(listed.suspects[1:], now[1:], strict=True):
        assert state == ("dismissed" if suspect.label == first.label else "open")
    at.selectbox(key="shown").set_value("Accepted").run()
    at.button(key="suspects.reopen").click().run()
    assert decided(kept)[0] == "open"
    assert "take a filter off" in texts(at)
    assert not at.exception


def test_what_is_accepted_becomes_a_revision_and_the_draft_follows(
    trained: KeptEvaluation,
) -> None:
    keep_draft(load_recipe(recipe_file("city")))
    at = opened(view="Suspects", shown="All")
    listed = search(at, trained)
    assert "trained on 2 of the 6 samples" in texts(at)
    at.selectbox(key="seen").set_value("All samples").run()
    at.button(key="suspects.void").click().run()
    assert "1 region accepted as void, 0 samples left out" in texts(at)
    assert at.selectbox(key="suspects.base").value == "As the model was trained: city, revision 1"
    at.button(key="suspects.save").click().run()
    assert not at.exception
    assert not at.error
    assert "Saved as city, revision 2" in " ".join(e.value for e in at.success)
    recipe = load_recipe(recipe_file("city"))
    draft = load_draft("demo")
    assert draft is not None
    assert draft.void_regions == recipe.void_regions != ""
    first = listed.suspects[0]
    sample = find_dataset("demo").samples[first.sample]
    labels = [
        dataset.load_labels(sample)
        for dataset in (find_dataset("demo"), prepared(find_dataset("demo"), recipe))
    ]
    assert (labels[0] != labels[1]).sum() == first.area
    assert (labels[1][labels[0] != labels[1]] == 255).all()
    # The last decision is in the recipe: it cannot be undone any more, but taken back.
    assert at.button(key="suspects.undo").disabled
    # A draft with changes of its own is left alone.
    keep_draft(recipe.model_copy(update={"class_weights": {"Road": 2.0}}))
    at.button(key="suspects.exclude").click().run()
    at.selectbox(key="suspects.base").set_value("city, revision 2").run()
    at.button(key="suspects.save").click().run()
    assert "load this revision there" in " ".join(e.value for e in at.success)
    assert load_recipe(recipe_file("city")).exclude == (sample.id,)


def test_a_training_with_it_waits_in_the_queue_and_leads_back(
    trained: KeptEvaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.training.queue.launch.advance", lambda: None)
    at = opened(view="Suspects", shown="All")
    search(at, trained)
    at.button(key="suspects.void").click().run()
    at.button(key="suspects.save").click().run()
    at.button(key="suspects.train").click().run()
    assert not at.exception
    assert not at.error
    [run] = queued_runs()
    config = run.config()
    assert (config.recipe.name, config.recipe.revision) == ("city", 2)
    assert config.recipe == load_recipe(recipe_file("city"))
    assert (config.dataset, config.epochs, config.steps) == ("demo", 2, 3)
    assert read_origin(run) == Origin(kind="suspects", evaluation=trained.id, model="tiny")
    assert run.name in texts(at)
    at = opened(view="Before and after")
    assert "The training is queued" in texts(at)


def test_nothing_was_trained_again_yet(kept: KeptEvaluation) -> None:
    assert "Nothing was trained again" in texts(opened(view="Before and after"))


def test_before_and_after_on_the_same_samples_and_labels(
    trained: KeptEvaluation, space: Path
) -> None:
    at = opened(view="Suspects", shown="All", seen="Not trained on")
    listed = search(at, trained)
    at.segmented_control(key="suspects.scope").set_value("All listed").run()
    at.button(key="suspects.void").click().run()
    at.button(key="suspects.save").click().run()
    recipe = load_recipe(recipe_file("city"))
    # As a training leaves it.
    card = trained.card()
    config = TrainConfig.model_validate(card.training.config | {"recipe": recipe.model_dump()})
    run = create_run("again", config, {"state": "finished"})
    write_origin(run, Origin(kind="suspects", evaluation=trained.id, model="tiny"))
    save_tiny_model(space / "models" / "made", seed=3)
    for path in (space / "models" / "made").iterdir():
        path.rename(run.folder / path.name)
    (space / "models" / "made").rmdir()
    content = card.training.model_dump(exclude={"config"})
    with_card(run.folder, **content, config=config.model_dump(mode="json"))
    assert find_model("again").source == "run"
    at = opened(view="Before and after", evaluation=trained.id, again="again")
    assert not at.exception
    assert "tiny before, again after" in texts(at)
    assert "on the same 2 samples: those of the test side" in texts(at)
    at.button(key="before-after.score").click().run()
    job = find_job(f"before-after-{trained.id}-again")
    assert job is not None
    job.join()
    assert job.error is None
    at = opened(view="Before and after", evaluation=trained.id, again="again")
    assert not at.exception
    assert not at.error
    assert "again less tiny" in texts(at)
    assert "paired bootstrap" in texts(at)
    at.segmented_control(key="labels").set_value("Revised labels").run()
    assert not at.exception
    made = [record for _, record in list_evaluations(pytest.fail).values() if record.options.only]
    assert sorted((r.model, bool(r.void)) for r in made) == [
        ("again", False),
        ("again", True),
        ("tiny", False),
        ("tiny", True),
    ]
    assert {tuple(s.id for s in r.samples) for r in made} == {card.training.test}
    pixels = sum(s.area for s in listed.suspects if s.sample >= 4)
    totals = {
        bool(record.void): int(analysis.matrix().sum())
        for kept, record in list_evaluations(pytest.fail).values()
        if record.options.only and (analysis := kept.analysis())
    }
    assert totals[False] - totals[True] == pixels > 0
    assert find_run("again").config().recipe.void_regions == recipe.void_regions


def test_a_random_split_beside_one_by_scene(
    trained: KeptEvaluation, space: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.training.queue.launch.advance", lambda: None)
    at = opened(view="Splits")
    assert not at.exception
    assert not at.error
    assert "there is no such training yet" in texts(at)
    at.button(key="splits.launch").click().run()
    assert not at.exception
    runs = {run.config().recipe.split.kind: run for run in queued_runs()}
    assert sorted(runs) == ["random", "scene"]
    configs = [run.config().model_dump(exclude={"recipe"}) for run in runs.values()]
    assert configs[0] == configs[1]
    assert "Both scores stand here when" in texts(at)
    # As the trainings leave it.
    ids = [sample.id for sample in find_dataset("demo").samples]
    for seed, (kind, run) in enumerate(runs.items()):
        save_tiny_model(space / "models" / "made", seed=seed)
        for path in (space / "models" / "made").iterdir():
            path.rename(run.folder / path.name)
        (space / "models" / "made").rmdir()
        test = (ids[0], ids[2], ids[5]) if kind == "random" else tuple(ids[4:])
        with_card(
            run.folder,
            dataset="demo",
            train=tuple(i for i in ids if i not in test)[:2],
            val=tuple(i for i in ids if i not in test)[2:],
            test=test,
            config=run.config().model_dump(mode="json"),
        )
        status = run.status().model_copy(update={"state": "finished"})
        run.write_status(status)
    at = opened(view="Splits", evaluation=trained.id)
    at.button(key="splits.score").click().run()
    job = find_job(f"splits-{runs['scene'].name}-{runs['random'].name}")
    assert job is not None
    job.join()
    assert job.error is None
    at = opened(view="Splits", evaluation=trained.id)
    assert not at.exception
    assert not at.error
    table = at.dataframe[0].value
    assert list(table["Test samples"]) == [2, 3]
    made = {
        record.model: kept
        for kept, record in list_evaluations(pytest.fail).values()
        if record.split == "test"
    }
    assert list(table["Model"]) == [runs["scene"].name, runs["random"].name]
    assert set(made) == set(table["Model"])
    assert "95 % interval" in texts(at)
