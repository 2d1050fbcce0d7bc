"""The training of the table on JAX: crops, changes, step and averages in one compiled loop.

Fifty steps are one call of the device. The networks, the loss and the encoder's weights are the
product's own, built by Keras on JAX; what is drawn and how is written here once more, since the
product's feed runs on the processor and would keep a GPU waiting.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")

import jax
import keras
import numpy as np
from jax import numpy as jnp

import core.device
from bench.accuracy.imagery import VOID, Imagery
from bench.accuracy.settings import Training

# There is one device, and no TensorFlow on that machine.
_context = SimpleNamespace(num_replicas_in_sync=1)
core.device.tensorflow = lambda: SimpleNamespace(
    distribute=SimpleNamespace(get_replica_context=lambda: _context)
)

from core.models.families import FAMILIES, default_spec  # noqa: E402  after the above
from core.models.weights.lite0_weights import read_lite0  # noqa: E402

__all__ = ["CLASSES", "Network", "check_loss", "encoder_weights", "on_device", "predict", "train"]

CLASSES = 5
_LITE0 = Path(__file__).resolve().parents[2] / "weights/encoders/efficientnet-lite0.safetensors"
_CHUNK = 50  # steps of one call
_WINDOW, _OVERLAP, _WINDOWS = 512, 128, 16
_DECAY, _CLIP = 1e-4, 5.0


@dataclass(frozen=True)
class Network:
    """A network and what its input is made of.

    Attributes:
        model: the Keras model.
        mean, std: normalisation of 0–255, (3,) float32.
    """

    model: Any
    mean: np.ndarray
    std: np.ndarray


_SPECS: dict[str, dict[str, Any]] = {
    "unet": {"architecture": "unet", "width": 24, "depth": 4, "dropout": 0.1, "stem_stride": 2},
    "vgg11": {"architecture": "unet-vgg11"},
    "lite0": {"architecture": "unet-lite0"},
}


def spec_of(name: str) -> Any:
    """The spec of a network of the table."""
    settings = _SPECS[name]
    return type(default_spec(settings["architecture"])).model_validate(
        settings | {"bands": 3, "classes": CLASSES}
    )


@lru_cache(maxsize=3)
def _built(name: str) -> Any:
    spec = spec_of(name)
    return FAMILIES[spec.architecture].build(spec)


def network(training: Training, encoder: Mapping[str, np.ndarray]) -> Network:
    """The network of a training with the first weights of its seed.

    Args:
        training: settings.
        encoder: ImageNet's weights by the variable's path, as of `encoder_weights`.
    """
    model = _built(training.network)
    keras.utils.set_random_seed(training.seed)
    spec = spec_of(training.network)
    fresh = FAMILIES[spec.architecture].build(spec)
    for variable, other in zip(model.variables, fresh.variables, strict=True):
        variable.assign(other.value)
    if training.imagenet:
        for variable in model.variables:
            if variable.path in encoder:
                variable.assign(encoder[variable.path])
    return Network(model, np.full(3, 127.0, np.float32), np.full(3, 128.0, np.float32))


def encoder_weights() -> dict[str, np.ndarray]:
    """ImageNet's weights of U-Net-Lite0's encoder by the variable's path."""
    stored = read_lite0(_LITE0)
    return {
        variable.path: values
        for layer in _built("lite0").layers
        if layer.name in stored
        for variable, values in zip(layer.weights, stored[layer.name], strict=True)
    }


def check_loss() -> float:
    """Largest difference between the loss of the loop and the product's, on random labels."""
    # They reach our readers of files, which the machine with a GPU does not have.
    from core.training.config import Loss
    from core.training.step.losses import SegmentationLoss

    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES + 1, (2, 32, 32)).astype(np.uint8)
    labels[labels == CLASSES] = VOID
    logits = rng.normal(size=(2, 32, 32, CLASSES)).astype(np.float32)
    largest = 0.0
    for smoothing, dice in ((0.0, 0.5), (0.05, 0.5), (0.1, 0.0)):
        whole = SegmentationLoss(Loss(dice=dice, label_smoothing=smoothing), [1.0] * CLASSES)
        expected = float(whole.call(jnp.asarray(labels), jnp.asarray(logits)))
        got = float(_loss(jnp.asarray(labels), jnp.asarray(logits), smoothing, dice))
        largest = max(largest, abs(expected - got))
    return largest


def _loss(labels: Any, logits: Any, smoothing: Any, dice: Any) -> Any:
    labelled = (labels != VOID).astype("float32")
    target = jax.nn.one_hot(labels, CLASSES)
    logarithms = jax.nn.log_softmax(logits)
    soft = target * (1 - smoothing) + smoothing / CLASSES
    entropy = -jnp.sum(soft * logarithms, -1) * labelled
    probability = jnp.exp(logarithms) * labelled[..., None]
    axes = (0, 1, 2)
    hits, pixels = jnp.sum(probability * target, axes), jnp.sum(target, axes)
    claimed = jnp.sum(probability, axes)
    overlap = 2 * hits / jnp.maximum(claimed + pixels, 1)
    there = (pixels > 0).astype("float32")
    of_classes = jnp.sum((1 - overlap) * there) / jnp.maximum(jnp.sum(there), 1)
    return jnp.sum(entropy) / jnp.maximum(jnp.sum(labelled), 1) + dice * of_classes


# What is drawn ------------------------------------------------------------------------------------


def _smooth(key: Any, count: int, size: int) -> Any:
    """(N, S, S, 2) smooth fields in -1 … 1, from 5 × 5 nodes."""
    nodes = jax.random.uniform(key, (count, 5, 5, 2), minval=-1, maxval=1)
    return jax.image.resize(nodes, (count, size, size, 2), "cubic")


def _places(key: Any, data: Mapping[str, Any], knobs: Mapping[str, Any], n: int, size: int) -> Any:
    """Which image each crop is of, and the row and column of each of its pixels there."""
    keys = jax.random.split(key, 7)
    image = jax.random.choice(keys[0], data["train"], (n,), p=data["chance"])
    shape = data["shapes"][image].astype("float32")
    scale = jnp.exp(jax.random.uniform(keys[1], (n,), minval=-1, maxval=1) * jnp.log(knobs["zoom"]))
    quarter = jax.random.randint(keys[2], (n,), 0, 4) * (math.pi / 2)
    angle = quarter + jax.random.uniform(keys[3], (n,), minval=-1, maxval=1) * knobs["rotation"]
    flip = jnp.where(jax.random.bernoulli(keys[4], 0.5, (n,)), -1.0, 1.0)
    reach = jnp.minimum(scale[:, None] * size / 2, shape / 2)
    centre = reach + jax.random.uniform(keys[5], (n, 2)) * (shape - 2 * reach)
    steps = jnp.arange(size) - (size - 1) / 2
    grid = jnp.stack(jnp.meshgrid(steps, steps, indexing="ij"), -1)  # (S, S, 2)
    cos, sin = jnp.cos(angle) * scale, jnp.sin(angle) * scale
    turn = jnp.stack([jnp.stack([cos, -sin * flip], -1), jnp.stack([sin, cos * flip], -1)], -2)
    at = jnp.einsum("nij,hwj->nhwi", turn, grid) + (centre - 0.5)[:, None, None]
    shift = _smooth(keys[6], n, size) * knobs["bend"]
    return image, at, at + jnp.einsum("nij,nhwj->nhwi", turn, shift)


def _nearest(flat: Any, data: Mapping[str, Any], image: Any, at: Any, outside: Any) -> Any:
    shape = data["shapes"][image][:, None, None]
    place = jnp.round(at).astype("int32")
    inside = jnp.all((place >= 0) & (place < shape), -1)
    place = jnp.clip(place, 0, shape - 1)
    index = data["offsets"][image][:, None, None] + place[..., 0] * shape[..., 1] + place[..., 1]
    return jnp.where(inside, flat[index], outside)


def _bilinear(data: Mapping[str, Any], image: Any, at: Any) -> Any:
    shape = data["shapes"][image][:, None, None]
    low = jnp.floor(at)
    part = at - low
    out = 0.0
    for down in (0, 1):
        for right in (0, 1):
            place = jnp.clip(low.astype("int32") + jnp.array([down, right]), 0, shape - 1)
            index = data["offsets"][image][:, None, None]
            index = index + place[..., 0] * shape[..., 1] + place[..., 1]
            rows = part[..., 0] if down else 1 - part[..., 0]
            columns = part[..., 1] if right else 1 - part[..., 1]
            out = out + data["pixels"][index].astype("float32") * (rows * columns)[..., None]
    return out


def _pasted(key: Any, images: Any, labels: Any, parts: Any, share: Any) -> tuple[Any, Any]:
    """Up to three components of rare classes of the crop before, laid over this one."""
    n = images.shape[0]
    others, their_labels, their_parts = (jnp.roll(a, 1, 0) for a in (images, labels, parts))
    chosen, *keys = jax.random.split(key, 4)
    mask = jnp.zeros(labels.shape, bool)
    for each in keys:
        drawn = jnp.where(their_parts > 0, jax.random.uniform(each, parts.shape), -1.0)
        place = jnp.argmax(drawn.reshape(n, -1), 1)
        number = jnp.take_along_axis(their_parts.reshape(n, -1), place[:, None], 1)[:, :, None]
        mask = mask | ((their_parts == number) & (their_parts > 0))
    mask = mask & jax.random.bernoulli(chosen, share, (n,))[:, None, None]
    # Labels that were bent do not end where the component does.
    mask = mask & (their_labels != VOID)
    images = jnp.where(mask[..., None], others, images)
    return images, jnp.where(mask, their_labels, labels)


def _coloured(key: Any, images: Any, strength: Any) -> Any:
    """Brightness, contrast, saturation and each band's gain, in 0–255."""
    n = images.shape[0]
    keys = jax.random.split(key, 5)

    def drawn(each: Any, reach: float, shape: tuple[int, ...] = (1, 1, 1)) -> Any:
        return jax.random.uniform(each, (n, *shape), minval=-1, maxval=1) * reach * strength

    middle = images.mean((1, 2), keepdims=True)
    images = (images - middle) * (1 + drawn(keys[0], 0.25)) + middle + 255 * drawn(keys[1], 0.12)
    grey = images.mean(-1, keepdims=True)
    images = (images - grey) * (1 + drawn(keys[2], 0.3)) + grey
    images = images * (1 + drawn(keys[3], 0.06, (1, 1, 3)))
    noise = jax.random.normal(keys[4], images.shape) * 4 * strength
    return jnp.clip(images + noise, 0, 255)


def _crops(
    key: Any, data: Mapping[str, Any], knobs: Mapping[str, Any], n: int, size: int
) -> tuple[Any, Any]:
    """(N, S, S, 3) float32 in 0–255 and (N, S, S) int32."""
    keys = jax.random.split(key, 3)
    image, at, bent = _places(keys[0], data, knobs, n, size)
    labels = _nearest(data["labels"], data, image, bent, jnp.uint8(VOID)).astype("int32")
    parts = _nearest(data["components"], data, image, at, jnp.int32(0))
    images = _bilinear(data, image, at)
    images, labels = _pasted(keys[1], images, labels, parts, knobs["paste"])
    return _coloured(keys[2], images, knobs["colour"]), labels


# The loop -----------------------------------------------------------------------------------------


def _rate(step: Any, knobs: Mapping[str, Any]) -> Any:
    """Cosine down to a hundredth after a twentieth of warm-up."""
    share = step / knobs["steps"]
    fall = (share - 0.05) / 0.95
    cosine = 0.01 + 0.99 * 0.5 * (1 + jnp.cos(jnp.pi * jnp.clip(fall, 0, 1)))
    return knobs["rate"] * jnp.where(share < 0.05, share / 0.05, cosine)


@lru_cache(maxsize=8)
def _compiled(name: str, batch: int, size: int, slower: frozenset[str]) -> Callable[..., Any]:
    model = _built(name)
    encoder = [v.path in slower for v in model.trainable_variables]
    decays = [
        v.path.split("/")[-1] in ("kernel", "depthwise_kernel") for v in model.trainable_variables
    ]

    def one(carry: Any, key: Any, data: Any, knobs: Any) -> tuple[Any, Any]:
        weights, others, first, second, average, step = carry
        drawing, _ = jax.random.split(key)
        images, labels = _crops(drawing, data, knobs, batch, size)
        images = (images - knobs["mean"]) / knobs["std"]

        def of(weights: Any) -> tuple[Any, Any]:
            logits, after = model.stateless_call(weights, others, images, training=True)
            return _loss(labels, logits, knobs["smoothing"], knobs["dice"]), after

        (loss, others), gradients = jax.value_and_grad(of, has_aux=True)(weights)
        norm = jnp.sqrt(sum(jnp.sum(jnp.square(g)) for g in gradients))
        gradients = [g * _CLIP / jnp.maximum(norm, _CLIP) for g in gradients]
        step = step + 1
        rate = _rate(step, knobs)
        first = [0.9 * m + 0.1 * g for m, g in zip(first, gradients, strict=True)]
        second = [0.999 * v + 0.001 * g * g for v, g in zip(second, gradients, strict=True)]
        new = []
        for w, m, v, of_encoder, decay in zip(weights, first, second, encoder, decays, strict=True):
            move = (m / (1 - 0.9**step)) / (jnp.sqrt(v / (1 - 0.999**step)) + 1e-7)
            factor = rate * (knobs["encoder_rate"] if of_encoder else 1.0)
            new.append(w - factor * (move + (_DECAY * w if decay else 0.0)))
        momentum = jnp.minimum(knobs["ema"], (1 + step) / (10 + step))
        average = [momentum * a + (1 - momentum) * w for a, w in zip(average, new, strict=True)]
        return (new, others, first, second, average, step), loss

    @partial(jax.jit, donate_argnums=0)
    def many(carry: Any, key: Any, data: Any, knobs: Any) -> tuple[Any, Any]:
        keys = jax.random.split(key, _CHUNK)
        return jax.lax.scan(lambda c, k: one(c, k, data, knobs), carry, keys)

    return many


def on_device(imagery: Imagery) -> dict[str, Any]:
    """The imagery as arrays of the device."""
    names = ("shapes", "offsets", "pixels", "labels", "components")
    return {name: jnp.asarray(getattr(imagery, name)) for name in names}


def train(
    training: Training,
    arrays: Mapping[str, Any],
    samples: Sequence[int],
    encoder: Mapping[str, np.ndarray],
) -> Network:
    """Train; the network's weights are those that are to be used.

    Args:
        training: settings.
        arrays: as of `on_device`.
        samples: indices of the images that train.
        encoder: ImageNet's weights, as of `encoder_weights`.
    """
    made = network(training, encoder)
    model = made.model
    shapes = np.asarray(arrays["shapes"])[list(samples)]
    # Of two images one of four times the size is drawn twice as often.
    chance = np.sqrt(shapes.prod(axis=1, dtype=np.float64))
    data = dict(arrays, train=jnp.asarray(samples), chance=jnp.asarray(chance / chance.sum()))
    names = ("rate", "encoder_rate", "dice", "smoothing", "ema", "zoom", "colour", "paste", "bend")
    knobs = {name: jnp.float32(getattr(training, name)) for name in (*names, "steps")}
    knobs |= {"mean": jnp.asarray(made.mean), "std": jnp.asarray(made.std)}
    knobs["rotation"] = jnp.float32(math.radians(training.rotation))
    # Copies: the loop may write where its arguments lie.
    weights = [jnp.array(v.value) for v in model.trainable_variables]
    others = [jnp.array(v.value) for v in model.non_trainable_variables]
    zeros = [[jnp.zeros_like(w) for w in weights] for _ in range(2)]
    carry = (weights, others, *zeros, [jnp.array(w) for w in weights], jnp.float32(0))
    slower = frozenset(encoder) if training.network == "lite0" else frozenset()
    loop = _compiled(training.network, training.batch, training.crop, slower)
    key = jax.random.PRNGKey(training.seed)
    for _ in range(math.ceil(training.steps / _CHUNK)):
        key, now = jax.random.split(key)
        carry, losses = loop(carry, now, data, knobs)
    if not bool(jnp.isfinite(losses).all()):
        raise FloatingPointError(f"the loss of {training} is not finite")
    final = carry[4] if training.ema else carry[0]
    for variable, value in zip(model.trainable_variables, final, strict=True):
        variable.assign(value)
    for variable, value in zip(model.non_trainable_variables, carry[1], strict=True):
        variable.assign(value)
    return made


@lru_cache(maxsize=3)
def _probabilities(name: str) -> Callable[..., Any]:
    model = _built(name)

    @jax.jit
    def of(weights: Any, others: Any, windows: Any) -> Any:
        logits, _ = model.stateless_call(weights, others, windows, training=False)
        return jax.nn.softmax(logits)

    return of


def predict(made: Network, name: str, image: np.ndarray, symmetries: int = 1) -> np.ndarray:
    """Probabilities (H, W, K) float32 of an image (H, W, 3) uint8, by windows of 512 pixels.

    Args:
        made: network with its weights.
        name: its name in the table.
        image: the image.
        symmetries: over how many of the eight turned and mirrored images they are averaged.
    """
    total = np.zeros((*image.shape[:2], CLASSES), np.float32)
    for turn in range(symmetries):
        turned = np.rot90(image[:, ::-1] if turn >= 4 else image, turn % 4)
        back = np.rot90(_windowed(made, name, np.ascontiguousarray(turned)), -(turn % 4))
        total += back[:, ::-1] if turn >= 4 else back
    return total / symmetries


def _windowed(made: Network, name: str, image: np.ndarray) -> np.ndarray:
    height, width = image.shape[:2]
    tall, wide = (max(0, _WINDOW - side) for side in (height, width))
    padded = np.pad(image, ((0, tall), (0, wide), (0, 0)), mode="symmetric")
    step = _WINDOW - _OVERLAP
    starts = [
        (top, left)
        for top in _starts(padded.shape[0], step)
        for left in _starts(padded.shape[1], step)
    ]
    ramp = np.minimum(np.arange(_WINDOW) + 1, np.arange(_WINDOW)[::-1] + 1).astype(np.float32)
    weight = np.minimum(ramp, _OVERLAP / 2)
    weight2 = (weight[:, None] * weight[None])[..., None]
    out = np.zeros((*padded.shape[:2], CLASSES), np.float32)
    norm = np.zeros((*padded.shape[:2], 1), np.float32)
    of = _probabilities(name)
    weights = [v.value for v in made.model.trainable_variables]
    others = [v.value for v in made.model.non_trainable_variables]
    for first in range(0, len(starts), _WINDOWS):
        places = starts[first : first + _WINDOWS]
        windows = np.zeros((_WINDOWS, _WINDOW, _WINDOW, 3), np.float32)
        for i, (top, left) in enumerate(places):
            windows[i] = padded[top : top + _WINDOW, left : left + _WINDOW]
        probability = np.asarray(of(weights, others, (windows - made.mean) / made.std))
        for i, (top, left) in enumerate(places):
            out[top : top + _WINDOW, left : left + _WINDOW] += probability[i] * weight2
            norm[top : top + _WINDOW, left : left + _WINDOW] += weight2
    return (out / norm)[:height, :width]


def _starts(side: int, step: int) -> list[int]:
    last = max(0, side - _WINDOW)
    return sorted({*range(0, last, step), last})
