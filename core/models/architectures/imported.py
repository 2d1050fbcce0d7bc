"""A network from elsewhere as a spec: its layers are a file beside the card."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NoReturn

from pydantic import Field, model_validator

from core.errors import ModelError
from core.models.spec import ModelSpec

if TYPE_CHECKING:
    import keras

    from core.models.cost.layer_sum import Cost

__all__ = ["NETWORK_FILE", "ImportedSpec", "Output", "build_imported", "imported_cost"]

NETWORK_FILE = "network.json"
"""The layers of a network from elsewhere, beside its card."""

Output = Literal["softmax", "sigmoid", "logits"]


class ImportedSpec(ModelSpec):
    """A network from elsewhere, and what is made of its output.

    Attributes:
        sha256: SHA-256 of `NETWORK_FILE`, hex.
        channels: channels that the network itself puts out.
        output: what they are: probabilities of one class each (softmax), of each class by itself
            (sigmoid), or logits. One channel of sigmoid or logits tells two classes apart.
        drop_first: whether the first channel stands for what is not labelled, and is left out.
        enlarge: times by which the output is smaller than the input, and is enlarged.
        step: height and width of the input must be multiples of this many pixels.
        side: the input's only height and width in pixels; 0 where they are free.
        file: name of the file that it came in.
    """

    architecture: Literal["imported"] = "imported"
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    channels: int = Field(ge=1, le=255)
    output: Output
    drop_first: bool = False
    enlarge: int = Field(1, ge=1, le=32)
    step: int = Field(1, ge=1, le=1024)
    side: int = Field(0, ge=0, le=8192)
    file: str = Field("", max_length=200)

    @model_validator(mode="after")
    def _counts(self) -> ImportedSpec:
        if self.channels == 1 and (self.output == "softmax" or self.drop_first):
            raise ValueError("one channel is of sigmoid or logits, and is not left out")
        own = 2 if self.channels == 1 else self.channels - self.drop_first
        if own != self.classes:
            raise ValueError(f"{self.channels} channels tell {own} classes apart")
        return self

    @property
    def multiple(self) -> int:
        return self.step

    @property
    def input_size(self) -> int:
        return self.side


def build_imported(spec: ImportedSpec) -> keras.Model:
    """Refuse to build from the spec alone (`core.models.imported.network` builds it).

    Raises:
        ModelError: always.
    """
    return _not_from_spec()


def imported_cost(spec: ImportedSpec, size: int) -> Cost:
    """Refuse to count what a spec alone does not say.

    Raises:
        ModelError: always.
    """
    return _not_from_spec()


def _not_from_spec() -> NoReturn:
    raise ModelError(
        "a network from elsewhere is built from its folder, and not trained here",
        remedy="choose one of the architectures here to train",
    )
