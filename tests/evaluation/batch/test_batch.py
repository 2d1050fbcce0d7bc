"""A batch is predicted, stopped, gone on with, read again, packed and compared."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from core.classes import DUBAI_CLASSES, VOID, ClassTable, LandClass
from core.errors import DatasetError, ModelError, WorkspaceError
from core.evaluation.batch.compare import compare_batches
from core.evaluation.batch.files import NamedBytes
from core.evaluation.batch.pack import PackOptions, pack_batch
from core.evaluation.batch.plan import model_of_batch, plan_samples, samples_of_side
from core.evaluation.batch.record import BatchOptions, BatchSide
from core.evaluation.batch.source import open_source
from core.evaluation.batch.store import (
    KeptBatch,
    new_batch,
)
from core.evaluation.batch.table import at_threshold, batch_rows, table_csv, totals
from core.evaluation.confusion import confusion, scores
from core.imagery.ground_area import GroundAreas, ground_areas
from core.imagery.output.write import png_bytes
from core.inference.certainty import labels_at
from core.models.architectures.unet import UNetSpec
from core.models.network import build_model
from core.models.store import find_model, load_model
from tests.evaluation.batch.made_batches import (
    RNG,
    ROADS,
    Stop,
    batch_of,
    located,
    picture,
    predicted,
)
from tests.tiny import save_tiny_model, save_with_card


@pytest.fixture
def roads(space: Path) -> str:
    spec = UNetSpec(classes=2, width=4, depth=1)
    save_with_card(build_model(spec), space / "models/roads", spec, ROADS)
    return "roads"


def test_scores_and_areas_are_those_of_the_maps(tiny_model: str) -> None:
    labels = RNG.integers(0, 5, (40, 50), np.uint8)
    labels[:5] = VOID
    tiff, grid = located()
    files = [
        NamedBytes("a.tif", tiff),
        NamedBytes("a_mask.png", png_bytes(DUBAI_CLASSES.colorize(labels))),
        NamedBytes("b.png", picture()),
        NamedBytes("bad.png", b"text"),
    ]
    kept = batch_of(files)
    record = predicted(kept)
    assert record.finished and not record.listed
    results = kept.results()
    by_name = {image.name: results[n] for n, image in enumerate(record.images)}
    a, b, bad = (by_name[name] for name in ("a.tif", "b.png", "bad.png"))
    maps = kept.maps(0, 5)
    np.testing.assert_array_equal(a.matrix, confusion(labels, maps.labels, 5))
    assert sum(a.counts) == 2000 and a.counts[-1] == 0
    ground = ground_areas(grid, 50, 40)
    assert isinstance(ground, GroundAreas)
    np.testing.assert_allclose(a.areas, ground.by_label(maps.labels)[:5])
    assert a.confidence == pytest.approx((maps.certainty.confidence.mean() - 1) / 254)
    assert not b.matrix and not b.areas
    assert "not a PNG, JPEG or TIFF" in bad.error
    # The worst first; what has no truth after, and what failed last.
    rows = batch_rows(record, results)
    assert [row.name for row in rows] == ["a.tif", "b.png", "bad.png"]
    whole = totals(rows, 5)
    assert (whole.done, whole.failed, whole.waiting, whole.scored) == (2, 1, 0, 1)
    assert whole.scores is not None
    assert whole.scores.mean_iou == scores(confusion(labels, maps.labels, 5)).mean_iou


def test_a_stop_keeps_what_is_done_and_it_goes_on(tiny_model: str) -> None:
    kept = batch_of([NamedBytes(f"{n}.png", picture()) for n in range(4)])
    seen: list[tuple[int, int, float]] = []

    def stop_after_two(done: int, total: int, *, share: float, detail: str) -> None:
        seen.append((done, total, share))
        if done == 2:
            raise Stop

    with pytest.raises(Stop):
        predicted(kept, stop_after_two)
    assert not kept.record().finished
    assert list(kept.results()) == [0, 1]
    assert seen[0] == (0, 4, 0.0) and seen[-1] == (2, 4, 0.5)
    assert [share for *_, share in seen] == sorted(share for *_, share in seen)
    before = (kept.folder / "maps/000001.png").stat().st_mtime_ns
    details: list[str] = []

    def note(done: int, total: int, *, share: float, detail: str) -> None:
        assert done >= 2
        details.append(detail)

    assert predicted(kept, note).finished
    assert list(kept.results()) == [0, 1, 2, 3]
    assert (kept.folder / "maps/000001.png").stat().st_mtime_ns == before
    assert "tile 1 of 1 of 2.png" in details


def test_a_line_cut_off_by_a_kill_is_predicted_again(tiny_model: str) -> None:
    kept = batch_of([NamedBytes(f"{n}.png", picture()) for n in range(2)])
    predicted(kept)
    path = kept.folder / "results.jsonl"
    data = path.read_bytes()
    path.write_bytes(data[:-20])
    assert list(kept.results()) == [0]
    predicted(kept)
    assert list(kept.results()) == [0, 1]


def test_what_failed_is_tried_again(tiny_model: str) -> None:
    kept = batch_of([NamedBytes("a.png", picture()), NamedBytes("bad.png", b"text")])
    predicted(kept)
    (kept.uploads / "files/bad.png").write_bytes(picture())
    assert kept.forget_failed() == 1
    assert predicted(kept).finished
    assert not any(result.failed for result in kept.results().values())


def test_masks_that_do_not_fit_are_said_and_the_image_is_predicted(tiny_model: str) -> None:
    colors = DUBAI_CLASSES.colorize(RNG.integers(0, 5, (40, 50), np.uint8))
    unclear = RNG.integers(0, 2, (40, 50), np.uint8) * 7
    files = [
        NamedBytes("size.png", picture()),
        NamedBytes("size_mask.png", png_bytes(colors[:20])),
        NamedBytes("coding.png", picture()),
        NamedBytes("coding_mask.png", png_bytes(unclear)),
        NamedBytes("damaged.png", picture()),
        NamedBytes("damaged_mask.png", b"text"),
    ]
    kept = batch_of(files)
    predicted(kept)
    record, results = kept.record(), kept.results()
    notes = {record.images[n].name: result.note for n, result in results.items()}
    assert not any(result.failed or result.matrix for result in results.values())
    assert "mask is 50×20" in notes["size.png"]
    assert notes["coding.png"].startswith("No scores: ")
    assert notes["damaged.png"].startswith("No scores: ")
    assert not any("Ask" in note for note in notes.values())


def test_a_mask_may_be_read_in_the_likeliest_way(tiny_model: str) -> None:
    numbers = png_bytes(RNG.integers(0, 5, (40, 50), np.uint8))
    files = [NamedBytes("a.png", picture()), NamedBytes("a_mask.png", numbers)]
    strict, likely = batch_of(files), batch_of(files, options=BatchOptions(likeliest_masks=True))
    predicted(strict)
    predicted(likely)
    assert "not certain how the mask" in strict.results()[0].note
    assert not strict.results()[0].matrix
    assert sum(map(sum, likely.results()[0].matrix)) == 2000
    assert "The mask is read" in likely.results()[0].note


def test_a_defect_at_one_image_costs_no_other(
    tiny_model: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kept = batch_of([NamedBytes(f"{n}.png", picture()) for n in range(3)])
    write = KeptBatch.write_maps

    def defect(self: KeptBatch, number: int, maps: Any) -> None:
        if number == 1:
            raise ZeroDivisionError("nobody thought of it")
        write(self, number, maps)

    monkeypatch.setattr(KeptBatch, "write_maps", defect)
    assert predicted(kept).finished
    results = kept.results()
    assert [bool(results[n].error) for n in range(3)] == [False, True, False]
    assert "the server's log has it" in results[1].error
    assert "nobody thought of it" in caplog.text


def test_a_full_disk_stops_it_and_what_is_done_is_kept(
    tiny_model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = batch_of([NamedBytes(f"{n}.png", picture()) for n in range(3)])
    write, calls = KeptBatch.write_maps, []

    def full(self: KeptBatch, number: int, maps: Any) -> None:
        calls.append(number)
        if number == 1:
            raise WorkspaceError("the disk is full", where=self.id, remedy="free some disk space")
        write(self, number, maps)

    monkeypatch.setattr(KeptBatch, "write_maps", full)
    with pytest.raises(WorkspaceError, match="disk is full"):
        predicted(kept)
    assert list(kept.results()) == [0] and not kept.record().finished
    monkeypatch.undo()
    os.environ["DSI_WORKSPACE"] = str(kept.folder.parents[2])
    assert predicted(kept).finished


def test_a_side_of_the_models_own_split_or_of_a_recipe(
    space: Path, demo_dataset: Path, tiny_model: str
) -> None:
    from core.datasets.recipes.recipe import Recipe
    from core.datasets.recipes.revisions import save_recipe

    shutil.copytree(demo_dataset, space / "datasets/demo")
    _, card = load_model(find_model("tiny").folder)
    recipe = save_recipe(Recipe(name="mine", dataset="demo"))
    sides = {
        side: {s.id for s in samples_of_side(_side(side, recipe.revision), card)[1]}
        for side in ("train", "val", "test", "all")
    }
    assert sides["train"] | sides["val"] | sides["test"] == sides["all"]
    assert len(sides["all"]) == 12 and not sides["train"] & sides["test"]
    with pytest.raises(DatasetError, match="on the side 'val' of the model tiny"):
        samples_of_side(BatchSide(dataset="demo", side="val"), card)
    with pytest.raises(DatasetError, match=r"gone|no dataset"):
        samples_of_side(BatchSide(dataset="nothing"), card)


def _side(side: Any, revision: int) -> BatchSide:
    return BatchSide(dataset="demo", side=side, recipe="mine", revision=revision)


def of_demo(space: Path, demo: Path, name: str = "demo") -> KeptBatch:
    if not (space / "datasets" / name).exists():
        shutil.copytree(demo, space / "datasets" / name)
    kept = new_batch()
    ref = find_model("tiny")
    kept.write_record(plan_samples(ref, BatchSide(dataset=name), BatchOptions()))
    kept.write_card(load_model(ref.folder)[1])
    return kept


def test_samples_gone_or_changed_are_said_and_the_others_follow(
    space: Path, demo_dataset: Path, tiny_model: str
) -> None:
    kept = of_demo(space, demo_dataset)
    images = sorted((space / "datasets/demo").glob("Tile 1/images/*"))
    images[0].unlink()
    images[1].write_bytes(images[2].read_bytes())
    record = predicted(kept)
    errors = [result.error for result in kept.results().values() if result.failed]
    assert record.finished and len(errors) == 2
    assert "has gone" in errors[0] and "has another image now" in errors[1]
    shutil.rmtree(space / "datasets/demo")
    with pytest.raises(DatasetError, match="cannot be opened"):
        open_source(kept, record, kept.card())


def test_classes_in_another_order_are_matched_by_name(
    space: Path, demo_dataset: Path, tiny_model: str
) -> None:
    kept = of_demo(space, demo_dataset)
    predicted(kept)
    root = space / "datasets/turned"
    labels = RNG.integers(0, 5, (40, 50), np.uint8)
    for folder, data in (
        ("images", picture()),
        ("masks", png_bytes(DUBAI_CLASSES.colorize(labels))),
    ):
        (root / folder).mkdir(parents=True)
        (root / folder / "a.png").write_bytes(data)
    rows = [f"{c.name},{c.color}" for c in reversed(DUBAI_CLASSES.classes)]
    (root / "classes.csv").write_text("\n".join(["name,color", *rows]) + "\n")
    turned = of_demo(space, root, "turned")
    record = predicted(turned)
    maps = turned.maps(0, 5)
    np.testing.assert_array_equal(turned.results()[0].matrix, confusion(labels, maps.labels, 5))
    assert any("another order" in remark for remark in record.remarks)


def test_the_model_under_another_name_or_gone(tiny_model: str, space: Path) -> None:
    kept = batch_of([NamedBytes("a.png", picture())])
    record = kept.record()
    (space / "models/tiny").rename(space / "models/renamed")
    assert model_of_batch(record).name == "renamed"
    shutil.rmtree(space / "models/renamed")
    save_tiny_model(space / "models/tiny", seed=4)
    with pytest.raises(ModelError, match="has other weights now"):
        model_of_batch(record)
    shutil.rmtree(space / "models/tiny")
    with pytest.raises(ModelError, match="is gone"):
        model_of_batch(record)


def test_another_threshold_counts_what_its_labels_count(roads: str) -> None:
    truth = RNG.integers(0, 2, (40, 50), np.uint8)
    truth[0] = VOID
    tiff, grid = located()
    files = [NamedBytes("a.tif", tiff), NamedBytes("a_mask.png", png_bytes(ROADS.colorize(truth)))]
    kept = batch_of(files, roads)
    predicted(kept)
    (result,) = kept.results().values()
    assert at_threshold(result, 0.5) is result
    maps, ground = kept.maps(0, 2), ground_areas(grid, 50, 40)
    assert isinstance(ground, GroundAreas)
    certain = maps.certainty.confidence
    for threshold in (0.0, 0.3, 0.48, 0.52, 0.6, 1.0):
        labels = labels_at(maps.labels, certain, threshold)
        moved = at_threshold(result, threshold)
        np.testing.assert_array_equal(moved.matrix, confusion(truth, labels, 2))
        assert moved.counts == (*np.bincount(labels.ravel(), minlength=2)[:2], 0)
        np.testing.assert_allclose(moved.areas, ground.by_label(labels)[:2], atol=1e-9)


def test_the_zip_has_every_image_under_a_name_of_its_own(roads: str) -> None:
    tiff, _ = located()
    files = [
        NamedBytes("one/a.png", picture()),
        NamedBytes("A.png", picture()),
        NamedBytes("=1+1.tif", tiff),
        NamedBytes("bad.png", b"text"),
    ]
    kept = batch_of(files, roads)
    predicted(kept)
    options = PackOptions(confidence=True, polygons=True, threshold=0.0)
    path = pack_batch(kept, options)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        content = {name: archive.read(name) for name in names}
    assert len({name.casefold() for name in names}) == len(names)
    assert not any(".." in name or name.startswith("/") for name in names)
    assert sum(name.endswith("_labels.png") for name in names) == 3
    assert sum(name.endswith("_labels.tif") for name in names) == 1
    assert sum(name.endswith(".geojson") for name in names) == 3
    labels = cv2.imdecode(
        np.frombuffer(content["images/A_labels.png"], np.uint8), cv2.IMREAD_UNCHANGED
    )
    assert (labels == 1).all()  # at a threshold of 0 all is of class 1
    assert json.loads(content["images/A.json"])["threshold"] == {"Road": 0.0}
    summary = json.loads(content["summary.json"])
    assert summary["images"] == {"done": 3, "failed": 1, "waiting": 0}
    assert list(summary["failed"]) == ["bad.png"]
    table = list(csv.DictReader(io.StringIO(content["table.csv"].decode("utf-8-sig"))))
    assert [row["state"] for row in table].count("done") == 3
    assert all(row["pixels Road"] == "2000" for row in table if row["state"] == "done")


def test_a_cell_is_no_formula(tiny_model: str) -> None:
    kept = batch_of([NamedBytes("a.png", picture())])
    record = kept.record()
    image = record.images[0].model_copy(update={"name": "=HYPERLINK(1)"})
    record = record.model_copy(update={"images": (image,)})
    lines = table_csv(record, batch_rows(record, {})).splitlines()
    assert lines[1].startswith("'=HYPERLINK")


def test_two_batches_of_the_same_images(tiny_model: str, space: Path) -> None:
    files = [NamedBytes(f"{n}.png", picture()) for n in range(2)]
    save_tiny_model(space / "models/other", seed=9)
    one = batch_of(files)
    other = batch_of([files[1], NamedBytes("new.png", picture())], "other")
    predicted(one)
    predicted(other)
    (pair,) = compare_batches(one, other)
    assert (pair.name, pair.number, pair.other) == ("1.png", 1, 0)
    equal = one.maps(1, 5).labels == other.maps(0, 5).labels
    assert pair.agreement == pytest.approx(equal.mean())
    unlike = batch_of([NamedBytes("x.png", picture())])
    predicted(unlike)
    with pytest.raises(DatasetError, match="share no image"):
        compare_batches(one, unlike)
    record = other.record()
    renamed = ClassTable(classes=tuple(replace_name(c, n) for n, c in enumerate(record.classes)))
    other.write_record(record.model_copy(update={"classes": renamed}))
    with pytest.raises(DatasetError, match="other classes"):
        compare_batches(one, other)


def test_batches_are_compared_at_their_thresholds(roads: str) -> None:
    truth = RNG.integers(0, 2, (40, 50), np.uint8)
    files = [
        NamedBytes("a.png", picture()),
        NamedBytes("a_mask.png", png_bytes(ROADS.colorize(truth))),
    ]
    one, other = batch_of(files, roads), batch_of(files, roads)
    for kept, threshold in ((one, 0.0), (other, 1.0)):
        predicted(kept)
        kept.write_record(kept.record().model_copy(update={"threshold": threshold}))
    (pair,) = compare_batches(one, other)
    # All is road in the one, and nothing in the other, but for what is quite certain.
    sure = (labels_at(*_first(other), 1.0) == 1).mean()
    assert pair.agreement == pytest.approx(sure)
    assert pair.mean_iou == pytest.approx(truth.mean() / 2)


def _first(kept: KeptBatch) -> tuple[np.ndarray, np.ndarray]:
    maps = kept.maps(0, 2)
    return maps.labels, maps.certainty.confidence


def replace_name(land_class: Any, number: int) -> LandClass:
    return LandClass(name=f"Class {number}", color=DUBAI_CLASSES.classes[number].color)


def test_views_are_kept_where_they_were_averaged(tiny_model: str) -> None:
    kept = batch_of([NamedBytes("a.png", picture())], options=BatchOptions(symmetries=True))
    predicted(kept)
    disagreement = kept.maps(0, 5).certainty.disagreement
    assert disagreement is not None and disagreement.shape == (40, 50)
