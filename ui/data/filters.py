"""The gallery's filters: widgets whose values stand in the URL, and a line on what they leave."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.datasets.audit.audit import Audit
from core.datasets.audit.problems import KINDS
from core.datasets.dataset import Dataset, Sample
from core.datasets.filters import SIDES, SampleFilter, Side, filter_samples
from core.datasets.recipes.splits import Split
from ui.shell.address import ask_for, ask_for_several, take_names, take_number
from ui.shell.errors import plain
from ui.widgets.frame import Frame

__all__ = ["Known", "filtered", "remember_filters", "show_only", "size_words"]

_ANY_CLASS = "Any class"
_ANY_PROBLEM = "any error or warning"
_CODES = {kind.title: code for code, kind in KINDS.items()}
_MASKS: dict[Literal["any", "with", "without"], str] = {
    "any": "With or without",
    "with": "With a mask",
    "without": "Without a mask",
}
_SIDES: dict[Side, str] = {
    "train": "Training",
    "val": "Validation",
    "test": "Test",
    "none": "On no side",
}
_SHARE = 1.0  # per cent
# What a widget shows when nothing is filtered.
_DEFAULTS: dict[str, Any] = {
    "find": "",
    "scene": [],
    "mask": "any",
    "class": _ANY_CLASS,
    "share": _SHARE,
    "flagged": [],
    "side": [],
    "size": [],
    "tag": [],
}


@dataclass(frozen=True)
class Known:
    """What is known of the samples beside their files.

    Attributes:
        audit: without it the filters on classes, problems and sizes rest.
        split: of the recipe being made; without it the filter on its sides rests.
        tags: those of each sample, by its id.
    """

    audit: Audit | None
    split: Split | None
    tags: Mapping[str, tuple[str, ...]]


def filtered(
    dataset: Dataset,
    known: Known,
    on_change: Callable[[], None],
    frame: Frame,
    line: DeltaGenerator | None = None,
) -> tuple[Sample, ...]:
    """Show the filters in the sidebar and give the samples that are left.

    Args:
        dataset: as opened.
        known: what can be filtered by.
        on_change: called when a filter was changed.
        frame: of the page.
        line: container for what is left and why; by default where the function is called.
    """
    with frame.choices, st.expander("Filters", icon=":material/filter_list:", key="filters"):
        chosen = SampleFilter(
            text=st.text_input(
                "Sample name",
                placeholder="Part of it",
                icon=":material/search:",
                **_tied("find", on_change),
            )
            or "",
            scenes=_scenes(dataset, on_change),
            mask=_mask(on_change),
            **_by_audit(dataset, known.audit, on_change),
            sizes=_sizes(known.audit, on_change),
            sides=_sides(known.split, on_change),
            tags=_tags(known.tags, on_change),
        )
        for reason in _resting(known.audit, known.split):
            st.caption(reason)
    samples = filter_samples(dataset, chosen, known.audit, known.split, known.tags)
    with line or st.container():
        _line(len(samples), len(dataset.samples), chosen, on_change)
    return samples


def _tied(key: str, on_change: Callable[[], None]) -> dict[str, Any]:
    return {"key": key, "bind": "query-params", "on_change": on_change}


def _scenes(dataset: Dataset, on_change: Callable[[], None]) -> tuple[str, ...]:
    # Where every sample is a scene of its own, its name is enough.
    scenes = dataset.scenes if 1 < len(dataset.scenes) < len(dataset.samples) else ()
    take_names("scene", scenes, "scene to filter by")
    if not scenes:
        return ()
    return tuple(
        st.multiselect(
            "Scene",
            scenes,
            placeholder="All scenes",
            **_tied("scene", on_change),
        )
    )


def _mask(on_change: Callable[[], None]) -> Literal["any", "with", "without"]:
    ask_for("mask", list(_MASKS.values()), "mask to filter by", text=_mask_text)
    return st.selectbox(
        "Mask", list(_MASKS), index=0, format_func=_MASKS.__getitem__, **_tied("mask", on_change)
    )


def _mask_text(mask: Any) -> str:
    return _MASKS[mask]


def _by_audit(
    dataset: Dataset, audit: Audit | None, on_change: Callable[[], None]
) -> dict[str, Any]:
    classes = [_ANY_CLASS, *dataset.classes.names]
    ask_for("class", classes, "class to filter by")
    land_class = st.selectbox(
        "Class",
        classes,
        disabled=audit is None,
        **_tied("class", on_change),
    )
    take_number("share", 0.0, 100.0, "share of the class in %")
    share = st.number_input(
        "At least, % of the sample",
        0.0,
        100.0,
        _SHARE,
        1.0,
        format="%g",
        disabled=audit is None or land_class == _ANY_CLASS,
        **_tied("share", on_change),
    )
    flagged = _flagged(audit, on_change)
    if audit is None:
        return {}
    return {
        "class_name": "" if land_class == _ANY_CLASS else land_class,
        "share": share / 100,
        "flagged": _ANY_PROBLEM in flagged,
        "kinds": tuple(kind for kind in flagged if kind != _ANY_PROBLEM),
    }


def _flagged(audit: Audit | None, on_change: Callable[[], None]) -> list[str]:
    kinds = [problem.kind for problem in audit.problems if problem.sample] if audit else []
    if audit:
        titles = {kind: _problem_title(kind) for kind in (_ANY_PROBLEM, *kinds)}
        known = titles | {title: title for title in titles.values()}
        ask_for_several("flagged", known, "problem to filter by")
    in_address = [_CODES.get(text, text) for text in st.query_params.get_all("flagged")]
    # Without an audit its kinds are not known; those in the address wait for it.
    options = list(dict.fromkeys([_ANY_PROBLEM, *(kinds if audit else in_address)]))
    # Addresses of before 0.2 name kinds by their codes; Streamlit knows the words shown alone.
    chosen = st.session_state.setdefault("flagged", in_address)
    if any(kind not in options for kind in chosen):
        st.session_state["flagged"] = [kind for kind in chosen if kind in options]
    return st.multiselect(
        "Flagged by the audit",
        options,
        format_func=_problem_title,
        placeholder="Flagged or not",
        disabled=audit is None,
        **_tied("flagged", on_change),
    )


def _sizes(audit: Audit | None, on_change: Callable[[], None]) -> tuple[tuple[int, int], ...]:
    # Of one size there is nothing to choose.
    sizes = (
        {size_words(f.width, f.height): (f.width, f.height) for f in audit.facts if f.width}
        if audit
        else {}
    )
    if len(sizes) < 2:
        sizes = {}
    if audit:
        take_names("size", list(sizes), "size to filter by")
    if not sizes:
        return ()
    chosen = st.multiselect(
        "Size", list(sizes), placeholder="All sizes", **_tied("size", on_change)
    )
    return tuple(sizes[words] for words in chosen)


def size_words(width: int, height: int) -> str:
    """An image's size as the filter and the URL have it."""
    return f"{width} × {height} px"


def _tags(tags: Mapping[str, tuple[str, ...]], on_change: Callable[[], None]) -> tuple[str, ...]:
    known = sorted({tag for own in tags.values() for tag in own})
    take_names("tag", known, "tag to filter by")
    if not known:
        return ()
    return tuple(
        st.multiselect("Tag", known, placeholder="With or without", **_tied("tag", on_change))
    )


def show_only(**conditions: Any) -> None:
    """Set the gallery's filters to these and take all others off; to be used in callbacks.

    Args:
        conditions: values by the names that they have in the URL.
    """
    for key, value in (_DEFAULTS | conditions).items():
        st.session_state[key] = value


def remember_filters() -> None:
    """Let `show_only` reach the URL from a view that does not show the filters.

    Streamlit writes only keys there that it knew before a callback set them.
    """
    for key, value in _DEFAULTS.items():
        if key not in st.query_params:
            st.session_state.setdefault(key, value)


def _problem_title(kind: str) -> str:
    return KINDS[kind].title if kind in KINDS else kind


def _sides(split: Split | None, on_change: Callable[[], None]) -> tuple[Side, ...]:
    take_names("side", SIDES, "side to filter by", text=_side_text)
    chosen = st.multiselect(
        "Side of the split",
        SIDES,
        format_func=_SIDES.__getitem__,
        placeholder="All sides",
        disabled=split is None,
        **_tied("side", on_change),
    )
    return tuple(chosen) if split else ()


def _side_text(side: Any) -> str:
    return _SIDES[side]


def _resting(audit: Audit | None, split: Split | None) -> list[str]:
    reasons = []
    if audit is None:
        reasons.append(
            "Class and problems can be filtered when all images and masks have been read: see "
            "Statistics."
        )
    if split is None:
        reasons.append(
            "The sides of the split can be filtered when the recipe's split fits this dataset: see "
            "Prepare."
        )
    return reasons


def _line(left: int, samples: int, chosen: SampleFilter, on_change: Callable[[], None]) -> None:
    """How many are left and why, and a button that takes all conditions off."""
    conditions = _conditions(chosen)
    if not conditions:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{left:,} of {samples:,} samples**: {'; '.join(conditions)}")
        st.button(
            "Show all",
            key="reset-filters",
            icon=":material/filter_list_off:",
            on_click=_reset,
            args=(on_change,),
        )
    if not left:
        st.info("No sample meets all of this: take a filter off.", icon=":material/info:")


def _conditions(chosen: SampleFilter) -> list[str]:
    """The filter in words."""
    words = []
    if chosen.text.strip():
        words.append(f"“{plain(chosen.text)}” in the name")
    if chosen.scenes:
        words.append(plain(_listed(chosen.scenes)))
    if chosen.mask != "any":
        words.append(_MASKS[chosen.mask].lower())
    if chosen.class_name:
        words.append(f"{plain(chosen.class_name)} in at least {100 * chosen.share:g}%")
    if chosen.flagged or chosen.kinds:
        flagged = ((_ANY_PROBLEM,) if chosen.flagged else ()) + chosen.kinds
        words.append(plain(_listed(tuple(map(_problem_title, flagged)))))
    if chosen.sides:
        words.append(_listed(tuple(_SIDES[side] for side in chosen.sides)))
    if chosen.sizes:
        words.append(_listed(tuple(size_words(*size) for size in chosen.sizes)))
    if chosen.tags:
        words.append(f"tagged {plain(_listed(chosen.tags))}")
    return words


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return " or ".join(names[:3]) + more


def _reset(on_change: Callable[[], None]) -> None:
    show_only()
    on_change()
