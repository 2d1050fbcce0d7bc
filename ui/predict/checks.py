"""What is said of an image before it is predicted: whether it can be, and whether it is known."""

from __future__ import annotations

from core.datasets.identity import block_of
from core.errors import ImageError
from core.evaluation.trained_on import sides_of_image
from core.formats import counted, listed
from core.models.card import ModelCard, Training
from core.models.model_input import ModelInput
from ui.loaded.images import OpenImage
from ui.shell.errors import show_error
from ui.widgets.frame import Frame

__all__ = ["fits_model", "say_if_known"]

_USE = {"train": "train", "val": "validate", "test": "test"}


def fits_model(image: OpenImage, card: ModelCard) -> bool:
    """Whether the model takes an image of this kind; where not, say why and what to do."""
    try:
        ModelInput.of_card(card).check(image.raster.pixels, image.name)
    except ImageError as error:
        show_error(error)
        return False
    return True


def say_if_known(digest: str, name: tuple[str, str], training: Training, frame: Frame) -> str:
    """Say on which sides of the model's split an image is: scores on what was learnt are too good.

    Args:
        digest: of the image's file (`core.datasets.identity`).
        name: its dataset's name and its id there; empty texts for an upload.
        training: from the model's card.
        frame: of the page, which gets the note.

    Returns:
        That the training never saw it, where the card has what tells it; else an empty text.
    """
    sides = sides_of_image(digest, name, training)
    if not sides:
        return "never seen in training" if training.digests else ""
    ids = [i for there in sides.values() for i in there]
    if any(block_of(i)[1] for i in ids):
        blocks = [
            f"{counted(len(there), 'block')} to {_USE[side]}" for side, there in sides.items()
        ]
        text = f"This model used {listed(blocks)} of this image."
    else:
        text = f"This model used this image to {listed([_USE[side] for side in sides])}."
    if "train" in sides:
        text += " A score over it is better than on images that the model has not seen."
    frame.note(text, warning="train" in sides, icon=":material/model_training:")
    return ""
