"""The Train page without a browser: its form, its list, and what it shows of each state."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.datasets.recipes.recipe import Augmentation, Patch, Recipe
from core.datasets.recipes.revisions import save_recipe
from core.datasets.recipes.splits import SplitConfig
from core.errors import WorkspaceError
from core.models.architectures.unet import UNetSpec
from core.models.architectures.zoo_spec import ZooSpec
from core.models.families import FAMILIES, Family
from core.models.zoo_table import backbones
from core.paths import workspace
from core.training.config import Loss, TrainConfig, with_settings
from core.training.runs.liveness import process_start
from core.training.runs.run import EPOCH_FILE, STATE_FILE, Run, create_run, find_run, list_runs
from core.training.runs.status import Status
from tests.conftest import REPOSITORY
from tests.contributing import example


def opened(**query: str) -> AppTest:
    """The page, with crops that fit the dataset of these tests."""
    at = AppTest.from_file(str(REPOSITORY / "ui/shell/router.py"), default_timeout=120)
    for key, value in query.items():
        at.query_params[key] = value
    at.switch_page("../../pages/train.py").run()
    fit = [button for button in at.button if button.label == "Take 96"]
    return fit[0].click().run() if fit else at


@pytest.fixture
def dataset(demo_dataset: Path) -> str:
    (workspace().datasets / "demo").symlink_to(demo_dataset)
    return "demo"


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Run, list[str]]]:
    """What would have been started as a process."""
    calls: list[tuple[Run, list[str]]] = []
    monkeypatch.setattr(
        "core.training.queue.processes.start_training", lambda *call: calls.append(call[:2])
    )
    return calls


def _button(at: AppTest, label: str):
    return next(button for button in at.button if button.label == label)


def _labels(at: AppTest) -> list[str]:
    return [button.label for button in at.button]


def test_an_empty_workspace_says_what_to_do_next() -> None:
    at = opened()
    assert not at.exception
    texts = " ".join(info.value for info in at.info)
    assert "no dataset yet" in texts
    for view, words in (("runs", "No training yet"), ("compare", "nothing to compare")):
        at = opened(view=view)
        assert not at.exception
        assert words in at.info[0].value
        if view == "runs":
            links = {link.proto.label: link.proto.query_string for link in at.get("page_link")}
            assert links["New training"] == "view=new"


def test_the_split_is_shown_before_launching(dataset: str) -> None:
    at = opened()
    assert not at.exception
    (table,) = [m.value for m in at.markdown if "| Training |" in m.value]
    assert "| Training | 1 | 4 |" in table
    at.selectbox(key="train.recipe.split.kind").set_value("within-scene").run()
    (table,) = [m.value for m in at.markdown if "| Training |" in m.value]
    assert "| Training | 3 | 6 | Tile 1, Tile 2, Tile 3 |" in table
    assert any("not new ones" in caption.value for caption in at.caption)


def test_a_single_image_is_split_by_blocks(space: Path) -> None:
    for folder, pixels in (
        ("images", np.random.default_rng(0).integers(0, 255, (300, 300, 3), np.uint8)),
        ("masks", np.indices((300, 300))[0].astype(np.uint8) % 2),
    ):
        (space / f"datasets/one/{folder}").mkdir(parents=True)
        cv2.imwrite(str(space / f"datasets/one/{folder}/ortho.png"), pixels)
    at = opened()
    at.number_input(key="train.recipe.patch.size").set_value(64).run()
    assert any(
        "plit each image into blocks (“Split”: by blocks of images)"
        in error.value.replace("\\", "")
        for error in at.error
    )
    _button(at, "Take blocks").click().run()
    assert not at.error
    (table,) = [m.value for m in at.markdown if "| Training |" in m.value]
    assert "| Training | 1 | 5 | ortho |" in table


def test_start_launches_what_the_form_says(
    dataset: str, launched: list[tuple[Run, list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    at = opened()
    at.number_input(key="train.epochs").set_value(3)
    at.number_input(key="train.recipe.split.val").set_value(30)
    at.selectbox(key="train.model.norm").set_value("group")
    at.slider(key="train.recipe.augmentation.zoom").set_value((0.5, 2.0)).run()
    assert not at.error
    _button(at, "Start training").click().run()
    assert not at.exception
    ((run, arguments),) = launched
    assert run.name == "demo-unet-01"
    assert "--dataset" in arguments
    config = run.config()
    assert (config.dataset, config.epochs, config.recipe.split.val) == ("demo", 3, 0.3)
    assert config.model.norm == "group"
    assert config.recipe.augmentation.zoom == (0.5, 2.0)
    assert at.query_params["run"] == "demo-unet-01"
    assert at.query_params["view"] == "runs"
    assert "Stop training" in _labels(at)
    at.button_group(key="train.view").set_value("new").run()
    assert any("“demo-unet-01” is going on" in info.value.replace("\\", "") for info in at.info)
    # A second press right after is the same wish; the form is as it was.
    now = at.session_state["train.started"] + 1
    monkeypatch.setattr("time.time", lambda: now)
    _button(at, "Start training").click().run()
    assert len(launched) == 1
    assert at.number_input(key="train.epochs").value == 3


def test_a_name_that_is_taken_is_one_box(
    dataset: str, launched: list[tuple[Run, list[str]]]
) -> None:
    create_run("mine", TrainConfig(dataset="demo"))
    at = opened()
    at.text_input[0].set_value("mine").run()
    _button(at, "Start training").click().run()
    assert not at.exception
    assert "already" in at.error[0].value
    assert not launched


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("train.recipe.patch.size", 100, "Crop size, px"),
        ("train.model.width", 13, "Width, channels"),
        ("train.recipe.split.test", 80, "something to train on"),
        ("train.recipe.split.test", 60, "within scenes"),
    ],
)
def test_a_setting_that_does_not_fit_says_which(
    dataset: str, key: str, value: int, words: str
) -> None:
    at = opened()
    at.number_input(key=key).set_value(value).run()
    assert not at.exception
    assert len(at.error) == 1
    assert words in at.error[0].value.replace("\\", "")
    assert _button(at, "Start training").disabled


def test_crops_must_fit_the_network(dataset: str) -> None:
    at = opened()
    at.number_input(key="train.model.depth").set_value(5)
    at.number_input(key="train.recipe.patch.size").set_value(96).run()
    assert "multiples of 64" in at.error[0].value
    assert _button(at, "Start training").disabled


def test_presets_fill_the_form_and_a_change_by_hand_leaves_them(dataset: str) -> None:
    at = opened()
    at.button_group(key="train.preset").set_value("Thorough").run()
    assert not at.exception
    assert at.number_input(key="train.epochs").value == 25
    assert at.number_input(key="train.model.width").value == 24
    at.number_input(key="train.epochs").set_value(26).run()
    assert at.session_state["train.preset"] is None
    assert at.number_input(key="train.model.width").value == 24


def test_a_recipe_brings_its_exclusions(
    dataset: str, launched: list[tuple[Run, list[str]]]
) -> None:
    recipe = Recipe(name="clean", exclude=("Tile 1/image_part_001",), normalisation="unit")
    recipe = recipe.model_copy(update={"patch": Patch(size=64)})
    recipe = save_recipe(recipe)
    at = opened()
    at.selectbox(key="train.recipe").set_value("clean").run()
    assert any("Leaves out 1 sample" in caption.value for caption in at.caption)
    _button(at, "Start training").click().run()
    assert not at.exception
    config = launched[0][0].config()
    assert config.recipe.exclude == recipe.exclude
    assert config.recipe.normalisation == "unit"


def test_a_run_is_cloned_with_all_its_settings(
    dataset: str, launched: list[tuple[Run, list[str]]]
) -> None:
    recipe = Recipe(
        exclude=("Tile 1/image_part_001",),
        patch=Patch(size=64, rare=0.25),
        augmentation=Augmentation(zoom=(0.5, 2), speckle=0.123),
        class_weights={"Road": 3.5},
        split=SplitConfig(kind="within-scene", val=0.333),
    )
    config = TrainConfig(
        dataset="demo",
        recipe=recipe,
        model=UNetSpec(width=8, depth=2, upsampling="resize"),
        loss=Loss(cross_entropy=0, focal=2, tversky=1, dice=0),
        optimizer="sgd",
        momentum=0.8,
        schedule="plateau",
        plateau_patience=7,
        epochs=20000 // 3,
        limit_minutes=12.5,
        seed=5,
    )
    create_run("old", config)
    at = opened(clone="old")
    assert not at.exception and not at.error
    assert "clone" not in at.query_params
    assert at.number_input(key="train.class_weight.Road").value == 3.5
    assert at.number_input(key="train.plateau_patience").value == 7
    _button(at, "Start training").click().run()
    assert not at.exception
    assert launched[-1][0].config() == config
    # Once: what is changed afterwards stays changed, through another view and back.
    at.button_group(key="train.view").set_value("new").run()
    at.number_input(key="train.epochs").set_value(3).run()
    at.button_group(key="train.view").set_value("runs").run()
    at.button_group(key="train.view").set_value("new").run()
    assert at.number_input(key="train.epochs").value == 3


def test_only_what_the_choice_needs_is_shown(dataset: str) -> None:
    at = opened()

    def there(path: str) -> bool:
        return any(field.key == f"train.{path}" for field in [*at.number_input, *at.selectbox])

    assert there("weight_decay") and there("warmup") and there("loss.balance")
    assert not any(map(there, ("momentum", "plateau_patience", "loss.focal_gamma")))
    at.selectbox(key="train.optimizer").set_value("sgd")
    at.selectbox(key="train.schedule").set_value("one-cycle")
    at.number_input(key="train.loss.cross_entropy").set_value(0.0).run()
    assert there("momentum") and not there("warmup") and not there("loss.balance")
    at.selectbox(key="train.optimizer").set_value("adam")
    at.selectbox(key="train.schedule").set_value("plateau")
    at.number_input(key="train.loss.focal").set_value(1.0).run()
    assert there("plateau_patience") and there("loss.focal_gamma") and there("loss.balance")
    assert not there("weight_decay") and not there("momentum")


def test_another_architecture_has_other_settings_and_keeps_its_own(
    dataset: str, launched: list[tuple[Run, list[str]]]
) -> None:
    at = opened()
    at.number_input(key="train.model.width").set_value(20).run()
    at.selectbox(key="train.model.architecture").set_value("unet-vgg11").run()
    assert not at.exception
    assert not any(field.key == "train.model.width" for field in at.number_input)
    _button(at, "Start training").click().run()
    config = launched[0][0].config()
    assert launched[0][0].name == "demo-unet-vgg11-01"
    assert config.model.architecture == "unet-vgg11"
    at.button_group(key="train.view").set_value("new").run()
    at.selectbox(key="train.model.architecture").set_value("unet").run()
    assert at.number_input(key="train.model.width").value == 20


def test_the_zoo_offers_its_encoders_and_crops_that_fit(
    dataset: str, launched: list[tuple[Run, list[str]]]
) -> None:
    at = opened()
    at.selectbox(key="train.model.architecture").set_value("sm-pspnet").run()
    assert not at.exception
    encoder = at.selectbox(key="train.model.backbone")
    assert len(encoder.options) == len(backbones("sm-pspnet"))
    encoder.set_value("mobilenetv2").run()
    # Pyramid pooling does not take the crops of 128 px that the preset has for the others.
    size = at.number_input(key="train.recipe.patch.size")
    assert size.value == 96
    size.set_value(160).run()
    assert "multiples of 48" in at.error[0].value
    assert _button(at, "Start training").disabled
    at.number_input(key="train.recipe.patch.size").set_value(96).run()
    _button(at, "Start training").click().run()
    run = launched[0][0]
    assert run.name == "demo-sm-pspnet-mobilenetv2-01"
    assert run.config().model == ZooSpec(architecture="sm-pspnet", backbone="mobilenetv2")


def test_a_new_family_has_its_fields(
    dataset: str,
    launched: list[tuple[Run, list[str]]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the row of docs/contributing.md alone."""
    module, row = example("A model family", Family, tmp_path)
    monkeypatch.setitem(FAMILIES, *row)
    at = opened()
    at.selectbox(key="train.model.architecture").set_value("three-layers").run()
    assert not at.exception
    assert "Three layers" in at.selectbox(key="train.model.architecture").options
    assert row[1].summary in [caption.value for caption in at.caption]
    at.number_input(key="train.model.width").set_value(12).run()
    _button(at, "Start training").click().run()
    assert launched[0][0].config().model == module.ThreeLayersSpec(width=12)


def test_the_command_gives_what_the_form_says(
    dataset: str, launched: list[tuple[Run, list[str]]]
) -> None:
    at = opened()
    at.number_input(key="train.class_weight.Land").set_value(0.5)
    at.selectbox(key="train.schedule").set_value("one-cycle").run()
    (code,) = [code.value for code in at.code if "core train" in code.value]
    words = shlex.split(code.replace("\\\n", " "))
    settings = [words[i + 1] for i, word in enumerate(words) if word == "--set"]
    _button(at, "Start training").click().run()
    assert with_settings(TrainConfig(dataset="demo"), settings) == launched[0][0].config()


def _made(name: str, **status: object) -> Run:
    run = create_run(name, TrainConfig(dataset="demo", epochs=4))
    run.write_status(Status(epochs=4, steps=10, started=1.8e9, **status))
    for epoch in (1, 2):
        at = epoch * 10
        run.append_metrics({"kind": "step", "epoch": epoch, "step": at - 5, "loss": 1.0 / epoch})
        scores = {"mean_iou": 0.4, "val_mean_iou": 0.3, "val_iou": {"Building": 0.3}}
        run.append_metrics({"kind": "epoch", "epoch": epoch, "step": at, "loss": 0.9, **scores})
    return run


def test_a_running_one_is_shown_live_and_can_be_stopped(dataset: str) -> None:
    me = os.getpid()
    run = _made(
        "live",
        state="running",
        message="Training.",
        pid=me,
        process_start=process_start(me),
        epoch=3,
        step=5,
        images_per_second=12.34,
        seconds_left=125.0,
        best_epoch=2,
        best_mean_iou=0.3,
    )
    at = opened(run="live")
    assert not at.exception
    shown = {metric.label: metric.value for metric in at.metric}
    assert shown == {
        "Best validation mean IoU": "0.300",
        "Crops a second": "12.3",
        "Time left": "2 min",
    }
    assert len(at.get("plotly_chart")) == 2
    _button(at, "Stop training").click().run()
    assert run.stop_file.exists()
    assert _button(at, "Stopping …").disabled


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("failed", "smaller batch"),
        ("stopped", "as you asked"),
        ("running", "ended unexpectedly"),  # by a process that is gone
    ],
)
def test_one_that_ended_early_says_why_and_can_go_on(
    dataset: str, launched: list[tuple[Run, list[str]]], state: str, words: str
) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    message = {"failed": "Choose a smaller batch.", "stopped": "Stopped as you asked."}
    run = _made("ended", state=state, message=message.get(state, ""), pid=gone.pid, process_start=1)
    run.log.write_text("the last line")
    at = opened(view="runs")
    assert not at.exception
    boxes = [*at.error, *at.info, *at.warning]
    assert any(words in box.value.replace("\\", "") for box in boxes)
    assert any("the last line" in code.value for code in at.code)
    run.checkpoint.mkdir()
    (run.checkpoint / STATE_FILE).write_bytes(b"x")
    (run.checkpoint / EPOCH_FILE).write_text('{"epoch": 1}')
    at.run()
    _button(at, "Resume").click().run()
    assert not at.exception
    assert launched[0][0].name == "ended"
    assert "--resume" in launched[0][1]
    assert find_run("ended").status().state == "starting"


def test_a_run_is_chosen_from_the_list_and_by_the_address(dataset: str) -> None:
    for name in ("one", "two"):
        _made(name, state="finished", message="Finished.")
    at = opened(run="one")
    assert [s.value for s in at.subheader] == ["one"]
    at.selectbox(key="runs.one").set_value("two").run()
    assert at.query_params["run"] == "two"
    assert [s.value for s in at.subheader] == ["two"]


def test_a_model_of_a_run_leads_on_to_the_pages_that_use_it(space: Path, tiny_model: str) -> None:
    run = _made("one", state="finished", message="Finished.")
    for name in ("model.json", "model.weights.h5"):
        shutil.copy(space / "models" / tiny_model / name, run.folder)
    at = opened(view="runs")
    assert not at.exception
    links = [link.proto for link in at.get("page_link") if link.proto.query_string]
    assert [(link.page, link.query_string) for link in links] == [
        ("predict", "model=one"),
        ("evaluate", "model=one"),
        ("inspect", "model=one"),
    ]


def test_an_unknown_or_damaged_run_is_one_box(dataset: str) -> None:
    _made("good", state="finished", message="Finished.")
    at = opened(run="../../etc")
    assert not at.exception
    assert "no training" in at.warning[0].value
    _made("bad", state="finished")
    (list_runs()[0].folder / "status.json").write_text("{")
    at = opened(run="good")
    assert not at.exception
    assert len(at.error) == 1
    assert [s.value for s in at.subheader] == ["good"]


def test_the_page_imports_no_tensorflow(space: Path, dataset: str) -> None:
    code = (
        "import sys; from tests.pages.test_train import opened; at = opened();"
        "assert not at.exception and not at.error, at; assert at.number_input;"
        "print(sorted({'tensorflow', 'keras', 'segmentation_models'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("[]")


def test_the_way_out_of_a_problem_stands_beside_the_button_too(dataset: str) -> None:
    at = opened()
    at.number_input(key="train.recipe.patch.size").set_value(2048).run()
    lines = [text.value.replace("\\", "") for text in at.markdown]
    assert any(line.startswith(":material/error: crops of 2048 px") for line in lines)
    assert _button(at, "Start training").disabled
    at.button(key="train.fix.plan").click().run()
    assert not at.error
    assert at.number_input(key="train.recipe.patch.size").value == 96
    assert any(text.value.startswith("200 steps · ") for text in at.caption)


def test_the_form_is_as_it_was_after_a_reload(dataset: str) -> None:
    at = opened()
    at.number_input(key="train.epochs").set_value(17).run()
    at.number_input(key="train.model.width").set_value(13).run()  # does not fit yet
    at.text_input(key="train.name.0.0").set_value("mine").run()
    again = opened(**at.query_params)
    assert not again.exception
    assert again.number_input(key="train.epochs").value == 17
    assert again.number_input(key="train.model.width").value == 13
    assert again.text_input(key="train.name.0.0").value == "mine"
    assert "Width, channels" in again.error[0].value.replace("\\", "")
    _button(again, "Reset").click().run()
    assert not again.exception
    assert again.number_input(key="train.epochs").value == 8
    assert opened().number_input(key="train.epochs").value == 8


def test_a_draft_that_cannot_be_kept_says_so(dataset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(content: object) -> None:
        raise WorkspaceError("the disk is full", remedy="free some disk space")

    at = opened()
    monkeypatch.setattr("ui.train.form.draft.keep_draft", full)
    at.number_input(key="train.epochs").set_value(17).run()
    assert "The disk is full" in at.error[0].value
    assert at.number_input(key="train.epochs").value == 17
