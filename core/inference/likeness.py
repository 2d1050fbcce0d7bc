"""Whether an image is like those a model was trained on; if not, in what it differs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.datasets.dataset import Dataset, Sample
from core.formats import percent
from core.formats import short_number as _number
from core.imagery.raster import Raster
from core.models.model_input import ModelInput
from core.models.training_imagery import band_meanings, pixel_size, spread_values

__all__ = ["Difference", "dataset_differences", "differences"]

# Limits, wide enough for another season or another town; a wrong scaling lies far beyond.
_DEVIATIONS = 5.0
_APART = 2.0  # deviations beyond which nearly all values lie
_FLAT = 0.03  # spread of the values, of that of the training
_ROUNDING = 1e-4  # deviations by which numbers that are the same may differ
_FLAT_PIXELS = 1000  # fewer say nothing of the spread
_MANY_KINDS = 0.5  # deviations between the means of training images that are not all alike
_PIXEL_SIZE = 1.8
_NO_DATA, _NO_DATA_MORE, _NO_DATA_UNKNOWN = 0.5, 0.2, 0.9
_SAMPLES = 8  # of a dataset that are looked at
_RGB = ("red", "green", "blue")


@dataclass(frozen=True)
class Difference:
    """A way in which an image is unlike those of the training.

    Attributes:
        kind: what differs.
        what: the fact, with both numbers, without a full stop.
        remedy: what to do about it, as an instruction.
    """

    kind: Literal["file", "values", "pixel size", "bands", "no data"]
    what: str
    remedy: str

    @property
    def sentences(self) -> str:
        """The fact and what to do, for a page."""
        end = "" if self.what.endswith("?") else "."
        what = f"{self.what[:1].upper()}{self.what[1:]}{end}"
        return f"{what} {self.remedy[:1].upper()}{self.remedy[1:]}."

    def __str__(self) -> str:
        """One line, as `str` of an error is."""
        if self.what.endswith("?"):
            return f"{self.what} {self.remedy[:1].upper()}{self.remedy[1:]}"
        return f"{self.what}, {self.remedy}"


def differences(model_input: ModelInput, raster: Raster) -> list[Difference]:
    """What of an image's file could not be taken as it is, and in what the image is unlike those of
    the training, as far as the model card tells.

    Args:
        model_input: of the model.
        raster: the image, with all bands of its file.

    Returns:
        Nothing for an image like them, nor for one with another number of bands or another dtype,
        which the model's input refuses.
    """
    if not model_input.takes(raster.pixels):
        return []
    checks = (_values, _bands, _pixel_size, _no_data)
    unlike = [difference for check in checks if (difference := check(model_input, raster))]
    return [*(Difference("file", *note) for note in raster.header.notes), *unlike]


def dataset_differences(
    model_input: ModelInput, dataset: Dataset, samples: Sequence[Sample]
) -> list[tuple[str, Difference]]:
    """In what the images of a dataset are unlike those of the training.

    Args:
        model_input: of the model.
        dataset: prepared with the recipe of the model's card.
        samples: of the dataset; a few of them, evenly spread, are read.

    Returns:
        For each kind of difference the first sample that has it, and the difference.

    Raises:
        ImageError: an image cannot be read.
    """
    places = np.unique(np.linspace(0, len(samples) - 1, min(_SAMPLES, len(samples))).astype(int))
    first: dict[str, tuple[str, Difference]] = {}
    for place in places:
        sample = samples[place]
        for difference in differences(model_input, dataset.load_image(sample)):
            first.setdefault(difference.kind, (sample.id, difference))
    return list(first.values())


def _reference(model_input: ModelInput) -> tuple[np.ndarray, np.ndarray] | None:
    """Mean and standard deviation by channel of the training images, in the files' units."""
    if imagery := model_input.imagery:
        return np.array(imagery.mean), np.array(imagery.std)
    normalisation = model_input.normalisation
    if normalisation.kind == "standard":  # the mean and std of ImageNet are of other images
        divisor = normalisation.divisor
        return np.array(normalisation.mean) * divisor, np.array(normalisation.std) * divisor
    if normalisation.low:
        low, high = np.array(normalisation.low), np.array(normalisation.high)
        return (low + high) / 2, (high - low) / 4
    return None


def _between_images(
    model_input: ModelInput, mean: np.ndarray, scale: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """How the images of the training differ from one another: one of snow among dark ones.

    Returns:
        By channel, whether a mean lies within those of the training's images; and the standard
        deviation below which none of them was.
    """
    imagery = model_input.imagery
    if imagery is None or not len(imagery.means) == len(imagery.least_std) == len(mean):
        return np.zeros(len(mean), bool), np.full(len(mean), np.inf)
    low, high = np.array(imagery.means).T
    margin = _ROUNDING * scale
    seen = (mean >= low - margin) & (mean <= high + margin)
    return seen, np.maximum(np.array(imagery.least_std) - margin, 0)


def _values(model_input: ModelInput, raster: Raster) -> Difference | None:
    reference = _reference(model_input)
    pixels = raster.pixels[..., list(model_input.bands)] if model_input.bands else raster.pixels
    values = spread_values(pixels, raster.valid)
    if reference is None or not len(values):
        return None
    mean, std = reference
    # A band that was constant has no spread to measure by.
    scale = np.maximum.reduce([std, np.abs(mean) * 0.05, np.full_like(std, std.max() * 0.01)])
    scale = np.maximum(scale, np.finfo(np.float32).tiny)
    away = np.abs(values.mean(axis=0) - mean) / scale
    remedy = (
        "bring them to the scale of the training images (reflectance or digital numbers, decibels "
        "or linear power, 8 or 16 bit), or choose a model trained on such values"
    )
    # Decibels and linear power differ by little, but have hardly a value in common.
    low, high = np.percentile(values, (1, 99), axis=0)
    apart = (low > mean + _APART * scale) | (high < mean - _APART * scale)
    seen, least_std = _between_images(model_input, values.mean(axis=0), scale)
    far = ((away > _DEVIATIONS) | apart) & ~seen
    # A scaling is that of all bands; one band alone may well be another season.
    if far.sum() * 2 >= len(far) and far.any():
        band = int(np.argmax(far))
        what = (
            f"the values lie {_rough(away[band])} deviations from those the model was trained on "
            f"(band {band + 1}: {_number(values[:, band].mean())} against {_number(mean[band])} ± "
            f"{_number(std[band])}): another scaling?"
        )
        return Difference("values", what, remedy)
    flat = (values.std(axis=0) < np.minimum(_FLAT * scale, least_std)) & (away > 0.5)
    if flat.all() and len(values) >= _FLAT_PIXELS:
        what = (
            f"the values hardly differ from each other: by ± {_number(values[:, 0].std())} around "
            f"{_number(values[:, 0].mean())} in band 1, and those the model was trained on by "
            f"± {_number(std[0])} around {_number(mean[0])}: another scaling, or an empty image?"
        )
        return Difference("values", what, remedy)
    if what := _beyond_all_images(model_input, low, high, scale):
        return Difference("values", what, remedy)
    return None


def _beyond_all_images(
    model_input: ModelInput, low: np.ndarray, high: np.ndarray, scale: np.ndarray
) -> str:
    """What is said where nearly no value reaches the mean of any training image; else nothing.

    A tenth of the values of a bright image is no deviation away from the mean of all of them, and
    may well be mapped as water throughout.

    Args:
        model_input: of the model.
        low, high: percentiles 1 and 99 of the image by channel.
        scale: standard deviation of the training by channel.
    """
    imagery = model_input.imagery
    if imagery is None or len(imagery.means) != len(scale):
        return ""
    darkest, brightest = np.array(imagery.means).T
    if (brightest - darkest < _MANY_KINDS * scale).any():
        return ""  # images of one kind do not say how others may be
    if (high < darkest).all():
        side, limit, way, mean = "below", high[0], "darkest", darkest[0]
    elif (low > brightest).all():
        side, limit, way, mean = "above", low[0], "brightest", brightest[0]
    else:
        return ""
    return (
        f"99 % of the values lie {side} {_number(limit)} in band 1, and the {way} image the "
        f"model was trained on has a mean of {_number(mean)}: another scaling?"
    )


def _bands(model_input: ModelInput, raster: Raster) -> Difference | None:
    imagery, channels = model_input.imagery, model_input.channels
    wanted = imagery.bands if imagery else ()
    if not any(wanted):
        # Three bands of 8 bit are a picture, unless the card says otherwise.
        if imagery or channels != 3 or model_input.bands or model_input.dtype != "uint8":
            return None
        wanted = _RGB
    there = band_meanings(raster.header, model_input.bands, channels)
    if len(there) != len(wanted):
        return None
    pairs = [(a, b) for a, b in zip(there, wanted, strict=True) if a and b and a != b]
    swapped = sorted(there) == sorted(wanted)
    colours = all(word in _RGB for pair in pairs for word in pair)
    if not pairs or not (swapped or colours):
        return None  # other names may mean the same bands
    remedy = "save the image with its bands in the model's order"
    if swapped and len(set(there)) == len(there):
        bands = model_input.bands or range(channels)
        order = " ".join(f"-b {bands[there.index(word)] + 1}" for word in wanted)
        remedy += f", as by gdal_translate {order}" if not model_input.bands else ""
    what = (
        f"the bands are {', '.join(b or 'unnamed' for b in there)} while the model takes "
        f"{', '.join(b or 'unnamed' for b in wanted)}"
    )
    return Difference("bands", what, remedy)


def _pixel_size(model_input: ModelInput, raster: Raster) -> Difference | None:
    sizes = model_input.imagery.pixel_size if model_input.imagery else None
    height, width = raster.valid.shape
    size = pixel_size(raster.georeference, width, height)
    if sizes is None or size is None:
        return None
    low, high = sizes
    if low / _PIXEL_SIZE <= size <= high * _PIXEL_SIZE:
        return None
    trained = f"{_number(low)} m"
    if high > low * 1.05:
        trained += f" to {_number(high)} m"
    target = _number(low if size < low else high)
    what = f"a pixel is {_number(size)} m wide, and {trained} in the training images"
    return Difference(
        "pixel size",
        what,
        f"resample the image to {target} m, or choose a model trained on such imagery",
    )


def _no_data(model_input: ModelInput, raster: Raster) -> Difference | None:
    share = 1 - float(np.mean(raster.valid))
    imagery = model_input.imagery
    most = max(_NO_DATA, imagery.no_data + _NO_DATA_MORE) if imagery else _NO_DATA_UNKNOWN
    if share <= min(most, 0.99):
        return None
    return Difference(
        "no data",
        f"{percent(share)} of the pixels have no data and stay void",
        "check the image's nodata value and mask, or cut it to the part with data",
    )


def _rough(number: float) -> str:
    """A number of which the size alone matters: "12", "1e4"."""
    return f"{number:.0f}" if number < 1000 else f"1e{math.floor(math.log10(number))}"
