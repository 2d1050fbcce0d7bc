"""One run as the page shows it: with everything measured, and as older runs left it."""

from __future__ import annotations

import base64
import json
import os
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.classes import DUBAI_CLASSES
from core.datasets.batches.labelled_image import LabelledImage
from core.datasets.identity import counted_samples
from core.evaluation.confusion import confusion
from core.models.card import Training
from core.training.config import TrainConfig
from core.training.runs.liveness import process_start
from core.training.runs.run import Run, create_run
from core.training.runs.status import Status
from core.training.runs.timelapse import TimelapseWriter

NAMES = DUBAI_CLASSES.names
BLOCKS = ("enc1", "enc2", "bridge", "dec2", "dec1", "head")
EPOCHS, STEPS = 4, 10


def make_run(name: str = "watched", state: str = "running", **settings: Any) -> Run:
    run = create_run(name, TrainConfig(dataset="demo", epochs=EPOCHS, **settings))
    me = os.getpid()
    run.write_status(
        Status(
            state=state,
            message="Training.",
            pid=me,
            process_start=process_start(me),
            epoch=2,
            epochs=EPOCHS,
            step=5,
            steps=STEPS,
            started=1.8e9,
        )
    )
    return run


def step_record(step: int) -> dict[str, Any]:
    """A step record with everything in it."""
    return {
        "kind": "step",
        "epoch": 1 + (step - 1) // STEPS,
        "step": step,
        "loss": 1 / step,
        "learning_rate": 1e-3,
        "images_per_second": 20.0,
        "memory": 3 * 2**30,
        "gpu_memory": {"GPU:0": 2**30, "GPU:1": 2**29},
        # Keras sorts what it logs.
        "gradient_norm": dict(sorted((block, 10.0**-i) for i, block in enumerate(BLOCKS))),
    }


def epoch_record(number: int, step: int) -> dict[str, Any]:
    return {
        "kind": "epoch",
        "epoch": number,
        "step": step,
        "loss": 0.5,
        "mean_iou": 0.4,
        "val_cross_entropy": 0.7,
        "val_mean_iou": 0.3,
        "val_iou": dict.fromkeys(NAMES, 0.25) | {"Water": None},
    }


def add_records(run: Run, records: list[dict[str, Any]]) -> None:
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (run.folder / "metrics.jsonl").write_text(lines)


def add_timelapse(run: Run, epochs: int) -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 5, (24, 32), np.uint8)
    pixels = rng.integers(0, 256, (24, 32, 3), np.uint8)
    writer = TimelapseWriter(run, ["north", "south"], DUBAI_CLASSES, 2)
    for number in range(1, epochs + 1):
        for id in ("north", "south"):
            image = LabelledImage(id, pixels, labels, np.ones(labels.shape, bool))
            predicted = rng.integers(0, 5, labels.shape, np.uint8)
            writer.of(number)(image, predicted, confusion(labels, predicted, 5))


def _script(name: str) -> None:
    from core.training.runs.run import find_run
    from ui.train.runs.detail import run_detail

    run = find_run(name)
    run_detail(run, run.status())


def open_detail(run: Run, view: str = "Learning") -> AppTest:
    at = AppTest.from_function(_script, args=(run.name,), default_timeout=60)
    at.query_params["watch"] = view
    at.run()
    assert not at.exception
    assert not at.error
    return at


def charts(at: AppTest) -> list[dict[str, Any]]:
    return [json.loads(chart.proto.spec) for chart in at.get("plotly_chart")]


def points(trace: dict[str, Any], axis: str) -> np.ndarray:
    packed = trace[axis]
    return np.frombuffer(base64.b64decode(packed["bdata"]), packed["dtype"])


@pytest.fixture
def run() -> Run:
    run = make_run()
    add_records(
        run,
        [*map(step_record, range(1, 11)), epoch_record(1, 10), *map(step_record, range(11, 16))],
    )
    add_timelapse(run, 3)
    return run


def test_learning_is_shown_with_the_machine_in_numbers(run: Run) -> None:
    at = open_detail(run)
    loss, iou, rate = charts(at)
    np.testing.assert_array_equal(points(loss["data"][0], "x"), range(1, 16))
    # The validation's beside it, at the step after which it was measured.
    assert [trace["name"] for trace in loss["data"]][2] == "validation, cross-entropy"
    np.testing.assert_array_equal(points(loss["data"][2], "x"), [10])
    np.testing.assert_allclose(points(loss["data"][2], "y"), [0.7])
    assert loss["layout"]["xaxis"]["range"] == [0, EPOCHS * STEPS]
    np.testing.assert_allclose(points(iou["data"][1], "y"), [0.3])
    np.testing.assert_allclose(points(rate["data"][0], "y"), 1e-3)
    shown = {metric.label: (metric.value, metric.delta) for metric in at.metric}
    assert shown["Memory"] == ("3.0 GiB", "GPU 1.5 GiB")
    assert at.get("progress")[0].proto.text.endswith("step 5 of 10, loss 0.067")


def test_inpainting_has_its_curve_before_and_during_the_training(run: Run) -> None:
    before = make_run("before")
    place = {"message": "Inpainting, epoch 3 of 5, step 1 of 10: loss 0.6.", "epoch": 0, "step": 0}
    before.write_status(before.status().model_copy(update=place))
    records = [{"kind": "inpainting", "epoch": n, "loss": 1 / n, "seconds": 2.0} for n in (1, 2)]
    add_records(before, records)
    at = open_detail(before)
    (chart,) = charts(at)
    np.testing.assert_allclose(points(chart["data"][0], "y"), [1, 0.5])
    assert any("Inpainting, epoch 3 of 5" in caption.value for caption in at.caption)
    # A stop leaves no model there, and does not say that one is kept.
    before.request_stop()
    words = [caption.value for caption in open_detail(before).caption]
    assert any(text.startswith("It ends after its present step") for text in words)
    assert not any("the best kept" in text for text in words)
    add_records(run, [*records, *map(step_record, range(1, 4))])
    assert len(charts(open_detail(run))) == 4


def test_classes_have_their_curves_and_a_table(run: Run) -> None:
    at = open_detail(run, "Classes")
    (chart,) = charts(at)
    lines = [t for t in chart["data"] if t.get("showlegend") is not False]
    assert [(t["name"], t["line"]["color"]) for t in lines] == [
        (land_class.name, land_class.color) for land_class in DUBAI_CLASSES.classes
    ]
    table = next(h.proto.body for h in at.get("html") if "IoU by class" in h.proto.body)
    assert table.count("0.250") == 4
    assert "does not occur" in table


def test_gradients_are_logarithmic_and_in_the_order_of_the_network(run: Run) -> None:
    (chart,) = charts(open_detail(run, "Gradients"))
    assert chart["layout"]["yaxis"]["type"] == "log"
    assert [trace["name"] for trace in chart["data"]] == list(BLOCKS)
    np.testing.assert_allclose(points(chart["data"][2], "y"), 1e-2)


def test_the_machine_is_every_device(run: Run) -> None:
    speed, memory = charts(open_detail(run, "Machine"))
    np.testing.assert_allclose(points(speed["data"][0], "y"), 20)
    assert [trace["name"] for trace in memory["data"]] == ["main memory", "GPU:0", "GPU:1"]
    assert [points(trace, "y")[0] for trace in memory["data"]] == [3, 1, 0.5]


def test_the_time_lapse_sends_addresses_not_pictures(run: Run) -> None:
    at = open_detail(run, "Time-lapse")
    choice = next(group for group in at.button_group if group.label.startswith("Pinned"))
    assert choice.options == ["north", "south"]
    (component,) = at.get("bidi_component")
    sent = component.proto.json
    data = json.loads(sent)
    prediction, truth = data["layers"]
    assert [frame["number"] for frame in prediction["frames"]] == [1, 2, 3]
    assert prediction["frames"][0]["text"].startswith("Epoch 1 · mean IoU here 0.")
    assert data["size"] == [32, 24]
    assert truth["src"].startswith("/timelapse/watched/00/truth.png?")
    assert "base64" not in sent
    choice.set_value("south").run()
    assert "/timelapse/watched/01/" in at.get("bidi_component")[0].proto.json


@pytest.mark.parametrize(
    ("view", "words"),
    [
        ("Gradients", "measured no gradient norms"),
        ("Machine", "measured no throughput and memory"),
        ("Time-lapse", "when the first epoch has been validated"),
    ],
)
def test_a_run_of_an_earlier_version_says_what_it_lacks(view: str, words: str) -> None:
    run = make_run()
    old = [{"kind": "step", "epoch": 1, "step": s, "loss": 1.0} for s in (4, 8)]
    add_records(run, [*old, epoch_record(1, 10)])
    assert len(charts(open_detail(run))) == 2
    assert len(charts(open_detail(run, "Classes"))) == 0
    assert any(words in info.value for info in open_detail(run, view).info)


@pytest.mark.parametrize("state", ["running", "finished", "stopped"])
def test_what_is_other_than_when_it_began_stays_in_sight(state: str) -> None:
    run = make_run(state=state)
    note = "The dataset is not the one the run began with: 4 samples more."
    run.write_status(run.status().model_copy(update={"note": note}))
    assert any("4 samples more" in info.value for info in open_detail(run).info)


def test_blocks_are_not_called_images() -> None:
    card = Training(
        dataset="d",
        test=("ortho/r1c1", "ortho/r2c2", "small"),
        config={"recipe": {"split": {"kind": "blocks"}}},
    )
    assert counted_samples(card.test, card.in_blocks) == "2 blocks and 1 image"
    assert counted_samples(card.test[:1], card.in_blocks) == "1 block"
    # An id that only looks like that of a block.
    assert counted_samples(card.test, blocks=False) == "3 images"
    assert counted_samples((), card.in_blocks) == "0 images"


def test_before_the_first_step_every_view_says_what_comes() -> None:
    run = make_run()
    for view in ("Learning", "Classes", "Time-lapse", "Gradients", "Machine"):
        at = open_detail(run, view)
        assert len(at.info) == 1, view


def test_a_time_lapse_that_was_switched_off_says_so() -> None:
    run = make_run(state="stopped", timelapse=0)
    (_, info) = open_detail(run, "Time-lapse").info
    assert "keeps no time-lapse" in info.value


def test_ten_thousand_steps_stay_legible() -> None:
    run = make_run()
    add_records(run, [step_record(step) for step in range(1, 10_001)])
    loss = charts(open_detail(run))[0]
    (gradients,) = charts(open_detail(run, "Gradients"))
    for trace in (*loss["data"], *gradients["data"]):
        x = points(trace, "x")
        assert 100 < len(x) <= 600
        assert x[-1] > 9900
        assert set(np.diff(x)[:-1]) == {x[1] - x[0]}  # evenly


def test_held_curves_stay_while_the_training_goes_on(run: Run) -> None:
    at = open_detail(run)
    at.toggle[0].set_value(True).run()
    before = charts(at)
    run.append_metrics(step_record(16))
    at.run()
    assert charts(at) == before
    assert at.get("progress")[0].proto.text.endswith("loss 0.062")  # what is no curve goes on
    at.toggle[0].set_value(False).run()
    assert points(charts(at)[0]["data"][0], "x")[-1] == 16
