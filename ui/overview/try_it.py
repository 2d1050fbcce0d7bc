"""One click from an empty workspace to a prediction beside its ground truth, without the web."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from core.datasets.catalogue import DatasetRef, list_datasets
from core.datasets.identity import image_digest
from core.errors import DSIError
from core.evaluation.trained_on import seen_in_training
from core.models.card import ModelCard
from core.models.store import DEMO_MODEL, find_model, read_card
from core.paths import workspace
from ui.data.add.forms import DEMO_SCENES, DEMO_SIZE
from ui.loaded.datasets import open_chosen
from ui.predict.address import PredictionAddress
from ui.shell.jobs import Job, find_job, start_job

__all__ = ["find_scene", "scene_to_map", "try_it"]

_JOB = "write-demo"  # the demo set's, which the Data page watches too
_WANTED = "overview.wanted"


def try_it(*, primary: bool) -> bool:
    """A button that maps a generated scene which the bundled demo model has never seen.

    It writes the demo set first where there is none; its bar is that of every new dataset. The page
    asks `scene_to_map` whether it is time to show it.

    Args:
        primary: whether it is what is to be done first on this page.

    Returns:
        Whether the model is there; without it there is no button.
    """
    card = _demo_card()
    if card is None:
        return False
    st.button(
        "Try it: map a generated scene",
        key="try-it",
        type="primary" if primary else "secondary",
        icon=":material/play_circle:",
        help="A small model that comes with the program maps a scene it has never seen, and its "
        "map is shown beside the truth.",
        disabled=_is_running(),
        on_click=_start,
        args=(card,),
    )
    return True


def scene_to_map() -> PredictionAddress | None:
    """The scene that a click on the button is about, once, as soon as it is there."""
    card = _demo_card()
    return find_scene(card) if card and _is_ready() else None


def find_scene(card: ModelCard) -> PredictionAddress | None:
    """The first generated scene in the workspace that was not in a model's training.

    Args:
        card: card of the model.
    """
    from core.datasets.synthetic.dubai import is_demo

    for ref in list_datasets():
        if is_demo(ref.path) and (sample := _unseen_sample(ref, card)):
            return PredictionAddress(DEMO_MODEL, ref.id, sample)
    return None


def _demo_card() -> ModelCard | None:
    try:
        return read_card(find_model(DEMO_MODEL).folder)
    except DSIError:
        return None


def _unseen_sample(ref: DatasetRef, card: ModelCard) -> str | None:
    try:
        dataset = open_chosen(ref)
    except DSIError:
        return None  # its card on this page says why
    for sample in dataset.samples:
        digest = image_digest(sample.image)
        seen = seen_in_training([sample.id], [digest], {}, card.training, dataset.name)
        if sample.mask is not None and digest and not seen:
            return sample.id
    return None


def _start(card: ModelCard) -> None:
    """Have the next run of the page open a scene, or begin to write some."""
    st.session_state[_WANTED] = "" if find_scene(card) else _write_scenes().id


def _is_running() -> bool:
    job = find_job(_JOB)
    return job is not None and job.state == "running"


def _is_ready() -> bool:
    """Whether this session wants a scene, and the set it waits for, if any, has been written."""
    wanted = st.session_state.get(_WANTED)
    job = find_job(_JOB) if wanted else None
    if wanted is None or (job and job.id == wanted and job.state == "running"):
        return False
    del st.session_state[_WANTED]
    return not wanted or bool(job and job.id == wanted and job.state == "done")


def _write_scenes() -> Job:
    root = _free_place()

    def work(progress: Callable[[int, int], None]) -> Path:
        from core.datasets.synthetic.dubai import write_demo
        from core.device import tensorflow

        def report(done: int, total: int) -> None:
            progress(done, total)
            if done == 1:
                # It takes seconds to import, and the prediction that follows needs it. Not at once:
                # the bar would be late.
                threading.Thread(target=tensorflow, daemon=True).start()

        progress(0, DEMO_SCENES)
        return write_demo(root, scenes=DEMO_SCENES, size=DEMO_SIZE, seed=0, progress=report)

    return start_job(_JOB, "Drawing scenes to map", "scenes", work)


def _free_place() -> Path:
    folder = workspace().datasets
    names = ["demo", *(f"demo-{number}" for number in range(2, 10_000))]
    return next(folder / name for name in names if not (folder / name).exists())
