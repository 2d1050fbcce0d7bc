"""Whether a configuration can be trained on a dataset at all, said before anything is started.

Each error names the setting by its dotted key (`key`) and the values that would do (`remedy`).
Headers of images are read and some masks, and nothing of TensorFlow.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import lcm
from pathlib import Path

from pydantic import ValidationError

from core.datasets.dataset import Dataset
from core.datasets.recipes.apply import prepared
from core.datasets.recipes.splits import Split, split_samples
from core.device import available_memory, has_gpu
from core.errors import ConfigError, RunError
from core.formats import binary_size
from core.imagery.header import read_header
from core.models.spec import ModelSpec
from core.settings import misfit
from core.training.checks.class_weights import check_class_weights
from core.training.checks.initial_weights import check_initial_weights
from core.training.checks.memory import largest_batch, training_memory
from core.training.checks.presence import check_presence, classes_present
from core.training.config import TrainConfig
from core.training.runs.run import Run, list_runs

__all__ = [
    "TrainingImages",
    "absent_classes",
    "check_config",
    "check_counts",
    "check_memory",
    "check_training",
    "crop_sizes",
    "memory_at_its_turn",
    "network_of",
    "one_image",
    "training_images",
]

_SIZES = 32, 2048  # smallest and largest crop, and what all are multiples of


@dataclass(frozen=True)
class TrainingImages:
    """What the headers of the training images say.

    Attributes:
        sizes: (width, height) of each in pixels, as the recipe cuts them.
        bands: number of bands of the first file.
        used: number of bands that the network gets.
    """

    sizes: tuple[tuple[int, int], ...]
    bands: int
    used: int

    @property
    def pixels(self) -> int:
        """Pixels of all training images."""
        return sum(width * height for width, height in self.sizes)

    @property
    def largest(self) -> int:
        """The longest side of any training image."""
        return max(max(size) for size in self.sizes)


def training_images(dataset: Dataset, split: Split) -> TrainingImages:
    """Read the headers of the training images.

    Args:
        dataset: dataset as the recipe has it (`prepared`).
        split: sides of the split.

    Raises:
        ImageError: one cannot be opened.
    """
    sizes: list[tuple[int, int]] = []
    bands = 0
    for sample_id in split.train:
        header = read_header(dataset.sample(sample_id).image)
        bands = bands or header.bands
        _, _, width, height = dataset.windows.get(sample_id, (0, 0, header.width, header.height))
        sizes.append((width, height))
    return TrainingImages(tuple(sizes), bands, len(dataset.bands) or bands)


def network_of(config: TrainConfig, bands: int, classes: int) -> ModelSpec:
    """The network for so many bands and classes, and, where it has a size, for the crops.

    Raises:
        ConfigError: it cannot take so many.
    """
    content = config.model.model_dump() | {"bands": bands, "classes": classes}
    try:
        # A crop that does not fit is refused by its own key.
        return type(config.model).model_validate(content).for_crops(config.recipe.patch.size)
    except ValidationError as error:
        what = "the network does not fit the dataset"
        raise misfit(error, what, where="model", key="model") from error


def check_training(
    config: TrainConfig, dataset: Dataset, progress: Callable[[int, int], None] | None = None
) -> None:
    """All that can be said before a training has a folder.

    Masks are read until every class was seen on the training side, mostly a handful.

    Args:
        config: configuration to be trained.
        dataset: dataset as opened.
        progress: called with (masks read, masks there are).

    Raises:
        ConfigError: its `key` is that of the setting that does not fit.
        DatasetError: a mask that was read does not fit.
        ImageError: a training image cannot be opened, or a mask not be read.
    """
    dataset = prepared(dataset, config.recipe)
    try:
        split = split_samples(dataset.samples, config.recipe.split)
    except ConfigError as error:
        key = error.key or "recipe.split"
        raise ConfigError(error.what, key=key, remedy=error.remedy) from error
    images = training_images(dataset, split)
    check_config(config, dataset, split, images)
    spec = network_of(config, images.used, len(dataset.classes))
    check_memory(config, spec, memory_at_its_turn())
    present = classes_present(dataset, split, progress)
    if present is None:
        return
    check_presence(config, dataset, split, present)
    names = dataset.classes.names
    check_counts(config, {n: sum(n in present[i] for i in split.train) for n in names})


def check_config(
    config: TrainConfig, dataset: Dataset, split: Split, images: TrainingImages | None = None
) -> None:
    """Refuse what could only fail later.

    Args:
        config: configuration to be trained.
        dataset: dataset as the recipe has it (`prepared`).
        split: sides of the split.
        images: images of the training side, where they have been read already.

    Raises:
        ConfigError: its `key` is that of the setting that does not fit.
        ImageError: a training image cannot be opened.
    """
    if len(dataset.classes) < 2:
        raise ConfigError(
            f"the dataset has one class, {dataset.classes.names[0]}, and nothing to tell it from",
            key="dataset",
            where=str(dataset.root),
            remedy='list all classes in classes.json, the background first: {"classes": [{"name": '
            '"background", "value": 0}, …]}',
        )
    if not split.val:
        raise ConfigError(
            "there is nothing to validate on",
            key="recipe.split.val",
            remedy="give it a share above 0, for example 0.2 (20%)" + one_image(dataset, config),
        )
    images = images or training_images(dataset, split)
    wrong = [band for band in config.recipe.bands if band >= images.bands]
    if wrong:
        raise ConfigError(
            f"there is no band {wrong[0]}: the images have {images.bands}",
            key="recipe.bands",
            remedy=f"choose among {', '.join(map(str, range(images.bands)))} (counted from 0)",
        )
    names = dataset.classes.names
    check_class_weights(config, names)
    spec = network_of(config, images.used, len(names))
    check_initial_weights(config, spec)
    _check_crop(config, spec, images)
    if config.replicas and config.batch % config.replicas:
        raise ConfigError(
            f"a batch of {config.batch} cannot be divided evenly among {config.replicas} replicas",
            key="replicas",
            remedy="choose 0 (automatic) or a divisor of the batch: "
            + _listed([n for n in range(1, config.batch + 1) if not config.batch % n]),
        )


def one_image(dataset: Dataset, config: TrainConfig) -> str:
    """What a dataset with a mask for one image alone needs beside a share to validate on."""
    alone = sum(sample.mask is not None for sample in dataset.samples) == 1
    if not alone or config.recipe.split.kind == "blocks":
        return ""
    return ", of the blocks of the one image there is (recipe.split.kind=blocks)"


def check_counts(config: TrainConfig, counts: Mapping[str, int]) -> None:
    """Refuse a training split that there is nothing to learn from.

    Args:
        config: configuration to be trained.
        counts: labelled pixels of the training samples by class, or how many samples have it; 0
            where it has none.

    Raises:
        ConfigError: no class, or a single one, has pixels, or all that have weigh nothing.
    """
    occurring = [name for name, pixels in counts.items() if pixels]
    remedy = "choose another kind of split, other shares or another seed (recipe.split.seed)"
    if not occurring:
        raise ConfigError(
            "every training mask is void",
            key="recipe.split",
            remedy=f"{remedy}, or check the class table in the audit",
        )
    if len(occurring) == 1 and len(counts) > 1:
        raise ConfigError(
            f"the training split has pixels of {occurring[0]} alone, and there is nothing to tell "
            "it from",
            key="recipe.split",
            remedy=remedy,
        )
    weights = config.recipe.class_weights
    if not any(weights.get(name, 1.0) for name in occurring):
        raise ConfigError(
            "every class that the training split has is of weight 0",
            key="recipe.class_weights",
            remedy=f"give one of {', '.join(occurring)} a weight above 0",
        )


def check_memory(config: TrainConfig, spec: ModelSpec, memory: int | None) -> None:
    """Refuse a batch that main memory has no room for.

    Args:
        config: configuration to be trained.
        spec: spec of the network, for the dataset's bands and classes.
        memory: bytes there are (`memory_at_its_turn`); None where that is not known.

    Raises:
        ConfigError: the batch does not fit; the remedy names one that does, or smaller crops.
    """
    needed = training_memory(spec, config)
    if memory is None or needed <= memory:
        return
    size = config.recipe.patch.size
    if batch := min(config.batch - 1, largest_batch(spec, config, memory)):
        remedy = f"choose a batch of at most {batch}"
    elif sizes := [s for s in crop_sizes(spec, size - 1) if _least(config, spec, s) <= memory]:
        remedy = f"choose recipe.patch.size={sizes[-1]} or less with a batch of 1"
    else:
        remedy = "choose a smaller network, or free some memory"
    raise ConfigError(
        f"a batch of {config.batch} crops of {size} px takes about {binary_size(needed)} of "
        f"memory, and {binary_size(memory)} are free",
        key="batch",
        remedy=remedy,
    )


def _least(config: TrainConfig, spec: ModelSpec, size: int) -> int:
    patch = config.recipe.patch.model_copy(update={"size": size})
    recipe = config.recipe.model_copy(update={"patch": patch})
    return training_memory(spec, config.model_copy(update={"batch": 1, "recipe": recipe}))


def memory_at_its_turn() -> int | None:
    """Bytes of main memory that a training may take: what is free, and what the one before holds.

    None where it trains on a GPU, whose memory only TensorFlow knows, or the system does not say.
    """
    free = None if has_gpu() else available_memory()
    return None if free is None else free + sum(map(_memory_of, list_runs()))


def _memory_of(run: Run) -> int:
    try:
        status = run.status()
        if not status.alive or status.pid is None:
            return 0
        pages = int(Path(f"/proc/{status.pid}/statm").read_text().split()[1])
    except (RunError, OSError):
        return 0  # damaged, or it has ended in this moment
    return pages * os.sysconf("SC_PAGE_SIZE")


def absent_classes(counts: Mapping[str, int]) -> tuple[str, ...]:
    """Classes without a pixel in the training split: the network cannot learn them.

    Args:
        counts: pixels or samples by class, as of `check_counts`.
    """
    return tuple(name for name, pixels in counts.items() if not pixels)


def _check_crop(config: TrainConfig, spec: ModelSpec, images: TrainingImages) -> None:
    size = config.recipe.patch.size
    sizes = crop_sizes(spec, images.largest)
    if size % spec.multiple:
        raise ConfigError(
            f"crops of {size} px do not fit a network that needs multiples of {spec.multiple}",
            key="recipe.patch.size",
            remedy=f"choose one of {_listed(sizes)}",
        )
    # Smaller images are filled up; that is of use only where no smaller crop is to be had.
    if size > images.largest and size > sizes[0]:
        raise ConfigError(
            f"crops of {size} px are larger than every training image, whose longest side is "
            f"{images.largest} px",
            key="recipe.patch.size",
            remedy=f"choose one of {_listed(sizes)}",
        )


def crop_sizes(spec: ModelSpec, largest: int) -> list[int]:
    """Sides of crops that fit a network and images, in pixels; at least the smallest one.

    Args:
        spec: spec of the network.
        largest: the longest side of any training image.
    """
    least, most = _SIZES
    step = lcm(spec.multiple, least)
    return [step, *range(2 * step, min(most, largest) + 1, step)]


def _listed(values: Sequence[int]) -> str:
    if len(values) <= 8:
        return ", ".join(map(str, values))
    return f"{', '.join(map(str, values[:4]))}, …, {values[-1]}"
