"""What was decided becomes a new revision of a recipe, and a training with it is launched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from core.datasets.recipes.recipe import Recipe, load_recipe
from core.datasets.recipes.revisions import (
    differences,
    keep_draft,
    load_draft,
    recipe_file,
    revisions,
    save_recipe,
)
from core.errors import DSIError
from core.evaluation.kept.plan import plan_again
from core.evaluation.kept.results import OpenEvaluation
from core.evaluation.suspects.record import SuspectList
from core.evaluation.suspects.review import Review, SavedReview, State, write_review
from core.evaluation.suspects.revise import Revision, revise
from core.formats import count, counted
from core.models.network import network_name
from core.paths import is_name
from core.training.follow_up.again import again_config, train_again
from core.training.queue.launch import running_runs, suggest_name
from core.training.queue.queue import queued_runs
from core.training.runs.origin import runs_of
from ui.evaluate.follow_up.recipes import usable_recipes
from ui.shell.errors import plain, show_error
from ui.shell.links import page_link

__all__ = ["save_section"]

_REFUSED, _DONE = "suspects.save-refused", "suspects.saved"


def save_section(
    opened: OpenEvaluation, listed: SuspectList, review: Review, decided: Sequence[State]
) -> None:
    """What is decided so far, the recipe that takes it, and the training with it."""
    st.subheader("Into the recipe", anchor=False)
    if error := st.session_state.pop(_REFUSED, None):
        show_error(error)
    numbers = Counter(decided)
    samples = {s.sample for s, d in zip(listed.suspects, decided, strict=True) if d == "excluded"}
    st.caption(
        f"{counted(numbers['void'], 'region')} accepted as void, {counted(len(samples), 'sample')} "
        f"left out, {counted(numbers['dismissed'], 'label')} judged right, "
        f"{counted(numbers['open'], 'region')} to be decided."
    )
    if review.unsaved and (numbers["void"] or samples):
        _save(opened, listed, review, decided)
    if text := st.session_state.pop(_DONE, None):
        st.success(plain(text), icon=":material/check:")
    if review.saved:
        _saved(opened, review.saved)


def _save(
    opened: OpenEvaluation, listed: SuspectList, review: Review, decided: Sequence[State]
) -> None:
    bases = usable_recipes(opened)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Recipe to begin with", list(bases), key="suspects.base", persist_state="session"
        )
        base = bases[chosen]
        key = f"suspects.name.{chosen}"
        usual = base.name if is_name(base.name) else "recipe"
        st.session_state.setdefault(key, usual)
        name = st.text_input("Save it as", key=key, width=240, persist_state="session")
        pressed = st.button(
            "Save a new revision",
            type="primary",
            icon=":material/save:",
            key="suspects.save",
            help="No file of the dataset is changed, and no revision is overwritten.",
        )
    if base.void_regions:
        st.caption(
            "The regions that this recipe has already stay in it, also those that were taken back "
            "here since."
        )
    if pressed:
        try:
            with st.spinner("Saving …"):
                _write(opened, listed, review, decided, base.model_copy(update={"name": name}))
        except DSIError as error:
            st.session_state[_REFUSED] = error
        st.rerun()


def _write(
    opened: OpenEvaluation,
    listed: SuspectList,
    review: Review,
    decided: Sequence[State],
    base: Recipe,
) -> None:
    dataset = opened.record.dataset
    made = revise(plan_again(opened.kept), listed, decided, base)
    recipe = save_recipe(made.recipe.model_copy(update={"dataset": dataset}))
    saved = SavedReview(
        recipe=recipe.name,
        revision=recipe.revision,
        void_regions=recipe.void_regions,
        excluded=made.excluded,
    )
    update = {"saved": saved, "saved_decisions": len(review.decisions)}
    write_review(opened.kept, review.model_copy(update=update))
    st.session_state[_DONE] = " ".join([_text(recipe, made), *_follow_draft(recipe, base)])


def _text(recipe: Recipe, made: Revision) -> str:
    text = (
        f"Saved as {recipe.name}, revision {recipe.revision}: {counted(made.regions, 'region')} of "
        f"{count(made.pixels)} pixels void, {counted(len(made.excluded), 'sample')} left out."
    )
    if made.fixed_split:
        text += " The samples keep their sides of the split, as lists."
    if not made.learned:
        text += (
            " The model was trained on none of these samples: they change its scores, and what a "
            "training learns only where they are on its training side."
        )
    return text


def _follow_draft(recipe: Recipe, base: Recipe) -> list[str]:
    """Let the draft of the Data page have the decisions too: saving it would take them back."""
    draft = load_draft(recipe.dataset)
    if draft is None or draft.name != recipe.name:
        return []
    if differences(draft, base):
        return [
            "The draft on the Data page has other changes, and does not have these decisions: load "
            "this revision there before it is saved."
        ]
    keep_draft(recipe)
    st.session_state.pop(f"draft\0{recipe.dataset}", None)
    return []


def _saved(opened: OpenEvaluation, saved: SavedReview) -> None:
    """A training with the revision, and those that were launched already."""
    record = opened.record
    st.subheader("Train again with it", anchor=False)
    if saved.revision not in (revisions(saved.recipe) if is_name(saved.recipe) else []):
        st.info(
            f"The recipe {plain(saved.recipe)}, revision {saved.revision}, was deleted since.",
            icon=":material/info:",
        )
        return
    try:
        recipe = load_recipe(recipe_file(saved.recipe, saved.revision))
        config = again_config(opened.kept.card(), record.dataset, recipe)
    except DSIError as error:
        show_error(error)
        return
    started = st.session_state.get("suspects.started", 0)
    suggestion = suggest_name(record.dataset, network_name(config.model))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            "Name of the run and its model",
            placeholder=suggestion,
            key=f"suspects.run-name.{started}",
            width=280,
        )
        pressed = st.button(
            "Train again with it",
            type="primary",
            icon=":material/model_training:",
            key="suspects.train",
        )
    epochs = counted(config.epochs, "epoch")
    waiting = " It waits in the queue until the device is free." if _is_busy() else ""
    st.caption(
        f"As {plain(record.model)} was trained ({epochs}), with {plain(recipe.name)}, revision "
        f"{recipe.revision}.{waiting}"
    )
    if pressed:
        try:
            train_again(config, name.strip() or suggestion, opened.kept.id, record.model)
        except DSIError as error:
            st.session_state[_REFUSED] = error
        else:
            st.session_state["suspects.started"] = started + 1
        st.rerun()
    for run in runs_of(opened.kept.id, "suspects"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":material/model_training: {plain(run.name)}", width="content")
            page_link("train", "Watch it", "monitoring", {"view": "runs", "run": run.name})
            query = {"evaluation": opened.kept.id, "view": "Before and after", "again": run.name}
            page_link("evaluate", "Before and after", "compare_arrows", query)


def _is_busy() -> bool:
    return bool(running_runs() or queued_runs())
