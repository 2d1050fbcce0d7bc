"""DeepSpaceImaging without the browser: semantic segmentation of satellite imagery on Keras.

The façade: what a script or a notebook needs, as the scripts in `examples/` use it. A name is
imported when it is first used: the command line, and every small process of ours, starts without
the rest. TensorFlow comes with the first model, Streamlit never.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.classes import VOID, ClassTable, LandClass
    from core.datasets.catalogue import find_dataset, list_datasets, open_dataset
    from core.datasets.recipes.recipe import Recipe
    from core.errors import (
        ConfigError,
        DatasetError,
        DSIError,
        ImageError,
        ModelError,
        RunError,
        WorkspaceError,
    )
    from core.evaluation.evaluate import Evaluation, apply_card_recipe, evaluate, samples_of_split
    from core.explain.activation_files import write_activations
    from core.explain.activations import FeatureMaps, channel_statistics, feature_maps
    from core.explain.layers import LayerInfo, last_activations, list_layers
    from core.imagery.output.write import png_bytes
    from core.imagery.raster import Raster, read_raster
    from core.inference.predictor import Predictor
    from core.models.card import ModelCard
    from core.models.store import find_model, list_models, load_model, read_card
    from core.paths import Workspace, workspace
    from core.training.checks.checks import check_training
    from core.training.config import TrainConfig, with_settings
    from core.training.queue.queue import hold_device, submit
    from core.training.runs.run import Run, find_run, list_runs
    from core.training.session.train import train

__all__ = [
    "VOID",
    "ClassTable",
    "ConfigError",
    "DSIError",
    "DatasetError",
    "Evaluation",
    "FeatureMaps",
    "ImageError",
    "LandClass",
    "LayerInfo",
    "ModelCard",
    "ModelError",
    "Predictor",
    "Raster",
    "Recipe",
    "Run",
    "RunError",
    "TrainConfig",
    "Workspace",
    "WorkspaceError",
    "apply_card_recipe",
    "channel_statistics",
    "check_training",
    "evaluate",
    "feature_maps",
    "find_dataset",
    "find_model",
    "find_run",
    "hold_device",
    "last_activations",
    "list_datasets",
    "list_layers",
    "list_models",
    "list_runs",
    "load_model",
    "open_dataset",
    "png_bytes",
    "read_card",
    "read_raster",
    "samples_of_split",
    "submit",
    "train",
    "with_settings",
    "workspace",
    "write_activations",
]

# The same as above, for who is not a type checker; a test compares the two.
_HOMES = {
    "ClassTable": "core.classes",
    "ConfigError": "core.errors",
    "DSIError": "core.errors",
    "DatasetError": "core.errors",
    "Evaluation": "core.evaluation.evaluate",
    "FeatureMaps": "core.explain.activations",
    "ImageError": "core.errors",
    "LandClass": "core.classes",
    "LayerInfo": "core.explain.layers",
    "ModelCard": "core.models.card",
    "ModelError": "core.errors",
    "Predictor": "core.inference.predictor",
    "Raster": "core.imagery.raster",
    "Recipe": "core.datasets.recipes.recipe",
    "Run": "core.training.runs.run",
    "RunError": "core.errors",
    "TrainConfig": "core.training.config",
    "VOID": "core.classes",
    "Workspace": "core.paths",
    "WorkspaceError": "core.errors",
    "apply_card_recipe": "core.evaluation.evaluate",
    "channel_statistics": "core.explain.activations",
    "check_training": "core.training.checks.checks",
    "evaluate": "core.evaluation.evaluate",
    "feature_maps": "core.explain.activations",
    "find_dataset": "core.datasets.catalogue",
    "find_model": "core.models.store",
    "find_run": "core.training.runs.run",
    "hold_device": "core.training.queue.queue",
    "last_activations": "core.explain.layers",
    "list_datasets": "core.datasets.catalogue",
    "list_layers": "core.explain.layers",
    "list_models": "core.models.store",
    "list_runs": "core.training.runs.run",
    "load_model": "core.models.store",
    "open_dataset": "core.datasets.catalogue",
    "png_bytes": "core.imagery.output.write",
    "read_card": "core.models.store",
    "read_raster": "core.imagery.raster",
    "samples_of_split": "core.evaluation.evaluate",
    "submit": "core.training.queue.queue",
    "train": "core.training.session.train",
    "with_settings": "core.training.config",
    "workspace": "core.paths",
    "write_activations": "core.explain.activation_files",
}


def __getattr__(name: str) -> Any:
    """A name of the façade (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
