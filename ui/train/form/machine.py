"""How a training runs, and what it writes down."""

from __future__ import annotations

import streamlit as st

from ui.train.form.fields import Problem, choice, number, switch

__all__ = ["machine_fields"]

_PRECISIONS = {
    "auto": "automatic",
    "float32": "32 bit",
    "mixed_bfloat16": "16 bit (bfloat16)",
    "mixed_float16": "16 bit (float16)",
}


def machine_fields(problem: Problem) -> None:
    """Precision, devices, limits, records and the seed."""
    left, right = st.columns(2)
    with left:
        choice(
            "precision",
            "Precision",
            list(_PRECISIONS),
            "Automatic takes 16 bit where the device gains from it. Weights stay in 32 bit.",
            problem,
            words=_PRECISIONS.__getitem__,
        )
        number(
            "limit_minutes",
            "Time limit, minutes (0 = none)",
            0.0,
            1e5,
            10.0,
            "It then ends as if stopped by hand, and can be resumed.",
            problem,
            form="%g",
        )
        number(
            "seed",
            "Seed",
            0,
            2**31 - 1,
            1,
            "The same seed draws the same crops and first weights.",
            problem,
        )
    with right:
        number(
            "replicas",
            "Devices (0 = all GPUs)",
            0,
            64,
            1,
            "Devices that share each batch, which must be a multiple of them. Without a GPU, 0 is "
            "the one processor.",
            problem,
        )
        number(
            "timelapse",
            "Time-lapse, samples",
            0,
            12,
            1,
            "Validation samples that are predicted after every epoch and kept as pictures.",
            problem,
        )
        switch(
            "tensorboard",
            "TensorBoard files",
            "Written to the run's folder besides our own.",
            problem,
        )
