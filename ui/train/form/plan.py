"""A training as the draft has it: its configuration, and what follows for a dataset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st
from pydantic import ValidationError

from core.datasets.catalogue import DatasetRef
from core.datasets.dataset import Dataset
from core.datasets.fingerprint import fingerprint
from core.datasets.recipes.apply import prepared
from core.datasets.recipes.splits import Split, split_samples
from core.errors import ConfigError
from core.models.spec import ModelSpec
from core.training.checks.checks import (
    TrainingImages,
    check_config,
    check_counts,
    check_memory,
    crop_sizes,
    memory_at_its_turn,
    network_of,
    training_images,
)
from core.training.checks.memory import largest_batch
from core.training.checks.presence import check_presence, splits_with
from core.training.checks.steps import steps_per_epoch
from core.training.config import TrainConfig
from ui.loaded.audits import audit_key, finished_audit
from ui.settings.problem import Problem, refusal
from ui.train.form.draft import TrainDraft

__all__ = ["Plan", "make_plan"]


@dataclass
class Plan:
    """What is known of a training before it starts; what could not be found out is left out.

    Attributes:
        dataset: dataset as the recipe has it, or as it is where the recipe does not fit it.
        problem: why it cannot start, if it cannot.
        present: classes of every sample by its id, where the dataset was audited.
        steps: steps an epoch.
    """

    dataset: Dataset
    problem: Problem
    config: TrainConfig | None = None
    split: Split | None = None
    images: TrainingImages | None = None
    spec: ModelSpec | None = None
    present: dict[str, frozenset[str]] | None = None
    steps: int = 0

    @property
    def ready(self) -> TrainConfig | None:
        """The configuration, if it can be trained."""
        return None if self.problem.error else self.config


def make_plan(ref: DatasetRef, dataset: Dataset) -> Plan:
    """Look at the draft as a whole.

    Raises:
        DatasetError: the recipe's image product cannot be listed.
        ImageError: a training image cannot be opened.
    """
    plan = Plan(dataset, Problem())
    key = ""
    try:
        config = plan.config = TrainDraft().build(ref.id)
        key = "recipe.exclude"
        plan.dataset = prepared(dataset, config.recipe)
        key = "recipe.split"
        plan.split = split_samples(plan.dataset.samples, config.recipe.split)
        key = "model"
        plan.images = _images(_stamp(plan.dataset), plan.split, plan.dataset)
        check_config(config, plan.dataset, plan.split, plan.images)
        plan.spec = network_of(config, plan.images.used, len(plan.dataset.classes))
        check_memory(config, plan.spec, memory_at_its_turn())
        plan.steps = config.steps or steps_per_epoch(
            plan.images.pixels, config.batch, config.recipe.patch.size
        )
        plan.present = present = _present(ref, plan.dataset)
        if present is not None:
            check_presence(config, plan.dataset, plan.split, present)
            train = [present[i] for i in plan.split.train]
            names = plan.dataset.classes.names
            check_counts(config, {name: sum(name in has for has in train) for name in names})
    except ValidationError as error:
        plan.problem = refusal(error, "these settings do not fit")
    except ConfigError as error:
        plan.problem = _problem(error, error.key or key, plan)
    return plan


def _problem(error: ConfigError, key: str, plan: Plan) -> Problem:
    fix: dict[str, Any] = {}
    if key == "recipe.patch.size" and plan.config and plan.images:
        sizes = crop_sizes(plan.config.model, plan.images.largest)
        wanted = plan.config.recipe.patch.size
        fix = {key: max((s for s in sizes if s <= wanted), default=sizes[0])}
    if key == "pretrain_epochs":
        fix = {key: 0}
    if key == "batch" and plan.config and plan.spec:
        batch = largest_batch(plan.spec, plan.config, memory_at_its_turn() or 0)
        fix = {key: batch} if batch else {}
    if key == "recipe.split" and plan.config and plan.split is None:
        kind = plan.config.recipe.split.kind
        fix = {} if kind in ("blocks", "fixed") else {"recipe.split.kind": "blocks"}
    if key == "recipe.split" and plan.config and plan.present:
        fix = _other_split(plan.config, plan.dataset, plan.present)
    return Problem(error, key, fix=fix)


def _other_split(
    config: TrainConfig, dataset: Dataset, present: dict[str, frozenset[str]]
) -> dict[str, Any]:
    """The seed or fold of the nearest split of the same kind that has every class."""
    asked = config.recipe.split
    others = [o for o in splits_with(config, dataset, present) if o.kind == asked.kind]
    if not others:
        return {}
    changed = "fold" if others[0].fold != asked.fold else "seed"
    return {f"recipe.split.{changed}": getattr(others[0], changed)}


def _stamp(dataset: Dataset) -> str:
    return f"{fingerprint(dataset.root)}|{dataset.product}|{dataset.bands}|{dataset.windows}"


@st.cache_data(max_entries=32, show_spinner="Measuring the training images …")
def _images(content: str, split: Split, _dataset: Dataset) -> TrainingImages:
    return training_images(_dataset, split)


def _present(ref: DatasetRef, dataset: Dataset) -> dict[str, frozenset[str]] | None:
    audit = finished_audit(audit_key(ref, dataset.product))
    if audit is None or dataset.windows or dataset.void:
        return None
    if dataset.coding.read_as or dataset.coding.tolerance:
        return None  # it has counted whole samples, and masks as they are
    counted = {fact.id: fact.pixels_per_class for fact in audit.facts}
    return {
        sample.id: frozenset(name for name, n in counted.get(sample.id, {}).items() if n)
        for sample in dataset.samples
    }
