"""The card of a model in training."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from core.classes import DUBAI_CLASSES
from core.imagery.normalise import Normalisation
from core.mask_coding import MaskCoding
from core.models.architectures.unet import UNetSpec
from core.models.card import ModelCard
from core.training.config import TrainConfig
from core.training.runs.run import Run
from core.training.session.card import CardMaker

CODING = MaskCoding("index", values={0: 0, 255: 1})


def test_minutes_add_up_over_a_resume(tmp_path: Path) -> None:
    run = Run(tmp_path)
    for epoch in (1, 2):  # by two processes
        record = {"kind": "epoch", "step": 3 * epoch, "epoch": epoch, "loss": 1.0}
        run.append_metrics(record | {"seconds": 540.0, "validation_seconds": 60.0})
    data = SimpleNamespace(
        dtype="uint8",
        file_bands=0,
        split=SimpleNamespace(train=(), val=(), test=()),
        dataset=SimpleNamespace(name="demo", classes=DUBAI_CLASSES, bands=(), coding=CODING),
        normalisation=Normalisation(),
        digests=(),
        imagery=None,
    )
    card = CardMaker(run, TrainConfig(), data, UNetSpec(width=4, depth=1), 10)  # type: ignore[arg-type]
    made = card(2, {}, "model.weights.h5", "0" * 64)
    assert made.training.minutes == 20.0
    # How the masks were written goes into the card, and comes back from its file.
    assert made.masks == CODING
    assert ModelCard.model_validate_json(made.model_dump_json()).masks == CODING
