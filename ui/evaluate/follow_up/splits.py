"""How much a random split flatters: the same recipe trained by scene and at random."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from core.datasets.catalogue import find_dataset
from core.errors import DSIError, ModelError
from core.evaluation.intervals import bootstrap_gap
from core.evaluation.kept.results import OpenEvaluation, ends_of, with_interval
from core.formats import counted, score
from core.models.card import CARD_FILE
from core.models.store import read_card
from core.training.config import TrainConfig
from core.training.follow_up.again import Wanted, again_config, kept_scores
from core.training.follow_up.split_gap import (
    RandomKind,
    check_split,
    find_alike,
    train_with_split,
    with_split,
)
from core.training.runs.run import Run
from ui.evaluate.follow_up.recipes import usable_recipes
from ui.evaluate.follow_up.scoring import score_all
from ui.evaluate.opened import Listed, open_evaluation
from ui.shell.address import take_name
from ui.shell.errors import plain, show_error
from ui.shell.jobs import find_job, watch_job
from ui.shell.links import page_link

__all__ = ["splits_view"]

_KINDS: dict[str, RandomKind] = {"Samples": "random", "Blocks of each image": "blocks"}
_SCENE, _RANDOM = "By scene", "At random"
_REFUSED = "splits.refused"


def splits_view(opened: OpenEvaluation, listed: Listed) -> None:
    """Choose the recipe and what is shared out at random; then both trainings side by side."""
    st.markdown(
        "Neighbouring images are alike. A split at random puts neighbours of training samples on "
        "the test side, and the score says how well *these* places are mapped; a split by scene "
        "says how well *new* ones are. The same recipe is trained both ways, with the same "
        "settings and seed."
    )
    if error := st.session_state.pop(_REFUSED, None):
        show_error(error)
    configs = _choose(opened)
    if configs is None:
        return
    runs = {kind: find_alike(config) for kind, config in configs.items()}
    missing = [configs[kind] for kind, run in runs.items() if run is None]
    _trainings(runs)
    if missing:
        st.button(
            f"Launch {counted(len(missing), 'training')}",
            icon=":material/model_training:",
            type="primary",
            key="splits.launch",
            help="With the settings of this model. They wait in the queue until the device is "
            "free.",
            on_click=_launch,
            args=(missing, opened),
        )
        return
    _scores(opened, listed, {kind: run for kind, run in runs.items() if run is not None})


def _choose(opened: OpenEvaluation) -> Mapping[str, TrainConfig] | None:
    recipes = usable_recipes(opened)
    with st.container(horizontal=True):
        name = st.selectbox("Recipe", list(recipes), key="splits.recipe", persist_state="session")
        take_name("shared", list(_KINDS), "what is shared out at random")
        shared = st.selectbox(
            "Shared out at random", list(_KINDS), key="shared", bind="query-params", width=220
        )
    record = opened.record
    try:
        dataset = find_dataset(record.dataset)
        config = again_config(opened.kept.card(), record.dataset, recipes[name])
        configs = {
            _SCENE: with_split(config, "scene"),
            _RANDOM: with_split(config, _KINDS[str(shared)]),
        }
        for each in configs.values():
            check_split(each, dataset)
    except ModelError as error:  # nothing is wrong: it was not trained here
        st.info(plain(error.sentences), icon=":material/info:")
        return None
    except DSIError as error:
        show_error(error)
        return None
    return configs


def _launch(missing: list[TrainConfig], opened: OpenEvaluation) -> None:
    try:
        train_with_split(missing, opened.kept.id, opened.record.model)
    except DSIError as error:
        st.session_state[_REFUSED] = error


def _trainings(runs: Mapping[str, Run | None]) -> None:
    for kind, run in runs.items():
        with st.container(horizontal=True, vertical_alignment="center"):
            state = "there is no such training yet" if run is None else run.status().state
            name = "" if run is None else f" {plain(run.name)},"
            st.markdown(f"**{kind}**:{name} {state}", width="content")
            if run is not None:
                page_link("train", "Its training", "monitoring", {"view": "runs", "run": run.name})


def _scores(opened: OpenEvaluation, listed: Listed, runs: Mapping[str, Run]) -> None:
    if any(
        run.status().state != "finished" or not (run.folder / CARD_FILE).is_file()
        for run in runs.values()
    ):
        st.info(
            "Both scores stand here when both trainings have ended.",
            icon=":material/hourglass_top:",
        )
        st.button("Look again", icon=":material/refresh:", key="splits.refresh")
        return
    plain_options = opened.record.options.model_copy(update={"only": (), "void_regions": None})
    wanted = {
        kind: Wanted(
            run.name, read_card(run.folder).sha256, opened.record.dataset, "test", plain_options
        )
        for kind, run in runs.items()
    }
    made = {kind: kept_scores(listed.values(), each) for kind, each in wanted.items()}
    missing = [wanted[kind] for kind, kept in made.items() if kept is None]
    key = f"splits-{'-'.join(run.name for run in runs.values())}"
    watch_job(key)
    job = find_job(key)
    if missing:
        st.button(
            f"Score {counted(len(missing), 'model')} on {'its' if len(missing) == 1 else 'their'} "
            "test side",
            icon=":material/analytics:",
            type="primary",
            key="splits.score",
            disabled=job is not None and job.state == "running",
            on_click=score_all,
            args=(key, "Scoring both splits", "Made for the view Splits", missing),
        )
        return
    results = {
        kind: results
        for kind, kept in made.items()
        if kept is not None and (results := open_evaluation(kept)) is not None
    }
    _table(results)
    _words(results[_SCENE], results[_RANDOM])


def _table(results: Mapping[str, OpenEvaluation]) -> None:
    rows = []
    for kind, each in results.items():
        made = each.intervals("Samples")
        rows.append(
            {
                "Split": kind,
                "Mean IoU": with_interval(each.scores.mean_iou, *ends_of(made, "mean_iou")),
                "Pixel accuracy": with_interval(
                    each.scores.pixel_accuracy, *ends_of(made, "pixel_accuracy")
                ),
                "Test samples": len(each.record.samples),
                "Of scenes": len(each.record.groups()),
                "Model": each.record.model,
            }
            | {
                f"IoU {name}": score(c.iou)
                for name, c in zip(each.names, each.scores.classes, strict=True)
            }
        )
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        key="splits.table",
        alt="Scores of both splits on their test sides, with intervals over samples",
    )
    st.caption("Each on the test side of its own split; in brackets 95 % bootstrap intervals over "
               "samples.")  # fmt: skip


def _words(scene: OpenEvaluation, random: OpenEvaluation) -> None:
    by_scene, at_random = scene.scores.mean_iou, random.scores.mean_iou
    if by_scene is None or at_random is None:
        st.info("One of the test sides has no labelled pixel.", icon=":material/info:")
        return
    if min(len(scene.counts), len(random.counts)) < 2:
        st.info(
            f"The difference is {at_random - by_scene:+.3f}; one of the test sides has a single "
            "sample, so that nothing can be said of chance.",
            icon=":material/info:",
        )
        return
    gap = bootstrap_gap(random.counts, scene.counts)
    low, high = float(gap.low["mean_iou"]), float(gap.high["mean_iou"])
    span = f"{at_random - by_scene:+.3f}, 95 % interval {low:+.3f} to {high:+.3f}"
    if low > 0:
        st.warning(
            f"A random split flatters this recipe by {span} of mean IoU: it promises "
            f"{at_random:.3f}, and places that it has not seen are mapped with {by_scene:.3f}. For "
            "maps of new places the score by scene is the one to report.",
            icon=":material/warning:",
        )
    elif high < 0:
        st.info(
            f"Here the score by scene is the higher one ({span}): its test scenes are easier than "
            "the others. Another seed of the split draws other scenes.",
            icon=":material/info:",
        )
    else:
        st.info(
            f"The difference ({span}) cannot be told from chance with "
            f"{counted(len(scene.counts), 'sample')} and {counted(len(random.counts), 'sample')}. "
            "That is no proof that a random split does no harm: with few scenes an interval over "
            "samples is too narrow, and other scenes may be harder.",
            icon=":material/info:",
        )
