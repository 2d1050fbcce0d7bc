"""How a training runs, and what it writes down."""

from __future__ import annotations

from ui.settings.fields import Fields
from ui.train.form.grid import field_grid

__all__ = ["machine_fields"]


def machine_fields(fields: Fields) -> None:
    """Precision, devices, limits, records and the seed."""
    with field_grid("machine"):
        fields.choice("precision")
        for key in ("replicas", "limit_minutes", "timelapse", "seed"):
            fields.number(key)
        fields.switch("tensorboard")
