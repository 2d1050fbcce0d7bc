"""The form a training is launched from: widgets to a `TrainConfig`, with what follows from it."""

from __future__ import annotations

import streamlit as st

from core.datasets.catalogue import DatasetRef
from core.datasets.dataset import Dataset
from core.training.checks.presence import absent_everywhere, cannot_learn
from ui.loaded.normalisations import training_normalisation
from ui.settings.fields import Fields
from ui.shell.errors import page_errors, plain
from ui.train.form.augmentation import augmentation_fields
from ui.train.form.data import crop_fields, split_fields
from ui.train.form.draft import TrainDraft
from ui.train.form.grid import field_grid, wide_cell
from ui.train.form.loss import loss_fields
from ui.train.form.machine import machine_fields
from ui.train.form.network import network_fields
from ui.train.form.optimiser import optimiser_fields, schedule_plot
from ui.train.form.plan import Plan, make_plan
from ui.train.form.source import choose_preset, choose_recipe
from ui.train.inpainting import inpainting_view

__all__ = ["settings_form"]


def settings_form(ref: DatasetRef, dataset: Dataset) -> Plan:
    """Show the form, each error beside the field it is about.

    Returns:
        What the form says, and what follows for this dataset.

    Raises:
        ConfigError: a saved recipe cannot be read.
        DatasetError: the recipe's image product cannot be listed.
        ImageError: a training image cannot be opened.
    """
    plan = make_plan(ref, dataset)
    fields = Fields(TrainDraft(), plan.problem)
    left, right = st.columns(2)
    with left:
        choose_preset()
    with right:
        choose_recipe(ref, plan.problem)
    st.markdown("###### Data")
    split_fields(plan.dataset, plan.split, fields)
    _warn_of_absent(plan)
    _warn_of_values(plan)
    st.markdown("###### Network")
    bands = plan.images.used if plan.images else None
    network_fields(bands, len(plan.dataset.classes), fields)
    if plan.ready and plan.split and plan.ready.pretrain_epochs:
        with page_errors():  # without its pictures it can be trained still
            inpainting_view(plan.dataset, plan.split, plan.ready.recipe)
    st.markdown("###### Training")
    with field_grid("training"):
        crop_fields(fields, plan.config.model.multiple if plan.config else 32)
        optimiser_fields(fields)
        if plan.ready and plan.config:
            with wide_cell("schedule"):
                schedule_plot(plan.config, plan.config.epochs * plan.steps)
    with st.expander("Loss and class weights"):
        loss_fields(plan.dataset.classes, fields)
    with st.expander("Crops and augmentation"):
        augmentation_fields(fields)
    with st.expander("Machine and records"):
        machine_fields(fields)
    if not plan.problem.shown:
        plan.problem.show(fields.draft)
    return plan


def _warn_of_values(plan: Plan) -> None:
    """Where the normalisation does not go with the values, with the way out."""
    if plan.ready is None:
        return
    if plan.ready.recipe.normalisation not in ("unit", "imagenet"):
        return  # the others take their numbers from the values, and all samples would be read
    if words := plain(training_normalisation(plan.dataset, plan.ready.recipe).warning):
        st.warning(f"{words[0].upper()}{words[1:]}.", icon=":material/warning:")
        st.button(
            "Use percentiles",
            key="train.percentiles",
            on_click=TrainDraft().change,
            args=({"recipe.normalisation": "percentile"},),
        )


def _warn_of_absent(plan: Plan) -> None:
    if plan.ready is None or plan.present is None:
        return
    if absent := absent_everywhere(plan.ready, plan.dataset, plan.present):
        words = plain(cannot_learn(absent))
        st.warning(f"{words[0].upper()}{words[1:]}.", icon=":material/warning:")
