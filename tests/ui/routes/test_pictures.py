"""The viewer's pictures over HTTP: those that were sent, by their content, and nothing else."""

from __future__ import annotations

import numpy as np
from starlette.responses import Response

from tests.ui.routes.ask_route import ask_route
from ui.routes.pictures import routes
from ui.viewer.encode import INLINE, encode_picture


def answer(path: str) -> Response | None:
    return ask_route(routes(), path)


def test_a_large_picture_is_fetched_and_a_small_one_comes_along() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (300, 400), dtype=np.uint8)
    sent = encode_picture(noise, "values")
    assert len(sent.data) > INLINE and sent.src == f"/pictures/{sent.digest}"
    response = answer(sent.src)
    assert response and (response.status_code, response.body) == (200, sent.data)
    assert response.headers["content-type"] == "image/png"
    assert response.headers["cache-control"].startswith("private")
    assert encode_picture(noise[:20], "values").src.startswith("data:image/png;base64,")


def test_there_is_nothing_else() -> None:
    unknown = answer("/pictures/values-2304-" + 32 * "0")
    assert unknown and unknown.status_code == 404
    assert answer("/pictures/../../etc/passwd") is None
