"""The gallery's pictures: a click on one opens it, a checkbox selects it."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Callable, Container, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from core.classes import ClassTable
from core.datasets.dataset import Sample
from core.datasets.pictures.thumbnails import Thumbnail
from ui.data.gallery.selection import Selection
from ui.data.gallery.thumbnails import mask_picture

__all__ = ["sample_grid", "tile"]

_HERE = Path(__file__).parent
_KEY = "gallery.grid"

_grid = st.components.v2.component(
    "dsi_sample_grid",
    css=(_HERE / "grid.css").read_text(encoding="utf-8"),
    js=(_HERE / "grid.js").read_text(encoding="utf-8"),
)


def sample_grid(
    tiles: Sequence[dict[str, Any]],
    opacity: float,
    selection: Selection,
    open_sample: Callable[[str], None],
) -> None:
    """Show samples as pictures.

    Args:
        tiles: as `tile` makes them.
        opacity: of the masks, 0 to 1; at 1 the class colours are exact.
        selection: what is selected, here and on other pages of the gallery.
        open_sample: called with a sample's id when its picture is clicked.
    """
    shown = {made["id"] for made in tiles}

    def on_open() -> None:
        # It comes from the browser.
        if (sample := st.session_state[_KEY].get("open")) in shown:
            open_sample(sample)

    def on_select() -> None:
        selection.take(st.session_state[_KEY].get("select"))

    _grid(
        key=_KEY,
        data={
            "content": hashlib.blake2b(json.dumps(tiles).encode(), digest_size=16).hexdigest(),
            "label": "Samples",
            "opacity": opacity,
            "turn": selection.turn,
            "selected": list(selection.samples),
            "tiles": list(tiles),
        },
        on_open_change=on_open,
        on_select_change=on_select,
    )


def tile(
    sample: Sample,
    thumbnail: Thumbnail,
    classes: ClassTable,
    tags: Sequence[str],
    exclude: Container[str],
) -> dict[str, Any]:
    """What the browser is sent of a sample.

    Args:
        sample, thumbnail: which.
        classes: the colours of its mask.
        tags: of the sample.
        exclude: ids of the samples that the recipe leaves out.
    """
    notes = []
    if thumbnail.image is not None:
        notes.append(f"{thumbnail.width} × {thumbnail.height} px")
        notes += ["no mask"] if sample.mask is None else []
    return {
        "id": sample.id,
        "src": _address(thumbnail.image, "jpeg"),
        "mask": _address(mask_picture(thumbnail, classes), "png"),
        "out": sample.id in exclude,
        "tags": list(tags),
        "notes": notes,
        "problems": list(thumbnail.problems),
    }


def _address(picture: bytes | None, kind: str) -> str:
    return f"data:image/{kind};base64,{b64encode(picture).decode()}" if picture else ""
