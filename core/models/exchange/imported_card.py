"""The card of a network from elsewhere: what its file says, and the answers to what it does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import ValidationError

from core.classes import ClassTable, LandClass, background_before, numbered
from core.errors import ConfigError, ModelError
from core.formats import counted
from core.imagery.normalise import Normalisation
from core.mask_coding import MaskCoding
from core.models.architectures.imported import ImportedSpec, Output
from core.models.card import WEIGHTS_FILE, ModelCard, Training
from core.models.exchange.answers import ImportAnswers, normalisation_of
from core.models.families import FAMILIES, default_spec, parse_spec
from core.models.imported.open_file import OpenFile
from core.models.spec import ModelSpec
from core.settings import misfit, set_setting

__all__ = ["Classes", "Description", "card_of", "detected_output", "spec_of_settings"]

UNKNOWN_DATA = "unknown data"
_NO_DIGEST = "0" * 64  # until the files are written


@dataclass(frozen=True)
class Classes:
    """A class table, and how its masks are written where that is known."""

    table: ClassTable
    masks: MaskCoding | None = None


@dataclass(frozen=True)
class Description:
    """What is known of a network beside its file.

    Attributes:
        answers: answers; the others fill in what they leave open.
        classes: class table of a dataset.
        like: card of a model that takes the same images and knows the same classes.
        spec: network that weights alone are for.
    """

    answers: ImportAnswers = field(default_factory=ImportAnswers)
    classes: Classes | None = None
    like: ModelCard | None = None
    spec: ModelSpec | None = None


def detected_output(file: OpenFile) -> Output:
    """What a network puts out, by its last activation; logits where it has none."""
    if file.network is None or file.facts is None:
        return "logits"
    ending = file.network.ending
    if ending == "softmax" or (ending == "linear" and file.facts.sums_to_one):
        return "softmax"
    return "sigmoid" if ending in ("sigmoid", "hard_sigmoid") else "logits"


def spec_of_settings(
    settings: Sequence[tuple[str, Any]], like: ModelSpec | None, bands: int, classes: int
) -> ModelSpec | None:
    """The network that weights alone are for.

    Args:
        settings: dotted keys after ``model.`` and their values, such as ``architecture``.
        like: network of another model, whose settings are taken.
        bands, classes: where nothing else says so; 0 for the architecture's own.

    Returns:
        Its spec; None where neither a model nor an architecture is given.

    Raises:
        ConfigError: there is no such architecture or setting.
    """
    given = dict(settings)
    name = given.pop("architecture", None)
    if name is None and like is None:
        return None
    if name is not None and name not in FAMILIES:
        raise ConfigError(
            f"there is no architecture {name!r}",
            key="model.architecture",
            where="",
            remedy=f"model.architecture is one of {', '.join(FAMILIES)}",
        )
    base = default_spec(str(name)) if name is not None else like
    content: dict[str, Any] = {"model": base.model_dump(mode="json") if base else {}}
    if name is not None:
        content["model"] |= {"bands": bands} if bands else {}
        content["model"] |= {"classes": classes} if classes else {}
    for key, value in given.items():
        set_setting(content, f"model.{key}", value)
    try:
        return parse_spec(content["model"])
    except (ValidationError, ValueError) as error:
        if isinstance(error, ValidationError):
            raise misfit(error, "the network's settings do not fit") from error
        raise ConfigError(str(error), key="model.architecture", remedy="choose another") from error


def card_of(file: OpenFile, name: str, description: Description) -> ModelCard:
    """The card, with digests that are written when the model is kept.

    Args:
        file: the file.
        name: of the model.
        description: what the file does not say.

    Raises:
        ConfigError: an answer is missing or does not fit the network.
        ModelError: weights alone, and no network is named.
    """
    answers, like, spec = description.answers, description.like, description.spec
    if file.facts is None and spec is None:
        raise ModelError(
            "the file holds weights alone, and not the network they are for",
            where=file.name,
            remedy="name a model with the same network (--like MODEL) or an architecture of ours "
            "with its settings (--set model.architecture=NAME), or save the whole model with "
            "model.save in Keras",
        )
    bands = file.facts.bands if file.facts else spec.bands if spec else 0
    output = detected_output(file) if answers.output == "auto" else answers.output
    table, masks = _classes(answers, description.classes, like)
    channels = file.facts.channels if file.facts else None
    if channels is not None:
        table, masks = _for_channels(table, masks, channels, output, answers)
        spec = _imported(file, output, len(table), answers)
    assert spec is not None
    chosen, file_bands = _bands(answers, like, bands)
    dtype = answers.dtype or (like.dtype if like else "") or "uint8"
    content = {
        "name": name,
        "spec": spec,
        "classes": table,
        "dtype": dtype,
        "bands": chosen,
        "file_bands": file_bands,
        "normalisation": _normalisation(answers, like, bands, dtype, file),
        "imagery": like.imagery if like and _same_images(answers, like, bands) else None,
        "masks": masks,
        "training": Training(
            dataset=answers.trained_on or UNKNOWN_DATA,
            notes=_notes(file),
        ),
        "weights": WEIGHTS_FILE,
        "sha256": _NO_DIGEST,
        "parameters": file.facts.parameters if file.facts else 1,
    }
    try:
        return ModelCard.model_validate(content)
    except ValidationError as error:
        raise misfit(error, "the answers do not fit the network") from error


def _notes(file: OpenFile) -> str:
    version = f", written by Keras {file.version}" if file.version else ""
    what = "Imported from" if file.facts else "Its weights were imported from"
    facts = file.facts
    smaller = (
        [f"Its output is {facts.enlarge} times smaller than the image, and is enlarged linearly."]
        if facts and facts.enlarge > 1
        else []
    )
    own = file.network.notes if file.network else ()
    return " ".join([f"{what} {file.name}{version}.", *own, *smaller])


def _classes(
    answers: ImportAnswers, classes: Classes | None, like: ModelCard | None
) -> tuple[ClassTable, MaskCoding | None]:
    if answers.classes:
        return _named(answers.classes), None
    if classes is not None:
        return classes.table, classes.masks
    if like is not None:
        return like.classes, like.masks
    raise ConfigError(
        "the file does not say what its classes are",
        key="classes",
        where="",
        remedy="name them in the output's order (--set classes=Water,Land), or take those of a "
        "dataset (--set dataset=NAME) or of a model (--like MODEL)",
    )


def _named(texts: Sequence[str]) -> ClassTable:
    """A table of ``Name`` and ``Name:#RRGGBB``."""
    pairs = [text.rpartition(":") if ":#" in text else (text, "", "") for text in texts]
    try:
        spare = numbered([f"{i}" for i in range(2 * len(pairs))]).classes
        taken = {color.upper() for _, _, color in pairs}
        free = iter([each.color for each in spare if each.color not in taken])
        rows = [LandClass(name=name, color=color or next(free)) for name, _, color in pairs]
        return ClassTable(classes=tuple(rows))
    except ValidationError as error:
        raise misfit(error, "the classes do not fit", key="classes") from error


def _for_channels(
    table: ClassTable,
    masks: MaskCoding | None,
    channels: int,
    output: Output,
    answers: ImportAnswers,
) -> tuple[ClassTable, MaskCoding | None]:
    """The table of the classes that are put out, and the coding of masks where it is theirs."""
    if channels == 1:
        if output == "softmax":
            raise ConfigError(
                "the network puts out one channel, of which softmax makes 1 everywhere",
                key="output",
                remedy="set output=sigmoid or output=logits",
            )
        if len(table) == 1:  # the one that the channel is about
            return background_before(table), None
        if len(table) != 2:
            raise _count(table, "one channel, which tells two classes apart", "")
        return table, masks
    if answers.class_0 == "void":
        if len(table) != channels - 1:
            raise _count(table, f"{counted(channels, 'channel')}, the first of them left out", "")
        return table, masks
    if answers.class_0 == "background" and len(table) == channels - 1:
        return background_before(table), None
    if len(table) != channels:
        remedy = (
            "say what its first channel is (--set class_0=background or class_0=void), or "
            if len(table) == channels - 1
            else ""
        )
        raise _count(table, counted(channels, "channel"), remedy)
    return table, masks


def _count(table: ClassTable, channels: str, remedy: str) -> ConfigError:
    return ConfigError(
        f"the network puts out {channels}, and {len(table)} class names are given "
        f"({', '.join(table.names)})",
        key="classes",
        where="",
        remedy=f"{remedy}name the classes of each channel, such as --set classes=Water,Land",
    )


def _imported(file: OpenFile, output: Output, classes: int, answers: ImportAnswers) -> ImportedSpec:
    facts = file.facts
    assert facts is not None
    return ImportedSpec(
        bands=facts.bands,
        classes=classes,
        sha256=_NO_DIGEST,
        channels=facts.channels,
        output=output,
        drop_first=answers.class_0 == "void" and facts.channels > 1,
        enlarge=facts.enlarge,
        step=facts.step,
        side=facts.side,
        file=file.name[:200],
    )


def _same_images(answers: ImportAnswers, like: ModelCard, bands: int) -> bool:
    own = answers.dtype not in ("", like.dtype) or answers.bands or answers.preprocessing == "caffe"
    return like.spec.bands == bands and not own


def _bands(
    answers: ImportAnswers, like: ModelCard | None, bands: int
) -> tuple[tuple[int, ...], int]:
    """The bands of an image that the network takes, and how many an image has."""
    chosen = answers.bands
    if not chosen and like and like.spec.bands == bands and like.bands:
        chosen, file_bands = like.bands, like.file_bands
    else:
        file_bands = answers.file_bands
    if not chosen and answers.preprocessing == "caffe":
        chosen = tuple(range(bands))
    if not chosen and file_bands > bands:
        chosen = tuple(range(bands))
    if answers.preprocessing == "caffe":
        chosen = chosen[::-1]  # blue first
    if chosen and (len(chosen) != bands or min(chosen) < 0):
        raise ConfigError(
            f"the network takes {counted(bands, 'band')}, and {len(chosen)} are chosen",
            key="bands",
            remedy=f"give {counted(bands, 'number')} from 0, such as "
            f"bands={','.join(map(str, range(bands)))}",
        )
    if not chosen or (chosen == tuple(range(bands)) and file_bands in (0, bands)):
        return (), 0
    file_bands = max(file_bands, max(chosen) + 1)
    return chosen, file_bands


def _normalisation(
    answers: ImportAnswers, like: ModelCard | None, bands: int, dtype: str, file: OpenFile
) -> Normalisation:
    if answers.preprocessing:
        return normalisation_of(answers, bands, dtype)
    if like is not None and like.spec.bands == bands and like.dtype == dtype:
        return like.normalisation
    if file.network is not None and file.network.scales:
        plain: Literal["none"] = "none"
        return normalisation_of(answers.model_copy(update={"preprocessing": plain}), bands, dtype)
    raise ConfigError(
        "the file does not say how pixel values become the network's input",
        key="preprocessing",
        where="",
        remedy="set preprocessing to unit (0 to 1), symmetric (-1 to 1), imagenet, caffe, none or "
        "custom, as it was in the training",
    )
