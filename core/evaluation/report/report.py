"""A report of an evaluation in one HTML file: no script, no network, all figures within it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path

import numpy as np

from core.evaluation.calibration import Reliability
from core.evaluation.confusion import scores
from core.evaluation.kept.plan import EvaluationPlan
from core.evaluation.kept.results import OpenEvaluation, Unit, ends_of, with_interval
from core.evaluation.report.figures import Line, line_chart
from core.evaluation.report.pictures import extreme_samples, sample_pictures
from core.evaluation.spacenet.objects import BuildingScores, read_building_scores
from core.evaluation.suspects.record import SuspectList, read_suspects
from core.evaluation.suspects.review import read_review, states
from core.formats import MISSING, count, counted, duration, percent, score

__all__ = ["Curves", "evaluation_report"]

Curves = Sequence[tuple[str, Sequence[Line]]]
"""Charts of the training by epoch: a title and its lines."""

_MOST_SAMPLES = 4  # best, and as many worst
_STYLE = Path(__file__).with_name("report.css")


def evaluation_report(
    opened: OpenEvaluation,
    curves: Curves = (),
    *,
    plan: EvaluationPlan | None = None,
    unit: Unit | None = None,
) -> str:
    """Scores with intervals, by class and scene, matrix, calibration, samples, and the model card.

    Args:
        opened: the evaluation.
        curves: charts of the model's training, where it is known.
        plan: of the evaluation, where it is there already; else its dataset is looked for.
        unit: what intervals are over; by default scenes, where there are enough of them.
    """
    record = opened.record
    unit = unit or opened.usual_unit
    worst, best = extreme_samples(opened, _MOST_SAMPLES)
    sections = [
        ("Scores", _scores(opened, unit)),
        ("By scene", _by_scene(opened)),
        ("Confusion matrix", _matrix(opened)),
        ("Calibration", _calibration(opened)),
        ("Worst samples", sample_pictures(opened, worst, plan)),
        ("Best samples", sample_pictures(opened, best, plan)),
    ]
    if suspects := read_suspects(opened.kept):
        sections.append(("Suspect labels", _suspects(opened, suspects)))
    if buildings := read_building_scores(opened.kept):
        sections.append(("Buildings as objects", _buildings(opened, buildings)))
    if curves:
        sections.append(("Training", _curves(curves)))
    sections.append(("Model card", _card(opened)))
    body = "".join(f"<section><h2>{title}</h2>{html}</section>" for title, html in sections)
    title = escape(record.title)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        # Whatever a name in it holds: nothing is fetched, and nothing runs.
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "img-src data:; style-src 'unsafe-inline'\">"
        f"<title>{title} – DeepSpaceImaging</title><style>{_STYLE.read_text()}</style></head>"
        f"<body><main><h1>{title}</h1>{_facts(opened)}{body}</main></body></html>\n"
    )


def _facts(opened: OpenEvaluation) -> str:
    record = opened.record
    made = datetime.fromtimestamp(record.made, UTC)
    averaging = str(record.options.averaging)
    facts = {
        "Evaluated": f"{made:%d %b %Y %H:%M} UTC, in {duration(record.seconds)}",
        "Model": f"{record.model}, weights SHA-256 {record.sha256[:16]}…",
        "Samples": f"{counted(len(record.samples), 'sample')} of "
        f"{counted(len(record.groups()), 'scene')}, {count(int(opened.matrix.sum()))} labelled "
        "pixels",
        "Averaged over": averaging or "nothing: one prediction of each image",
        "Left out": ", ".join(record.left_out),
        "Note": record.note,
    }
    rows = "".join(
        f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in facts.items() if text
    )
    remarks = "".join(f"<li>{escape(remark)}</li>" for remark in record.remarks)
    return f"<dl>{rows}</dl>" + (f'<ul class="remarks">{remarks}</ul>' if remarks else "")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of cells that are HTML already; the first of a row is its heading."""
    cells = "".join(f'<th scope="col">{escape(text)}</th>' for text in head)
    body = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>'
        for first, *rest in rows
    )
    return (
        f'<div class="scroll" tabindex="0"><table><thead><tr>{cells}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _class_cells(opened: OpenEvaluation) -> list[str]:
    return [
        f'<span class="swatch" style="background:{c.color}"></span>{escape(c.name)}'
        for c in opened.record.classes.classes
    ]


def _scores(opened: OpenEvaluation, unit: Unit) -> str:
    made, edges = opened.intervals(unit), opened.edge_intervals(unit)
    result = opened.scores
    error = opened.analysis.calibration.reliability().error
    headline = [
        ("Mean IoU", with_interval(result.mean_iou, *ends_of(made, "mean_iou"))),
        (
            "Pixel accuracy",
            with_interval(result.pixel_accuracy, *ends_of(made, "pixel_accuracy")),
        ),
        ("Mean boundary IoU", with_interval(opened.mean_edge_iou, *ends_of(edges, "mean_iou"))),
        ("Calibration error", percent(error)),
    ]
    figures = "".join(f"<div><span>{name}</span><b>{value}</b></div>" for name, value in headline)
    near, away = scores(opened.analysis.near), scores(opened.matrix - opened.analysis.near)
    rows = [
        [
            name,
            *(
                with_interval(getattr(own, key), *ends_of(made, key, at))
                for key in ("iou", "f1", "precision", "recall")
            ),
            with_interval(opened.edge_ious[at], *ends_of(edges, "iou", at)),
            score(near.classes[at].iou),
            score(away.classes[at].iou),
            count(own.support),
        ]
        for at, (name, own) in enumerate(zip(_class_cells(opened), result.classes, strict=True))
    ]
    columns = ["Class", "IoU", "F1", "Precision", "Recall", "Boundary IoU"]
    columns += ["IoU near edges", "IoU elsewhere", "True pixels"]
    return (
        f'<div class="numbers">{figures}</div><p>{escape(opened.interval_text(unit))}</p>'
        f"{_table(columns, rows)}<p>Boundary IoU (Cheng et al. 2021) and the scores near edges are "
        f"of pixels within {opened.analysis.distance:g} pixels of an edge.</p>"
    )


def _by_scene(opened: OpenEvaluation) -> str:
    rows = []
    for scene, numbers in opened.record.groups().items():
        matrix = opened.analysis.matrix(numbers)
        result = scores(matrix)
        ious = [score(c.iou) for c in result.classes]
        order = 2.0 if result.mean_iou is None else result.mean_iou
        figures = [count(int(matrix.sum())), score(result.mean_iou), score(result.pixel_accuracy)]
        rows.append((order, [escape(scene), str(len(numbers)), *figures, *ious]))
    rows.sort(key=lambda row: row[0])
    columns = ["Scene", "Samples", "Labelled pixels", "Mean IoU", "Pixel accuracy"]
    columns += [f"IoU {name}" for name in opened.names]
    return _table(columns, [row for _, row in rows])


def _matrix(opened: OpenEvaluation) -> str:
    matrix = opened.matrix
    rows = []
    for truth, name in enumerate(_class_cells(opened)):
        total = int(matrix[truth].sum())
        cells = []
        for predicted, pixels in enumerate(matrix[truth].tolist()):
            share = pixels / total if total else 0.0
            color = "28,126,214" if truth == predicted else "217,130,43"
            cells.append(
                f'<span class="cell" style="background:rgba({color},{0.7 * share:.3f})">'
                f"{percent(share) if total else MISSING}<small>{count(pixels)}</small></span>"
            )
        rows.append([name, *cells])
    return (
        _table(["True ↓, predicted →", *opened.names], rows)
        + "<p>Shares of the true class, and below them pixels.</p>"
    )


def _calibration(opened: OpenEvaluation) -> str:
    calibration = opened.analysis.calibration
    overall = calibration.reliability()
    ideal = Line("as it should be", [(0, 0), (1, 1)])
    charts = line_chart(
        "Reliability of the class that is predicted",
        [Line("as it is", list(_points(overall)), dots=True), ideal],
        "What the model says",
        "How often it is so",
    )
    left = calibration.coverage()
    if left:
        mean = [(c.threshold, c.scores.mean_iou) for c in left]
        lines = [
            Line("pixels mapped", [(c.threshold, c.share) for c in left]),
            Line("mean IoU of these", [(x, y) for x, y in mean if y is not None]),
        ]
        charts += line_chart("Score and coverage", lines, "Least confidence", "Share, score")
    rows = [
        [name, percent(each.error, 2)]
        for name, each in zip(_class_cells(opened), calibration.class_reliability(), strict=True)
    ]
    return (
        f'<div class="row">{charts}</div><p>Expected calibration error over all labelled pixels: '
        f"{percent(overall.error, 2)} (Guo et al. 2017, {len(overall.pixels)} bins).</p>"
        f"{_table(['Class', 'Expected calibration error'], rows)}"
    )


def _points(curve: Reliability) -> Iterator[tuple[float, float]]:
    for x, y, pixels in zip(curve.probability, curve.frequency, curve.pixels, strict=True):
        if pixels:
            yield float(x), float(y)


def _suspects(opened: OpenEvaluation, listed: SuspectList) -> str:
    """What the model doubts, and what was decided about it."""
    decided = Counter(states(listed, read_review(opened.kept, listed)))
    seen, total = len(listed.seen), len(opened.record.samples)
    text = (
        f"{percent(listed.share, 2)} of the labelled pixels are suspect: the model is surely of "
        "another class (confident learning: Northcutt et al. 2021, Lad and Mueller 2023). They are "
        f"{counted(len(listed.suspects) + listed.dropped, 'region')}. Accepted as void: "
        f"{count(decided['void'])}; left out with their samples: {count(decided['excluded'])}; "
        f"label judged right: {count(decided['dismissed'])}. "
    )
    if seen:
        text += f"The model was trained on {count(seen)} of the {count(total)} samples."
    else:
        text += "The model was trained on none of these samples."
    rows = [
        [
            name,
            score(threshold),
            count(labelled),
            percent(sum(pixels) / labelled, 2) if labelled else MISSING,
        ]
        for name, threshold, labelled, pixels in zip(
            _class_cells(opened), listed.thresholds, listed.labelled, listed.pixels, strict=True
        )
    ]
    columns = ["Class", "Threshold", "Labelled pixels", "Suspect"]
    return f"<p>{text}</p>{_table(columns, rows)}"


def _buildings(opened: OpenEvaluation, made: BuildingScores) -> str:
    """The SpaceNet score."""
    total, settings = made.total, made.settings
    figures = [("F1", total.f1), ("Precision", total.precision), ("Recall", total.recall)]
    numbers = "".join(f"<div><span>{n}</span><b>{score(value)}</b></div>" for n, value in figures)
    truth = "outlines of footprints" if made.footprints else "connected pixels of the masks"
    return (
        f'<div class="numbers">{numbers}</div><p>{total.text} of '
        f"{escape(opened.names[settings.label])}, as the SpaceNet challenges count: an IoU above "
        f"{settings.min_iou:g}, at least {settings.min_area:g} pixels; the truth is {truth}.</p>"
    )


def _curves(curves: Curves) -> str:
    charts = ""
    for title, lines in curves:
        points = np.array([point for line in lines for point in line.points])
        if len(points):
            (right, top) = points.max(axis=0).tolist()
            charts += line_chart(title, lines, "Epoch", "", ((0, max(1, right)), (0, top or 1)))
    return f'<div class="row">{charts}</div>'


def _card(opened: OpenEvaluation) -> str:
    card = opened.kept.card()
    training = card.training
    facts = {
        "Network": f"{card.spec.architecture}, {count(card.parameters)} parameters",
        "Trained on": training.dataset,
        "Epoch of the weights": str(training.epoch) if training.epoch else "",
        "Notes": training.notes,
    }
    rows = "".join(
        f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in facts.items() if text
    )
    text = json.dumps(card.model_dump(mode="json"), indent=1, ensure_ascii=False)
    return (
        f"<dl>{rows}</dl><details><summary>All of it</summary><pre>{escape(text)}</pre></details>"
    )
