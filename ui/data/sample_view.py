"""One sample, large: the image with its mask in the compare viewer, and the facts of the file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.classes import VOID, label_counts
from core.datasets.audit.audit import Audit
from core.datasets.dataset import Dataset, Sample
from core.errors import DSIError
from core.formats import count, decimal_size, percent
from core.imagery.ground_area import GroundAreas, ground_areas
from core.imagery.header import Header
from ui.data.arrow_keys import arrow_keys
from ui.data.filters import filtered
from ui.data.gallery.view import first_page, known_samples
from ui.data.large_sample import large_sample, show_large_sample
from ui.data.prepare.draft import RecipeDraft
from ui.loaded.datasets import choose_sample
from ui.loaded.images import open_sample
from ui.shell.errors import plain, show_error
from ui.shell.links import page_link
from ui.viewer.band_values import bands_of_raster
from ui.viewer.layers import Layer, ViewerClass
from ui.viewer.tiles.files import TiledFile
from ui.viewer.viewer import viewer
from ui.widgets.bands import render_as_chosen
from ui.widgets.classes import class_table
from ui.widgets.frame import Frame
from ui.widgets.place import asked_place

__all__ = ["neighbours", "sample_view"]

_HEIGHT = 720  # CSS pixels of the picture


def sample_view(draft: RecipeDraft, dataset: Dataset, audit: Audit | None, frame: Frame) -> None:
    """Show the sample that is chosen in the sidebar; it stands in the URL as ``sample``.

    Args:
        draft, audit: as for the gallery, whose filters say which samples are stepped through.
        dataset: as opened.
        frame: of the page.
    """
    with frame.choices:
        sample = choose_sample(dataset)
        buttons = st.container(horizontal=True)
        line = st.container()
    left = filtered(dataset, known_samples(draft, dataset, audit), first_page, frame, line)
    with buttons:
        _steps(neighbours(dataset, sample, left), frame)
    try:
        if scene := _large(dataset, sample):
            show_large_sample(dataset, sample, scene, _HEIGHT, frame)
            _facts(sample, scene.header)
            return
        with frame.choices:
            image = render_as_chosen(open_sample(dataset, sample), "sample")
    except DSIError as error:
        show_error(error)
        return
    labels = _labels(dataset, sample, image.raster.valid)
    layers = [Layer("mask", "Mask", "labels", labels)] if labels is not None else []
    classes = [
        ViewerClass(land_class.name, land_class.rgb) for land_class in dataset.classes.classes
    ]
    viewer(
        image.rgb,
        layers,
        classes if layers else [],
        key="sample-viewer",
        height=_HEIGHT,
        clickable=False,
        georeference=image.raster.georeference,
        bands=bands_of_raster(image.raster),
        at=asked_place("sample-viewer", image.digest),
        linked=True,
    )
    with st.container(horizontal=True):
        for page, source, label, icon in (
            ("predict", "source", "Predict this sample", "layers"),
            ("inspect", "image_from", "Look inside a model at it", "account_tree"),
        ):
            where = {source: "Dataset", "dataset": dataset.name, "sample": sample.id}
            page_link(page, label, icon, where)
    facts, shares = st.columns([1, 1], gap="large")
    with facts:
        _facts(sample, image.raster.header)
    if labels is not None:
        with shares:
            _shares(dataset, labels)


def _large(dataset: Dataset, sample: Sample) -> TiledFile | None:
    """The sample as a scene that is too large to be read whole, where it is used as it lies."""
    used_otherwise = sample.turned or sample.id in dataset.windows
    return None if used_otherwise else large_sample(sample.image)


def neighbours(
    dataset: Dataset, sample: Sample, left: Sequence[Sample]
) -> tuple[str | None, str | None]:
    """The samples before and after one.

    Args:
        dataset: whose order counts.
        sample: which; it need not be among them.
        left: samples that the filters leave, in that order.

    Returns:
        Their ids; None where there is none.
    """
    order = {each.id: at for at, each in enumerate(dataset.samples)}
    before = [each.id for each in left if order[each.id] < order[sample.id]]
    after = (each.id for each in left if order[each.id] > order[sample.id])
    return before[-1] if before else None, next(after, None)


def _steps(beside: tuple[str | None, str | None], frame: Frame) -> None:
    """Buttons, and keys, that step to the sample before and the one after."""
    before, after = beside
    for label, to, icon, key in (
        ("Previous", before, "chevron_left", "left"),
        ("Next", after, "chevron_right", "right"),
    ):
        st.button(
            label,
            icon=f":material/{icon}:",
            disabled=to is None,
            help=f"Arrow key {key}",
            on_click=_go,
            args=(to,),
        )
    with frame.state:
        arrow_keys("sample-keys", lambda step: _go(before if step < 0 else after))


def _go(sample: str | None) -> None:
    if sample is not None:
        st.session_state["sample"] = sample


def _labels(dataset: Dataset, sample: Sample, valid: np.ndarray) -> np.ndarray | None:
    """The mask, as far as it can be shown; says what is wrong with it where something is.

    Where the image has no data it is void, as in training and scores.
    """
    if sample.mask is None:
        st.info("This sample has no mask.", icon=":material/info:")
        return None
    try:
        mask = dataset.read_mask(sample)
    except DSIError as error:
        show_error(error)
        return None
    labels, unknown = mask.labels, mask.unknown
    if labels.shape != valid.shape:
        st.warning(
            f"The mask is {labels.shape[1]} × {labels.shape[0]} pixels and the image "
            f"{valid.shape[1]} × {valid.shape[0]}: it cannot be laid over.",
            icon=":material/warning:",
        )
        return None
    if unknown:
        st.warning(
            f"{sum(unknown.values()):,} pixels of the mask are in no class and shown as void; see "
            "Problems.",
            icon=":material/warning:",
        )
    return np.where(valid, labels, np.uint8(VOID))


def _facts(sample: Sample, header: Header) -> None:
    st.markdown("**File**")
    rows = {
        "Image": sample.image.name,
        "Mask": sample.mask.name if sample.mask else "none",
        "Scene": sample.scene,
        "Size": f"{header.width} × {header.height} px, {header.width * header.height / 1e6:.2f} "
        "megapixels",
        "Bands": f"{header.bands} of {header.dtype}",
        "On disk": f"{decimal_size(sample.image.stat().st_size)}, {header.driver}",
        "Coordinates": _grid(header),
    }
    # Cells are Markdown, and names come with the data.
    st.table({name: plain(text) for name, text in rows.items()}, border="horizontal")


def _grid(header: Header) -> str:
    if header.georeference is None:
        return "none (not georeferenced)"
    areas = ground_areas(header.georeference, header.width, header.height)
    pixel = f", {areas.mean**0.5:.2f} m a pixel" if isinstance(areas, GroundAreas) else ""
    return f"{header.georeference.crs or 'a grid without a reference system'}{pixel}"


def _shares(dataset: Dataset, labels: np.ndarray) -> None:
    counts = label_counts(labels)
    rows = [
        (percent(counts[index] / labels.size), count(counts[index]))
        for index in range(len(dataset.classes))
    ]
    st.markdown("**Mask**")
    class_table(dataset.classes, ["Share", "Pixels"], rows, label="Classes of this sample")
    st.caption(f"Void: {percent(counts[VOID] / labels.size)}, {counts[VOID]:,} pixels.")
