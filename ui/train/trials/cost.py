"""What a training will take: parameters, work, memory, view, and, once measured, its time."""

from __future__ import annotations

import streamlit as st

from core.device import available_memory, describe
from core.formats import binary_size, count, counted, duration, short_duration, si_number
from core.models.network import cost
from core.models.spec import ModelSpec
from core.training.checks.memory import training_memory
from core.training.config import TrainConfig
from core.training.queue.launch import running_runs
from core.training.trials.child import Progress
from core.training.trials.step_time import StepTime, measure
from ui.shell.errors import plain
from ui.shell.jobs import find_job
from ui.train.trials.trial import start_trial, trial_key, watch_trial

__all__ = ["cost_line", "cost_table"]

_KIND = "measure"
# What a step's time depends on, beside the network and the crop; the rest is left out of the key.
_TIMED_SETTINGS = {"loss", "batch", "optimizer", "clip_norm", "ema", "precision", "replicas"}


def cost_table(config: TrainConfig, spec: ModelSpec, steps: int) -> None:
    """Show what a training will take, with a button that times some steps of exactly it.

    Args:
        config: configuration to be trained.
        spec: its network, for the dataset's bands and classes.
        steps: steps of an epoch.
    """
    key = _key(config, spec)
    place = st.container()
    job = watch_trial(_KIND, key)
    running_now = job is not None and job.state == "running"
    measured: StepTime | None = job.result if job and job.state == "done" else None
    rows = _estimates(config, spec, steps) | (
        _measurements(measured, config, steps) if measured else {}
    )
    with place:
        lines = [f"| {name} | {plain(value)} |" for name, value in rows.items()]
        st.markdown("\n".join(["| What it takes | |", "|:--|:--|", *lines]))
    if not running_now:
        _measure_button(key, config, spec, again=measured is not None)


def cost_line(config: TrainConfig, spec: ModelSpec, steps: int) -> str:
    """The same in a line: steps, memory, and the time once it was measured."""
    total = _epochs(config) * steps
    parts = [counted(total, "step"), f"{binary_size(training_memory(spec, config))} of memory"]
    job = find_job(_key(config, spec))
    if job is not None and job.state == "done":
        parts.append(_whole_time(job.result, total))
    return " · ".join(parts)


def _epochs(config: TrainConfig) -> int:
    """Epochs of the training and of inpainting, whose steps take about as long."""
    return config.pretrain_epochs + config.epochs


def _key(config: TrainConfig, spec: ModelSpec) -> str:
    timed = config.model_dump(mode="json", include=_TIMED_SETTINGS)
    return trial_key(_KIND, [timed, spec.model_dump(mode="json"), config.recipe.patch.size])


def _whole_time(measured: StepTime, total: int) -> str:
    seconds = measured.seconds_first + measured.seconds_per_step * (total - 1)
    return f"about {duration(seconds)}"


def _estimates(config: TrainConfig, spec: ModelSpec, steps: int) -> dict[str, str]:
    size = config.recipe.patch.size
    network = cost(spec, size)
    view = network.receptive_field
    memory, free = training_memory(spec, config), available_memory()
    total = _epochs(config) * steps
    first = config.pretrain_epochs
    inpainting = f", {first * steps:,} of them inpainting" if first else ""
    return {
        "Parameters": count(network.parameters),
        "Multiply-adds a crop": f"{si_number(network.macs)}, of {size} × {size} px",
        "Receptive field": "the whole image" if view is None else f"{view:,} × {view:,} px",
        "Memory, estimated": binary_size(memory)
        + ("" if free is None else f" of {binary_size(free)} free"),
        "Steps": f"{counted(_epochs(config), 'epoch')} of {steps:,} = {total:,}{inpainting}",
        "Crops": count(total * config.batch),
    }


def _measurements(measured: StepTime, config: TrainConfig, steps: int) -> dict[str, str]:
    total = _epochs(config) * steps
    memory = [] if measured.memory is None else [binary_size(measured.memory)]
    if measured.gpu_memory is not None:
        memory.append(f"{binary_size(measured.gpu_memory)} on the GPU")
    rows = {
        "A step, measured": f"{short_duration(measured.seconds_per_step)}, the first "
        f"{short_duration(measured.seconds_first)}",
        "Whole training": f"{_whole_time(measured, total)}, and validations",
    }
    return ({"Memory, measured": ", ".join(memory)} if memory else {}) | rows


def _measure_button(key: str, config: TrainConfig, spec: ModelSpec, again: bool) -> None:
    def work(progress: Progress) -> StepTime:
        return measure(config, spec.bands, spec.classes, progress)

    pressed = st.button(
        "Measure again" if again else "Measure a step",
        icon=":material/timer:",
        help=f"Trains for some seconds on random crops, in a process of its own, and tells how "
        f"long the training will take on this machine ({plain(describe())}).",
    )
    if running_runs():
        st.caption("A training is going on: beside it, a step takes longer.")
    if pressed:
        start_trial(_KIND, key, "Timing a step", "stages", work)
