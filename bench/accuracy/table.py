"""The tables of the state: means, intervals over tiles, and scores a class."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["ious", "print_tables", "summary"]

_NAMES = ("Building", "Land", "Road", "Vegetation", "Water")


def ious(matrix: np.ndarray) -> np.ndarray:
    """IoU a class, (K,) float64; NaN for a class that is not in the truth.

    Args:
        matrix: (K, K), rows the truth, columns what was said.
    """
    hits = np.diag(matrix).astype(np.float64)
    union = matrix.sum(0) + matrix.sum(1) - hits
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(matrix.sum(1) > 0, hits / union, np.nan)


def summary(matrix: np.ndarray) -> tuple[float, float]:
    """Mean IoU over the classes that are there, and pixel accuracy."""
    return float(np.nanmean(ious(matrix))), float(np.trace(matrix) / matrix.sum())


def print_tables(file: Path) -> None:
    """Print all tables in Markdown."""
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    _ablation([line for line in lines if line["name"].startswith("ablation/")])
    _left_out([line for line in lines if line["name"].startswith("left out/")])
    for line in lines:
        if not line["name"].startswith(("ablation/", "left out/")):
            _single(line)


def _total(line: dict[str, Any], which: str = "matrices") -> Any:
    return np.sum(list(line[which].values()), axis=0)


def _ablation(lines: list[dict[str, Any]]) -> None:
    print(
        "\n| training | seeds | val mean IoU | val accuracy | "
        + " | ".join(_NAMES)
        + " | seconds |"
    )
    print("| --- | --- | --- | --- |" + " --- |" * 6)
    by_name = defaultdict(list)
    for line in lines:
        by_name[line["name"].split("/")[1]].append(line)
    for name, runs in by_name.items():
        scores = np.array([summary(_total(run)) for run in runs])
        classes = np.mean([ious(_total(run)) for run in runs], axis=0)
        seconds = np.median([run["seconds"] for run in runs])
        spread = f" ± {scores[:, 0].std(ddof=1):.3f}" if len(runs) > 1 else ""
        cells = " | ".join(f"{value:.3f}" for value in classes)
        print(
            f"| {name} | {len(runs)} | {scores[:, 0].mean():.3f}{spread} | "
            f"{scores[:, 1].mean():.3f} | {cells} | {seconds:.0f} |"
        )


def _left_out(lines: list[dict[str, Any]]) -> None:
    """Each tile scored by a model that never saw it, and the mean with its interval over tiles."""
    by_name: dict[str, dict[int, tuple[float, float]]] = defaultdict(dict)
    for line in lines:
        _, name, tile = line["name"].split("/")
        by_name[name][int(tile)] = summary(_total(line))
    if not by_name:
        return
    tiles = sorted(set.intersection(*(set(by_tile) for by_tile in by_name.values())))
    print(
        "\n| left out | " + " | ".join(f"tile {t}" for t in tiles) + " | mean | 95 % over tiles |"
    )
    print("| --- |" + " --- |" * (len(tiles) + 2))
    rng = np.random.default_rng(0)
    draws = rng.integers(0, len(tiles), (10_000, len(tiles)))
    rows = {}
    for name, by_tile in by_name.items():
        for which, part in ((0, "mean IoU"), (1, "accuracy")):
            values = np.array([by_tile[t][which] for t in tiles])
            rows[name, which] = values
            _row(f"{name}, {part}", values, draws)
    names = list(by_name)
    if len(names) == 2:
        for which, part in ((0, "mean IoU"), (1, "accuracy")):
            _row(f"difference, {part}", rows[names[1], which] - rows[names[0], which], draws)


def _row(name: str, values: np.ndarray, draws: np.ndarray) -> None:
    low, high = np.percentile(values[draws].mean(axis=1), [2.5, 97.5])
    cells = " | ".join(f"{value:.3f}" for value in values)
    print(f"| {name} | {cells} | {values.mean():.3f} | {low:.3f} – {high:.3f} |")


def _single(line: dict[str, Any]) -> None:
    matrix = _total(line)
    score, accuracy = summary(matrix)
    cells = ", ".join(f"{n} {v:.3f}" for n, v in zip(_NAMES, ious(matrix), strict=True))
    print(f"\n{line['name']}: mean IoU {score:.3f}, accuracy {accuracy:.3f} ({cells})")
