"""Naming the classes of a dataset that has no class table, from what its labels hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st

from core.classes import ClassTable, LandClass, class_name, numbered
from core.datasets.catalogue import DatasetRef
from core.datasets.dataset import Dataset
from core.datasets.fingerprint import fingerprint
from core.datasets.known_layouts import layout_of
from core.datasets.layouts.class_inference import Inference, LabelValue, infer_classes
from core.datasets.layouts.pairing import find_pairs
from core.datasets.masks.class_file import (
    class_file_of,
    class_stamp,
    find_class_file,
    write_class_file,
)
from core.errors import DatasetError, DSIError, ImageError, UnnamedClasses
from core.formats import percent
from core.imagery.display import bands_of, to_rgb
from core.imagery.raster import read_raster
from core.imagery.resample import resample_labels
from core.imagery.shrink import display_size
from ui.loaded.datasets import open_chosen
from ui.shell.errors import plain, show_error

__all__ = ["name_classes", "open_or_name"]

_EXAMPLES, _SIDE = 3, 260  # pairs that are shown beside the form, and their longest side
_BLACK_WHITE = {"#000000": "Background", "#FFFFFF": "Foreground"}


def open_or_name(ref: DatasetRef) -> Dataset:
    """The listing of a dataset; one whose masks nothing names shows the form, and the page ends.

    Raises:
        DatasetError: it cannot be opened for another reason.
    """
    try:
        return open_chosen(ref)
    except UnnamedClasses as error:
        st.subheader("Name the classes")
        st.markdown(f"{plain(error.what)}. Say what each of its colours or values means.")
        _examples(ref)
        _form(ref)
        st.stop()


def name_classes(ref: DatasetRef, dataset: Dataset) -> None:
    """Offer the form for a dataset that opens without a class table, closed until it is wanted."""
    if not layout_of(dataset).own_classes or find_class_file(ref.path) is not None:
        return
    if not any(sample.mask for sample in dataset.samples):
        return
    with st.expander("Name the classes", icon=":material/label:", key="naming", on_change="rerun"):
        if not st.session_state.get("naming"):
            return  # nothing is counted before somebody asks
        _form(ref)


def _form(ref: DatasetRef) -> None:
    try:
        inference = _inferred(str(ref.path), _content(ref.path), "")
        if inference.kind == "attribute":
            if not inference.attributes:
                st.info("The polygons have no attribute of 2 to 64 values that could name classes.")
                return
            attribute = st.selectbox("Attribute that tells the classes", inference.attributes)
            inference = _inferred(str(ref.path), _content(ref.path), attribute)
    except DSIError as error:
        show_error(error)
        return
    _rows(ref, inference)
    if refused := st.session_state.get("naming-refused"):
        show_error(refused)


def _content(root: Path) -> str:
    return fingerprint(root) + class_stamp(root)


@st.cache_resource(max_entries=8, show_spinner="Counting what the labels hold …")
def _inferred(path: str, content: str, attribute: str) -> Inference:
    return infer_classes(Path(path), attribute)


def _rows(ref: DatasetRef, inference: Inference) -> None:
    """A row a colour or value: what it is, how much of it there is, a name, void or not."""
    values = list(inference.values)
    if inference.kind == "index":
        values.sort(key=lambda item: item.value)
    colors = numbered([str(number) for number in range(len(values))]).classes
    what = "polygons" if inference.kind == "attribute" else "pixels"
    if inference.read < inference.masks:
        st.caption(f"Counted in {inference.read:,} of {inference.masks:,} label files.")
    if inference.tolerance:
        st.caption(
            "The labels hold soft values, as JPEG and smoothing make them: values near each other "
            "are counted as one, and are read as the nearest class."
        )
    with st.form("naming-form"):
        if inference.kind == "attribute":
            st.text_input("Where there is no polygon", "Background", key="naming-background")
        for number, item in enumerate(values):
            color = str(item.value) if inference.kind == "color" else colors[number].color
            swatch, share, name, void = st.columns([2, 2, 4, 1], vertical_alignment="bottom")
            swatch.html(
                f"<span style='display:inline-block;width:1.1em;height:1.1em;border-radius:2px;"
                f"vertical-align:-.2em;margin-right:.5em;border:1px solid rgba(128,140,155,.6);"
                f"background:{color}'></span>"
            )
            swatch.markdown(plain(str(item.value)))
            share.markdown(f"{percent(item.share, 2)} of the {what}")
            name.text_input(
                f"Name of {plain(str(item.value))}",
                _suggested(inference, item),
                key=f"naming-name-{number}",
            )
            void.checkbox(
                "Void", inference.kind == "index" and _looks_void(values, item),
                key=f"naming-void-{number}", help="Not labelled: neither trained nor scored.",
            )  # fmt: skip
        st.form_submit_button(
            "Keep these classes", type="primary", on_click=_keep, args=(ref.path, inference, values)
        )
    place = class_file_of(ref.path)
    st.caption(
        f"They are written to `{place.name}` beside the images."
        if place.parent == ref.path
        else "The folder is not written to: they are kept in the workspace."
    )


def _suggested(inference: Inference, item: LabelValue) -> str:
    if inference.kind == "attribute":
        return str(item.value)
    if inference.kind == "index":
        binary = {item.value for item in inference.values} == {0, 255}
        return (
            {0: "Background", 255: "Foreground"}[int(item.value)]
            if binary
            else (f"Class {item.value}")
        )
    binary = {item.value for item in inference.values} == set(_BLACK_WHITE)
    return _BLACK_WHITE[str(item.value)] if binary else ""


def _looks_void(values: list[LabelValue], item: LabelValue) -> bool:
    return item.value == 255 and {other.value for other in values} != {0, 255}


def _keep(path: Path, inference: Inference, values: list[LabelValue]) -> None:
    # Kept, not shown: what a callback draws lies above the page.
    state = st.session_state
    state["naming-refused"] = None
    named: list[tuple[str, LabelValue]] = []
    void: list[LabelValue] = []
    for number, item in enumerate(values):
        name = str(state[f"naming-name-{number}"]).strip()
        if state[f"naming-void-{number}"]:
            void.append(item)
        else:
            named.append((name, item))
    try:
        _write(path, inference, named, void, state.get("naming-background", ""))
    except DSIError as error:
        state["naming-refused"] = error


def _write(
    path: Path,
    inference: Inference,
    named: list[tuple[str, LabelValue]],
    void: list[LabelValue],
    background: str,
) -> None:
    polygons = inference.kind == "attribute"
    names = [*([background.strip()] if polygons else []), *(name for name, _ in named)]
    unnamed = [str(item.value) for name, item in named if not name]
    if unnamed or not all(names):
        raise DatasetError(
            f"{', '.join(unnamed) or 'the background'} has no name",
            remedy="give it one, or mark it as void",
        )
    try:
        names = [class_name(name) for name in names]
    except ValueError as error:
        raise DatasetError(str(error), remedy="write the name anew") from error
    if len(set(names)) != len(names) or not named:
        twice = next((name for name in names if names.count(name) > 1), "")
        raise DatasetError(
            f"two classes are called {twice}" if twice else "there is no class: all is void",
            remedy="give each class a name of its own; a recipe can merge values into one class"
            if twice
            else "name at least one",
        )
    if inference.kind == "color":
        listed = [LandClass(name=name, color=str(item.value)) for name, item in named]
        colors = [str(item.value) for item in void]
        write_class_file(
            path, ClassTable(classes=tuple(listed)), colors, tolerance=inference.tolerance
        )
        return
    values = [*([background.strip()] if polygons else []), *(item.value for _, item in named)]
    write_class_file(
        path,
        numbered(names),
        values=values,
        void_values=[item.value for item in void],
        attribute=inference.attribute,
        tolerance=inference.tolerance,
    )


def _examples(ref: DatasetRef) -> None:
    """Some images beside their masks, so that the colours can be told."""
    with st.container(horizontal=True):
        for picture in _pictures(str(ref.path), _content(ref.path)):
            st.image(picture, output_format="PNG", width=picture.shape[1])


@st.cache_resource(max_entries=4, show_spinner=False)
def _pictures(path: str, content: str) -> list[np.ndarray]:
    """(H, W, 3) uint8, each an image with its mask to the right."""
    pairs = [
        (sample.image, sample.mask) for sample in find_pairs(Path(path)).samples if sample.mask
    ]
    made: list[np.ndarray] = []
    for pair in pairs[:: max(1, len(pairs) // _EXAMPLES)][:_EXAMPLES]:
        halves = []
        try:
            for file in pair:
                raster = read_raster(file)
                rgb = to_rgb(
                    raster.pixels,
                    raster.valid,
                    bands=bands_of(raster.pixels, raster.header.named_bands),
                )
                size = display_size(rgb.shape[0], rgb.shape[1], _SIDE)
                halves.append(resample_labels(rgb, *size))
        except ImageError:
            continue  # the audit names it
        if halves[0].shape == halves[1].shape:
            made.append(np.concatenate(halves, axis=1))
    return made
