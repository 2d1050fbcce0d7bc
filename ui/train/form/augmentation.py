"""Which crops are drawn, how they are changed, and how their values reach the network."""

from __future__ import annotations

from ui.settings.fields import Fields
from ui.train.form.grid import field_grid, wide_cell

__all__ = ["augmentation_fields"]

_STRENGTHS = (
    *("brightness", "contrast", "saturation", "hue", "rotation"),
    *("shear", "noise", "speckle", "elastic", "cutout"),
    *("copy_paste", "label_deformation"),
)


def augmentation_fields(fields: Fields) -> None:
    """Settings of the recipe that Data, Prepare shows with previews."""
    with field_grid("crops"):
        fields.choice("recipe.normalisation")
        fields.number("recipe.patch.rare")
        fields.number("recipe.patch.minimum_labelled")
        for name in _STRENGTHS:
            fields.number(f"recipe.augmentation.{name}")
        with wide_cell("zoom"):
            fields.slider("recipe.augmentation.zoom")
        fields.switch("recipe.augmentation.flips")
        fields.switch("recipe.augmentation.quarter_turns")
