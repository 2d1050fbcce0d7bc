"""Augmentations that fit a kind of imagery, and how strong they are."""

from __future__ import annotations

import math
from typing import Any

from core.datasets.recipes.recipe import Augmentation
from core.errors import ConfigError
from core.settings import Setting, labelled_settings

__all__ = ["PRESETS", "at_strength"]

PRESETS: dict[str, Augmentation] = {
    "none": Augmentation(flips=False, quarter_turns=False),
    "light": Augmentation(zoom=(0.8, 1.25), brightness=0.05, contrast=0.1),
    "aerial photograph": Augmentation(
        zoom=(0.6, 1.5),
        rotation=15,
        shear=3,
        brightness=0.1,
        contrast=0.2,
        saturation=0.3,
        hue=0.02,
        noise=0.01,
        cutout=0.15,
    ),
    # Bands are reflectances that stand in a ratio to one another: no hue, little brightness.
    "satellite multispectral": Augmentation(
        zoom=(0.7, 1.4), rotation=15, shear=2, brightness=0.05, contrast=0.15, noise=0.01
    ),
    # Layover and shadow tell from where the radar looked: what turns or mirrors the picture shows
    # what no pass ever sees.
    "radar": Augmentation(
        flips=False,
        quarter_turns=False,
        zoom=(0.8, 1.25),
        rotation=5,
        brightness=0.05,
        contrast=0.1,
        speckle=0.3,
        cutout=0.15,
    ),
}
"""By name, weakest first. Those with changes of colour want 8-bit imagery or a normalisation with
limits (`minmax`, `percentile`, `decibel`): see `core.datasets.batches.feed.check_photometric`."""


def at_strength(augmentation: Augmentation, strength: float) -> Augmentation:
    """All changes weaker or stronger by one factor.

    Args:
        augmentation: augmentation at strength 1.
        strength: factor: 0 for no change at all, 2 for twice as much; each setting stays within its
            limits. The zoom is scaled as a ratio: 0.5 to 2 becomes 0.25 to 4 at strength 2. Flips
            and quarter turns have no measure: they are kept, except at 0.

    Raises:
        ConfigError: a negative strength.
    """
    if not strength >= 0:
        raise ConfigError(
            f"a strength of {strength:g} means nothing",
            remedy="give 0 for no augmentation, 1 for the preset as it is, 2 for twice as much",
        )
    changed: dict[str, Any] = {}
    for setting in labelled_settings(Augmentation):
        value, (low, high) = getattr(augmentation, setting.key), _limits(setting)
        if setting.kind is bool:
            changed[setting.key] = value and strength > 0
        elif isinstance(value, tuple):
            changed[setting.key] = tuple(min(max(end**strength, low), high) for end in value)
        else:
            scaled = min(value * strength, high)
            changed[setting.key] = round(scaled) if setting.kind is int else scaled
    return augmentation.model_copy(update=changed)


def _limits(setting: Setting) -> tuple[float, float]:
    low, high = setting.low or 0.0, math.inf if setting.high is None else setting.high
    return low, 0.99 * high if setting.open_high else high
