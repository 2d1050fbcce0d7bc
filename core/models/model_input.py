"""What a network takes in: which images, which of their bands, and in what range of values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import ConfigError, ImageError
from core.formats import counted, short_number

if TYPE_CHECKING:
    from core.imagery.normalise import Normalisation
    from core.models.card import ModelCard
    from core.models.spec import ModelSpec
    from core.models.training_imagery import TrainingImagery

__all__ = ["ModelInput"]


@dataclass(frozen=True)
class ModelInput:
    """The way from an image's pixels to a network's input.

    Attributes:
        channels: input channels C of the network.
        normalisation: from the pixels' values to the network's.
        multiple: height and width of the input are multiples of this many pixels.
        size: the input's only height and width in pixels; 0 where they are free.
        dtype: dtype of the images the network was trained on; None for any.
        bands: bands of the file that are the channels, counted from 0; empty for all of them.
        file_bands: number of bands of the files, where `bands` are chosen.
        imagery: what the training images were like; None where it is not known.
    """

    channels: int
    normalisation: Normalisation
    multiple: int
    size: int = 0
    dtype: str | None = None
    bands: tuple[int, ...] = ()
    file_bands: int = 0
    imagery: TrainingImagery | None = None

    @classmethod
    def of_spec(
        cls, spec: ModelSpec, normalisation: Normalisation, dtype: str | None = None
    ) -> ModelInput:
        """The input of a network whose images come with its bands alone."""
        return cls(spec.bands, normalisation, spec.multiple, spec.input_size, dtype)

    @classmethod
    def of_card(cls, card: ModelCard) -> ModelInput:
        """The input of a model, from files as its card describes them."""
        plain = cls.of_spec(card.spec, card.normalisation, card.dtype)
        return replace(plain, bands=card.bands, file_bands=card.file_bands, imagery=card.imagery)

    def of_bands(self, chosen: Sequence[int], file_bands: int) -> ModelInput:
        """The same from files with other bands.

        Args:
            chosen: bands of the file, counted from 0, that stand for those of the training images,
                in their order.
            file_bands: number of bands of the file.

        Raises:
            ConfigError: there are more or fewer than the training images have, or the file has no
                such band.
        """
        listed = ",".join(map(str, chosen))
        if len(chosen) != self.file_band_count:
            raise ConfigError(
                f"the model takes {counted(self.file_band_count, 'band')}, and "
                f"{counted(len(chosen), 'band')} are chosen ({listed})",
                remedy="name one for each of the model's bands, in its order",
            )
        if max(chosen) >= file_bands:
            raise ConfigError(
                f"band {max(chosen)} is chosen ({listed}), and the image has "
                f"{counted(file_bands, 'band')}, 0 to {file_bands - 1}",
                remedy="bands are counted from 0",
            )
        own = self.bands or range(self.channels)
        return replace(self, bands=tuple(chosen[band] for band in own), file_bands=file_bands)

    @property
    def file_band_count(self) -> int:
        """Number of bands of the images that the network was trained on."""
        return self.file_bands if self.bands else self.channels

    def takes(self, pixels: np.ndarray) -> bool:
        """Whether an image (H, W, bands) has the bands and the dtype of those of the training."""
        same_dtype = str(pixels.dtype) == self.dtype or (
            self.dtype is None and not np.iscomplexobj(pixels)
        )
        return pixels.shape[-1] == self.file_band_count and same_dtype

    def check(self, pixels: np.ndarray, where: str = "") -> None:
        """Raise unless an image is of the kind the network was trained on.

        Args:
            pixels: (H, W, bands) as in the file.
            where: the image's name or path, for the message.

        Raises:
            ImageError: the image has another number of bands or another dtype.
        """
        count = pixels.shape[-1]
        expected = self.file_band_count
        if count != expected:
            example = ",".join(str(min(band, count - 1)) for band in range(expected))
            raise ImageError(
                f"the model takes {counted(expected, 'band')}, the image has {count}",
                where=where,
                remedy=f"say which of them stand for the model's (predict --bands {example}, "
                f"counted from 0), choose a model for {counted(count, 'band')}, or save the image "
                f"with the {counted(expected, 'band')} the model was trained on",
            )
        if np.iscomplexobj(pixels):
            raise ImageError(
                "the image holds complex values, and a network takes real ones",
                where=where,
                remedy="write their amplitude or intensity in dB to a new file first, as the "
                "training data was made",
            )
        if self.dtype is not None and str(pixels.dtype) != self.dtype:
            raise ImageError(
                f"the model was trained on {self.dtype} values, the image holds "
                f"{pixels.dtype}{_value_range(pixels)}",
                where=where,
                remedy=f"convert the image to {self.dtype} the way the training data was made, or "
                "choose a model trained on such imagery",
            )

    def prepare(
        self, pixels: np.ndarray, valid: np.ndarray | None = None, at: Any = ...
    ) -> np.ndarray:
        """Normalised network input of an image or of a part of it.

        Args:
            pixels: (H, W, bands) as in the file.
            valid: (H, W) bool; pixels without data become 0.
            at: NumPy index of the part (h, w), such as `np.ix_` of rows and columns; by default
                the whole image.

        Returns:
            (h, w, channels) float32.

        Raises:
            ImageError: the image has another number of bands or another dtype.
        """
        self.check(pixels)
        part = pixels[at]
        if self.bands:
            part = part[..., list(self.bands)]
        return self.normalisation(part, None if valid is None else valid[at])


def _value_range(pixels: np.ndarray) -> str:
    """Where most values of an image lie: that tells reflectance from digital numbers."""
    values = pixels[:: max(1, len(pixels) // 512), :: max(1, pixels.shape[1] // 512)]
    values = values[np.isfinite(values)]
    if not values.size:
        return ""
    low, high = np.percentile(values, (1, 99))
    return f" from {short_number(low)} to {short_number(high)}"
