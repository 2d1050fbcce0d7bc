"""Names that come from data are shown as they are: no Markdown, directive, formula or tag."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from google.protobuf.message import Message
from streamlit.testing.v1 import AppTest

from core.datasets.recipes.recipe import Recipe
from core.datasets.recipes.revisions import save_recipe
from core.training.config import TrainConfig
from core.training.runs.notes import Notes, write_notes
from core.training.runs.run import create_run
from core.training.runs.status import Status
from tests.conftest import REPOSITORY
from tests.tiny import save_tiny_model
from ui.shell.errors import figure_text, plain
from ui.shell.jobs import _jobs

EVIL = "![x](http://evil.invalid/a.png) :red[b] $x$ <b>"
FILE = EVIL.replace("/", "_")
# Not preceded by the backslash that makes it literal.
ACTIVE = re.compile(r"(?<!\\)(!\[x|\]\(http|\$x|:red\[|<b>)")
MARKDOWN = {"body", "label", "help", "text", "caption", "content"}


@pytest.fixture
def workspace(space: Path) -> Path:
    """A dataset, recipe, run and model whose names hold what they may."""
    rng = np.random.default_rng(0)
    root = space / "datasets" / "set"
    for folder in ("images", "masks"):
        (root / folder).mkdir(parents=True)
    for name in "abcdef":
        pixels = rng.integers(0, 256, (64, 64, 3), np.uint8)
        cv2.imwrite(str(root / f"images/{FILE} {name}.png"), pixels)
        labels = rng.integers(0, 5 if name == "a" else 6, (64, 64), np.uint8)
        cv2.imwrite(str(root / f"masks/{FILE} {name}.png"), labels)
    (root / f"images/{FILE} broken.png").write_bytes(b"no image")
    classes = [{"name": f"{EVIL} {i}", "color": f"#{40 * i:02x}4040", "value": i} for i in range(5)]
    (root / "classes.json").write_text(json.dumps({"classes": classes, "void": [5]}))
    save_recipe(Recipe(name="r_1_", dataset=EVIL, exclude=(f"{FILE} b",)))
    for number in range(2):
        run = create_run(f"a_b_c {number}", TrainConfig.model_validate({"dataset": "set"}))
        run.write_status(Status(state="failed", message=EVIL, epochs=2))
        write_notes(run, Notes(tags=(EVIL,), text=EVIL))
        save_tiny_model(run.folder)
        _rename(run.folder)
        names = {c["name"]: 0.5 for c in classes}
        record = {"kind": "epoch", "epoch": 1, "step": 3, "loss": 1.0, "val_iou": names}
        step = {"kind": "step", "epoch": 1, "step": 1, "loss": 1.0, "gradient_norm": {EVIL: 1.0}}
        run.metrics_file.write_text(f"{json.dumps(step)}\n{json.dumps(record)}\n")
    (space / "models").mkdir(exist_ok=True)
    (space / f"models/{FILE}.onnx").write_bytes(b"\x08\x08")
    return space


def _rename(folder: Path) -> None:
    """Give a card the names that it may bring."""
    card = json.loads((folder / "model.json").read_text())
    card["name"] = EVIL
    for number, land_class in enumerate(card["classes"]["classes"]):
        land_class["name"] = f"{EVIL} {number}"
    per_class = {c["name"]: {"iou": 0.5} for c in card["classes"]["classes"]}
    side = {"mean_iou": 0.5, "pixel_accuracy": 0.5, "images": 1, "per_class": per_class}
    card["training"] |= {"dataset": EVIL, "notes": EVIL, "scores": {"val": side, "test": side}}
    (folder / "model.json").write_text(json.dumps(card))


def opened(page: str, **query: str) -> AppTest:
    at = AppTest.from_file(str(REPOSITORY / "ui/shell/router.py"), default_timeout=120)
    for key, value in query.items():
        at.query_params[key] = value
    at.switch_page(str(REPOSITORY / f"pages/{page}.py")).run()
    return at


def texts(message: Message) -> Iterator[tuple[str, str]]:
    """Texts that the browser reads as Markdown, and figures, with the kind of their element."""
    kind = message.DESCRIPTOR.name
    if kind in ("Text", "Code", "Html", "Json", "IFrame", "Dataframe", "ArrowDataFrame"):
        return
    for field, value in message.ListFields():
        values: list[Any] = [value] if isinstance(value, (str, Message)) else []
        if (not values and isinstance(value, (list, tuple))) or hasattr(value, "add"):
            values = list(value)
        for one in values:
            if isinstance(one, Message):
                yield from texts(one)
            elif isinstance(one, str) and (field.name in MARKDOWN or field.name == "spec"):
                yield f"{kind}.{field.name}", one


def check(at: AppTest) -> int:
    """Fail where a name would be more than itself; returns how many elements hold one."""
    assert not at.exception
    holding = 0
    for node in at._tree:
        proto = getattr(node, "proto", None)
        if not isinstance(proto, Message):
            continue
        for kind, text in texts(proto):
            holding += "evil" in text
            if kind.endswith(".spec"):
                assert "<b>" not in text
                continue
            assert not ACTIVE.search(text), f"{kind}: {text}"
    return holding


@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("overview", {}),
        ("data", {"view": "Gallery"}),
        ("data", {"view": "Sample"}),
        ("data", {"view": "Statistics"}),
        ("data", {"view": "Problems"}),
        ("data", {"view": "Prepare"}),
        ("train", {"view": "new"}),
        ("train", {"view": "runs"}),
        ("train", {"view": "compare"}),
        ("train", {"view": "models"}),
        ("predict", {"source": "Dataset"}),
        ("evaluate", {"view": "Scores"}),
        ("inspect", {}),
    ],
    ids=lambda value: value if isinstance(value, str) else value.get("view", "-"),
)
def test_names_are_shown_as_they_are(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, page: str, query: dict[str, str]
) -> None:
    monkeypatch.setattr("core.models.store.BUNDLED_MODELS", workspace / "none")
    at = opened(page, **query)
    for job in list(_jobs()[0].values()):
        job.join()  # the audit that the Data page began
    holding = check(at.run())
    if page == "predict":
        assert not at.error, at.error[0].value
        next(button for button in at.button if button.label == "Predict").click().run()
        holding = check(at)
    # There, tables and lists hold the names: no Markdown, or looked at elsewhere.
    assert (
        holding
        or page == "inspect"
        or query["view"] in ("Gallery", "Sample", "Problems", "Prepare", "compare")
    )


def test_the_helpers_leave_nothing_active() -> None:
    assert not ACTIVE.search(plain(EVIL))
    assert plain("a\n# b") == "a \\# b"
    assert figure_text("<b>%{x}") == "&lt;b&gt;%&#123;x}"
