"""The ZIP of a batch over HTTP: by its id alone, and nothing else."""

from __future__ import annotations

from pathlib import Path

from starlette.responses import FileResponse, Response

from core.evaluation.batch.store import new_batch
from tests.ui.routes.ask_route import ask_route
from ui.routes.batches import routes, zip_url


def answer(path: str) -> Response | None:
    return ask_route(routes(), path)


def test_a_packed_batch_is_served_from_the_disk(space: Path) -> None:
    kept = new_batch()
    (kept.folder / "batch.json").write_text("{}")
    missing = answer(zip_url(kept))
    assert missing and missing.status_code == 404
    kept.zip_file.write_bytes(b"PK")
    response = answer(zip_url(kept))
    assert isinstance(response, FileResponse)
    assert Path(response.path) == kept.zip_file
    assert response.headers["content-disposition"].startswith("attachment")
    assert response.headers["cache-control"].startswith("private")


def test_there_is_nothing_else(space: Path) -> None:
    kept = new_batch()
    (kept.folder / "batch.json").write_text("{}")
    (kept.folder / "results.zip").write_bytes(b"PK")
    for name in ("2026-11-28-000000-0", "..", "%2e%2e", kept.id[:-1]):
        response = answer(f"/batches/{name}.zip")
        assert response is None or response.status_code == 404
    assert answer(f"/batches/../{kept.id}/batch.json") is None
