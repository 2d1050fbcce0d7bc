"""A new batch: files or a dataset's samples, and how they are predicted; it begins by a click."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

import streamlit as st

from core.datasets.recipes.revisions import list_recipes, revisions
from core.errors import DSIError
from core.evaluation.batch.files import NamedBytes, take_uploads
from core.evaluation.batch.plan import model_of_batch, plan_files, plan_samples
from core.evaluation.batch.record import BatchOptions, BatchSide
from core.evaluation.batch.run import BatchProgress, run_batch
from core.evaluation.batch.source import open_source
from core.evaluation.batch.store import (
    KeptBatch,
    delete_batch,
    find_batch,
    make_room,
    new_batch,
)
from core.evaluation.kept.record import SplitSide
from core.formats import counted
from core.models.store import find_model, load_model, read_card
from ui.loaded.datasets import choose_dataset
from ui.loaded.images import IMAGE_TYPES
from ui.loaded.upload import Upload, choose_uploads, forget_uploads
from ui.predict.batch.opened import job_key, show_batch
from ui.predict.ground_truth import MASK_TYPES
from ui.predict.settings import choose_averaging
from ui.shell.address import take_name
from ui.shell.jobs import start_job

__all__ = ["go_on", "new_batch_form", "predict_samples"]

_FROM = ("Files", "Dataset")
_IMAGES, _MASKS = "batch-images", "batch-masks"
_SIDES: dict[str, SplitSide] = {
    "All samples": "all",
    "Training": "train",
    "Validation": "val",
    "Test": "test",
}
_OWN_SPLIT = "The model's training"
_ONE_AT_A_TIME = threading.Lock()  # two would share the processors
_LOOKS = 0.5  # seconds between looks at whether it is one's turn, or a stop is asked for


def new_batch_form(model: str) -> None:
    """Fields, and the button that begins.

    Args:
        model: name of the model that is chosen.
    """
    take_name("batch_from", _FROM, "source of the images")
    source = st.segmented_control(
        "Batch of",
        _FROM,
        default=_FROM[0],
        required=True,
        key="batch_from",
        bind="query-params",
        persist_state="session",
        width="stretch",
    )
    if source == "Files":
        _files_form(model)
    else:
        _samples_form(model)


def _files_form(model: str) -> None:
    images = choose_uploads(
        _IMAGES,
        "Images, or ZIPs of images",
        [*IMAGE_TYPES, "zip"],
        help="In a ZIP, or among the files, masks are known by their names or folders, as in a "
        "dataset: images/a.png and masks/a.png, or a.png and a_mask.png.",
    )
    masks = choose_uploads(_MASKS, "Their masks, if you have some, called alike", MASK_TYPES)
    likeliest = st.toggle(
        "Read masks in the likeliest way where it is not certain",
        key="batch.likeliest",
        persist_state="session",
        help="Else an image whose mask may be written in several ways has no scores, and says so.",
    )
    options = _options(likeliest)
    _start_button(not images, _start_files, model, images, masks, options)


def _samples_form(model: str) -> None:
    ref = choose_dataset()
    if ref is None:
        return
    take_name("side", list(_SIDES), "side of the split")
    side = st.selectbox(
        "Samples", list(_SIDES), key="side", bind="query-params", persist_state="session"
    )
    recipe, revision = "", 0
    if _SIDES[side] != "all":
        recipe, revision = _choose_split()
    wanted = BatchSide(dataset=ref.id, side=_SIDES[side], recipe=recipe, revision=revision)
    _start_button(False, _start_samples, model, wanted, _options(False))


def _choose_split() -> tuple[str, int]:
    """Whose split it is: that of the model's training, or of a recipe, by name and revision."""
    splits = {_OWN_SPLIT: ("", 0)} | {
        f"{name}, revision {last}": (name, last)
        for name in list_recipes()
        for last in reversed(revisions(name))
    }
    take_name("split_of", list(splits), "split")
    words = st.selectbox(
        "Split of", list(splits), key="split_of", bind="query-params", persist_state="session"
    )
    return splits[words]


def _options(likeliest: bool) -> BatchOptions:
    averaging, overlap = choose_averaging()
    return BatchOptions(
        symmetries=averaging.symmetries,
        scales=averaging.scales,
        overlap=overlap,
        likeliest_masks=likeliest,
    )


def _start_button(disabled: bool, start: Callable[..., None], *args: object) -> None:
    st.button(
        "Predict all",
        type="primary",
        icon=":material/playlist_play:",
        key="batch.start",
        width="stretch",
        disabled=disabled,
        on_click=start,
        args=args,
    )


def _start_files(
    model: str, images: list[Upload], masks: list[Upload], options: BatchOptions
) -> None:
    files = [NamedBytes(file.name, file.data) for file in images]
    beside = [NamedBytes(file.name, file.data) for file in masks]
    kept = new_batch()

    def work(progress: BatchProgress) -> str:
        ref = find_model(model)

        def begin() -> None:
            taken = take_uploads(kept.uploads, files, beside, _named(progress, "files written"))
            files.clear()  # they lie on the disk now
            beside.clear()
            looked = _named(progress, "images looked at")
            kept.write_record(plan_files(kept, taken, ref, options, looked))

        return _begin_and_predict(kept, begin, progress)

    _start(kept, f"Predicting {counted(len(images), 'file')} by {model}", work)
    forget_uploads(_IMAGES)
    forget_uploads(_MASKS)


def _start_samples(model: str, side: BatchSide, options: BatchOptions) -> None:
    kept = new_batch()

    def work(progress: BatchProgress) -> str:
        ref = find_model(model)

        def begin() -> None:
            looked = _named(progress, "images looked at")
            kept.write_record(plan_samples(ref, side, options, looked))

        return _begin_and_predict(kept, begin, progress)

    _start(kept, f"Predicting {side.dataset} by {model}", work)


def predict_samples(model: str, dataset: str, samples: tuple[str, ...]) -> None:
    """Begin a batch of some samples of a dataset, and show it.

    Args:
        model: name of the model.
        dataset: id of the dataset.
        samples: their ids.
    """
    _start_samples(model, BatchSide(dataset=dataset, samples=samples), BatchOptions())
    st.session_state["source"] = "Batch"


def _named(progress: BatchProgress, words: str) -> Callable[[int, int], None]:
    """A progress that only asks for a stop: nothing is predicted yet."""
    return lambda done, total: progress(0, 0, detail=f"{done:,} of {total:,} {words}")


def _begin_and_predict(kept: KeptBatch, begin: Callable[[], None], progress: BatchProgress) -> str:
    """Have the record made, and predict; what cannot be begun leaves nothing behind."""
    try:
        begin()
        record = kept.record()
        kept.write_card(read_card(model_of_batch(record).folder))
    except BaseException:  # a stop of the job is no Exception
        with suppress(DSIError):
            delete_batch(kept)
        raise
    with suppress(DSIError):  # of another batch
        make_room(kept)
    return _predicted(kept, progress)


def _predicted(kept: KeptBatch, progress: BatchProgress) -> str:
    """Predict what is left of a batch, when it is its turn."""
    from core.inference.predictor import Predictor

    record = kept.record()
    total = len(record.images)
    while not _ONE_AT_A_TIME.acquire(timeout=_LOOKS):
        progress(0, total, detail="waiting for another batch")
    try:
        progress(0, total, detail="loading the model")
        model, card = load_model(model_of_batch(record).folder)
        averaging = record.options.averaging
        predictor = Predictor.of_card(
            model,
            card,
            tta=averaging.symmetries,
            scales=averaging.scales,
            overlap=record.options.overlap / 100,
        )
        run_batch(kept, open_source(kept, record, card), predictor, progress)
    finally:
        _ONE_AT_A_TIME.release()
    with suppress(DSIError):
        make_room(kept)
    return kept.id


def go_on(batch: str, again: bool = False) -> None:
    """Go on with a batch that was stopped, or whose server ended.

    Args:
        batch: its id.
        again: whether images that failed are tried again.
    """

    def work(progress: BatchProgress) -> str:
        kept = find_batch(batch)
        if again:
            kept.forget_failed()
        return _predicted(kept, progress)

    start_job(job_key(batch), "Going on with the batch", "images", work)
    show_batch(batch)


def _start(kept: KeptBatch, title: str, work: Callable[[BatchProgress], str]) -> None:
    start_job(job_key(kept.id), title, "images", work)
    show_batch(kept.id)
