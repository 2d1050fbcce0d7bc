"""Single parts of the audit: likeness without false alarms, statistics, and the text."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from core.classes import VOID
from core.datasets.audit.audit import audit
from core.datasets.audit.image_statistics import FRAME, count_labels, image_statistics
from core.datasets.audit.problems import Problem
from core.datasets.audit.report import format_problems
from core.datasets.audit.statistics import StatisticsBuilder
from core.datasets.catalogue import open_dataset
from tests.planted import name, texture, write


def likes(root: Path, pictures: list[np.ndarray]) -> list[tuple[str, str, str]]:
    for index, picture in enumerate(pictures):
        write(root / f"images/{name(index)}.png", picture)
    problems = audit(open_dataset(root)).problems
    return [(p.kind, p.sample, p.other) for p in problems if "duplicate" in p.kind]


def test_water_fog_and_plain_fields_are_no_duplicates(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    water = [
        np.clip(np.array((30, 60, 90)) + rng.normal(0, 2, (80, 80, 3)), 0, 255).astype(np.uint8)
        for _ in range(6)
    ]
    slope = np.linspace(100, 106, 80)[None, :, None] + rng.normal(0, 1, (80, 80, 3))
    assert likes(tmp_path, [*water, slope.astype(np.uint8), slope.astype(np.uint8) + 3]) == []


def test_parts_of_one_picture_are_no_duplicates(tmp_path: Path) -> None:
    whole = texture(1, 160, 160)
    parts = [whole[y : y + 80, x : x + 80] for y in (0, 40, 80) for x in (0, 40, 80)]
    assert likes(tmp_path, parts) == []


def test_the_same_picture_smaller_brighter_and_as_jpeg(tmp_path: Path) -> None:
    first = texture(2, 120, 120)
    small = cv2.resize(first, (80, 80), interpolation=cv2.INTER_AREA)
    bright = np.clip(first.astype(int) + 25, 0, 255).astype(np.uint8)
    jpeg = cv2.imdecode(cv2.imencode(".jpg", first, (cv2.IMWRITE_JPEG_QUALITY, 60))[1], 1)
    assert likes(tmp_path, [first, small, bright, jpeg, first]) == [
        ("duplicate", "s04", "s00"),
        # Each once, beside the first of its kind.
        *(("near-duplicate", f"s0{other}", "s00") for other in (1, 2, 3)),
    ]


def test_statistics_are_numpys(tmp_path: Path) -> None:
    pictures = [texture(seed, 50 + seed, 60) for seed in range(3)]
    builder = StatisticsBuilder(2)
    for picture in pictures:
        stats = image_statistics(picture, np.ones(picture.shape[:2], bool), "uint8", 1000)
        assert stats is not None
        builder.add(stats)
    statistics = builder.result()
    pixels = np.concatenate([p.reshape(-1, 3) for p in pictures]).astype(float)
    assert (statistics.images, statistics.dtype, statistics.masks) == (3, "uint8", 0)
    for index, band in enumerate(statistics.bands):
        assert band.exact
        assert (band.minimum, band.maximum) == (pixels[:, index].min(), pixels[:, index].max())
        assert band.mean == pytest.approx(pixels[:, index].mean())
        assert band.std == pytest.approx(pixels[:, index].std())
        np.testing.assert_array_equal(
            band.counts, np.bincount(pixels[:, index].astype(int), minlength=256)
        )
    np.testing.assert_allclose(statistics.covariance, np.cov(pixels.T, bias=True))
    np.testing.assert_allclose(statistics.correlation, np.corrcoef(pixels.T))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_only_pixels_with_data_count(dtype: str) -> None:
    pixels = texture(4).astype(dtype)
    valid = np.random.default_rng(0).random(pixels.shape[:2]) > 0.3
    pixels[~valid] = 0
    stats = image_statistics(pixels, valid, dtype, 10_000)
    assert stats is not None
    np.testing.assert_allclose(stats.mean, pixels[valid].mean(axis=0, dtype=np.float64))
    np.testing.assert_allclose(stats.std, pixels[valid].std(axis=0, dtype=np.float64))
    np.testing.assert_array_equal(stats.low, pixels[valid].min(axis=0))
    assert image_statistics(pixels, np.zeros_like(valid), dtype, 10) is None


def test_meetings_and_frame_by_hand() -> None:
    labels = np.full((64, 128), VOID, np.uint8)
    labels[:, :64] = 0
    labels[:, 64:96] = 1
    labels[0, 0] = 2
    counts = count_labels(labels, 3)
    # 64 borders of 0 and 1; the corner pixel has two neighbours; void meets nobody.
    assert counts.meetings.tolist() == [[0, 64, 2], [64, 0, 0], [2, 0, 0]]
    assert counts.frame.shape == (3, FRAME, FRAME)
    np.testing.assert_array_equal(
        counts.frame[1], np.tile(np.repeat([0, 1, 0], (16, 8, 8)), (32, 1))
    )
    assert counts.frame[:, :, 24:].sum() == 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (3, 300), (33, 31)])
def test_frames_of_any_size(shape: tuple[int, int]) -> None:
    counts = count_labels(np.ones(shape, np.uint8), 2)
    assert (counts.frame[1] == 1).all()
    assert counts.meetings.sum() == 0


def test_the_text_wraps_and_never_breaks_a_name() -> None:
    long = "Tile 1/image_part_with_a_name_that_is_longer_than_the_line_itself_000001"
    problem = Problem("duplicate", "a", f"the same pixels as {long}", "warning", "exclude " * 20)
    text = format_problems([problem, problem], 50)
    lines = text.splitlines()
    assert lines[0] == "warning  duplicate  a"
    assert any(
        "image_part_with_a_name_that_is_longer_than_the_line_itself_000001" in x for x in lines
    )
    assert all(len(line) <= 50 for line in lines if "image_part" not in line)
    assert text.count("→ exclude") == 2
