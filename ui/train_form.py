"""The form a training is launched from: widgets to a `TrainConfig`, with what follows from it."""

from __future__ import annotations

from functools import reduce
from operator import getitem
from typing import Any, get_args

import streamlit as st
from pydantic import ValidationError

from core.datasets.catalogue import DatasetRef
from core.datasets.dataset import Dataset
from core.datasets.prepared import prepared
from core.datasets.recipe import Recipe, load_recipe
from core.datasets.recipes import list_recipes, recipe_file
from core.datasets.splits import Split, split_samples
from core.errors import ConfigError
from core.imagery.normalise import NormalisationKind
from core.imagery.raster import read_header
from core.settings import remedy_for
from core.training.config import TrainConfig
from core.training.estimate import steps_per_epoch, unet_parameters
from ui.datasets import fingerprint
from ui.errors import plain
from ui.splits import SPLIT_MEANS, SPLIT_NAMES, split_table

__all__ = ["TAKE", "settings_form"]

TAKE = "take"
"""In the URL: a saved recipe that the form is to be filled in from, once."""

# By the setting's place in TrainConfig, which is also the widget's key: what the screen calls it.
_LABELS = {
    "recipe.split.kind": "Split",
    "recipe.split.val": "Validation share, %",
    "recipe.split.test": "Test share, %",
    "recipe.split.folds": "Folds",
    "recipe.split.fold": "Fold that validates",
    "recipe.split.seed": "Split number",
    "recipe.patch.size": "Crop size, px",
    "batch": "Crops a step",
    "epochs": "Epochs",
    "steps": "Steps an epoch (0 = automatic)",
    "learning_rate": "Learning rate",
    "model.width": "Width, channels",
    "model.depth": "Depth, halvings",
    "model.stem_stride": "Working resolution",
    "model.dropout": "Dropout",
    "model.norm": "Normalisation layers",
    "seed": "Seed",
    "loss.cross_entropy": "Weight of cross-entropy",
    "loss.dice": "Weight of Dice",
    "loss.balance": "Class balance",
    "loss.label_smoothing": "Label smoothing",
    "recipe.patch.rare": "Crops centred on rare classes",
    "recipe.patch.minimum_labelled": "Least labelled share of a crop",
    "recipe.normalisation": "Input normalisation",
    "recipe.augmentation.flips": "Flips",
    "recipe.augmentation.quarter_turns": "Quarter turns",
    "recipe.augmentation.zoom": "Zoom, times",
    "recipe.augmentation.brightness": "Brightness",
    "recipe.augmentation.contrast": "Contrast",
    "recipe.augmentation.saturation": "Saturation",
    "recipe.augmentation.hue": "Hue",
    "weight_decay": "Weight decay",
    "warmup": "Warm-up, share of all steps",
    "ema": "Averaging of weights (0 = off)",
    "precision": "Precision",
    "limit_minutes": "Time limit, minutes (0 = none)",
}
_PERCENT = {"recipe.split.val", "recipe.split.test"}
_WORDS = {
    **SPLIT_NAMES,
    "batch": "batch",
    "group": "group",
    "none": "none",
    "unit": "value range",
    "minmax": "least to greatest",
    "percentile": "percentiles",
    "standard": "mean and spread",
    "imagenet": "ImageNet's",
    "decibel": "limits in dB",
    1: "full",
    2: "half",
    4: "quarter",
}
_QUICK = {
    "recipe.patch.size": 128,
    "batch": 8,
    "epochs": 8,
    "steps": 25,
    "learning_rate": 2e-3,
    "model.width": 16,
    "model.depth": 3,
    "model.stem_stride": 2,
    "model.dropout": 0.0,
    "loss.balance": 0.0,
    "recipe.patch.rare": 0.3,
    "recipe.augmentation.zoom": (1.0, 1.0),
    "recipe.augmentation.brightness": 0.0,
    "recipe.augmentation.contrast": 0.0,
    "recipe.augmentation.saturation": 0.0,
    "recipe.augmentation.hue": 0.0,
    "weight_decay": 1e-4,
    "ema": 0.0,
}
# Near those of the bundled Dubai model, whose card tells its three stages.
_THOROUGH = {
    "recipe.patch.size": 384,
    "batch": 8,
    "epochs": 25,
    "steps": 0,
    "learning_rate": 1.5e-3,
    "model.width": 24,
    "model.depth": 4,
    "model.stem_stride": 2,
    "model.dropout": 0.1,
    "loss.balance": 0.0,
    "recipe.patch.rare": 0.0,
    "recipe.augmentation.zoom": (0.6, 1.5),
    "recipe.augmentation.brightness": 0.1,
    "recipe.augmentation.contrast": 0.2,
    "recipe.augmentation.saturation": 0.3,
    "recipe.augmentation.hue": 0.03,
    "weight_decay": 0.02,
    "ema": 0.995,
}
_PRESETS = {"Quick try": _QUICK, "Thorough": _THOROUGH}


def settings_form(ref: DatasetRef, dataset: Dataset) -> TrainConfig | None:
    """Show the form and what follows from it.

    Returns:
        The configuration, or None after saying which setting does not fit.

    Raises:
        ConfigError: a saved recipe cannot be read, or the split leaves a side without samples.
        ImageError: a training image cannot be opened.
    """
    _set_defaults()
    _choose_preset()
    recipe = _choose_recipe(ref)
    dataset = prepared(dataset, recipe)
    st.markdown("###### Data")
    left, middle, right = st.columns(3)
    kinds = ["scene", "folds", "within-scene", "random"]
    kinds += ["fixed"] if recipe.split.kind == "fixed" else []
    with left:
        _choice("recipe.split.kind", kinds, "What is kept apart for validation and test.")
    kind = st.session_state[_key("recipe.split.kind")]
    fixed = kind == "fixed"
    with middle:
        if kind == "folds":
            folds = st.session_state[_key("recipe.split.folds")]
            _number("recipe.split.folds", 2, 50, 1)
            fold = _key("recipe.split.fold")
            st.session_state[fold] = min(st.session_state[fold], folds - 1)
            _number("recipe.split.fold", 0, folds - 1, 1, "Counted from 0; train once for each.")
        else:
            _number("recipe.split.val", 5, 90, 5, disabled=fixed)
    with right:
        _number("recipe.split.test", 0, 90, 5, disabled=fixed)
    preview = st.container()
    st.markdown("###### Training")
    left, right = st.columns(2)
    with left:
        _number("recipe.patch.size", 32, 2048, 32, "Square pieces of the images; a multiple of 32.")
        _number("batch", 1, 256, 1, "More is steadier and takes more memory.")
        _number("learning_rate", 1e-6, 1.0, 1e-4, "The peak, after the warm-up.", digits=5)
    with right:
        _number("epochs", 1, 10000, 1, "Each ends with a validation on whole images.")
        _number("steps", 0, 100000, 10, "Automatic covers the training images once.")
        _number("seed", 0, 2**31 - 1, 1, "The same seed draws the same crops and first weights.")
    st.markdown("###### Network: U-Net")
    left, right = st.columns(2)
    with left:
        _number("model.width", 4, 256, 4, "Of the first level; each level below doubles them.")
        _number("model.depth", 1, 6, 1)
        _choice("model.norm", ["batch", "group", "none"])
    with right:
        _choice("model.stem_stride", [1, 2, 4], "Half is 4 times as fast, with coarser outlines.")
        _number("model.dropout", 0.0, 0.9, 0.05)
    with st.expander("Advanced"):
        _advanced()
    config = _config(ref.id, recipe)
    if config is not None:
        with preview:
            split = _show_split(dataset, config)
        _show_estimate(dataset, split, config)
    return config


def _key(path: str) -> str:
    return f"train.{path}"


def _set_defaults() -> None:
    content = TrainConfig().model_dump()
    for path in _LABELS:
        value = _QUICK.get(path, _at(content, path))
        st.session_state.setdefault(_key(path), _shown(path, value))
    st.session_state.setdefault("train.preset", "Quick try")


def _at(content: dict[str, Any], path: str) -> Any:
    return reduce(getitem, path.split("."), content)


def _shown(path: str, value: Any) -> Any:
    return round(value * 100) if path in _PERCENT else value


def _choose_preset() -> None:
    chosen = st.session_state["train.preset"]
    if chosen and any(st.session_state[_key(p)] != v for p, v in _PRESETS[chosen].items()):
        st.session_state["train.preset"] = None  # changed by hand since
    st.segmented_control(
        "Start from",
        list(_PRESETS),
        key="train.preset",
        on_change=_apply_preset,
        persist_state="session",
        help="Quick try takes a couple of minutes on a processor; Thorough wants a GPU or hours. "
        "Either fills in the fields below.",
    )


def _apply_preset() -> None:
    for path, value in _PRESETS.get(st.session_state["train.preset"], {}).items():
        st.session_state[_key(path)] = value


def _choose_recipe(ref: DatasetRef) -> Recipe:
    """The saved recipe that exclusions come from; its other decisions are filled in once."""
    files = {name: recipe_file(name) for name in list_recipes()}
    if not files:
        return Recipe()

    def fill() -> None:
        if name := st.session_state["train.recipe"]:
            content = load_recipe(files[name]).model_dump()
            for path in _LABELS:
                if path.startswith("recipe."):
                    value = _at(content, path.removeprefix("recipe."))
                    st.session_state[_key(path)] = _shown(path, value)

    if (taken := st.query_params.get(TAKE)) in files:
        del st.query_params[TAKE]
        st.session_state["train.recipe"] = taken
        fill()
    name = st.selectbox(
        "Recipe",
        list(files),
        index=None,
        placeholder="None: all samples",
        key="train.recipe",
        on_change=fill,
        persist_state="session",
        help="Decisions about a dataset that were saved: samples left out, split, augmentation.",
    )
    recipe = load_recipe(files[name]) if name else Recipe()
    if recipe.exclude:
        names = plain(", ".join(recipe.exclude[:5]))
        st.caption(f"Leaves out {len(recipe.exclude)} samples: {names}.")
    if recipe.dataset and recipe.dataset != ref.id:
        st.warning(
            f"This recipe was made for the dataset {plain(recipe.dataset)}.",
            icon=":material/warning:",
        )
    return recipe


def _number(
    path: str,
    low: float,
    high: float,
    step: float,
    help: str | None = None,
    *,
    digits: int = 3,
    disabled: bool = False,
) -> None:
    st.number_input(
        _LABELS[path],
        low,
        high,
        step=step,
        format=f"%.{digits}f" if isinstance(low, float) else None,
        key=_key(path),
        help=help,
        disabled=disabled,
        persist_state="session",
    )


def _choice(path: str, options: list[Any], help: str | None = None) -> None:
    st.selectbox(
        _LABELS[path],
        options,
        format_func=lambda value: _WORDS.get(value, str(value)),
        key=_key(path),
        help=help,
        persist_state="session",
    )


def _advanced() -> None:
    st.markdown("**Loss**")
    left, right = st.columns(2)
    with left:
        _number("loss.cross_entropy", 0.0, 100.0, 0.5)
        _number("loss.balance", 0.0, 1.0, 0.25, "0: none; 1: rare classes weigh as much as others.")
    with right:
        _number("loss.dice", 0.0, 100.0, 0.5)
        _number("loss.label_smoothing", 0.0, 0.9, 0.05)
    st.markdown("**Crops and augmentation**")
    left, right = st.columns(2)
    with left:
        _number("recipe.patch.rare", 0.0, 1.0, 0.1, "Share drawn around a class chosen evenly.")
        _switch("recipe.augmentation.flips")
        _number("recipe.augmentation.brightness", 0.0, 1.0, 0.05, "Largest shift, of the range.")
        _number("recipe.augmentation.saturation", 0.0, 0.95, 0.05, "Largest change; RGB only.")
    with right:
        _number("recipe.patch.minimum_labelled", 0.0, 1.0, 0.1)
        _switch("recipe.augmentation.quarter_turns")
        _number("recipe.augmentation.contrast", 0.0, 0.95, 0.05, "Largest change.")
        _number("recipe.augmentation.hue", 0.0, 0.5, 0.01, "Largest turn; RGB only.")
    zoom = "recipe.augmentation.zoom"
    st.slider(_LABELS[zoom], 0.25, 4.0, step=0.05, key=_key(zoom), persist_state="session")
    st.markdown("**Optimiser and machine**")
    left, right = st.columns(2)
    with left:
        _number("weight_decay", 0.0, 1.0, 0.001, "AdamW's.", digits=4)
        _number("ema", 0.0, 0.9999, 0.005, "Momentum of the average that is kept.", digits=4)
        _choice("recipe.normalisation", list(get_args(NormalisationKind)))
        _number("recipe.split.seed", 0, 2**31 - 1, 1, "Another number, another split.")
    with right:
        _number("warmup", 0.0, 0.5, 0.05)
        _number("limit_minutes", 0.0, 100000.0, 10.0, digits=0)
        _choice("precision", ["auto", "float32", "mixed_bfloat16", "mixed_float16"])


def _switch(path: str) -> None:
    st.toggle(_LABELS[path], key=_key(path), persist_state="session")


def _config(dataset: str, recipe: Recipe) -> TrainConfig | None:
    content = TrainConfig(dataset=dataset, recipe=recipe).model_dump()
    for path in _LABELS:
        *groups, last = path.split(".")
        value = st.session_state[_key(path)]
        reduce(getitem, groups, content)[last] = value / 100 if path in _PERCENT else value
    if content["recipe"]["split"]["kind"] != "fixed":
        content["recipe"]["split"] |= {"val_samples": (), "test_samples": ()}
    if content["recipe"]["normalisation"] != recipe.normalisation:
        content["recipe"]["clip"] = None  # the limits are of another kind
    try:
        config = TrainConfig.model_validate(content)
    except ValidationError as error:
        remedy = remedy_for(error)
        for path, label in sorted(_LABELS.items(), key=lambda item: -len(item[0])):
            remedy = remedy.replace(f"mend {path}", f"change “{label}”")
        raise ConfigError("these settings do not fit", remedy=remedy) from error
    size, multiple = config.recipe.patch.size, config.model.multiple
    if size % multiple:
        raise ConfigError(
            f"crops of {size} px do not fit a network that needs multiples of {multiple}",
            remedy=f"choose a crop size that is a multiple of {multiple}, or a smaller depth",
        )
    return config


def _show_split(dataset: Dataset, config: TrainConfig) -> Split:
    split = split_samples(dataset.samples, config.recipe.split)
    split_table(dataset, split)
    st.caption(SPLIT_MEANS[config.recipe.split.kind])
    return split


def _show_estimate(dataset: Dataset, split: Split, config: TrainConfig) -> None:
    used = f"{fingerprint(dataset.root)}|{dataset.product}|{dataset.bands}"
    pixels, bands = _size(str(dataset.root), used, split.train, dataset)
    spec = config.model.model_copy(update={"bands": bands, "classes": len(dataset.classes)})
    steps = config.steps or steps_per_epoch(pixels, config.batch, config.recipe.patch.size)
    st.caption(
        f"{config.epochs} epochs of {steps} steps: {config.epochs * steps * config.batch:,} crops "
        f"in all. The network has {unet_parameters(spec):,} parameters."
    )


@st.cache_data(max_entries=32, show_spinner="Measuring the training images …")
def _size(folder: str, content: str, ids: tuple[str, ...], _dataset: Dataset) -> tuple[int, int]:
    """Pixels of these samples, from their headers, and bands of the first."""
    headers = [read_header(_dataset.sample(i).image) for i in ids]
    pixels = sum(h.width * h.height for h in headers)
    return pixels, len(_dataset.bands) or headers[0].bands
