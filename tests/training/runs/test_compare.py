"""Settings of runs side by side."""

from __future__ import annotations

from core.training.config import TrainConfig, with_settings
from core.training.runs.compare import settings


def test_settings_that_differ_are_marked() -> None:
    first = TrainConfig(dataset="demo")
    second = with_settings(first, ["epochs=7", "model.width=8"])
    third = with_settings(first, ["model.architecture=unet-vgg11"])
    differing = [s.key for s in settings([first, second]) if s.differs]
    assert differing == ["model.width", "epochs"]
    result = {s.key: s for s in settings([first, third])}
    assert result["model.architecture"].values == ("unet", "unet-vgg11")
    assert result["model.depth"].values[1] == "–"
    assert result["model.depth"].differs
    assert not result["dataset"].differs
    assert result["recipe.augmentation.zoom"].values[0].startswith("[")


def test_settings_are_called_as_where_they_are_changed() -> None:
    first = TrainConfig(dataset="demo")
    second = with_settings(first, ["recipe.split.val=0.29", "recipe.augmentation.brightness=0.07"])
    third = with_settings(first, ["model.architecture=unet-vgg11"])
    result = {s.key: s for s in settings([first, second, third])}
    assert result["recipe.augmentation.zoom"].name == "Zoom, times"
    assert result["recipe.split.val"].name == "Validation share, %"
    assert result["recipe.split.val"].shown[1] == "29"
    assert result["recipe.augmentation.brightness"].shown[1] == "7"
    assert result["recipe.split.kind"].shown[0] == "by scene"
    assert result["model.stem_stride"].shown[0] == "full"
    assert result["model.depth"].name == "Depth, halvings"
    assert result["model.depth"].shown[2] == "–"
    assert result["dataset"].name == "Dataset"
