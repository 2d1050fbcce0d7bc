"""The best and worst samples of an evaluation as small pictures within a page."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from html import escape

import cv2
import numpy as np

from core.classes import VOID
from core.errors import DSIError
from core.evaluation.kept.pictures import open_scored
from core.evaluation.kept.plan import EvaluationPlan, plan_again
from core.evaluation.kept.results import OpenEvaluation
from core.formats import score
from core.imagery.display import bands_of, to_rgb
from core.imagery.resample import resample_labels
from core.imagery.shrink import display_size, downsample_image

__all__ = ["extreme_samples", "sample_pictures"]

_SIDE = 240  # pixels
_OPACITY = 0.6
_QUALITY = 85
# As in the viewer's difference: a light blue and an orange, which everybody tells apart.
_RIGHT, _WRONG = (150, 205, 255, 130), (255, 140, 0, 240)


def extreme_samples(opened: OpenEvaluation, most: int) -> tuple[list[int], list[int]]:
    """The numbers of the samples with the lowest mean IoU, and with the highest.

    Args:
        opened: the evaluation.
        most: of each; none is among both.
    """
    means = [
        (result.mean_iou, number)
        for number, result in enumerate(opened.sample_scores)
        if result.mean_iou is not None
    ]
    means.sort()
    half = min(most, (len(means) + 1) // 2)
    worst, rest = means[:half], means[half:]
    return [n for _, n in worst], [n for _, n in rest[::-1][:most]]


def sample_pictures(
    opened: OpenEvaluation, numbers: Sequence[int], plan: EvaluationPlan | None = None
) -> str:
    """A row of pictures a sample: image, truth, prediction and errors.

    Where a sample cannot be read any more, its row says why.

    Args:
        opened: the evaluation.
        numbers: of the samples.
        plan: of the evaluation, where it is there already.
    """
    try:
        plan = plan or plan_again(opened.kept)
    except DSIError as error:
        return f"<p>The pictures cannot be shown: {escape(error.sentences)}</p>"
    return "".join(_row(opened, plan, number) for number in numbers)


def _row(opened: OpenEvaluation, plan: EvaluationPlan, number: int) -> str:
    name = escape(opened.record.samples[number].id)
    result = opened.sample_scores[number]
    title = f"{name}: mean IoU {score(result.mean_iou)}, accuracy {score(result.pixel_accuracy)}"
    try:
        cells = "".join(
            f'<figure><img src="{source}" alt="{what} of {name}"><figcaption>{what}</figcaption>'
            "</figure>"
            for what, source in _pictures(opened, plan, number)
        )
    except DSIError as error:
        cells = f"<p>It cannot be shown: {escape(error.sentences)}</p>"
    return f'<h3>{title}</h3><div class="row">{cells}</div>'


def _pictures(
    opened: OpenEvaluation, plan: EvaluationPlan, number: int
) -> Iterator[tuple[str, str]]:
    scored = open_scored(opened.kept, plan, number)
    image, classes = scored.image, opened.record.classes
    height, width = scored.prediction.shape
    size = display_size(height, width, _SIDE)
    rgb = to_rgb(image.pixels, image.valid, bands=bands_of(image.pixels, image.named_bands))
    small = downsample_image(rgb, *size)
    truth, prediction = (resample_labels(m, *size) for m in (image.labels, scored.prediction))
    yield "Image", _jpeg(small)
    yield "Ground truth", _jpeg(classes.overlay(small, truth, _OPACITY))
    yield "Prediction", _jpeg(classes.overlay(small, prediction, _OPACITY))
    errors = _error_map(truth, prediction)
    weight = errors[..., 3:] / 255
    shown = np.rint(small * (1 - weight) + errors[..., :3] * weight).astype(np.uint8)
    yield "Errors", _jpeg(shown)


def _error_map(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """Where a prediction is right and wrong, (H, W, 4) uint8 RGBA.

    Pixels void on either side are transparent.
    """
    counted = (truth != VOID) & (prediction != VOID)
    picture = np.zeros((*truth.shape, 4), np.uint8)
    picture[counted] = _RIGHT
    picture[counted & (truth != prediction)] = _WRONG
    return picture


def _jpeg(rgb: np.ndarray) -> str:
    settings = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    data = cv2.imencode(".jpg", rgb[..., ::-1], settings)[1].tobytes()
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"
