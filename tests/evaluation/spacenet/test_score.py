"""The SpaceNet score: a case by hand for each of its rules, and files that cannot be read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from shapely import box, wkt
from shapely.geometry.base import BaseGeometry

from core.cli.main import main
from core.errors import ConfigError, DatasetError
from core.evaluation.spacenet.polygons import Proposal, read_buildings
from core.evaluation.spacenet.score import Matches, match_buildings, spacenet_score


def strip(start: float, length: float = 100) -> BaseGeometry:
    """A polygon one pixel high: its overlap with another is that of two spans."""
    return box(start, 0, start + length, 1)


def sure(polygon: BaseGeometry, confidence: float = 1.0) -> Proposal:
    return Proposal(polygon, confidence)


def test_a_hit_a_false_alarm_and_a_miss() -> None:
    truth = [strip(0), strip(500)]
    assert match_buildings(truth, [sure(strip(10)), sure(strip(900))]) == Matches(1, 1, 1)


def test_an_iou_of_exactly_the_threshold_is_no_hit() -> None:
    # 100 pixels against the first 50 of 150: 100 / 200 is exactly 0.5.
    assert match_buildings([strip(0, 200)], [sure(strip(0, 100))]) == Matches(0, 1, 1)
    assert match_buildings([strip(0, 199)], [sure(strip(0, 100))]) == Matches(1, 0, 0)
    assert match_buildings([strip(0, 200)], [sure(strip(0, 100))], min_iou=0.49) == Matches(1, 0, 0)


def test_too_small_buildings_do_not_count_and_what_meets_only_them_is_a_false_alarm() -> None:
    # A building of 79 pixels, and a proposal of 81 over it: an IoU of 79 / 81.
    assert match_buildings([strip(0, 79)], [sure(strip(0, 81))]) == Matches(0, 1, 0)
    # A building of exactly 80 counts, a proposal of exactly 80 does not.
    assert match_buildings([strip(0, 80)], [sure(strip(0, 81))]) == Matches(1, 0, 0)
    assert match_buildings([strip(0, 80)], [sure(strip(0, 80))]) == Matches(0, 0, 1)
    assert match_buildings([strip(0, 80)], [sure(strip(0, 80))], min_area=79) == Matches(1, 0, 0)


def test_of_two_proposals_on_one_building_the_surer_takes_it() -> None:
    truth = [strip(0)]
    better, surer = sure(strip(0), 0.4), sure(strip(20), 0.9)
    assert match_buildings(truth, [better, surer]) == Matches(1, 1, 0)
    # The surer one overlaps both buildings, the one that it takes is used up; the other proposal
    # overlaps the first alone, and gets nothing.
    truth = [strip(0), strip(60, 100)]
    first = sure(strip(5), 0.9)  # 95 / 105 with the first building, 45 / 155 with the second
    second = sure(strip(10), 0.5)  # the first would do; of the second it has 50 / 150
    assert match_buildings(truth, [second, first]) == Matches(1, 1, 1)


def test_the_best_of_those_that_are_free_is_taken() -> None:
    # The second proposal overlaps the first building best, and hits the second, which is free.
    truth = [strip(0), strip(20)]
    proposals = [sure(strip(0), 0.9), sure(strip(8), 0.8)]
    assert match_buildings(truth, proposals) == Matches(2, 0, 0)


def test_a_tie() -> None:
    # Between two buildings at 90 / 110 each, the first is taken; the second is left for the other.
    truth = [strip(0), strip(20)]
    middle, right = sure(strip(10), 0.9), sure(strip(60), 0.8)
    # Of the building at 20 `right` has 60 / 140 only: no hit, whichever is free.
    assert match_buildings(truth, [middle, right]) == Matches(1, 1, 1)
    left_only = sure(strip(-20), 0.8)  # 80 / 120 with the first building alone
    assert match_buildings(truth, [middle, left_only]) == Matches(1, 1, 1)
    assert match_buildings(truth[::-1], [middle, left_only]) == Matches(2, 0, 0)
    # Equal confidences: the order of the file decides.
    one, two = sure(strip(0), 0.5), sure(strip(30), 0.5)
    assert match_buildings([strip(10)], [one, two]) == Matches(1, 1, 0)


def test_an_empty_image() -> None:
    assert match_buildings([], []) == Matches(0, 0, 0)
    assert match_buildings([], []).f1 is None
    assert match_buildings([], [sure(strip(0))]) == Matches(0, 1, 0)
    assert match_buildings([strip(0)], []) == Matches(0, 0, 1)


def test_counts_are_summed_before_f1() -> None:
    truth = {"a": [sure(strip(0))], "b": [sure(strip(i * 200)) for i in range(4)], "c": []}
    proposals = {"a": [sure(strip(0))], "c": [sure(strip(0))], "d": [sure(strip(0))]}
    total, per_image = spacenet_score(truth, proposals)
    assert total == Matches(1, 2, 4)
    assert total.f1 == pytest.approx(2 / (2 + 2 + 4))
    assert list(per_image) == ["a", "b", "c", "d"]
    assert per_image["a"].f1 == 1
    with pytest.raises(DatasetError, match="no image is in both"):
        spacenet_score({"x": []}, {"y": []})
    with pytest.raises(ConfigError):
        match_buildings([], [], min_iou=1)


def test_matches_are_those_of_a_plain_loop() -> None:
    rng = np.random.default_rng(0)
    boxes = [
        [box(x, y, x + w, y + h) for x, y, w, h in zip(*rng.integers(5, 60, (4, 60)), strict=True)]
        for _ in range(2)
    ]
    confidence = rng.integers(0, 5, 60)
    free = [p for p in boxes[0] if p.area >= 80]
    count = len(free)
    tried = sorted(
        ((c, p) for c, p in zip(confidence, boxes[1], strict=True) if p.area > 80),
        key=lambda pair: -pair[0],
    )
    for _, polygon in tried:
        ious = [polygon.intersection(t).area / polygon.union(t).area for t in free]
        if ious and max(ious) > 0.5:
            del free[int(np.argmax(ious))]
    hits = count - len(free)
    proposals = [sure(p, c) for p, c in zip(boxes[1], confidence, strict=True)]
    assert hits > 3
    assert match_buildings(boxes[0], proposals) == Matches(hits, len(tried) - hits, len(free))


HEAD = "ImageId,BuildingId,PolygonWKT_Pix,Confidence"


def write(path: Path, *rows: str) -> Path:
    path.write_text("\n".join([HEAD, *rows]) + "\n")
    return path


def row(image: str, polygon: str, confidence: str = "1") -> str:
    return f'{image},1,"{polygon}",{confidence}'


def test_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flat = "POLYGON ((0 0, 20 0, 20 20, 0 20, 0 0))"
    high = "POLYGON Z ((0 0 3, 20 0 3, 20 19 3, 0 19 3, 0 0 3))"
    bow = "POLYGON ((0 0, 40 40, 40 0, 0 40, 0 0))"
    truth = write(
        tmp_path / "t.csv", row("a", high), row("b", "POLYGON EMPTY"), row("c", wkt.dumps(strip(0)))
    )
    made = write(tmp_path / "p.csv", row("a", flat, "0.9"), row("a", bow, "0.1"), row("b", flat))
    command = ["spacenet-score", "--proposals", str(made), "--truth", str(truth)]
    assert main([*command, "--json"]) == 0
    out, err = capsys.readouterr()
    report = json.loads(out)
    assert set(report) == {
        "f1", "precision", "recall", "true_positives", "false_positives", "false_negatives",
        "per_image",
    }  # fmt: skip
    assert (report["true_positives"], report["false_positives"], report["false_negatives"]) == (
        1, 2, 1,
    )  # fmt: skip
    assert report["f1"] == pytest.approx(2 / 5)
    assert report["per_image"]["c"]["false_negatives"] == 1
    assert "1 outline of the proposals crossed themselves" in err
    assert main([*command, "--min-area", "100"]) == 0
    assert "F1 0.400" in capsys.readouterr().out
    for wrong in (["--min-iou", "1"], ["--min-iou", "x"], ["--min-area", "-1"]):
        with pytest.raises(SystemExit) as caught:
            main([*command, *wrong])
        assert caught.value.code == 2


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "has no column ImageId"),
        (b"ImageId,Polygon\na,b\n", "no column PolygonWKT_Pix"),
        ((HEAD + "\na,1,nonsense,1\n").encode(), "is no WKT: 'nonsense'"),
        ((HEAD + '\na,1,"POLYGON ((0 0, 1 0, 1 1))",1\n').encode(), "is no WKT"),
        ((HEAD + "\na,1,POINT (1 2),1\n").encode(), "holds a Point"),
        ((HEAD + '\na,1,"POLYGON ((0 0, 9 0, 9 9, 0 0))",high\n').encode(), "is no number: 'high'"),
        ((HEAD + '\na,1,"POLYGON ((0 0, 9 0, 9 9, 0 0))",nan\n').encode(), "is no number: 'nan'"),
        ((HEAD + '\n,1,"POLYGON ((0 0, 9 0, 9 9, 0 0))",1\n').encode(), "there is no ImageId"),
        ((HEAD + '\na,1,"POLYGON ((0 0, inf 0, 9 9, 0 0))",1\n').encode(), "is no"),
        ((HEAD + "\na,1\n").encode(), ""),
        (b"\xff\xfe" + HEAD.encode("utf-16-le"), "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_line(
    tmp_path: Path, content: bytes, what: str
) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes(content)
    if not what:  # a row that ends early has no polygon: an image without a building
        assert read_buildings(path).by_image == {"a": []}
        return
    with pytest.raises(DatasetError, match=what) as caught:
        read_buildings(path)
    assert str(path) in caught.value.where
    if b"\na" in content and "column" not in what:
        assert "line 2" in caught.value.where


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such file"):
        read_buildings(tmp_path / "none.csv")
