"""Regions of labels that a model is sure are wrong.

After confident learning as it is done for segmentation (Lad and Mueller 2023, "Estimating label
quality and errors in semantic segmentation data via any model", arXiv 2307.05080; Northcutt et al.
2021, arXiv 1911.00068): a class has the mean of its probability over the pixels that are labelled
so as its threshold, and a label is suspect where the likeliest class is another one and reaches
that one's threshold. Where only a less likely class reaches its own, the paper suspects the label
too; that is not sure enough here.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from core.classes import VOID
from core.datasets.batches.labelled_image import LabelledImage
from core.datasets.void.regions import run_lengths
from core.evaluation.evaluate import evaluate_images
from core.evaluation.kept.pictures import check_sample
from core.evaluation.kept.plan import EvaluationPlan
from core.evaluation.kept.truth import scored_image
from core.evaluation.label_quality import near_border
from core.evaluation.regions import by_kind
from core.evaluation.suspects.record import MOST_SUSPECTS, Suspect, SuspectList
from core.evaluation.trained_on import seen_in_training
from core.inference.predictor import Predictor

__all__ = ["BORDER", "LEAST_AREA", "SuspectSearch", "search_suspects"]

BORDER = 2.0
"""Pixels from a border of classes: a region that has no pixel farther away is a border drawn
inexactly, and left out."""

LEAST_AREA = 16
"""Pixels of a region at least."""

_TEMPERATURE = 0.1  # of the softmin, as in the paper


def search_suspects(
    plan: EvaluationPlan,
    predictor: Predictor,
    progress: Callable[[int, int], None] | None = None,
) -> SuspectList:
    """Predict the samples of an evaluation again, and list the labels that the model doubts.

    Args:
        plan: `plan_again` of the evaluation.
        predictor: predictor of its model, with the averaging of its options.
        progress: called with the number of samples done and of all; what it raises ends it.

    Raises:
        DatasetError: a sample has gone or has changed since.
        ImageError: a file cannot be read.
    """
    record, total = plan.record, len(plan.samples)
    with TemporaryDirectory(prefix="deepspaceimaging-") as folder:
        search = SuspectSearch(len(record.classes), Path(folder))
        for number, sample in enumerate(plan.samples):
            if progress:
                progress(number, total)
            check_sample(record, number, sample)
            image = scored_image(plan.dataset, sample, plan.lookup, record.options.misfits)
            evaluate_images(predictor, [image], search.on_image, search.on_strip)
        made = search.result()
    training = plan.card.training
    recipe = training.config.get("recipe") or {} if record.split != "all" else {}
    ids, digests = [s.id for s in record.samples], [s.image for s in record.samples]
    seen = set(seen_in_training(ids, digests, recipe, training, record.dataset))
    numbers = tuple(number for number, each in enumerate(ids) if each in seen)
    return made.model_copy(update={"seen": numbers})


class SuspectSearch:
    """What is kept of samples until the thresholds are known: the pixels that are predicted
    otherwise than they are labelled, in a file a sample.

    Args:
        classes: number of classes K.
        folder: empty folder for them.
    """

    def __init__(self, classes: int, folder: Path) -> None:
        self.classes, self.folder = classes, folder
        self._sums = np.zeros(classes)
        self._labelled = np.zeros(classes, np.int64)
        self._quality: list[float | None] = []
        self._strips: list[tuple[np.ndarray, np.ndarray]] = []
        self._softmin = np.zeros(2)

    def on_strip(self, truth: np.ndarray, probabilities: np.ndarray) -> None:
        """A `StripCallback`."""
        counted = truth < self.classes
        given = truth[counted]
        own = probabilities[counted, given].astype(np.float64)
        self._sums += np.bincount(given, own, self.classes)
        self._labelled += np.bincount(given, minlength=self.classes)
        weights = np.exp((1 - own) / _TEMPERATURE)
        self._softmin += (weights @ own, weights.sum())
        label_probability = np.zeros(truth.shape, np.float32)
        label_probability[counted] = own
        self._strips.append((probabilities.max(axis=-1), label_probability))

    def on_image(self, image: LabelledImage, labels: np.ndarray, matrix: np.ndarray) -> None:
        """An `ImageCallback`."""
        confidence, own = (np.concatenate(parts) for parts in zip(*self._strips, strict=True))
        wrong = (image.labels < self.classes) & (labels != VOID) & (labels != image.labels)
        places = np.flatnonzero(wrong)
        path = self.folder / f"{len(self._quality)}.npz"
        np.savez(
            path,
            shape=np.array(labels.shape),
            places=places,
            label=image.labels.ravel()[places],
            suggestion=labels.ravel()[places],
            confidence=confidence.ravel()[places],
            own=own.ravel()[places],
            inner=~near_border(image.labels, BORDER).ravel()[places],
        )
        product, total = self._softmin
        self._quality.append(float(product / total) if total else None)
        self._strips, self._softmin = [], np.zeros(2)

    def result(self) -> SuspectList:
        """The suspects of all samples so far, without `seen`."""
        k = self.classes
        with np.errstate(invalid="ignore", divide="ignore"):
            thresholds = self._sums / self._labelled
        pixels = np.zeros((k, k), np.int64)
        heap: list[tuple[float, int, Suspect]] = []
        count = 0
        for number in range(len(self._quality)):
            for suspect in self._suspects(number, thresholds, pixels):
                count += 1
                heapq.heappush(heap, (suspect.weight, -count, suspect))
                if len(heap) > MOST_SUSPECTS:
                    heapq.heappop(heap)
        labelled = self._labelled.tolist()
        return SuspectList(
            made=time.time(),
            border=BORDER,
            least_area=LEAST_AREA,
            thresholds=tuple(
                float(t) if n else None for t, n in zip(thresholds, labelled, strict=True)
            ),
            labelled=tuple(labelled),
            pixels=tuple(map(tuple, pixels.tolist())),
            quality=tuple(self._quality),
            suspects=tuple(suspect for *_, suspect in sorted(heap, reverse=True)),
            dropped=count - len(heap),
        )

    def _suspects(
        self, number: int, thresholds: np.ndarray, pixels: np.ndarray
    ) -> Iterator[Suspect]:
        """The regions of a sample; its suspect pixels are added to `pixels` (K, K)."""
        with np.load(self.folder / f"{number}.npz") as kept:
            sure = kept["confidence"] >= thresholds[kept["suggestion"]]
            places, label = kept["places"][sure], kept["label"][sure].astype(np.int32)
            suggestion = kept["suggestion"][sure]
            values = np.stack([kept[n][sure] for n in ("confidence", "own", "inner")])
            shape = tuple(kept["shape"].tolist())
        kinds = label * self.classes + suggestion
        pixels += np.bincount(kinds, minlength=pixels.size).reshape(pixels.shape)
        cells = np.full(shape, -1, np.int32)
        cells.ravel()[places] = kinds
        maps = np.zeros((3, *shape), np.float32)
        maps.reshape(3, -1)[:, places] = values
        for kind, left, top, own in by_kind(cells):
            count, parts, boxes, _ = cv2.connectedComponentsWithStats(own, connectivity=8)
            for part in range(1, count):
                x, y, width, height, area = boxes[part].tolist()
                if area < LEAST_AREA:
                    continue
                here = parts[y : y + height, x : x + width] == part
                box = (slice(top + y, top + y + height), slice(left + x, left + x + width))
                confidence, doubted, inner = (m[box][here].astype(np.float64) for m in maps)
                if not inner.any():
                    continue
                truth, predicted = divmod(kind, self.classes)
                yield Suspect(
                    sample=number,
                    x=left + x,
                    y=top + y,
                    width=width,
                    height=height,
                    area=area,
                    label=truth,
                    suggestion=predicted,
                    confidence=min(1.0, float(confidence.mean())),
                    doubted=min(1.0, float(doubted.mean())),
                    counts=run_lengths(here),
                )
