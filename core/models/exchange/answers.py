"""What a file of a network does not say, and has to be asked: bands, values, classes, output."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from core.errors import ConfigError
from core.imagery.normalise import IMAGENET_MEAN, IMAGENET_STD, Normalisation
from core.models.architectures.imported import Output
from core.settings import misfit, set_setting

__all__ = [
    "CLASS_0",
    "PREPROCESSING",
    "Class0",
    "ImportAnswers",
    "Preprocessing",
    "normalisation_of",
    "with_answers",
]

Preprocessing = Literal["unit", "symmetric", "imagenet", "caffe", "none", "custom"]
Class0 = Literal["class", "background", "void"]

PREPROCESSING: dict[Preprocessing, str] = {
    "unit": "0 to 1 (divided by 255)",
    "symmetric": "-1 to 1 (MobileNet, Inception)",
    "imagenet": "0 to 1, less the mean of ImageNet, by its deviation (PyTorch, EfficientNet)",
    "caffe": "0 to 255, blue first, less the mean of ImageNet (VGG, ResNet50 of Keras)",
    "none": "as in the file (the network scales them itself)",
    "custom": "of my own: (value / divisor - mean) / deviation",
}
"""What is usual before a network, by the name it has on the command line."""

CLASS_0: dict[Class0, str] = {
    "class": "the first class of the table",
    "background": "background, which the table does not list",
    "void": "not labelled: it is never put out",
}
"""What the first channel stands for."""

_TEXTS = ("classes", "trained_on", "dtype")  # also where they look like numbers
_RANGES = {"uint8": 255.0, "uint16": 65535.0, "int16": 32767.0}
_CAFFE_MEAN = (103.939, 116.779, 123.68)  # blue, green, red; Keras' imagenet_utils


def _numbers(value: Any) -> Any:
    """``2,1,0`` as a list, and one number as a list of one."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else value


class ImportAnswers(BaseModel):
    """Answers; what is empty or 0 is found out from the file or from a model like it.

    Attributes:
        dtype: type of the images' values, such as uint8; empty for 8-bit or that of the other
            model.
        bands: bands of an image that are the network's input, in its order, counted from 0; empty
            for all of them.
        file_bands: number of bands of an image, where `bands` has some.
        preprocessing: how values become the network's input, a name of `PREPROCESSING`.
        divisor: what values are divided by; 0 for the range of the type.
        mean, std: one value a band, for ``custom``.
        classes: names in the order of the output, each as ``Name`` or ``Name:#RRGGBB``.
        output: what the network puts out; ``auto`` goes by its last activation.
        class_0: what its first channel stands for, a name of `CLASS_0`.
        trained_on: what it was trained on, in words.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    version: Literal[1] = 1
    dtype: Literal[
        "", "uint8", "int8", "uint16", "int16", "uint32", "int32", "float16", "float32", "float64"
    ] = ""
    bands: Annotated[tuple[int, ...], BeforeValidator(_numbers)] = ()
    file_bands: int = Field(0, ge=0, le=1024)
    preprocessing: Preprocessing | Literal[""] = ""
    divisor: float = Field(0.0, ge=0)
    mean: Annotated[tuple[float, ...], BeforeValidator(_numbers)] = ()
    std: Annotated[tuple[float, ...], BeforeValidator(_numbers)] = ()
    classes: Annotated[tuple[str, ...], BeforeValidator(_numbers)] = ()
    output: Output | Literal["auto"] = "auto"
    class_0: Class0 = "class"
    trained_on: str = Field("", max_length=200)


def with_answers(answers: ImportAnswers, settings: Sequence[tuple[str, str]]) -> ImportAnswers:
    """Change answers by key and text; texts are JSON or plain.

    Raises:
        ConfigError: there is no such question, or the answer does not fit.
    """
    content = answers.model_dump(mode="json")
    for key, text in settings:
        set_setting(content, key, text if key in _TEXTS else _value(text))
    try:
        return ImportAnswers.model_validate(content)
    except ValidationError as error:
        raise misfit(error, "the answers about the model do not fit") from error


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def normalisation_of(answers: ImportAnswers, bands: int, dtype: str) -> Normalisation:
    """How values become the input of a network.

    Args:
        answers: with a preprocessing.
        bands: of the network.
        dtype: of the images.

    Raises:
        ConfigError: the preprocessing is for another number of bands, or is not complete.
    """
    kind, full = answers.preprocessing, _RANGES.get(dtype, 1.0)
    divisor = answers.divisor or full
    if kind in ("imagenet", "caffe") and bands != 3:
        raise ConfigError(
            f"{kind} is for red, green and blue, and the network takes {bands} bands",
            key="preprocessing",
            remedy="choose another, or custom with mean and std a band",
        )
    content: dict[str, Any] = {"kind": "unit", "divisor": divisor}
    if kind == "none":
        content["divisor"] = answers.divisor or 1.0
    elif kind == "symmetric":
        content |= {"kind": "standard", "mean": (0.5,) * bands, "std": (0.5,) * bands}
    elif kind == "imagenet":
        content |= {"kind": "imagenet", "mean": IMAGENET_MEAN, "std": IMAGENET_STD}
    elif kind == "caffe":
        # Of 0–255, whatever the type's range is.
        content |= {"kind": "standard", "divisor": divisor / 255, "mean": _CAFFE_MEAN}
        content["std"] = (1.0,) * 3
    elif kind == "custom":
        content |= {"kind": "standard", "mean": answers.mean, "std": answers.std}
        if not len(answers.mean) == len(answers.std) == bands:
            raise ConfigError(
                f"expected {bands} values of mean and of std, received {len(answers.mean)} and "
                f"{len(answers.std)}",
                key="mean",
                remedy="give one a band, such as mean=0.4,0.4,0.3",
            )
    try:
        return Normalisation.model_validate(content)
    except ValidationError as error:
        raise misfit(error, "the preprocessing does not fit", key="preprocessing") from error
