"""A batch as a table: a row an image with its scores and areas, the worst first, and all together.

Of two classes everything is counted by the probability of class 1 too, so that another threshold
needs neither the images nor their maps.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from core.evaluation.batch.record import BatchRecord, ImageResult
from core.evaluation.confusion import Scores, scores
from core.inference.certainty import HALF

__all__ = ["BatchRow", "BatchTotals", "at_threshold", "batch_rows", "table_csv", "totals"]


@dataclass(frozen=True)
class BatchRow:
    """An image of the table.

    Attributes:
        number: of the image in the record.
        name: what it is called.
        result: what became of it, at the threshold; None where it waits.
        scores: of it alone; None where there is no truth.
    """

    number: int
    name: str
    result: ImageResult | None
    scores: Scores | None

    @property
    def state(self) -> str:
        """In a word or two."""
        if self.result is None:
            return "waits"
        return "failed" if self.result.failed else "done"

    @property
    def rank(self) -> tuple[int, float, int]:
        """By which rows are in order, the worst first: by mean IoU, without truth by confidence."""
        if self.scores is not None and self.scores.mean_iou is not None:
            return 0, self.scores.mean_iou, self.number
        if self.result is not None and not self.result.failed:
            sure = self.result.confidence
            return 1, 2.0 if sure is None else sure, self.number
        return (2 if self.result else 3), 0.0, self.number


@dataclass(frozen=True)
class BatchTotals:
    """All images together.

    Attributes:
        done, failed, waiting: images.
        scored: images with truth.
        scores: pooled over the pixels of these; None where there are none.
        counts: pixels of each class, and last those without data.
        areas: m² of each class over the images that lie somewhere; empty where none does.
        located: images that lie somewhere.
    """

    done: int
    failed: int
    waiting: int
    scored: int
    scores: Scores | None
    counts: tuple[int, ...]
    areas: tuple[float, ...]
    located: int


def at_threshold(result: ImageResult, threshold: float) -> ImageResult:
    """A result whose class 1 begins at another probability.

    Args:
        result: of two classes; others are given back as they are.
        threshold: as of `core.inference.certainty.labels_at`, whose labels are counted.
    """
    if threshold == HALF or not result.likelihood:
        return result
    codes = np.arange(256)
    chosen = (codes.astype(np.float32) - 1) / 254 >= np.float32(threshold)
    seen = codes > 0
    table = np.array(result.likelihood)
    by_label = [table[:, seen & (chosen == one)].sum(axis=1) for one in (False, True)]
    counts = (int(by_label[0].sum()), int(by_label[1].sum()), int(table[:, 0].sum()))
    update: dict[str, object] = {"counts": counts}
    if result.matrix:
        update["matrix"] = tuple(tuple(int(column[true]) for column in by_label) for true in (0, 1))
    if result.likelihood_areas:
        areas = np.array(result.likelihood_areas)
        update["areas"] = tuple(float(areas[seen & (chosen == one)].sum()) for one in (False, True))
    return result.model_copy(update=update)


def batch_rows(
    record: BatchRecord, results: dict[int, ImageResult], threshold: float = HALF
) -> list[BatchRow]:
    """The rows of all images, the worst first.

    Args:
        record: of the batch.
        results: by number of the image.
        threshold: of class 1, where there are two.
    """
    rows = []
    for number, image in enumerate(record.images):
        result = results.get(number)
        if result is not None:
            result = at_threshold(result, threshold)
        matrix = np.array(result.matrix) if result and result.matrix else None
        rows.append(
            BatchRow(number, image.name, result, None if matrix is None else scores(matrix))
        )
    return sorted(rows, key=lambda row: row.rank)


def totals(rows: Sequence[BatchRow], classes: int) -> BatchTotals:
    """All rows together.

    Args:
        rows: of `batch_rows`.
        classes: number of classes.
    """
    done = [row.result for row in rows if row.result is not None and not row.result.failed]
    matrices = [np.array(result.matrix) for result in done if result.matrix]
    located = [result.areas for result in done if result.areas]
    return BatchTotals(
        done=len(done),
        failed=sum(row.state == "failed" for row in rows),
        waiting=sum(row.result is None for row in rows),
        scored=len(matrices),
        scores=scores(np.sum(matrices, axis=0)) if matrices else None,
        counts=tuple(int(n) for n in _sums([r.counts for r in done], classes + 1)),
        areas=tuple(float(a) for a in _sums(located, classes)) if located else (),
        located=len(located),
    )


def _sums(rows: Sequence[Sequence[float]], length: int) -> np.ndarray:
    return np.sum(rows, axis=0) if rows else np.zeros(length, int)


def table_csv(record: BatchRecord, rows: Iterable[BatchRow]) -> str:
    """The table as CSV, with a line of headings; numbers in full, areas in m².

    A text that a spreadsheet would take for a formula begins with an apostrophe.

    Args:
        record: of the batch.
        rows: of `batch_rows`.
    """
    names = record.classes.names
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    headings = ["image", "state", "width", "height", "seconds", "mean_iou", "pixel_accuracy"]
    headings += [f"iou {name}" for name in names] + [f"pixels {name}" for name in names]
    headings += ["pixels without data", *(f"area_m2 {name}" for name in names)]
    out.writerow([_cell(h) for h in (*headings, "mean_confidence", "note")])
    nothing = [""] * len(names)
    for row in rows:
        result, reached = row.result, row.scores
        if result is None or result.failed:
            blanks = len(headings) - 1
            out.writerow(
                [_cell(row.name), row.state, *[""] * blanks, _cell(result.error if result else "")]
            )
            continue
        line = [row.name, row.state, result.width, result.height, round(result.seconds, 3)]
        line += [reached.mean_iou, reached.pixel_accuracy] if reached else ["", ""]
        line += [c.iou for c in reached.classes] if reached else nothing
        line += [*result.counts, *(result.areas or nothing), result.confidence, result.note]
        out.writerow([_cell(value) for value in line])
    return text.getvalue()


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, str) and value[:1] in tuple("=+-@\t\r"):
        return f"'{value}"
    return value
