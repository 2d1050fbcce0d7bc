"""DeepSpaceImaging without the browser: semantic segmentation of satellite imagery on Keras.

The façade: what a script or a notebook needs, as the scripts in `examples/` use it. Importing it
imports neither TensorFlow nor Streamlit; TensorFlow comes with the first model.
"""

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
