"""Every planted problem is found, where it is, and nothing else is reported."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.classes import DUBAI_CLASSES
from core.datasets.audit.audit import Audit, audit
from core.datasets.catalogue import open_dataset
from core.datasets.recipes.fixes import Exclude
from core.imagery import raster

# The audit reads in threads, and `catch_warnings` in one undoes another's filter.
pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")

SIZE = 40
DUBAI_MEANS = [132.0, 133.3, 136.7]
LAND, ROAD = DUBAI_CLASSES.colors[1], DUBAI_CLASSES.colors[2]


def write(path: Path, rgb: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), rgb[..., ::-1])
    return path


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (SIZE, SIZE, 3), np.uint8)


def striped(height: int = SIZE, width: int = SIZE) -> np.ndarray:
    """A mask with a row of pixels or more of each of the five classes."""
    rows = np.arange(height) * len(DUBAI_CLASSES) // height
    return DUBAI_CLASSES.colorize(np.repeat(rows[:, None], width, axis=1).astype(np.uint8))


@pytest.fixture
def tiles(tmp_path: Path) -> Path:
    """A clean set in the Dubai layout: two tiles of two parts."""
    rng = np.random.default_rng(3)
    for tile in (1, 2):
        for part in (1, 2):
            noise = rng.integers(0, 255, (SIZE, SIZE, 3), np.uint8)
            write(tmp_path / f"Tile {tile}/images/p{part}.jpg", noise)
            write(tmp_path / f"Tile {tile}/masks/p{part}.png", striped())
    return tmp_path


def audited(root: Path) -> Audit:
    return audit(open_dataset(root))


def kinds(report: Audit) -> list[tuple[str, str]]:
    return [(problem.kind, problem.sample) for problem in report.problems]


def test_clean_set_has_no_problem_and_exact_counts(tiles: Path) -> None:
    report = audited(tiles)
    assert kinds(report) == []
    each = SIZE * SIZE // 5 * 4
    assert report.pixels_per_class == dict.fromkeys(DUBAI_CLASSES.names, each)
    assert report.void_pixels == 0
    assert report.labelled_share == 1


def test_demo_set_has_nothing_but_mosaics(demo_dataset: Path) -> None:
    report = audited(demo_dataset)
    # Its tiles are mosaics indeed.
    assert {kind for kind, _ in kinds(report)} == {"mosaic"}
    assert sum(report.pixels_per_class.values()) + report.void_pixels == 3 * 4 * 96 * 96


def test_json_is_the_contract(tiles: Path) -> None:
    (tiles / "Tile 1/images/p1.jpg").write_bytes(b"")
    report = json.loads(json.dumps(audited(tiles).to_json()))
    assert set(report) == {
        *("layout", "samples", "scenes", "classes"),
        *("pixels_per_class", "void_pixels", "problems"),
    }
    assert (report["layout"], report["samples"], report["scenes"]) == ("dubai", 4, 2)
    assert report["classes"] == list(DUBAI_CLASSES.names)
    assert set(report["problems"][0]) == {"kind", "sample", "detail", "severity", "fix"}


@pytest.mark.parametrize("what", ["images/p1.jpg", "masks/p2.png"])
@pytest.mark.parametrize("damage", ["truncated", "text", "empty"])
def test_unreadable_file_is_a_row(tiles: Path, what: str, damage: str) -> None:
    path = tiles / "Tile 1" / what
    data = path.read_bytes()
    broken = {"truncated": data[: len(data) // 2], "text": b"not a picture\n", "empty": b""}
    path.write_bytes(broken[damage])
    report = audited(tiles)
    assert kinds(report) == [("unreadable", f"Tile 1/{path.stem}")]
    (problem,) = report.problems
    assert problem.severity == "error"
    assert path.name in problem.detail
    assert problem.fix


def test_too_large_file_is_refused_before_it_is_read(
    tiles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    big = np.zeros((64, 64, 3), np.uint8)
    write(tiles / "Tile 2/images/p1.jpg", big)
    write(tiles / "Tile 2/masks/p1.png", striped(64, 64))
    read = raster.read_raster
    monkeypatch.setattr(
        "core.datasets.dataset.read_raster", lambda path, **_: read(path, max_bytes=SIZE * SIZE * 3)
    )
    report = audited(tiles)
    assert set(kinds(report)) == {("unreadable", "Tile 2/p1")}
    assert "64 × 64" in report.problems[0].detail


def test_mask_of_another_size(tiles: Path) -> None:
    write(tiles / "Tile 1/masks/p1.png", striped(SIZE, SIZE + 10))
    report = audited(tiles)
    assert kinds(report) == [("size-mismatch", "Tile 1/p1")]
    assert f"{SIZE} × {SIZE}" in report.problems[0].detail
    assert f"{SIZE + 10} × {SIZE}" in report.problems[0].detail
    # What cannot be used is not counted.
    assert sum(report.pixels_per_class.values()) == 3 * SIZE * SIZE


def test_unknown_colour_with_its_place_and_nearest_class(tiles: Path) -> None:
    mask = striped()
    mask[2:5, 7:11] = (ROAD[0] + 2, ROAD[1], ROAD[2] - 3)
    write(tiles / "Tile 2/masks/p2.png", mask)
    report = audited(tiles)
    assert kinds(report) == [("unknown-colour", "Tile 2/p2")]
    detail = report.problems[0].detail
    for part in ("#70C1E1", "12 pixels", "Road", "x 7–10", "y 2–4"):
        assert part in detail
    assert report.void_pixels == 12


def test_many_unknown_colours_share_a_row(tiles: Path) -> None:
    mask = striped()
    mask[0, :30] = np.arange(90).reshape(30, 3) + 1
    write(tiles / "Tile 1/masks/p2.png", mask)
    report = audited(tiles)
    assert kinds(report) == [("unknown-colour", "Tile 1/p2")] * 4
    assert "27 more values" in report.problems[-1].detail


def test_mostly_void_sample(tiles: Path) -> None:
    mask = striped()
    mask[:, : SIZE * 3 // 4] = 0x9B
    write(tiles / "Tile 1/masks/p1.png", mask)
    report = audited(tiles)
    assert kinds(report) == [("void-share", "Tile 1/p1")]
    assert "75%" in report.problems[0].detail
    assert report.problems[0].severity == "warning"


def test_undocumented_black_is_reported_by_sample_and_scene(tiles: Path) -> None:
    mask = striped()
    mask[:4, :4] = 0
    write(tiles / "Tile 2/masks/p1.png", mask)
    report = audited(tiles)
    assert set(kinds(report)) == {("void-colour", ""), ("void-colour", "Tile 2/p1")}
    whole = next(p for p in report.problems if not p.sample)
    assert "16 pixels" in whole.detail
    assert "100% of them in Tile 2" in whole.detail
    assert report.void_pixels == 16


def test_missing_and_orphan_mask(tiles: Path) -> None:
    (tiles / "Tile 1/masks/p1.png").rename(tiles / "Tile 1/masks/q1.png")
    report = audited(tiles)
    assert sorted(kinds(report)) == [("missing-mask", "Tile 1/p1"), ("orphan-mask", "")]
    orphan = next(p for p in report.problems if p.kind == "orphan-mask")
    assert "q1.png" in orphan.detail


def test_no_mask_at_all_is_one_row(tmp_path: Path) -> None:
    for seed, name in enumerate(("a", "b", "c")):
        write(tmp_path / f"images/{name}.png", noise(seed))
    assert kinds(audited(tmp_path)) == [("missing-mask", "")]


def test_class_file_with_colours_of_no_mask(tiles: Path) -> None:
    wrong = {"classes": [{"title": "Road (paved)", "color": "#DE597F"}]}
    (tiles / "classes.json").write_text(json.dumps(wrong))
    report = audited(tiles)
    assert kinds(report) == [("class-table", "")]
    assert "Road #DE597F (masks: #6EC1E4" in report.problems[0].detail


def test_pairs_whose_table_is_not_the_masks(tmp_path: Path) -> None:
    write(tmp_path / "images/a.png", np.zeros((8, 8, 3), np.uint8))
    write(tmp_path / "masks/a.png", np.full((8, 8, 3), LAND, np.uint8))
    table = {"classes": [{"name": "Land", "color": "#F5A623"}]}
    (tmp_path / "classes.json").write_text(json.dumps(table))
    report = audited(tmp_path)
    assert ("class-table", "") in kinds(report)
    table_problem = next(p for p in report.problems if p.kind == "class-table")
    assert "#8429F6 (64 px)" in table_problem.detail
    assert table_problem.severity == "error"


def test_images_of_other_bands(tiles: Path) -> None:
    grey = noise(1)[..., 0]
    assert cv2.imwrite(str(tiles / "Tile 1/images/p1.jpg"), grey)
    assert kinds(audited(tiles)) == [("mixed-bands", "Tile 1/p1")]


def test_progress_counts_up_and_may_stop(tiles: Path) -> None:
    seen: list[tuple[int, int]] = []
    audit(open_dataset(tiles), lambda done, total: seen.append((done, total)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        audit(open_dataset(tiles), stop)


def test_real_dubai(real_data: Path) -> None:
    report = audited(real_data / "dubai")
    total = sum(report.pixels_per_class.values()) + report.void_pixels
    # The published set's shares; one part of each of the eight tiles is missing here.
    published = {
        "Land": 52.4,
        "Water": 13.6,
        "Building": 13.3,
        "Vegetation": 10.3,
        "Road": 9.4,
    }
    for name, share in published.items():
        assert 100 * report.pixels_per_class[name] / total == pytest.approx(share, abs=2)
    assert {p.kind for p in report.problems} == {"class-table", "void-colour", "mosaic"}
    (table,) = (p for p in report.problems if p.kind == "class-table")
    assert "Building #D0021B (masks: #3C1098" in table.detail
    worst = next(p for p in report.problems if p.severity == "warning" and p.sample)
    assert worst.sample.startswith("Tile 8/")
    assert "#000000" in worst.detail
    assert (worst.sample, worst.actions) == ("Tile 8/image_part_003", (Exclude(worst.sample),))
    # Of each tile eight parts are here, and the ninth is not: ten seams.
    mosaics = [p for p in report.problems if p.kind == "mosaic"]
    assert [p.sample.split("/")[0] for p in mosaics] == [f"Tile {n}" for n in range(1, 9)]
    assert all("8 samples" in p.detail and "10 pairs of neighbours" in p.detail for p in mosaics)
    assert {(p.one, p.other, p.side) for p in report.neighbours} == set(dubai_seams())
    # Bands in 0 to 255 of millions of pixels; the means of an independent count with NumPy.
    assert report.statistics.images == 64
    assert [round(band.mean, 1) for band in report.statistics.bands] == DUBAI_MEANS
    assert report.statistics.correlation[0, 1] > 0.98


def dubai_seams() -> Iterator[tuple[str, str, str]]:
    for tile in range(1, 9):
        for part in range(8):
            one = f"Tile {tile}/image_part_{part + 1:03d}"
            if part % 3 < 2 and part < 7:
                yield one, f"Tile {tile}/image_part_{part + 2:03d}", "right"
            if part < 5:
                yield one, f"Tile {tile}/image_part_{part + 4:03d}", "bottom"
