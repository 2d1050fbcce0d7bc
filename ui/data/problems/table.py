"""What is wrong with a dataset, row by row, beside picture and fixes of the chosen problem."""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Sequence

import streamlit as st

from core.datasets.audit.audit import Audit
from core.datasets.audit.problems import KINDS, Problem
from core.datasets.dataset import Dataset
from core.datasets.recipes.fixes import Action
from ui.data.problems.list import problem_list
from ui.data.problems.pictures import problem_pictures
from ui.loaded.images import safe_stem
from ui.shell.errors import plain
from ui.shell.words import page_words

__all__ = ["problem_table", "problem_view"]

_SEVERITIES = ("error", "warning", "info")
_BESIDE = 3  # fixes that get a button each; the others share a menu

Take = Callable[[Action], None]


def problem_table(
    dataset: Dataset,
    audit: Audit,
    open_sample: Callable[[str], None],
    take: Take | None = None,
    taken: Container[Action] = (),
) -> None:
    """The problems as a list that can be filtered, the chosen one beside it, and as JSON to keep.

    Args:
        dataset: as opened.
        audit: the audit of the dataset.
        open_sample: called with a sample's id to show it.
        take: called with a fix to put it into the recipe; None shows no fixes.
        taken: fixes that are in the recipe already, shown as done.
    """
    problems = audit.problems
    if problems:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            shown = _filtered(problems)
            if take:
                _take_all(shown, take, taken)
        if shown:
            rows, detail = st.columns([2, 3], gap="medium")
            with rows:
                chosen = problem_list(shown)
            with detail:
                problem_view(dataset, chosen, open_sample, take, taken)
        else:
            st.info("No problem is of this severity and kind.", icon=":material/filter_alt:")
    else:
        st.success(
            "Nothing is wrong: every image and mask can be read, fits, and is in the class table.",
            icon=":material/check_circle:",
        )
    st.download_button(
        "Download the audit as JSON",
        json.dumps(audit.to_json(), indent=2, ensure_ascii=False),
        file_name=f"audit-{safe_stem(dataset.name)}.json",
        mime="application/json",
        icon=":material/download:",
        on_click="ignore",
    )


def _filtered(problems: Sequence[Problem]) -> list[Problem]:
    counts = {s: sum(p.severity == s for p in problems) for s in _SEVERITIES}
    kinds = list(dict.fromkeys(p.kind for p in problems))
    for key, there in (("problem-severity", _SEVERITIES), ("problem-kind", kinds)):
        # What was chosen for another dataset, or before a file was fixed.
        kept = [choice for choice in st.session_state.get(key) or () if choice in there]
        st.session_state[key] = [c for c in kept if key == "problem-kind" or counts[c]]
    severities = st.pills(
        "Severity",
        [s for s in _SEVERITIES if counts[s]],
        selection_mode="multi",
        format_func=lambda s: f"{counts[s]:,} {s if s == 'info' or counts[s] == 1 else s + 's'}",
        key="problem-severity",
    )
    wanted = st.multiselect(
        "Kind",
        kinds,
        format_func=lambda kind: f"{KINDS[kind].title}: {KINDS[kind].meaning}",
        placeholder="All kinds",
        key="problem-kind",
        width=300,
    )
    return [
        p
        for p in problems
        if (not severities or p.severity in severities) and (not wanted or p.kind in wanted)
    ]


def _take_all(problems: Sequence[Problem], take: Take, taken: Container[Action]) -> None:
    first = dict.fromkeys(p.actions[0] for p in problems if p.actions and p.severity != "info")
    left = [action for action in first if action not in taken]
    if len(left) < 2:
        return

    def all_of_them() -> None:
        for action in left:
            take(action)

    st.button(
        f"Take the first fix of all {len(left):,} errors and warnings shown",
        icon=":material/done_all:",
        on_click=all_of_them,
        help="Puts them into the recipe; each can be taken back there. The data is not changed.",
        key="take-all",
    )


def problem_view(
    dataset: Dataset,
    problem: Problem,
    open_sample: Callable[[str], None],
    take: Take | None = None,
    taken: Container[Action] = (),
) -> None:
    """One problem: its words, its place in the picture, and its fixes.

    Args:
        dataset, open_sample, take, taken: as for `problem_table`.
        problem: which.
    """
    with st.container(border=True):
        kind = KINDS[problem.kind]
        st.markdown(f"**{kind.title}** ({problem.severity}): {kind.meaning}")
        st.text(f"{problem.sample}: {problem.detail}" if problem.sample else problem.detail)
        st.text(f"What to do: {page_words(problem.fix)}.")
        if take and problem.actions:
            _fixes(problem, take, taken)
        problem_pictures(dataset, problem)
        with st.container(horizontal=True):
            for sample in dict.fromkeys(filter(None, (problem.sample, problem.other))):
                st.button(
                    f"Open {plain(sample)}",
                    icon=":material/open_in_full:",
                    on_click=open_sample,
                    args=(sample,),
                    key=f"problem-open-{sample}",
                )


def _fixes(problem: Problem, take: Take, taken: Container[Action]) -> None:
    with st.container(horizontal=True):
        for action in problem.actions[:_BESIDE]:
            _fix(action, take, action in taken)
        if rest := problem.actions[_BESIDE:]:
            with st.popover("More choices", icon=":material/more_horiz:"):
                for action in rest:
                    _fix(action, take, action in taken)
    st.caption("A fix goes into the recipe; the data is not changed.")


def _fix(action: Action, take: Take, done: bool) -> None:
    st.button(
        plain(action.label) + (" (in the recipe)" if done else ""),
        icon=":material/check:" if done else ":material/healing:",
        disabled=done,
        on_click=take,
        args=(action,),
        key=f"take-{action}",
    )
