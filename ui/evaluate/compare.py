"""Two evaluations of the same samples: differences with intervals, and who is right where."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import streamlit as st

from core.errors import DatasetError
from core.evaluation.comparison import FIRST_ALONE, SECOND_ALONE, Comparison
from core.evaluation.intervals import ScoreIntervals, bootstrap_scores
from core.evaluation.kept.pictures import margin_box, open_scored
from core.evaluation.kept.plan import plan_again
from core.evaluation.kept.record import EvaluationRecord
from core.evaluation.kept.results import OpenEvaluation, Unit, with_interval
from core.evaluation.kept.store import KeptEvaluation
from core.evaluation.regions import Region
from core.formats import MISSING, count, percent
from ui.evaluate.confusion import region_list
from ui.evaluate.opened import Listed, dated, open_evaluation
from ui.evaluate.sample_view import Part, outline, show_part, viewed_sample
from ui.evaluate.scores import choose_unit
from ui.shell.address import ask_for, take_name
from ui.shell.errors import plain
from ui.shell.jobs import find_job, start_job, watch_job
from ui.widgets.classes import class_table

__all__ = ["compare_pair", "compare_table", "compare_view", "same_samples"]

_OTHER = "evaluate.other"
_NAMES = {"iou": "IoU", "f1": "F1", "precision": "Precision", "recall": "Recall"}


def same_samples(first: EvaluationRecord, second: EvaluationRecord) -> bool:
    """Whether two evaluations are of the same images and labels, by their content and order."""
    pairs = zip(first.samples, second.samples, strict=False)
    return (
        len(first.samples) == len(second.samples)
        and all((a.image, a.mask) == (b.image, b.mask) for a, b in pairs)
        and first.classes.names == second.classes.names
        and first.void == second.void
    )


def compare_view(opened: OpenEvaluation, listed: Listed) -> None:
    """Choose another evaluation of the same samples, and see the two side by side."""
    alike = {
        name: dated(record)
        for name, (_, record) in listed.items()
        if name != opened.kept.id and record.finished and same_samples(opened.record, record)
    }
    asked = ask_for("other", alike, "evaluation to compare with", widget=_OTHER)
    if not alike:
        st.info(
            "There is no other evaluation of the same samples yet: evaluate another model on them.",
            icon=":material/compare_arrows:",
        )
        return
    if asked or st.session_state.get(_OTHER) not in alike:
        st.session_state[_OTHER] = asked or next(iter(alike))
    other = st.selectbox(
        "Compare with",
        list(alike),
        format_func=alike.__getitem__,
        key=_OTHER,
        persist_state="session",
    )
    st.query_params["other"] = other
    second = open_evaluation(listed[other][0])
    if second is None:
        st.warning("That evaluation is not complete.", icon=":material/warning:")
        return
    unit = choose_unit(opened)
    every = [opened, *(open_evaluation(listed[name][0]) for name in alike)]
    compare_table([each for each in every if each is not None], unit)
    compare_pair(opened, second, unit)


def compare_pair(first: OpenEvaluation, second: OpenEvaluation, unit: Unit) -> None:
    """Differences of two evaluations of the same samples and labels, and who is right where."""
    _differences(first, second, unit)
    _pixels(first, second)


def compare_table(every: list[OpenEvaluation], unit: Unit) -> None:
    """All evaluations of these samples, the best first."""
    rows = []
    for each in every:
        made = each.intervals(unit)
        ends = (np.nan, np.nan) if made is None else (made.low["mean_iou"], made.high["mean_iou"])
        mean = each.scores.mean_iou
        rows.append(
            {
                "Evaluation": dated(each.record),
                "Mean IoU": with_interval(mean, *map(float, ends)),
                "Pixel accuracy": percent(each.scores.pixel_accuracy),
                "Note": each.record.note,
                "order": -1.0 if mean is None else mean,
            }
        )
    frame = pd.DataFrame(rows).sort_values("order", ascending=False).drop(columns="order")
    st.dataframe(frame, hide_index=True, key="evaluate.every", alt="Evaluations of these samples")


def _differences(first: OpenEvaluation, second: OpenEvaluation, unit: Unit) -> None:
    a, b = plain(first.record.model), plain(second.record.model)
    st.subheader(f"{a} less {b}", anchor=False)
    groups = first.groups(unit)
    if len(groups) < 2:
        st.info(first.interval_text(unit), icon=":material/info:")
        return
    made = bootstrap_scores(first.analysis.counts(groups), second.analysis.counts(groups))
    with st.container(horizontal=True, gap="medium"):
        for title, name in (("Mean IoU", "mean_iou"), ("Pixel accuracy", "pixel_accuracy")):
            st.metric(title, _signed(made, name), width="content")
    st.caption(f"{_verdict(made, a, b)} {first.interval_text(unit)}")
    rows = [[_signed(made, name, at) for name in _NAMES] for at in range(len(first.names))]
    columns = [*_NAMES.values()]
    class_table(first.record.classes, columns, rows, label="Differences by class, with intervals")


def _signed(made: ScoreIntervals, name: str, at: int | None = None) -> str:
    values = made.value[name], made.low[name], made.high[name]
    value, low, high = (float(v if at is None else v[at]) for v in values)
    if np.isnan(value):
        return MISSING
    return f"{value:+.3f}" + ("" if np.isnan(low) else f" ({low:+.3f} to {high:+.3f})")


def _verdict(made: ScoreIntervals, first: str, second: str) -> str:
    low, high = float(made.low["mean_iou"]), float(made.high["mean_iou"])
    chance = f"p = {made.p_value:.3f}, paired bootstrap"
    if low > 0:
        return f"{first} has the higher mean IoU ({chance})."
    if high < 0:
        return f"{second} has the higher mean IoU ({chance})."
    return f"No difference in mean IoU can be told from chance ({chance})."


def _pixels(first: OpenEvaluation, second: OpenEvaluation) -> None:
    st.subheader("Pixel by pixel", anchor=False)
    key = f"compare-{first.kept.id}-{second.kept.id}"
    watch_job(key)
    job = find_job(key)
    if job is None or job.state in ("failed", "stopped"):
        st.button(
            "Count who is right where",
            icon=":material/difference:",
            key="evaluate.pixels",
            help="Reads the truth and both predictions of every sample.",
            on_click=_count,
            args=(key, first.kept, second.kept),
        )
        return
    if job.state == "done":
        _comparison(first, second, job.result)


def _count(key: str, first: KeptEvaluation, second: KeptEvaluation) -> None:
    def work(progress: Callable[[int, int], None]) -> Comparison:
        plan = plan_again(first)
        compared = Comparison(len(plan.record.classes))
        total = len(plan.samples)
        for number in range(total):
            progress(number, total)
            scored = open_scored(first, plan, number)
            compared.add(scored.image.labels, scored.prediction, second.labels(number), number)
        return compared

    start_job(key, "Comparing pixel by pixel", "samples", work)


def _comparison(first: OpenEvaluation, second: OpenEvaluation, made: Comparison) -> None:
    models = first.record.model, second.record.model
    a, b = models if models[0] != models[1] else (f"{models[0]} (this)", f"{models[1]} (other)")
    wrong, alone, other, both = made.counts
    total = np.maximum(made.counts.sum(axis=0), 1)
    rows = [
        [
            *(f"{count(int(n[at]))} ({percent(n[at] / total[at])})" for n in (both, alone, other)),
            f"{count(int(wrong[at]))} ({percent(wrong[at] / total[at])})",
        ]
        for at in range(made.classes)
    ]
    columns = ["Both right", f"Only {a} right", f"Only {b} right", "Both wrong"]
    class_table(first.record.classes, columns, rows, label="Pixels by who is right")
    ways = {f"Only {a} right": FIRST_ALONE, f"Only {b} right": SECOND_ALONE}
    take_name("who", list(ways), "model that is right")
    who = st.segmented_control(
        "Regions where",
        list(ways),
        default=next(iter(ways)),
        required=True,
        key="who",
        bind="query-params",
    )
    regions = made.regions(ways[who])
    left, right = st.columns([3, 5])
    with left:
        region = region_list(first, regions)
    if region is None:
        st.info("There is no such pixel.", icon=":material/info:")
        return
    with right:
        _region(first, second, region, (a, b))


def _region(
    first: OpenEvaluation, second: OpenEvaluation, region: Region, names: tuple[str, str]
) -> None:
    scored = viewed_sample(first, region.sample)
    if scored is None:
        return
    other = second.kept.labels(region.sample)
    truth = scored.image.labels
    if other.shape != truth.shape:
        raise DatasetError(
            "the two predictions of this sample differ in size", remedy="evaluate both anew"
        )
    maps = [scored.prediction, other]
    right, wrong = maps if region.prediction == FIRST_ALONE else maps[::-1]
    here = (truth == region.truth) & (right == truth) & (wrong != truth)
    box = region.x, region.y, region.width, region.height
    height, width = truth.shape
    part = Part(*margin_box(box, height, width), outline(here, box))
    shown = {"first": (names[0], scored.prediction), "second": (names[1], other)}
    show_part(scored, part, shown, first.record.classes, "evaluate-compare")
    sample = plain(first.record.samples[region.sample].id)
    st.caption(
        f"{sample}: {count(region.area)} pixels of {plain(first.names[region.truth])}, from column "
        f"{region.x:,}, row {region.y:,}; outlined."
    )
