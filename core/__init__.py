"""DeepSpaceImaging without the browser: semantic segmentation of satellite imagery on Keras.

The façade: what a script or a notebook needs. Importing it imports neither TensorFlow nor
Streamlit; TensorFlow comes with the first model.
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
from core.imagery.raster import Raster, read_raster
from core.inference.predictor import Predictor
from core.models.card import ModelCard
from core.models.store import find_model, list_models, load_model
from core.paths import Workspace, workspace
from core.training.config import TrainConfig

__all__ = [
    "VOID",
    "ClassTable",
    "ConfigError",
    "DSIError",
    "DatasetError",
    "ImageError",
    "LandClass",
    "ModelCard",
    "ModelError",
    "Predictor",
    "Raster",
    "Recipe",
    "RunError",
    "TrainConfig",
    "Workspace",
    "WorkspaceError",
    "find_dataset",
    "find_model",
    "list_datasets",
    "list_models",
    "load_model",
    "open_dataset",
    "read_raster",
    "workspace",
]
