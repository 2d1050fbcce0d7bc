"""What a page sends to a component of ours, which AppTest knows nothing of."""

from __future__ import annotations

import json
from typing import Any

from streamlit.testing.v1 import AppTest


def component_data(at: AppTest, name: str) -> dict[str, Any] | None:
    """The data of the component of that name; None where it is not on the page."""
    for element in at.get("bidi_component"):
        if element.proto.component_name == name:
            return dict(json.loads(element.proto.json))
    return None


def tiles(at: AppTest) -> list[dict[str, Any]]:
    """The samples in the gallery."""
    data = component_data(at, "dsi_sample_grid")
    return [] if data is None else list(data["tiles"])


def problems(at: AppTest) -> list[dict[str, Any]]:
    """The rows of the list of problems."""
    data = component_data(at, "dsi_problem_list")
    return [] if data is None else list(data["rows"])
