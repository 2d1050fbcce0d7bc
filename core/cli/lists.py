"""``python -m core datasets``, ``models`` and ``runs``: list what there is."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from typing import Any

from core.cli.terminal import note, print_json, table
from core.errors import DSIError
from core.formats import MISSING, score

__all__ = ["add_arguments", "run_datasets", "run_models", "run_runs"]


def add_arguments(parser: ArgumentParser) -> None:
    """The argument of `datasets`, `models` and `runs`."""
    parser.add_argument("--json", action="store_true")


def run_datasets(options: Namespace) -> None:
    """Print the datasets of workspace and server; what cannot be looked at is a warning."""
    from core.datasets.catalogue import list_datasets, skipped_places

    rows = [
        {"name": ref.id, "layout": ref.layout, "path": str(ref.path)} for ref in list_datasets()
    ]
    for skipped in skipped_places():
        note(f"warning: {skipped.text}")
    _print_list("datasets", rows, as_json=options.json)


def run_models(options: Namespace) -> None:
    """Print the models that can be used; a damaged or foreign one is a warning on stderr."""
    from core.models.store import foreign_models, list_models, read_card

    rows = []
    for ref in list_models():
        try:
            card = read_card(ref.folder)
        except DSIError as error:
            _warn(error)
            continue
        scores = card.training.scores.get("test") or card.training.scores.get("val") or {}
        rows.append(
            {
                "name": ref.name,
                "source": ref.source,
                "architecture": card.spec.architecture,
                "bands": card.spec.bands,
                "classes": list(card.classes.names),
                "parameters": card.parameters,
                "trained_on": card.training.dataset,
                "mean_iou": scores.get("mean_iou"),
                "path": str(ref.folder),
            }
        )
    for name, foreign in foreign_models().items():
        note(f"warning: {name} in the workspace's models cannot be used: {foreign}")
    _print_list("models", rows, as_json=options.json)


def run_runs(options: Namespace) -> None:
    """Print the trainings; a damaged run is a warning on stderr."""
    from core.training.runs.summary import summaries

    rows = [
        {
            "name": run.name,
            "state": run.status.state,
            "queue": run.place,
            "dataset": run.config.dataset,
            "architecture": run.architecture,
            "tags": list(run.tags),
            "epoch": run.status.epoch,
            "epochs": run.status.epochs,
            "best_mean_iou": run.val_mean_iou,
            "test_mean_iou": run.test_mean_iou,
            "minutes": round(run.minutes, 1),
            "parameters": run.parameters,
            "seconds_left": run.status.seconds_left,
            "path": str(run.run.folder),
        }
        for run in summaries(_warn)
    ]
    _print_list("runs", rows, as_json=options.json)


def _warn(error: DSIError) -> None:
    # A damaged model or run must not hide the others.
    note(f"warning: {error}")


def _print_list(what: str, rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json({what: rows})
    elif rows:
        header = [key.replace("_", " ") for key in rows[0]]
        table([[_cell(value) for value in row.values()] for row in rows], header)
    else:
        print(f"no {what} yet", file=sys.stderr)


def _cell(value: object) -> str:
    if value is None:
        return MISSING
    if isinstance(value, list):
        return ", ".join(value)
    return score(value) if isinstance(value, float) else str(value)
