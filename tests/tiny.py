"""A model and a training small enough for a test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

    from core.classes import ClassTable
    from core.models.card import ModelCard
    from core.models.spec import ModelSpec

TINY = [
    "epochs=2",
    "steps=3",
    "batch=2",
    "model.width=4",
    "model.depth=1",
    "model.stem_stride=2",
    "recipe.patch.size=32",
    "precision=float32",
    "learning_rate=0.01",
]
"""Settings of a training of seconds."""

PLAIN = "model.norm=none"
"""Half the weights, for trainings in which what normalisation layers keep is not the point."""

QUICK = [*TINY, PLAIN, "timelapse=0", "tensorboard=false"]
"""A training of which the course alone is the point: half the time, and a third with `eager`."""


def save_tiny_model(folder: Path, seed: int = 0, spec: ModelSpec | None = None) -> None:
    """A model with random weights for 8-bit RGB and the Dubai classes.

    Args:
        folder: where.
        seed: of the weights.
        spec: by default a U-Net of width 8 and depth 2.
    """
    import keras

    from core.classes import DUBAI_CLASSES
    from core.models.architectures.unet import UNetSpec
    from core.models.network import build_model

    spec = spec or UNetSpec(classes=len(DUBAI_CLASSES), width=8, depth=2)
    keras.utils.set_random_seed(seed)
    save_with_card(build_model(spec), folder, spec, DUBAI_CLASSES)


def save_with_card(
    model: keras.Model, folder: Path, spec: ModelSpec, classes: ClassTable
) -> ModelCard:
    """Save a network of `spec` for 8-bit images, and return its card."""
    from core.imagery.normalise import Normalisation
    from core.models.card import WEIGHTS_FILE, ModelCard, Training
    from core.models.store import save_model

    return save_model(
        model,
        folder,
        WEIGHTS_FILE,
        lambda sha256: ModelCard(
            name=folder.name,
            spec=spec,
            classes=classes,
            dtype="uint8",
            normalisation=Normalisation(),
            training=Training(dataset="none", notes="for tests"),
            weights=WEIGHTS_FILE,
            sha256=sha256,
            parameters=model.count_params(),
        ),
    )
