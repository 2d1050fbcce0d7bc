"""The gallery of a dataset: its samples small, their masks laid over, page by page."""

from __future__ import annotations

import math
from collections.abc import Callable

import streamlit as st

from core.datasets.audit.audit import Audit
from core.datasets.dataset import Dataset, Sample
from core.datasets.recipes.splits import Split
from core.datasets.thumbnails import Thumbnail
from core.errors import DSIError
from core.imagery.header import read_header
from ui.data.gallery_filters import filtered
from ui.data.thumbnails import overlaid, thumbnails
from ui.shell.errors import plain
from ui.widgets.bands import Rendering, choose_rendering, default_rendering
from ui.widgets.classes import legend
from ui.widgets.frame import Frame

__all__ = ["PER_PAGE", "gallery"]

PER_PAGE = 24
_TILE = 176  # CSS pixels: two beside one another on a telephone


def gallery(
    dataset: Dataset,
    open_sample: Callable[[str], None],
    audit: Audit | None,
    split: Split | None,
    frame: Frame,
) -> None:
    """Show a dataset's samples.

    Filters and page stand in the URL.

    Args:
        dataset: as opened.
        open_sample: called with a sample's id when its name is clicked.
        audit: the audit of the dataset, once it is there.
        split: of the recipe being made; None where it cannot be made.
        frame: of the page, whose sidebar gets filters and look.
    """
    with frame.choices:
        shown = st.toggle("Masks", value=True, key="masks", persist_state="page")
        opacity = st.slider(
            "Opacity of the masks in %",
            0,
            100,
            50,
            5,
            key="opacity",
            persist_state="page",
            disabled=not shown,
        )
        look = _look(dataset)
    samples = filtered(dataset, audit, split, _first_page, frame)
    legend(dataset.classes)
    pages = max(1, math.ceil(len(samples) / PER_PAGE))
    if st.session_state.get("page", 1) > pages:
        st.session_state["page"] = 1  # another dataset has fewer
    page = _pages(pages, len(samples)) if pages > 1 else 1
    visible = samples[(page - 1) * PER_PAGE : page * PER_PAGE]
    made = thumbnails(dataset, visible, look)
    strength = opacity / 100 if shown else 0.0
    # A wrapping row, not columns: two tiles fit beside one another on a telephone.
    with st.container(horizontal=True, gap="small"):
        for sample, thumbnail in zip(visible, made, strict=True):
            with st.container(width=_TILE, gap=None):
                _tile(dataset, sample, thumbnail, strength, open_sample)


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


def _first_page() -> None:
    if "page" in st.session_state:
        st.session_state["page"] = 1


def _pages(pages: int, samples: int) -> int:
    page = st.pagination(pages, key="page", bind="query-params")
    first = (page - 1) * PER_PAGE + 1
    st.caption(f"Samples {first:,}–{min(samples, page * PER_PAGE):,} of {samples:,}")
    return page


def _tile(
    dataset: Dataset,
    sample: Sample,
    thumbnail: Thumbnail,
    opacity: float,
    open_sample: Callable[[str], None],
) -> None:
    picture = overlaid(thumbnail, dataset.classes, opacity)
    if picture is None:
        st.warning(plain(thumbnail.problems[0]), icon=":material/broken_image:")
    else:
        st.image(picture, width="stretch", alt=f"Sample {sample.id}")
    st.button(
        plain(sample.id),
        key=f"open-{sample.id}",
        type="tertiary",
        on_click=open_sample,
        args=(sample.id,),
        help=f"Open {plain(sample.id)} large",
    )
    if picture is not None:
        notes = [f"{thumbnail.width} × {thumbnail.height} px"]
        notes += ["no mask"] if sample.mask is None else []
        st.caption(" · ".join(notes))
        for problem in thumbnail.problems:
            st.caption(f":orange[:material/warning: {plain(problem)}]")
