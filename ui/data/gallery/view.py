"""The gallery of a dataset: its samples small, their masks laid over, page by page."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import streamlit as st

from core.datasets.audit.audit import Audit
from core.datasets.dataset import Dataset
from core.datasets.tags import read_tags
from core.errors import DSIError
from core.imagery.header import read_header
from ui.data.filters import Known, filtered
from ui.data.gallery.grid import sample_grid, tile
from ui.data.gallery.selection import Selection, selection_bar
from ui.data.gallery.thumbnails import thumbnails
from ui.data.prepare.draft import RecipeDraft
from ui.data.prepare.draft_split import draft_split
from ui.shell.address import take_number
from ui.shell.errors import show_error
from ui.widgets.bands import Rendering, choose_rendering, default_rendering
from ui.widgets.classes import legend
from ui.widgets.frame import Frame

__all__ = ["PER_PAGE", "first_page", "gallery", "known_samples"]

PER_PAGE = 24


def gallery(
    draft: RecipeDraft,
    dataset: Dataset,
    audit: Audit | None,
    open_sample: Callable[[str], None],
    frame: Frame,
) -> None:
    """Show a dataset's samples.

    Filters and page stand in the URL.

    Args:
        draft: the recipe being made for the dataset, whose split can be filtered by.
        dataset: as opened.
        audit: the audit of the dataset, once it is there.
        open_sample: called with a sample's id when its picture is clicked.
        frame: of the page, whose sidebar gets filters and look.
    """
    with frame.choices:
        shown = st.toggle("Masks", value=True, key="masks", persist_state="page")
        # Not drawn while it is of no use: what is disabled has too little contrast to be read.
        opacity = _opacity() if shown else 0
        look = _look(dataset)
    known = known_samples(draft, dataset, audit)
    samples = filtered(dataset, known, first_page, frame)
    legend(dataset.classes)
    selection = Selection(dataset)
    selection_bar(selection, draft, [sample.id for sample in samples], known.tags)
    pages = max(1, math.ceil(len(samples) / PER_PAGE))
    if st.session_state.get("page", 1) > pages:
        st.session_state["page"] = 1  # another dataset has fewer
    page = _pages(pages, len(samples))
    visible = samples[(page - 1) * PER_PAGE : page * PER_PAGE]
    exclude = frozenset(draft.value("exclude"))
    with st.spinner("Making the small pictures …"):
        tiles = [
            tile(sample, thumbnail, dataset.classes, known.tags.get(sample.id, ()), exclude)
            for sample, thumbnail in zip(visible, thumbnails(dataset, visible, look), strict=True)
        ]
    sample_grid(tiles, opacity / 100, selection, open_sample)


def known_samples(draft: RecipeDraft, dataset: Dataset, audit: Audit | None) -> Known:
    """What the filters go by; the arguments are those of `gallery`.

    Tags that cannot be read are said, and the samples are shown without them.
    """
    tags: Mapping[str, tuple[str, ...]] = {}
    try:
        tags = read_tags(draft.ref.id)
    except DSIError as error:
        show_error(error)
    return Known(audit, draft_split(draft.ref, dataset), tags)


def _opacity() -> int:
    return st.slider(
        "Opacity of the masks in %", 0, 100, 50, 5, key="opacity", persist_state="page"
    )


def _look(dataset: Dataset) -> Rendering | None:
    """Bands and stretch by the first image, None for each image's usual ones.

    The choice is the view Sample's too.
    """
    try:
        header = read_header(dataset.samples[0].image)
    except DSIError:
        return None  # its tile says why
    kind = header.bands, header.dtype
    look = choose_rendering(*kind, "sample", named=header.named_bands)
    return None if look == default_rendering(*kind, header.named_bands) else look


def first_page() -> None:
    """Begin the gallery at its first page, as its samples have changed; to be used in callbacks."""
    if "page" in st.session_state:
        st.session_state["page"] = 1


def _pages(pages: int, samples: int) -> int:
    take_number("page", 1, pages, "page")
    if pages == 1:
        return 1
    page = st.pagination(pages, key="page", bind="query-params")
    first = (page - 1) * PER_PAGE + 1
    st.caption(f"Samples {first:,}–{min(samples, page * PER_PAGE):,} of {samples:,}")
    return page
