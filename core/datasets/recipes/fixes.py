"""Fixes: decisions about single findings in a form that goes into a recipe; no file is changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from core.datasets.masks.decode import OTHERS
from core.datasets.recipes.recipe import Recipe
from core.datasets.recipes.splits import SplitConfig
from core.errors import ConfigError
from core.formats import percent

__all__ = [
    "Action",
    "Exclude",
    "ExcludeGroup",
    "Oversample",
    "ReadAs",
    "ReadEach",
    "ReadNearest",
    "SplitByScene",
    "UseWindow",
    "apply",
    "in_recipe",
]


@dataclass(frozen=True)
class Exclude:
    """Leave a sample out altogether."""

    sample: str

    @property
    def label(self) -> str:
        return f"Exclude {self.sample}"


@dataclass(frozen=True)
class ExcludeGroup:
    """Leave several samples out that have something in common.

    Attributes:
        samples: ids of the samples.
        words: what they have in common, as ``with means near 0.42``.
    """

    samples: tuple[str, ...]
    words: str

    @property
    def label(self) -> str:
        return f"Exclude the {len(self.samples):,} images {self.words}"


@dataclass(frozen=True)
class ReadAs:
    """Read an unknown value of the masks as a class, wherever it stands.

    Attributes:
        value: ``#RRGGBB`` or ``value 7``, as the audit names it.
        meaning: the name of a class, or ``void``.
    """

    value: str
    meaning: str

    @property
    def label(self) -> str:
        return f"Read {self.value} as {self.meaning}"


@dataclass(frozen=True)
class ReadEach:
    """Several `ReadAs` at once: a smoothed mask has many in-between colours.

    Attributes:
        pairs: value and meaning of each.
        words: what is done, such as ``their nearest class``.
    """

    pairs: tuple[tuple[str, str], ...]
    words: str

    @property
    def label(self) -> str:
        return f"Read {len(self.pairs)} more values as {self.words}"


@dataclass(frozen=True)
class ReadNearest:
    """Read the unknown values of all masks as the class whose value they are near to.

    Attributes:
        tolerance: how far from it they may be, in every band.
        others: whether those that are further away are read as void; else they stay unknown.
    """

    tolerance: float
    others: bool

    @property
    def label(self) -> str:
        words = f"Read values within {self.tolerance:g} of a class as that class"
        return f"{words}, and all others as void" if self.others else words


@dataclass(frozen=True)
class UseWindow:
    """Use a part of a sample, image and mask alike.

    Attributes:
        x, y, width, height: in pixels, from the upper left corner.
    """

    sample: str
    x: int
    y: int
    width: int
    height: int

    @property
    def label(self) -> str:
        place = f" at x {self.x}, y {self.y}" if self.x or self.y else ""
        return f"Use {self.width} × {self.height} pixels of {self.sample}{place}"


@dataclass(frozen=True)
class Oversample:
    """Draw more crops where rare classes are.

    Attributes:
        rare: share of the crops, 0 to 1, that are centred on a class drawn evenly.
    """

    rare: float = 0.5

    @property
    def label(self) -> str:
        return f"Draw {percent(self.rare, 0)} of the crops evenly over the classes"


@dataclass(frozen=True)
class SplitByScene:
    """Keep every scene whole on one side of the split."""

    @property
    def label(self) -> str:
        return "Split by scene"


Action = (
    Exclude | ExcludeGroup | ReadAs | ReadEach | ReadNearest | UseWindow | Oversample | SplitByScene
)


def apply(recipe: Recipe, action: Action) -> Recipe:
    """The recipe with a fix in it; the same recipe where it is in already.

    Raises:
        ConfigError: the fix does not fit the recipe's settings.
    """
    changed: dict[str, Any]
    if isinstance(action, (Exclude, ExcludeGroup)):
        out = (action.sample,) if isinstance(action, Exclude) else action.samples
        split = recipe.split
        kept = {
            side: tuple(i for i in getattr(split, side) if i not in set(out))
            for side in ("val_samples", "test_samples")
        }
        excluded = dict.fromkeys((*recipe.exclude, *out))
        changed = {"exclude": tuple(excluded), "split": split.model_dump() | kept}
    elif isinstance(action, ReadAs):
        changed = {"mask_values": recipe.mask_values | {action.value: action.meaning}}
    elif isinstance(action, ReadEach):
        changed = {"mask_values": recipe.mask_values | dict(action.pairs)}
    elif isinstance(action, ReadNearest):
        others = {OTHERS: "void"} if action.others else {}
        changed = {
            "mask_tolerance": action.tolerance,
            "mask_values": recipe.mask_values | others,
        }
    elif isinstance(action, UseWindow):
        window = (action.x, action.y, action.width, action.height)
        changed = {"windows": recipe.windows | {action.sample: window}}
    elif isinstance(action, Oversample):
        changed = {"patch": recipe.patch.model_dump() | {"rare": action.rare}}
    else:
        shares = SplitConfig(val=recipe.split.val, test=recipe.split.test, seed=recipe.split.seed)
        by_scene = recipe.split if recipe.split.kind in ("scene", "folds") else shares
        changed = {"split": by_scene.model_dump()}
    try:
        return Recipe.model_validate(recipe.model_dump() | changed)
    except ValidationError as error:
        raise ConfigError(
            f"the fix does not fit the recipe ({error.errors()[0]['msg']})",
            where=action.label,
            remedy="change the recipe by hand, or begin a new one",
        ) from error


def in_recipe(recipe: Recipe, action: Action) -> bool:
    """Whether the fix is in the recipe already."""
    return apply(recipe, action) == recipe
