"""The image on the Predict page, with its ground truth where there is some."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from core.datasets.identity import content_digest, image_digest
from core.datasets.masks.single_mask import Truth
from core.errors import DatasetError, DSIError
from core.evaluation.match_classes import match_classes
from core.imagery.header import read_header
from core.imagery.scene.scene import is_read_by_windows
from core.models.card import ModelCard
from ui.loaded.datasets import choose_dataset, open_chosen
from ui.loaded.datasets import choose_sample as choose_sample_of
from ui.loaded.images import IMAGE_TYPES, OpenImage, open_sample, open_upload
from ui.loaded.upload import choose_upload
from ui.predict.checks import say_if_known
from ui.predict.ground_truth import MASK_TYPES, read_ground_truth
from ui.shell.errors import show_error
from ui.viewer.tiles.files import TiledFile, tiled_picture
from ui.widgets.frame import Frame

__all__ = ["Chosen", "choose_sample", "ground_truth", "upload_image"]


class Chosen(NamedTuple):
    """An image, and what is known of it.

    Attributes:
        image: None where none is chosen yet, or it is too large to be read whole.
        truth: gives its ground truth; where it has to ask how a mask is written, the question
            stands where it is called.
        known: what the model's training did with it, in a few words; empty where that is unknown.
        scene: the image as tiles, where it is too large to be read whole.
    """

    image: OpenImage | None = None
    truth: Callable[[], Truth | None] = lambda: None
    known: str = ""
    scene: TiledFile | None = None


def upload_image(card: ModelCard, frame: Frame) -> Chosen:
    """An uploaded image and, where there is one, its mask."""
    file = choose_upload("image", "Image (PNG, JPEG, TIFF or GeoTIFF)", IMAGE_TYPES, key="image")
    mask = choose_upload(
        "mask",
        "Ground truth, if you have it: a mask of the same place",
        MASK_TYPES,
        key="mask",
        help="Written as the masks of its training, in the class colours, or with class numbers.",
    )
    if file is None:
        frame.note("Upload an image to map it. It stays on this server.", keep=True)
        return Chosen()
    image = open_upload(file)
    known = say_if_known(content_digest(file.data), ("", ""), card.training, frame)
    if mask is None:
        return Chosen(image, known=known)
    return Chosen(image, lambda: read_ground_truth(mask, card, image.raster.header), known)


def choose_sample(card: ModelCard, frame: Frame) -> Chosen:
    """A dataset's sample and its mask, where the classes are the model's."""
    ref = choose_dataset()
    if ref is None:
        return Chosen()
    dataset = open_chosen(ref)
    sample = choose_sample_of(dataset)
    known = say_if_known(
        image_digest(sample.image), (dataset.name, sample.id), card.training, frame
    )
    as_it_lies = not (sample.turned or sample.id in dataset.windows)
    if as_it_lies and is_read_by_windows(sample.image, read_header(sample.image)):
        return Chosen(known=known, scene=tiled_picture(sample.image))
    image = open_sample(dataset, sample)
    if sample.mask is None:
        return Chosen(image, known=known)
    try:
        lookup = match_classes(dataset.classes, card.classes, dataset.name)
    except DatasetError:
        frame.note("The dataset has other classes than the model: its masks are not compared.")
        return Chosen(image, known=known)

    def truth() -> Truth:
        labels = dataset.load_labels(sample, image.rgb.shape[:2])
        return Truth(labels if lookup is None else lookup[labels], ())

    return Chosen(image, truth, known)


def ground_truth(chosen: Chosen) -> Truth | None:
    """The ground truth; an error is shown, as the image can be predicted without its mask."""
    try:
        return chosen.truth()
    except DSIError as error:
        show_error(error)
        return None
