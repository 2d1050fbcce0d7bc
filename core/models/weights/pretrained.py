"""Pretrained weights for encoders: checked, fetched, and put into a network.

**Other bands than three.** Such weights are of red, green and blue. For another number of bands
the first convolution's kernels are adapted as timm does (``timm.models.adapt_input_conv``): for one
band the three are added up; for N bands, band i takes channel i mod 3, times 3 / N, so that the
layer's output stays as large as it was. A batch normalisation of the input takes channel i mod 3
unscaled, for one band the mean of the three; so do the numbers of the preprocessing.

**Preprocessing.** What the weights expect of their input goes into the model card
(`pretrained_normalisation`); where they expect blue first, the first kernels are turned round
instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import ConfigError, ModelError
from core.formats import counted
from core.imagery.normalise import IMAGENET_MEAN, IMAGENET_STD, Expected, Normalisation
from core.models.families import FAMILIES, default_spec
from core.models.network import encoder_layers
from core.models.spec import ModelSpec
from core.models.weights.cache import Progress, cached, digest_of, is_cached, local_files
from core.models.weights.imagenet import PretrainedWeights, pretrained_weights
from core.models.weights.readers import Checksum
from core.paths import workspace

if TYPE_CHECKING:
    import keras

__all__ = [
    "BAND_RULE",
    "IMAGENET",
    "NONE",
    "Loaded",
    "adapt_channels",
    "adapt_kernel",
    "at_hand",
    "check_encoder_weights",
    "input_layers",
    "load_encoder",
    "local_choices",
    "pretrained_normalisation",
    "weights_file",
]

NONE, IMAGENET = "none", "imagenet"
BAND_RULE = (
    "They are of red, green and blue: one band takes the sum of the three, and of N bands band i "
    "takes channel i mod 3, times 3/N."
)


@dataclass(frozen=True)
class Loaded:
    """The weights that an encoder has received.

    Attributes:
        name: name of the weights, for people to read.
        layers: number of layers.
        parameters: number of values.
        bands: number of bands that the first layer was adapted to; 0 where it has the three of the
            weights.
    """

    name: str
    layers: int
    parameters: int
    bands: int

    def sentence(self) -> str:
        """What was done, in one sentence."""
        adapted = (
            f", the first layer adapted to {counted(self.bands, 'band')}" if self.bands else ""
        )
        return (
            f"The encoder began with the weights {self.name}: {self.layers} layers, "
            f"{self.parameters:,} parameters{adapted}."
        )


def check_encoder_weights(spec: ModelSpec, choice: str, start_from: str = "") -> None:
    """Refuse a choice that could only fail later; nothing is fetched.

    Args:
        spec: the network.
        choice: ``none``, ``imagenet``, or a file.
        start_from: name of the model that the training is to begin with, if any.

    Raises:
        ConfigError: its `key` is ``encoder_weights``.
    """
    if choice == NONE:
        return
    if start_from:
        raise ConfigError(
            "a training begins either with a model's weights or with those of an encoder",
            key="encoder_weights",
            remedy="set encoder_weights to none, or start_from to nothing",
        )
    row = pretrained_weights(spec)
    if row is None:
        others = [name for name in FAMILIES if pretrained_weights(default_spec(name))]
        raise ConfigError(
            f"there are no encoder weights for the architecture {spec.architecture}",
            key="encoder_weights",
            remedy=f"set it to none, or choose another architecture: {', '.join(others)}",
        )
    if choice == IMAGENET:
        return
    suffixes = row.reader.suffixes
    path = _local(choice)
    if path.suffix.lower() not in suffixes:
        raise ConfigError(
            f"expected none, imagenet or a file {' or '.join(suffixes)}, received {choice!r}",
            key="encoder_weights",
            remedy=f"give a file of the whole {row.encoder} ({' or '.join(suffixes)})",
        )
    if not path.is_file():
        raise ConfigError(
            f"there is no file {choice!r}",
            key="encoder_weights",
            remedy=f"give its whole path, or put it into {workspace().weights}",
        )


def local_choices(spec: ModelSpec) -> list[str]:
    """Files in the workspace's ``cache/weights`` that may be of the network's encoder, by name."""
    row = pretrained_weights(spec)
    return [path.name for path in local_files(row.reader.suffixes)] if row else []


def at_hand(spec: ModelSpec) -> bool:
    """Whether the ImageNet weights of the network's encoder are there without a network: they come
    with the program, or have been fetched."""
    row = pretrained_weights(spec)
    if row is None:
        return False
    return row.bundled is not None or is_cached(row.file)


def weights_file(spec: ModelSpec, choice: str, progress: Progress | None = None) -> Path:
    """The file of an encoder's weights; those of ImageNet are fetched on first use, where they do
    not come with the program.

    Args:
        spec: the network.
        choice: ``imagenet``, a file in the workspace's ``cache/weights``, or a path.
        progress: called with bytes done and bytes in all (0 if unknown); what it raises ends the
            download, of which nothing is kept then.

    Raises:
        ConfigError: see `check_encoder_weights`.
        ModelError: they cannot be fetched; the remedy says how to do it by hand. Or those that
            come with the program are not what they were.
        WorkspaceError: the disk is full or the folder cannot be written.
    """
    check_encoder_weights(spec, choice)
    if choice != IMAGENET:
        return _local(choice)
    row = _row_of(spec)
    if row.bundled is not None:
        return _whole(row.bundled, row.checksum)

    def fetch(path: Path) -> None:
        row.reader.fetch(row.address, path, row.checksum, progress)

    try:
        return cached(row.file, fetch, row.checksum)
    except ModelError as error:
        raise ModelError(
            error.what,
            where=error.where,
            remedy=f"download {row.address} on a machine that can, put the file into "
            f"{workspace().weights} or anywhere else, and give its name or path: "
            "encoder_weights=FILE; or begin with random weights: encoder_weights=none",
        ) from error


def load_encoder(model: keras.Model, spec: ModelSpec, path: Path, name: str = "") -> Loaded:
    """Give a network's encoder the weights of a file; nothing is changed where they do not fit.

    Args:
        model: network built from `spec`.
        spec: the network.
        path: file of the weights, as of `weights_file`.
        name: name of the weights; by default that of the file.

    Raises:
        ModelError: the file cannot be read, or is not of this encoder.
    """
    row = _row_of(spec)
    stored = row.reader.read(path, row.encoder)
    first = {layer.name for layer in input_layers(model)}
    new_weights: list[tuple[Any, list[np.ndarray]]] = []
    for layer in encoder_layers(model, spec):
        if not layer.weights:
            continue
        values = stored.get(row.reader.stored_name(layer.name))
        if values is None:
            raise _misfit(f"they have nothing for the layer {layer.name}", path)
        if layer.name in first:
            values = _for_bands(values, spec.bands, row.scaling.bgr)
        shapes, wanted = ([tuple(v.shape) for v in part] for part in (values, layer.weights))
        if shapes != wanted:
            raise _misfit(f"expected {layer.name} of {wanted}, received {shapes}", path)
        new_weights.append((layer, values))
    for layer, values in new_weights:
        layer.set_weights(values)
    return Loaded(
        name or path.name,
        len(new_weights),
        sum(value.size for _, values in new_weights for value in values),
        0 if spec.bands == 3 else spec.bands,
    )


def pretrained_normalisation(
    normalisation: Normalisation, spec: ModelSpec, bands: int, name: str = ""
) -> Normalisation:
    """The normalisation with what the encoder's pretrained weights expect.

    Kinds that give 0–1 (``unit``, ``minmax``, ``percentile``, ``decibel``) are followed by the
    weights' own centring; ``imagenet`` is replaced by it; after ``standard``, data of mean 0 and
    spread 1 arrive with ImageNet's mean and spread. 8-bit RGB under ``unit`` arrives exactly as by
    the package's own ``preprocess_input``, but for the order of bands (see `Scaling.bgr`).

    Args:
        normalisation: normalisation fitted to the training samples.
        spec: the network; of its settings only the encoder counts.
        bands: number of bands of the input.
        name: name of the weights; by default ImageNet's.

    Raises:
        ModelError: there are no pretrained weights for the network.
    """
    row = _row_of(spec)
    mean, std, seen_mean, seen_std = (
        tuple(map(float, adapt_channels(np.array(values), bands)))
        for values in (row.scaling.mean, row.scaling.std, IMAGENET_MEAN, IMAGENET_STD)
    )
    weights = Expected(
        name=name or row.name, mean=mean, std=std, data_mean=seen_mean, data_std=seen_std
    )
    return normalisation.expecting(weights)


def adapt_kernel(kernel: np.ndarray, bands: int) -> np.ndarray:
    """A first convolution's kernel (h, w, 3, filters) for other bands: (h, w, bands, filters)."""
    if bands == 3:
        return kernel
    if bands == 1:
        return kernel.sum(axis=2, keepdims=True)
    return kernel[:, :, np.arange(bands) % 3] * np.float32(3 / bands)


def adapt_channels(values: np.ndarray, bands: int) -> np.ndarray:
    """A value each of red, green and blue (3,) for other bands: (bands,)."""
    if bands == 1:
        return values.mean(axis=0, keepdims=True)
    return values[np.arange(bands) % 3]


def input_layers(model: keras.Model) -> list[Any]:
    """The layers with weights that see the image's bands: a batch normalisation of the image, and
    the first convolutions."""
    import keras

    # A layer also knows of graphs that it was taken from.
    own = {id(layer) for layer in model.layers}
    layers, waiting = [], [model.layers[0]]
    while waiting:
        layer = waiting.pop()
        if layer.weights:
            layers.append(layer)
        if not layer.weights or isinstance(layer, keras.layers.BatchNormalization):
            following = [node.operation for node in layer._outbound_nodes]
            waiting += [layer for layer in following if id(layer) in own]
    return layers


def _for_bands(values: list[np.ndarray], bands: int, bgr: bool) -> list[np.ndarray]:
    if values[0].ndim == 1:  # of a batch normalisation, all of them
        return [adapt_channels(value, bands) for value in values]
    kernel, *bias = values
    return [adapt_kernel(kernel[:, :, ::-1] if bgr else kernel, bands), *bias]


def _row_of(spec: ModelSpec) -> PretrainedWeights:
    row = pretrained_weights(spec)
    if row is None:
        raise ModelError(
            f"there are no encoder weights for {spec.architecture}",
            remedy="begin with random weights: encoder_weights=none",
        )
    return row


def _whole(bundled: Path, checksum: Checksum | None) -> Path:
    """The file itself, if it is what the program came with."""
    if not bundled.is_file():
        raise _not_whole("is not there", bundled)
    if checksum and digest_of(bundled, checksum[0]) != checksum[1]:
        raise _not_whole("is not what the program came with", bundled)
    return bundled


def _not_whole(why: str, bundled: Path) -> ModelError:
    return ModelError(
        f"the file of the encoder's weights {why}",
        where=str(bundled),
        remedy="install the program anew (in a clone: git checkout -- weights), or begin with "
        "random weights: encoder_weights=none",
    )


def _local(choice: str) -> Path:
    """A file of the cache by its name, or any by its path."""
    here = workspace().weights / Path(choice).name
    return here if Path(choice).name == choice and here.is_file() else Path(choice).expanduser()


def _misfit(why: str, path: Path) -> ModelError:
    return ModelError(
        f"the weights do not fit the encoder: {why}",
        where=str(path),
        remedy="take the file of this encoder, or choose another network",
    )
