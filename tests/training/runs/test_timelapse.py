"""The time-lapse on disk: what is pinned, kept, replaced and dropped."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from core.classes import DUBAI_CLASSES
from core.datasets.batches.labelled_image import LabelledImage
from core.errors import RunError
from core.evaluation.confusion import confusion
from core.evaluation.evaluate import evaluate_images
from core.imagery.normalise import Normalisation
from core.inference.predictor import Predictor
from core.models.model_input import ModelInput
from core.models.store import load_model
from core.training.config import TrainConfig
from core.training.runs.run import Run, create_run
from core.training.runs.timelapse import FRAMES, SIDE, TimelapseWriter, frame_name, read_timelapse

IDS = [f"Tile {i}" for i in range(10)]


@pytest.fixture
def run() -> Run:
    return create_run("lapse", TrainConfig())


def sample(id: str, shape: tuple[int, int] = (40, 60), seed: int = 0) -> LabelledImage:
    rng = np.random.default_rng(seed)
    labels = rng.choice(np.array([0, 1, 2, 3, 4, 255], np.uint8), shape)
    pixels = rng.integers(0, 256, (*shape, 3), np.uint8)
    return LabelledImage(id, pixels, labels, np.ones(shape, bool))


def labels(shape: tuple[int, int] = (40, 60), seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 5, shape, np.uint8)


def written(run: Run, count: int = 3) -> TimelapseWriter:
    return TimelapseWriter(run, IDS, DUBAI_CLASSES, count)


def keep(writer: TimelapseWriter, epoch: int, image: LabelledImage, predicted: np.ndarray) -> None:
    writer.of(epoch)(image, predicted, confusion(image.labels, predicted, 5))


def read(path: Path) -> np.ndarray:
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)


def test_pictures_are_exactly_the_labels(run: Run) -> None:
    image, predicted = sample("Tile 1"), labels()
    predicted[:5] = 255
    keep(written(run), 1, image, predicted)
    lapse = read_timelapse(run)
    ((folder, pinned),) = lapse.samples
    np.testing.assert_array_equal(read(folder / frame_name(1)), predicted)
    np.testing.assert_array_equal(read(folder / "truth.png"), image.labels)
    np.testing.assert_array_equal(read(folder / "image.png")[..., ::-1], image.pixels)
    assert (pinned.width, pinned.height) == (60, 40)
    # By hand: the mean over the classes of hits / union, where neither is void.
    seen = (image.labels != 255) & (predicted != 255)
    t, p = image.labels[seen], predicted[seen]
    by_hand = np.mean([((t == k) & (p == k)).sum() / ((t == k) | (p == k)).sum() for k in range(5)])
    assert pinned.frames[0].mean_iou == pytest.approx(by_hand)


def test_large_samples_are_shrunk_without_new_labels(run: Run) -> None:
    shape = (700, 1400)
    keep(written(run), 1, sample("Tile 1", shape), np.where(labels(shape) < 2, 0, 4).astype("u1"))
    ((folder, pinned),) = read_timelapse(run).samples
    shown = read(folder / frame_name(1))
    assert shown.shape == read(folder / "image.png").shape[:2] == (SIDE // 2, SIDE)
    assert set(np.unique(shown)) == {0, 4}
    assert (pinned.width, pinned.height) == (1400, 700)


def test_pinned_samples_are_spread_and_stay_after_a_resume(run: Run) -> None:
    first = written(run)
    assert list(first.places) == ["Tile 1", "Tile 5", "Tile 8"]
    # Another process, and the validation side is another one by now.
    resumed = TimelapseWriter(run, [*IDS[5:], "Tile 99"], DUBAI_CLASSES, 3)
    assert resumed.places == first.places
    keep(resumed, 1, sample("Tile 99"), labels())
    assert read_timelapse(run).samples == ()
    few = TimelapseWriter(create_run("few", TrainConfig()), IDS[:2], DUBAI_CLASSES, 5)
    assert list(few.places) == IDS[:2]


def test_an_epoch_trained_again_replaces_and_later_ones_go(run: Run) -> None:
    image = sample("Tile 5")
    for epoch in (1, 2, 3):
        keep(written(run), epoch, image, labels(seed=epoch))
    again = labels(seed=9)
    keep(written(run), 2, image, again)
    ((folder, pinned),) = read_timelapse(run).samples
    assert [frame.epoch for frame in pinned.frames] == [1, 2]
    np.testing.assert_array_equal(read(folder / frame_name(2)), again)
    assert len({frame.digest for frame in pinned.frames}) == 2
    assert sorted(p.name for p in folder.glob("epoch-*")) == [frame_name(1), frame_name(2)]


def test_a_long_training_keeps_a_bounded_number(run: Run) -> None:
    writer, image, predicted = written(run, 1), sample("Tile 5", (4, 4)), labels((4, 4))
    last = FRAMES * 2 + 7
    for epoch in range(1, last + 1):
        keep(writer, epoch, image, predicted)
    ((folder, pinned),) = read_timelapse(run).samples
    epochs = [frame.epoch for frame in pinned.frames]
    assert len(epochs) <= FRAMES + 1
    assert (epochs[0], epochs[-1]) == (1, last)
    assert set(np.diff(epochs[:-1])) == {4}  # evenly
    assert len(list(folder.glob("epoch-*"))) == len(epochs)


def test_without_any_there_is_none(run: Run) -> None:
    written(run, 0).of(1)(sample("Tile 1"), labels(), np.zeros((5, 5), np.int64))
    assert read_timelapse(run) is None
    assert not (run.folder / "timelapse").exists()


def test_damaged_files_are_our_error(run: Run) -> None:
    keep(written(run), 1, sample("Tile 1"), labels())
    (run.folder / "timelapse/00/sample.json").write_text("{")
    with pytest.raises(RunError, match="time-lapse cannot be read"):
        read_timelapse(run)


def test_a_void_mask_has_no_score(run: Run) -> None:
    image = sample("Tile 1")
    image.labels[:] = 255
    keep(written(run), 1, image, labels())
    assert read_timelapse(run).samples[0][1].frames[0].mean_iou is None


def test_it_is_fed_by_the_validation_itself(run: Run, space: Path, tiny_model: str) -> None:
    model, card = load_model(space / "models" / tiny_model)
    predictor = Predictor(model, ModelInput.of_spec(card.spec, Normalisation()))
    image = sample("Tile 5", (64, 48))
    evaluate_images(predictor, [image], written(run).of(4))
    ((folder, pinned),) = read_timelapse(run).samples
    assert pinned.frames[0].epoch == 4
    expected = predictor.predict(image.pixels, image.valid)
    np.testing.assert_array_equal(read(folder / frame_name(4)), expected)
