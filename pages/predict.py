"""Predict: an image in, a map out, laid over it and beside the ground truth."""

from __future__ import annotations

import streamlit as st

from core.errors import DSIError
from core.formats import counted, millions, score
from core.models.card import ModelCard
from core.models.prediction_history import note_threshold
from core.models.store import ModelRef, read_card
from ui.data.add.forms import watch_new_datasets
from ui.loaded.images import OpenImage
from ui.loaded.models import choose_model
from ui.overview.try_it import scene_to_map, try_it
from ui.own_model.dialog import own_model_button, take_kept_model
from ui.predict.address import (
    PredictionAddress,
    ask_for_prediction,
    asked_for_prediction,
    check_asked,
    chosen_mode,
)
from ui.predict.batch.form import predict_samples
from ui.predict.batch.manage import show_batch_history
from ui.predict.batch.page import show_batches
from ui.predict.checks import fits_model
from ui.predict.compare import Comparison, choose_other_maps
from ui.predict.history import show_history
from ui.predict.image import choose_sample, ground_truth, upload_image
from ui.predict.recent import note_prediction
from ui.predict.result import (
    Settings,
    kept_id,
    predict,
    recent_prediction,
    show_prediction,
    warn_of_differences,
)
from ui.predict.settings import choose_averaging
from ui.shell.address import take_name
from ui.shell.errors import plain
from ui.shell.links import page_link
from ui.viewer.band_values import bands_of_raster
from ui.viewer.tiles.files import TiledFile
from ui.viewer.viewer import viewer
from ui.widgets.bands import render_as_chosen
from ui.widgets.frame import Frame, open_frame
from ui.widgets.place import asked_place

_SOURCES = ("Upload", "Dataset", "Batch")


def describe(ref: ModelRef, card: ModelCard) -> str:
    """The model in one line."""
    scored = card.training.scores.get("test") or card.training.scores.get("val") or {}
    mean_iou = scored.get("mean_iou")
    return ", ".join(
        [
            f"{'bundled' if ref.source == 'bundled' else 'from a ' + ref.source}",
            f"{millions(card.parameters)} parameters",
            f"{counted(card.file_bands or card.spec.bands, 'band')} of {card.dtype}",
            f"trained on {card.training.dataset}",
            *([f"mean IoU {score(mean_iou)} on held-out images"] if mean_iou is not None else []),
        ]
    )


def choose_settings(card: ModelCard, image: OpenImage) -> Settings:
    averaging, overlap = choose_averaging()
    return Settings(card.sha256, image.digest, averaging, overlap / 100)


def address_of(model: str, settings: Settings) -> PredictionAddress | None:
    """The address of the chosen sample's prediction; None for an uploaded image."""
    state = st.session_state
    if state["source"] != "Dataset":
        return None
    overlap = round(100 * settings.overlap)
    return PredictionAddress(model, state["dataset"], state["sample"], settings.averaging, overlap)


def choose_source() -> str:
    """Where the image comes from, one of `_SOURCES`."""
    take_name("source", _SOURCES, "source of the image")
    source: str = st.segmented_control(
        "Image from",
        _SOURCES,
        default="Upload",
        required=True,
        key="source",
        bind="query-params",
        persist_state="session",
        width="stretch",
    )
    if source != "Dataset":
        check_asked(None)
    return source


def offer_example(frame: Frame) -> None:
    """One click on a picture where there is none yet."""
    watch_new_datasets()
    with frame.main:
        try_it(primary=True)


def offer_windows(model: str, scene: TiledFile, frame: Frame) -> None:
    """A scene that is too large to be read whole is predicted by windows, as a batch of one."""
    dataset, sample = st.session_state["dataset"], st.session_state["sample"]
    with frame.choices:
        st.button(
            "Predict by windows",
            type="primary",
            icon=":material/play_arrow:",
            key="predict.windows",
            on_click=predict_samples,
            args=(model, dataset, (sample,)),
            width="stretch",
        )
    header = scene.header
    frame.facts([sample, f"{header.width:,} × {header.height:,} pixels"])
    frame.note(
        "The image is too large to be read whole. It is predicted by windows, in the background, "
        "and can be stopped and gone on with; its files are kept with the batch.",
        keep=True,
    )
    with frame.main:
        viewer(
            scene.tiles,
            [],
            [],
            key="predict_scene_viewer",
            height=600,
            clickable=False,
            georeference=header.georeference,
        )


def look_inside(model: str, source: str) -> None:
    """A link to what the model's layers make of the same image."""
    state = st.session_state
    query = {"model": model, "image_from": source}
    if source == "Dataset":
        query |= {"dataset": state["dataset"], "sample": state["sample"]}
    page_link("inspect", "Look inside the model at this image", "account_tree", query)


def show_predict(frame: Frame) -> None:
    if example := scene_to_map():
        example.open_here("side")
    with frame.choices:
        take_kept_model("model")
        ref = choose_model("model")
        own_model_button()
    if ref is None:
        page_link("train", "Train a model", "model_training")
        return
    card = read_card(ref.folder)
    with frame.choices:
        st.caption(plain(describe(ref, card)))
        source = choose_source()
    if source == "Batch":
        show_batches(ref.name, frame)
    else:
        show_single(ref.name, card, source, frame)


def show_single(model: str, card: ModelCard, source: str, frame: Frame) -> None:
    with frame.choices:
        choose = upload_image if source == "Upload" else choose_sample
        chosen = choose(card, frame)
        if chosen.scene is not None:
            offer_windows(model, chosen.scene, frame)
            return
        if chosen.image is None:
            offer_example(frame)
            with frame.main:
                show_history(frame)
                show_batch_history()
            return
        image = render_as_chosen(chosen.image, "predict")
        settings = choose_settings(card, image)
        place = st.container()
    frame.facts([image.name, *([chosen.known] if chosen.known else [])])
    fits = fits_model(image, card)
    place.button(
        "Predict",
        type="primary",
        icon=":material/play_arrow:",
        disabled=not fits,
        on_click=ask_for_prediction,
        width="stretch",
    )
    if fits:
        warn_of_differences(image, card, frame)
    truth = ground_truth(chosen)
    for note in truth.notes if truth else ():
        frame.note(plain(note), warning=True, icon=":material/palette:")
    address = address_of(model, settings)
    check_asked(address)
    asked = asked_for_prediction() or (address and address.is_asked_for)
    label_map = recent_prediction(settings, image.rgb.shape[:2], len(card.classes))
    if label_map is None and asked:
        label_map = predict(settings, model, image)
    if label_map is None:
        viewer(
            image.rgb,
            [],
            [],
            key="predict_viewer",
            height=600,
            clickable=False,
            georeference=image.raster.georeference,
            bands=bands_of_raster(image.raster),
            at=asked_place("predict_viewer", image.digest),
            linked=True,
        )
        look_inside(model, source)
        show_history(frame)
        show_batch_history()
        return
    others = []
    if address:
        address.show()
        with frame.choices:
            others = choose_other_maps(
                (address.dataset, address.sample), kept_id(settings), label_map.labels.shape, card
            )
    try:
        note_prediction(settings, image, label_map, card, address)
    except DSIError as error:
        frame.note(f"It is not kept: {plain(str(error))}", warning=True)
    threshold = show_prediction(image, label_map, card, Comparison(truth, chosen_mode(), others))
    if address:
        note_threshold(kept_id(settings), threshold)
    look_inside(model, source)
    show_history(frame)
    show_batch_history()


with open_frame("Predict") as frame:
    show_predict(frame)
