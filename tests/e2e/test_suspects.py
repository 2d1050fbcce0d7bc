"""Suspect labels accepted, a training launched without them, before and after compared."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.e2e.conftest import Server, settled
from tests.tiny import PLAIN, TINY, save_tiny_model


@pytest.fixture(scope="module")
def doubter(server: Server) -> str:
    """A tiny model, whose card says that it was trained on the first half of a generated set."""
    from core.datasets.catalogue import open_dataset
    from core.datasets.identity import sample_digests
    from core.datasets.recipes.recipe import Recipe
    from core.datasets.recipes.splits import SplitConfig
    from core.datasets.synthetic.dubai import write_demo
    from core.models.store import read_card
    from core.paths import write_json
    from core.training.config import TrainConfig, with_settings

    dataset = open_dataset(
        write_demo(server.workspace / "datasets" / "doubtful", scenes=2, size=64, seed=5),
        "doubtful",
    )
    folder = server.workspace / "models" / "doubter"
    save_tiny_model(folder, seed=2)
    ids = tuple(sample.id for sample in dataset.samples)
    split = SplitConfig(kind="fixed", val_samples=ids[4:6], test_samples=ids[6:])
    recipe = Recipe(name="doubts", dataset="doubtful", split=split)
    config = with_settings(TrainConfig(dataset="doubtful", recipe=recipe), [*TINY, PLAIN])
    card = read_card(folder)
    training = card.training.model_copy(
        update={
            "dataset": "doubtful",
            "train": ids[:4],
            "val": ids[4:6],
            "test": ids[6:],
            "digests": sample_digests(dataset.samples),
            "config": config.model_dump(mode="json"),
        }
    )
    card = card.model_copy(update={"training": training})
    write_json(folder / "model.json", card.model_dump(mode="json"))
    return "doubter"


def look_for_suspects(server: Server, page: Any, model: str) -> str:
    """Evaluate the model and look for suspect labels; returns the id of the evaluation."""
    page.goto(f"{server.url}/evaluate?model={model}&dataset=doubtful")
    settled(page)
    page.get_by_role("button", name="Evaluate", exact=True).click()
    facts = page.locator(".st-key-frame-facts")
    facts.get_by_text(f"{model} on doubtful, all samples · 8 samples").wait_for()
    page.get_by_role("radio", name="Suspects").click()
    page.get_by_role("button", name="Look for suspect labels").click()
    page.get_by_text("The model was trained on 4 of the 8 samples").wait_for()
    settled(page)
    [name] = parse_qs(urlsplit(page.url).query)["evaluation"]
    return name


def accept_and_save(page: Any) -> None:
    """One region judged right and taken back, one accepted by its row, all others at once."""
    page.locator("[data-testid=viewer-root][data-ready='1']").wait_for()
    caption = page.get_by_text("the model says")
    before = caption.inner_text()
    page.get_by_role("button", name="Label is right").click()
    page.get_by_text("1 label judged right").wait_for()
    settled(page)
    assert caption.inner_text() != before
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("0 labels judged right").wait_for()
    settled(page)
    assert caption.inner_text() == before
    page.get_by_role("button", name="Accept as void").click()
    page.get_by_text("1 region accepted as void").wait_for()
    page.get_by_role("radio", name="All listed").click()
    settled(page)
    page.get_by_role("button", name="Accept as void").click()
    page.get_by_text("No region meets all of this").wait_for()
    page.get_by_role("button", name="Save a new revision").click()
    page.get_by_text("Saved as doubts, revision 1").wait_for()
    settled(page)


def test_suspects_accepted_and_a_training_launched_from_them(
    server: Server, page: Any, doubter: str
) -> None:
    evaluation = look_for_suspects(server, page, doubter)
    masks = sorted((server.workspace / "datasets" / "doubtful").rglob("masks/*.png"))
    content = [mask.read_bytes() for mask in masks]
    accept_and_save(page)
    assert [mask.read_bytes() for mask in masks] == content
    recipe = json.loads((server.workspace / "recipes" / "doubts" / "0001.json").read_text())
    regions = server.workspace / "recipes" / ".regions" / f"{recipe['void_regions']}.json"
    assert json.loads(regions.read_text())["samples"]

    page.get_by_label("Name of the run and its model").fill("doubter-again")
    page.get_by_label("Name of the run and its model").press("Enter")
    settled(page)
    page.get_by_role("button", name="Train again with it").click()
    page.get_by_role("link", name="Watch it").click()
    page.get_by_role("link", name="Before and after").wait_for()  # when it has ended
    config = json.loads((server.workspace / "runs" / "doubter-again" / "config.json").read_text())
    assert config["recipe"] == recipe

    page.get_by_role("link", name="Before and after").click()
    page.get_by_role("button", name="Score both models").click()
    page.get_by_role("heading", name="doubter-again less doubter").wait_for()
    settled(page)
    query = parse_qs(urlsplit(page.url).query)
    assert (query["evaluation"], query["view"]) == ([evaluation], ["Before and after"])
    assert page.get_by_text("on the same 2 samples: those of the test side").is_visible()
    page.get_by_role("radio", name="Revised labels").click()
    settled(page)
    page.get_by_role("button", name="Count who is right where").click()
    page.get_by_role("columnheader", name="Only doubter right").wait_for()
