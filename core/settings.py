"""Settings: labels and limits beside a model's fields, dotted keys, and files with advice.

A dotted key such as ``recipe.split.val`` names a setting in a model's content, as JSON has it: on
the command line, on a page, and in lists of what differs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MultipleOf
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from core.errors import ConfigError
from core.untrusted.text_file import read_text

__all__ = [
    "Complaint",
    "Label",
    "Setting",
    "first_complaint",
    "flatten_settings",
    "get_setting",
    "has_setting",
    "labelled_settings",
    "load_settings",
    "misfit",
    "set_setting",
]

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, eq=False)
class Label:
    """What a setting is called where a person changes it: metadata of its field, beside its limits.

    Attributes:
        name: field's term, without the unit.
        help: what it does, in a sentence or two.
        unit: unit of the value; ``%`` shows a share from 0 to 1 in percent.
        zero: what 0 stands for, where it is no amount.
        step: amount of one step up or down, as the field has it.
        format: printf format of the number; by default three decimals, or none for a whole number.
        usual: the part of the limits that a widget spans as long as the value lies within; by
            default all of it.
        words: what the values of a choice are called.
    """

    name: str
    help: str = ""
    unit: str = ""
    zero: str = ""
    step: float | None = None
    format: str = ""
    usual: tuple[float, float] | None = None
    words: Mapping[Any, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Name, unit and what 0 stands for, such as ``Steps an epoch (0 = automatic)``."""
        unit = f", {self.unit}" if self.unit else ""
        return self.name + unit + (f" (0 = {self.zero})" if self.zero else "")


@dataclass(frozen=True, eq=False)
class Setting:
    """A field of a model that has a label, with its limits.

    Attributes:
        key: dotted key.
        label: what it is called.
        kind: type of the value; that of the items where there are several, as of a range.
        low, high: limits, None where there is none.
        open_low, open_high: whether the limit itself is out of bounds.
        multiple: what the value must be a multiple of, if anything.
        choices: values of a choice; empty for others.
    """

    key: str
    label: Label
    kind: type
    low: float | None = None
    high: float | None = None
    open_low: bool = False
    open_high: bool = False
    multiple: int | None = None
    choices: tuple[Any, ...] = ()


@cache  # of classes, which do not change: a page asks for each of a hundred fields
def labelled_settings(model: type[BaseModel], prefix: str = "") -> tuple[Setting, ...]:
    """All settings with a label, in the order of the fields.

    Args:
        model: class of the settings.
        prefix: what their keys begin with.
    """
    settings: list[Setting] = []
    for name, info in model.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            settings += labelled_settings(info.annotation, f"{prefix}{name}.")
        labels = (label for label in info.metadata if isinstance(label, Label))
        settings += [_setting(prefix + name, label, info) for label in labels]
    return tuple(settings)


def _setting(key: str, label: Label, info: FieldInfo) -> Setting:
    kind, limits = info.annotation, info.metadata
    if get_origin(kind) is Literal:
        choices = get_args(kind)
        return Setting(key, label, type(choices[0]), choices=choices)
    if get_origin(kind) in (tuple, dict):
        kind = next(part for part in reversed(get_args(kind)) if part is not ...)
        if get_origin(kind) is Annotated:
            kind, *nested = get_args(kind)
            limits = [each for part in nested for each in getattr(part, "metadata", [part])]
    return Setting(key, label, kind if isinstance(kind, type) else object, **_limits(kind, limits))


def _limits(kind: Any, metadata: Collection[Any]) -> dict[str, Any]:
    limits: dict[str, Any] = {}
    for limit in metadata:
        match limit:
            case Ge(bound) | Gt(bound):
                limits |= {"low": bound, "open_low": isinstance(limit, Gt)}
            case Le(bound) | Lt(bound):
                limits |= {"high": bound, "open_high": isinstance(limit, Lt)}
            case MultipleOf(bound):
                limits["multiple"] = bound
    for end, inwards in (("low", 1), ("high", -1)):
        if kind is float and end in limits:
            limits[end] = float(limits[end])
        if kind is int and limits.pop(f"open_{end}", False):
            limits[end] += inwards  # whole numbers have a last one within an open limit
    return limits


def get_setting(content: Mapping[str, Any], key: str) -> Any:
    """The value of a dotted key in a model's content.

    Raises:
        KeyError: there is no such setting.
    """
    place: Any = content
    for name in key.split("."):
        if not isinstance(place, Mapping):
            raise KeyError(key)
        place = place[name]
    return place


def has_setting(content: Mapping[str, Any], key: str) -> bool:
    """Whether a model's content has such a dotted key."""
    try:
        get_setting(content, key)
    except KeyError:
        return False
    return True


def set_setting(content: dict[str, Any], key: str, value: Any) -> None:
    """Change a setting in a model's content.

    Raises:
        ConfigError: there is no such setting; the remedy lists those that are there.
    """
    group, _, name = key.rpartition(".")
    place = get_setting(content, group) if has_setting(content, group) else None
    place = place if group else content
    if not isinstance(place, dict) or name not in place:
        known = ", ".join(place if isinstance(place, dict) else content)
        raise ConfigError(
            f"there is no setting {key!r}", key=key, where="", remedy=f"settings here: {known}"
        )
    place[name] = value


def flatten_settings(content: Mapping[str, Any], whole: Collection[str] = ()) -> dict[str, Any]:
    """The settings of a model's content by dotted key, in their order; an empty table is a value.

    Args:
        content: as JSON has it.
        whole: names of tables that are kept as one value.
    """
    flat: dict[str, Any] = {}
    for name, value in content.items():
        if isinstance(value, Mapping) and value and name not in whole:
            nested = flatten_settings(value, whole)
            flat |= {f"{name}.{key}": each for key, each in nested.items()}
        else:
            flat[name] = value
    return flat


def load_settings(path: Path, kind: type[M], what: str) -> M:
    """Read a JSON file.

    Args:
        path: JSON file.
        kind: class of the settings.
        what: name of the file in messages, such as "the recipe".

    Raises:
        ConfigError: it is missing, no JSON, or has unknown or wrong settings.
    """
    try:
        return kind.model_validate_json(read_text(path))
    except (OSError, UnicodeDecodeError) as error:
        reason = f" ({error.strerror})" if isinstance(error, OSError) and error.strerror else ""
        raise ConfigError(
            f"{what} cannot be read{reason}", where=str(path), remedy="check the path"
        ) from error
    except ValidationError as error:
        raise misfit(error, f"{what} does not fit", where=str(path)) from error


@dataclass(frozen=True)
class Complaint:
    """What a model's validation refuses first.

    Attributes:
        key: dotted key of the setting, or of the group it is in; empty for the whole.
        reason: why it is refused.
        unknown: whether there is no such setting.
    """

    key: str
    reason: str
    unknown: bool

    @property
    def remedy(self) -> str:
        """What to change, in one line."""
        place = self.key or "the file"
        if self.unknown:
            return f"remove {place!r}: there is no such setting"
        return f"fix {place}: {self.reason}"


def first_complaint(error: ValidationError) -> Complaint:
    """The first of pydantic's complaints."""
    first = error.errors(include_url=False)[0]
    key = ".".join(map(str, first["loc"]))
    reason = first["msg"].removeprefix("Value error, ")
    return Complaint(key, reason, first["type"] == "extra_forbidden")


def misfit(
    error: ValidationError, what: str, *, where: str = "", key: str | None = None
) -> ConfigError:
    """The error that says what a model's validation refuses, and what to change.

    Args:
        error: pydantic's.
        what: the fact, such as "the settings do not fit".
        where: file, or other place.
        key: dotted key of the setting it is about; by default that of the first complaint.
    """
    complaint = first_complaint(error)
    key = complaint.key if key is None else key
    return ConfigError(what, where=where, key=key, remedy=complaint.remedy)
