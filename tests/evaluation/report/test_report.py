"""The report: one file, nothing from outside, the figures of the evaluation, names as they are."""

from __future__ import annotations

import base64
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.classes import ClassTable, LandClass
from core.cli.main import main
from core.evaluation.analysis import Analysis
from core.evaluation.confusion import confusion
from core.evaluation.kept.record import EvaluatedSample, EvaluationRecord
from core.evaluation.kept.results import OpenEvaluation, open_results
from core.evaluation.kept.store import new_evaluation
from core.evaluation.report.figures import Line, line_chart
from core.evaluation.report.pictures import extreme_samples
from core.evaluation.report.report import evaluation_report
from core.evaluation.spacenet.objects import BuildingScores, write_building_scores
from core.evaluation.suspects.record import SuspectList, write_suspects
from core.evaluation.suspects.review import decide, read_review, write_review
from core.models.store import find_model, read_card
from tests.evaluation.test_analysis import some_images

EVIL = "<script>alert(1)</script>&"
VOID = {"meta", "img", "br", "line", "circle", "polyline", "link", "input"}


class Reader(HTMLParser):
    """Tags that are balanced, with their attributes, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert not reader.open
    assert not {"script", "iframe", "object", "link"} & {tag for tag, _ in reader.tags}
    for tag, attributes in reader.tags:
        assert not [name for name in attributes if name.startswith("on")]
        source = attributes.get("src") or attributes.get("href")
        assert source is None or source.startswith("data:image/jpeg;base64,"), (tag, source)
    assert "url(" not in html
    assert "@import" not in html
    return reader


@pytest.fixture
def opened(space: Path, tiny_model: str) -> OpenEvaluation:
    return named_as_they_may(tiny_model)


def named_as_they_may(model: str, seed: int = 1) -> OpenEvaluation:
    """An evaluation of four samples whose names hold what they may, without its dataset."""
    card = read_card(find_model(model).folder)
    names = [f"{EVIL} {number}" for number in range(5)]
    classes = ClassTable(
        classes=tuple(
            LandClass(name=name, color=c.color)
            for name, c in zip(names, card.classes.classes, strict=True)
        )
    )
    training = card.training.model_copy(update={"notes": EVIL, "dataset": EVIL})
    card = card.model_copy(update={"classes": classes, "training": training})
    images = some_images()
    record = EvaluationRecord(
        model=EVIL,
        sha256=card.sha256,
        dataset=EVIL,
        classes=classes,
        samples=tuple(EvaluatedSample(id=f"{EVIL} {i.id}", scene=EVIL) for i in images),
        remarks=(EVIL,),
        note=EVIL,
        made=1.8e9,
        finished=True,
    )
    kept = new_evaluation(record, card)
    analysis = Analysis(5, 3)
    rng = np.random.default_rng(seed)
    for image in images:
        given = rng.dirichlet(np.ones(5), image.labels.shape).astype(np.float32)
        labels = np.where(image.valid, given.argmax(-1), 255).astype(np.uint8)
        analysis.on_strip(image.labels, given)
        analysis.on_image(image, labels, confusion(image.labels, labels, 5))
    kept.write_analysis(analysis)
    results = open_results(kept)
    assert results is not None
    return results


def test_names_are_text_and_figures_are_those_of_the_evaluation(opened: OpenEvaluation) -> None:
    curves = [("Loss", [Line(EVIL, [(1, 0.5), (2, 0.3)])])]
    reader = read(evaluation_report(opened, curves))
    assert EVIL in reader.text
    mean = opened.scores.mean_iou
    made = opened.intervals("Samples")
    assert made is not None
    assert f"{mean:.3f} ({made.low['mean_iou']:.2f}–{made.high['mean_iou']:.2f})" in reader.text
    assert "bootstrap intervals over 4 samples. They come from 1 scene" in reader.text
    for pixels in opened.matrix.ravel():
        assert f"{int(pixels):,}" in reader.text
    assert "The pictures cannot be shown: The dataset of this evaluation" in reader.text
    charts = [a["aria-label"] for tag, a in reader.tags if tag == "svg" and "aria-label" in a]
    assert charts == ["Reliability of the class that is predicted", "Score and coverage", "Loss"]
    text = reader.text.partition("All of it")[2]
    assert json.loads(text[text.index("{\n") : text.rindex("}") + 1])["training"]["notes"] == EVIL


def test_the_worst_and_the_best(opened: OpenEvaluation) -> None:
    means = [result.mean_iou or 0.0 for result in opened.sample_scores]
    order = np.argsort(means).tolist()
    assert extreme_samples(opened, 1) == ([order[0]], [order[-1]])
    assert extreme_samples(opened, 9) == (order[:2], order[:1:-1])


def test_a_chart_puts_points_where_they_belong() -> None:
    chart = line_chart("t", [Line("a", [(0, 0), (1, 1), (0.5, 0.5)])], "x", "y")
    [points] = re.findall(r'polyline points="([^"]+)"', chart)
    (x0, y0), (x1, y1), (x2, y2) = (map(float, point.split(",")) for point in points.split())
    assert x0 < x2 < x1 and y1 < y2 < y0  # y grows downwards
    assert (x2, y2) == (pytest.approx((x0 + x1) / 2), pytest.approx((y0 + y1) / 2))


@pytest.mark.training
def test_from_the_command_line(
    tmp_path: Path, demo_dataset: Path, tiny_model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(shutil.copytree(demo_dataset, tmp_path / "demo"))  # not in the workspace
    for part in (*folder.rglob("*_003.*"), *folder.rglob("*_004.*")):
        part.unlink()
    command = ["evaluate", "--model", tiny_model, "--dataset", str(folder), "--json"]
    assert main(command) == 0
    plain = capsys.readouterr().out
    path = tmp_path / "out" / "report.html"
    assert main([*command, "--report", str(path)]) == 0
    # With a report the answer is the same to the last digit.
    assert capsys.readouterr().out == plain
    reader = read(path.read_text())
    pictures = [a for tag, a in reader.tags if tag == "img"]
    assert len(pictures) == 4 * 6
    source = (pictures[0]["src"] or "").split(",", 1)[1]
    image = cv2.imdecode(np.frombuffer(base64.b64decode(source), np.uint8), cv2.IMREAD_COLOR)
    assert image.shape == (96, 96, 3)
    assert f"{json.loads(plain)['mean_iou']:.3f} (" in reader.text
    assert path.stat().st_size < 2_000_000
    assert main([*command, "--report", str(tmp_path)]) == 1
    assert "a folder is in this place" in capsys.readouterr().err


def test_suspects_and_buildings_stand_in_it_where_somebody_looked(opened: OpenEvaluation) -> None:
    before = read(evaluation_report(opened)).text
    assert "Suspect labels" not in before
    assert "Buildings as objects" not in before
    doubt(opened)
    made = read(evaluation_report(opened)).text
    assert "10.00% of the labelled pixels are suspect" in made
    assert "They are 5 regions. Accepted as void: 1; left out with their samples: 0" in made
    assert "was trained on 1 of the 4 samples" in made
    assert "F10.714Precision0.833Recall0.625" in made
    assert f"5 hits, 1 false alarm, 3 misses of {EVIL} 1" in made
    assert "the truth is outlines of footprints" in made


def doubt(opened: OpenEvaluation) -> None:
    """Keep suspect labels and buildings beside an evaluation."""
    region = {"x": 2, "y": 3, "width": 4, "height": 5, "area": 20, "counts": (0, 20)}
    suspects = SuspectList.model_validate(
        {
            "made": 1.0,
            "border": 2,
            "least_area": 16,
            "thresholds": (0.9, 0.8, None, 0.7, 0.6),
            "labelled": (100, 100, 0, 100, 100),
            "pixels": [[0, 20, 0, 20, 0]] + [[0] * 5] * 4,
            "quality": (0.1, 0.2, 0.3, None),
            "seen": (2,),
            "suspects": [
                region
                | {"sample": n, "label": 0, "suggestion": 1, "confidence": 0.9, "doubted": 0.1}
                for n in (0, 1)
            ],
            "dropped": 3,
        }
    )
    write_suspects(opened.kept, suspects)
    write_review(opened.kept, decide(read_review(opened.kept, suspects), "void", [0]))
    buildings = BuildingScores.model_validate(
        {
            "settings": {"label": 1},
            "footprints": True,
            "samples": [(2, 1, 0), (3, 0, 3), (0, 0, 0), (0, 0, 0)],
            "objects": [{"outcome": "miss", "sample": 1, "area": 99.0}
                        | {key: region[key] for key in ("x", "y", "width", "height")}],
        }
    )  # fmt: skip
    write_building_scores(opened.kept, buildings)
