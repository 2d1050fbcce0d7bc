"""The networks of segmentation-models on Keras 3: the only module that touches that package."""

from __future__ import annotations

import contextlib
import importlib
import io
import re
import threading
import warnings
from typing import TYPE_CHECKING, Any

from core.device import tensorflow
from core.errors import ModelError
from core.models.architectures.zoo_spec import DECODER_LAYERS, ZooSpec

if TYPE_CHECKING:
    import keras

__all__ = ["build_zoo", "known_backbones", "stable_names", "whole_encoder"]

_lock = threading.Lock()


def build_zoo(spec: ZooSpec) -> keras.Model:
    """A network of the zoo, from (N, H, W, bands) float32 to logits (N, H, W, classes) float32.

    H and W are free, in multiples of ``spec.multiple``; PSPNet's are ``spec.size``. Weights are
    random. The last convolution is replaced by one called ``logits``, without activation and in
    float32 whatever the rest computes in; PSPNet's logits are enlarged eightfold, as the package
    does. Names are the package's own, those of the encoder after the level they are at:
    ``enc3_block3_conv1``; ones that the package leaves to Keras are counted from 0 in each
    network, so that the same spec gives the same names in every process.

    Raises:
        ModelError: a PSPNet whose size is not known yet.
    """
    tensorflow()
    import keras

    if spec.decoder.fixed_size and not spec.size:
        raise ModelError(
            "PSPNet pools over all of its input, and its size is not given",
            key="model.size",
            remedy="set it to the side of the crops, a multiple of 48 px",
        )
    side = spec.size or None
    with _lock, warnings.catch_warnings():
        # keras-applications remarks on bands other than 1 and 3.
        warnings.filterwarnings("ignore", "This model usually expects")
        body = getattr(_package(), spec.decoder.builder)(
            spec.backbone,
            input_shape=(side, side, spec.bands),
            classes=1,
            activation="linear",
            encoder_weights=None,
        )
    head = [layer for layer in body.layers if isinstance(layer, keras.layers.Conv2D)][-1]
    x = keras.layers.Conv2D(spec.classes, 3, padding="same", dtype="float32", name="logits")(
        head.input
    )
    if spec.decoder.stride > 1:
        x = keras.layers.UpSampling2D(
            spec.decoder.stride, interpolation="bilinear", dtype="float32", name="logits_full"
        )(x)
    model = keras.Model(body.input, x, name=f"{spec.architecture}-{spec.backbone}")
    _rename(model)
    return model


def known_backbones() -> list[str]:
    """All encoders of the package, whether they build or not."""
    return [str(name) for name in _package().get_available_backbone_names()]


def whole_encoder(backbone: str) -> keras.Model:
    """An encoder alone, for three bands, with the package's own names: as its weights are kept."""
    tensorflow()
    package = _package()
    build = package.inject_global_submodules(package.Backbones.get_backbone)
    with _lock:
        return build(backbone, input_shape=(None, None, 3), weights=None, include_top=False)


def _package() -> Any:
    # It says on stdout which Keras it found, where our answers are.
    with contextlib.redirect_stdout(io.StringIO()):
        return importlib.import_module("segmentation_models")


def stable_names(model: keras.Model) -> list[tuple[str, bool]]:
    """A name for every layer that does not depend on what was built before, and whether Keras
    had made up its own.

    Such names become the kind and the layer's number among those of its kind, counted from 0.
    """
    import keras

    plains = [keras.src.utils.naming.to_snake_case(type(layer).__name__) for layer in model.layers]
    numbers: list[int | None] = []
    for layer, plain in zip(model.layers, plains, strict=True):
        made_up = re.fullmatch(rf"{plain}(?:_(\d+))?", layer.name)
        numbers.append(int(made_up[1] or 0) if made_up else None)
    kinds: dict[str, list[int]] = {}
    for plain, number in zip(plains, numbers, strict=True):
        if number is not None:
            kinds.setdefault(plain, []).append(number)
    ranks = {plain: {n: rank for rank, n in enumerate(sorted(of))} for plain, of in kinds.items()}
    return [
        (layer.name, False) if number is None else (f"{plain}_{ranks[plain][number]}", True)
        for layer, plain, number in zip(model.layers, plains, numbers, strict=True)
    ]


def _rename(model: Any) -> None:
    stages = _stages(model)
    image, *layers = model.layers
    for layer, (name, _) in zip(layers, stable_names(model)[1:], strict=True):
        encoder = not name.startswith(DECODER_LAYERS)
        layer.name = f"enc{stages[id(layer)]}_{name}" if encoder else name
    image.name = "image"


def _stages(model: Any) -> dict[int, int]:
    """Every layer's level: 1 at full resolution, 2 at half of it, and so on."""
    strides: dict[int, int] = {}
    for operation in model._operations:
        before = [
            strides[id(tensor._keras_history.operation)]
            for tensor in operation._inbound_nodes[0].input_tensors
        ]
        own = getattr(operation, "strides", 1)
        strides[id(operation)] = max(before, default=1) * (own[0] if type(own) is tuple else own)
    return {key: stride.bit_length() for key, stride in strides.items()}
