"""Buildings of an evaluation as objects: hand-made cases, drawn, kept, and of footprint files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from rasterio.transform import from_origin

from core.classes import ClassTable, LandClass
from core.datasets.batches.labelled_image import LabelledImage
from core.datasets.catalogue import open_dataset
from core.datasets.dataset import Dataset, Sample
from core.errors import WorkspaceError
from core.evaluation.kept.pictures import ScoredSample
from core.evaluation.kept.plan import EvaluationPlan
from core.evaluation.kept.store import KeptEvaluation
from core.evaluation.spacenet import objects as module
from core.evaluation.spacenet.objects import (
    BuildingObjects,
    ObjectSettings,
    building_label,
    building_objects,
    outcome_map,
    read_building_scores,
    score_buildings,
    write_building_scores,
)
from tests.imagery.test_raster import tiff

CLASSES = ClassTable(
    classes=(LandClass(name="Land", color="#112233"), LandClass(name="Building", color="#445566"))
)
SETTINGS = ObjectSettings(label=1)


def scored(truth: np.ndarray, prediction: np.ndarray) -> ScoredSample:
    pixels = np.zeros((*truth.shape, 3), np.uint8)
    image = LabelledImage("a", pixels, truth, np.ones(truth.shape, bool))
    return ScoredSample(image, prediction)


def plan_of(dataset: Dataset | None, *samples: Sample) -> EvaluationPlan:
    record = SimpleNamespace(classes=CLASSES)
    return cast(EvaluationPlan, SimpleNamespace(record=record, dataset=dataset, samples=samples))


def masked(truth: np.ndarray, prediction: np.ndarray) -> BuildingObjects:
    """Of a sample with a mask."""
    plan = plan_of(None, Sample("a", "a", Path("a.png"), Path("m.png")))
    return building_objects(plan, 0, scored(truth, prediction), SETTINGS)


def blank() -> np.ndarray:
    return np.zeros((60, 80), np.uint8)


def test_a_hit_a_miss_and_a_false_alarm_differ_and_are_drawn() -> None:
    truth, prediction = blank(), blank()
    truth[5:15, 5:15] = 1  # hit: an IoU of 90 / 100
    prediction[5:14, 5:15] = 1
    truth[30:40, 5:15] = 1  # missed
    prediction[30:35, 5:15] = 1  # too small to be a proposal, 50 px
    truth[5:15, 40:50] = 1  # missed
    prediction[40:50, 60:70] = 1  # false alarm
    truth[20:24, 70:74] = 1  # 16 px: too small
    made = masked(truth, prediction)
    counts = made.pairs.counts
    assert (counts.hits, counts.false_alarms, counts.misses) == (1, 1, 2)
    drawn = outcome_map(made, truth.shape, 2)
    expected = np.full(truth.shape, 255, np.uint8)
    expected[30:40, 5:15] = expected[5:15, 40:50] = 4
    expected[5:14, 5:15] = 2
    expected[40:50, 60:70] = 3
    np.testing.assert_array_equal(drawn, expected)


def test_an_iou_of_exactly_a_half_is_no_hit() -> None:
    truth, prediction = blank(), blank()
    truth[0:20, 0:20] = 1
    prediction[0:10, 0:20] = 1
    counts = masked(truth, prediction).pairs.counts
    assert (counts.hits, counts.false_alarms, counts.misses) == (0, 1, 1)
    prediction[10, 0] = 1
    assert masked(truth, prediction).pairs.counts.hits == 1


def test_nothing_is_known_of_void_and_an_empty_image_has_no_score() -> None:
    truth, prediction = blank(), blank()
    truth[:, 40:] = 255
    prediction[10:30, 50:70] = 1
    counts = masked(truth, prediction).pairs.counts
    assert (counts.hits, counts.false_alarms, counts.misses) == (0, 0, 0)
    assert counts.f1 is None
    empty = masked(blank(), blank())
    assert (outcome_map(empty, (60, 80), 2) == 255).all()


def write_footprints(root: Path, boxes: list[tuple[int, int, int, int]]) -> Dataset:
    """An image of 60 × 80 pixels of 1 m, and footprints by x, y, width and height in pixels."""
    (root / "images").mkdir(parents=True)
    (root / "masks").mkdir()
    place = {"crs": "EPSG:32631", "transform": from_origin(500_000, 5_700_000, 1, 1)}
    (root / "images/a.tif").write_bytes(tiff(np.zeros((60, 80, 3), np.uint8), **place))
    features = []
    for x, y, width, height in boxes:
        west, north = 500_000 + x, 5_700_000 - y
        ring = [
            [west, north],
            [west + width, north],
            [west + width, north - height],
            [west, north - height],
            [west, north],
        ]
        geometry = {"type": "Polygon", "coordinates": [ring]}
        features.append({"type": "Feature", "properties": {}, "geometry": geometry})
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32631"}}
    content = {"type": "FeatureCollection", "crs": crs, "features": features}
    (root / "masks/a.geojson").write_text(json.dumps(content))
    table = {"classes": [{"name": "Land"}, {"name": "Building"}]}
    (root / "classes.json").write_text(json.dumps(table))
    return open_dataset(root)


@pytest.mark.parametrize("turned", [False, True])
def test_footprints_that_touch_stay_two_buildings(tmp_path: Path, turned: bool) -> None:
    dataset = write_footprints(tmp_path / "set", [(5, 5, 10, 10), (15, 5, 10, 10), (70, 50, 20, 9)])
    samples = tuple(replace(sample, turned=turned) for sample in dataset.samples)
    dataset = replace(dataset, samples=samples)
    truth = dataset.load_labels(samples[0])
    prediction = truth.copy()
    plan = plan_of(dataset, *samples)
    made = building_objects(plan, 0, scored(truth, prediction), SETTINGS)
    # As pixels the two are one, twice as large as either: an IoU of a half, and no hit.
    counts = made.pairs.counts
    assert (counts.hits, counts.false_alarms, counts.misses) == (1, 1, 2)
    # The third lies partly beyond the image: 10 × 9 pixels of it are there.
    assert sorted(round(p.area) for p in made.truth) == [90, 100, 100]
    prediction[(truth == 1) & (np.indices(truth.shape)[1] == (64 if turned else 15))] = 0
    counts = building_objects(plan, 0, scored(truth, prediction), SETTINGS).pairs.counts
    assert (counts.hits, counts.misses) == (3, 0)


def test_windows_cut_footprints(tmp_path: Path) -> None:
    dataset = write_footprints(tmp_path / "set", [(5, 5, 10, 10), (30, 30, 10, 10)])
    dataset = replace(dataset, windows={dataset.samples[0].id: (20, 20, 40, 30)})
    truth = dataset.load_labels(dataset.samples[0])
    made = building_objects(plan_of(dataset, *dataset.samples), 0, scored(truth, truth), SETTINGS)
    [building] = made.truth
    assert building.bounds == (10, 10, 20, 20)
    assert made.pairs.counts.hits == 1


def test_counts_of_an_evaluation_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    truth, prediction = blank(), blank()
    truth[5:15, 5:15] = prediction[5:15, 5:15] = 1
    truth[30:42, 5:15] = 1
    prediction[40:50, 60:70] = 1
    images: list[Any] = [scored(truth, prediction), scored(blank(), prediction)]
    monkeypatch.setattr(module, "open_scored", lambda _, plan, number: images[number])
    mask = Sample("a", "a", Path("a.png"), Path("m.png"))
    kept = KeptEvaluation(tmp_path)
    assert read_building_scores(kept) is None
    made = score_buildings(kept, plan_of(None, mask, mask), SETTINGS)
    assert made.samples == ((1, 1, 1), (0, 2, 0))
    total = made.total
    assert (total.precision, total.recall, total.f1) == (1 / 4, 1 / 2, 2 * 1 / (2 + 3 + 1))
    assert not made.footprints
    first = made.objects[0]
    assert (first.outcome, first.sample, first.area) == ("miss", 0, 120)
    assert (first.x, first.y, first.width, first.height) == (5, 30, 10, 12)
    assert len(made.objects) == 4
    write_building_scores(kept, made)
    assert read_building_scores(kept) == made
    (tmp_path / "buildings.json").write_text("[]")
    with pytest.raises(WorkspaceError, match="count them again"):
        read_building_scores(kept)


def test_the_class_of_buildings_goes_by_its_name() -> None:
    assert building_label(("Land", "Building")) == 1
    assert building_label(("buildings", "water")) == 0
    assert building_label(("Land", "Water")) is None
