"""Recipes as files for elsewhere: one that has void regions carries them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from core.datasets.recipes.recipe import Recipe
from core.datasets.void.regions import VoidRegions
from core.datasets.void.store import keep_regions, load_regions
from core.errors import ConfigError
from core.settings import misfit
from core.untrusted.text_file import parse_json, read_text

__all__ = ["import_recipe", "read_recipe_file", "recipe_text"]

_REGIONS = "void_regions"


def recipe_text(recipe: Recipe) -> str:
    """The recipe as JSON, with its void regions themselves where their digest stands.

    Raises:
        ConfigError: its regions are not in this workspace.
    """
    content: dict[str, Any] = recipe.model_dump(mode="json")
    if not recipe.void_regions:
        return json.dumps(content, indent=2, ensure_ascii=False)
    regions = json.dumps(load_regions(recipe.void_regions).model_dump(mode="json"))
    # In one line: a run length a line would be a file of a million lines.
    mark = json.dumps(recipe.void_regions)
    text = json.dumps(content, indent=2, ensure_ascii=False)
    return text.replace(f'"{_REGIONS}": {mark}', f'"{_REGIONS}": {regions}', 1)


def import_recipe(text: str, where: str) -> Recipe:
    """A recipe from a file's text; the void regions that it carries are kept in the workspace.

    Args:
        text: JSON of `recipe_text`, or of a recipe of the workspace.
        where: name of the file, for messages.

    Raises:
        ConfigError: it is no JSON, does not fit, or refers to void regions that it does not carry
            and this workspace does not have.
        WorkspaceError: the disk refuses.
    """
    try:
        content = parse_json(text)
    except ValueError as error:
        raise ConfigError(
            "the recipe is no JSON", where=where, remedy="download it again, or check the file"
        ) from error
    regions = None
    try:
        if isinstance(content, dict) and isinstance(content.get(_REGIONS), dict):
            regions = VoidRegions.model_validate(content[_REGIONS])
            content = content | {_REGIONS: ""}
        recipe = Recipe.model_validate(content)
    except ValidationError as error:
        raise misfit(error, "the recipe does not fit", where=where) from error
    if regions is not None:
        return recipe.model_copy(update={_REGIONS: keep_regions(regions)})
    if recipe.void_regions:
        load_regions(recipe.void_regions)
    return recipe


def read_recipe_file(path: Path) -> Recipe:
    """A recipe from a file, as of `import_recipe`.

    Raises:
        ConfigError: it is missing, or as of `import_recipe`.
        WorkspaceError: the disk refuses.
    """
    try:
        text = read_text(path)
    except (OSError, UnicodeDecodeError) as error:
        reason = f" ({error.strerror})" if isinstance(error, OSError) and error.strerror else ""
        raise ConfigError(
            f"the recipe cannot be read{reason}", where=str(path), remedy="check the path"
        ) from error
    return import_recipe(text, str(path))
