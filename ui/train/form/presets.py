"""Settings to start from."""

from __future__ import annotations

from math import lcm
from typing import Any

from core.models.families import FAMILIES, default_spec

__all__ = ["PRESETS", "preset"]

_QUICK: dict[str, Any] = {
    "recipe.patch.size": 128,
    "batch": 8,
    "epochs": 8,
    "steps": 25,
    "model.width": 16,
    "model.depth": 3,
    "model.stem_stride": 2,
    "model.dropout": 0.0,
    "loss.balance": 0.0,
    "recipe.patch.rare": 0.3,
    "recipe.augmentation.zoom": [1.0, 1.0],
    "recipe.augmentation.brightness": 0.0,
    "recipe.augmentation.contrast": 0.0,
    "recipe.augmentation.saturation": 0.0,
    "recipe.augmentation.hue": 0.0,
    "weight_decay": 1e-4,
    "ema": 0.0,
}
# Near those of the bundled Dubai model, whose card tells its three stages.
_THOROUGH: dict[str, Any] = {
    "recipe.patch.size": 384,
    "batch": 8,
    "epochs": 25,
    "steps": 0,
    "model.width": 24,
    "model.depth": 4,
    "model.stem_stride": 2,
    "model.dropout": 0.1,
    "loss.balance": 0.0,
    "recipe.patch.rare": 0.0,
    "recipe.augmentation.zoom": [0.6, 1.5],
    "recipe.augmentation.brightness": 0.1,
    "recipe.augmentation.contrast": 0.2,
    "recipe.augmentation.saturation": 0.3,
    "recipe.augmentation.hue": 0.03,
    "weight_decay": 0.02,
    "ema": 0.995,
}
PRESETS = {"Quick try": (_QUICK, 2e-3), "Thorough": (_THOROUGH, 1.5e-3)}
_CROP_STEP = 32  # px, of the setting


def preset(name: str, architecture: str) -> dict[str, Any]:
    """Settings by dotted key; those that the architecture does not have are to be passed over."""
    settings, rate = PRESETS[name]
    step = lcm(_CROP_STEP, default_spec(architecture).multiple)
    return {
        **settings,
        "recipe.patch.size": settings["recipe.patch.size"] // step * step,
        "learning_rate": rate * FAMILIES[architecture].rate,
    }
