"""The view Statistics of the Data page: all charts of a dataset, with what each one shows."""

from __future__ import annotations

import streamlit as st

from core.datasets.audit.audit import Audit
from core.datasets.dataset import Dataset
from core.datasets.recipes.splits import Split
from core.formats import percent, short_number
from ui.data.filters import remember_filters
from ui.data.statistics.sections import bands_section, places_section
from ui.data.statistics.shares import scene_shares, split_shares, whole_shares
from ui.data.statistics.sizes import image_sizes
from ui.data.statistics.style import ShowSamples

__all__ = ["statistics"]

# What answers a click looks so.
_STYLE = """<style>
:is(.st-key-whole-shares, .st-key-scene-shares, .st-key-split-shares, .st-key-image-sizes)
  .nsewdrag { cursor: pointer; }
</style>"""


def statistics(
    dataset: Dataset, audit: Audit, split: Split | None, show_samples: ShowSamples
) -> None:
    """Show what the audit counted.

    Args:
        dataset: as opened.
        audit: the audit of the dataset.
        split: of the recipe being made; None where it cannot be made.
        show_samples: called with conditions of `show_only` when a bar or mark is clicked.
    """
    remember_filters()
    megapixels = sum(f.width * f.height for f in audit.facts) / 1e6
    size = f"{megapixels:,.1f}" if megapixels >= 10 else short_number(megapixels, 2)
    st.caption(
        f"{size} megapixels, {percent(audit.labelled_share)} of them labelled. A click on a bar, "
        "or on a mark of the sizes, shows its samples in the gallery."
    )
    st.html(_STYLE)
    if any(facts.usable for facts in audit.facts):
        _classes(dataset, audit, split, show_samples)
        places_section(dataset, audit.statistics)
    else:
        st.subheader("Classes")
        st.info("No sample has a mask that can be used.", icon=":material/info:")
    bands_section(dataset, audit.statistics)
    st.subheader("Image sizes")
    st.caption("One mark for each size; the more images have it, the larger it is.")
    image_sizes(audit, show_samples)


def _classes(
    dataset: Dataset, audit: Audit, split: Split | None, show_samples: ShowSamples
) -> None:
    st.subheader("Classes")
    st.caption("All pixels of all samples whose mask fits its image.")
    whole_shares(dataset, audit, show_samples)
    if len(dataset.scenes) > 1:
        st.subheader("Classes by scene")
        scene_shares(dataset, audit, show_samples)
    st.subheader("Classes by split")
    if split is None:
        st.info(
            "The split of the recipe does not fit this dataset: see Prepare.",
            icon=":material/info:",
        )
    else:
        st.caption("The split of the recipe being made in Prepare; in brackets the samples.")
        split_shares(dataset, audit, split, show_samples)
