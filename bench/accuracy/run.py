"""Which network, and which addition to its training, gets how far on the Dubai tiles.

    python -m bench.accuracy.run pack FOLDER imagery.npz        where TensorFlow's readers are
    python -m bench.accuracy.run loss                           where JAX is beside them
    python -m bench.accuracy.run train imagery.npz STATE        where JAX is: a GPU, or two cores
    python -m bench.accuracy.run table STATE

`train` goes through a list of trainings, each of which is one line in ``STATE/scores.jsonl`` when
it has ended: killed and called again, it goes on with the next. ``--minutes`` ends it before that
much time is over. It needs JAX, Keras, NumPy, OpenCV and pydantic, nothing else.

Everything that is chosen is chosen on the val side of dubai-unet's card. Its test side is never
looked at here: the bundled model is scored on it by ``python -m core evaluate``, once.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

# `python bench/accuracy/run.py` looks for modules beside itself.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.accuracy.imagery import VOID, Imagery, pack, unpack
from bench.accuracy.settings import TEST, VAL, Piece, Training, pieces
from bench.accuracy.table import print_tables, summary

_SCORES = "scores.jsonl"
_FINAL = "final/best/0"
_PATCH = 256
SURE = 0.9  # probability from which a pixel of another class counts as a suspect label


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parts = parser.add_subparsers(dest="part", required=True)
    packing = parts.add_parser("pack")
    packing.add_argument("folder", type=Path)
    packing.add_argument("out", type=Path)
    parts.add_parser("loss", help="compare the loss of the loop with the product's")
    training = parts.add_parser("train")
    training.add_argument("imagery", type=Path)
    training.add_argument("state", type=Path)
    training.add_argument("--minutes", type=float, default=600)
    training.add_argument("--steps", type=int, default=1000)
    training.add_argument("--only", nargs="*", default=[""], help="how names begin, in order")
    training.add_argument("--final-steps", type=int, default=5000)
    table = parts.add_parser("table")
    table.add_argument("state", type=Path)
    chosen = parser.parse_args(arguments)
    if chosen.part == "pack":
        pack(chosen.folder, chosen.out)
    elif chosen.part == "loss":
        from bench.accuracy import train_jax

        print(f"the loss differs from the product's by {train_jax.check_loss():.1e}")
    elif chosen.part == "table":
        print_tables(chosen.state / _SCORES)
    else:
        _train(chosen)


def _train(chosen: argparse.Namespace) -> None:
    from bench.accuracy import train_jax

    started = time.monotonic()
    chosen.state.mkdir(parents=True, exist_ok=True)
    imagery = unpack(chosen.imagery)
    encoder = train_jax.encoder_weights()
    arrays = train_jax.on_device(imagery)
    print(f"{_now(started)} read", flush=True)
    todo = [
        piece
        for start in chosen.only
        for piece in (*pieces(chosen.steps), Piece(_FINAL, Training(steps=chosen.final_steps)))
        if piece.name.startswith(start)
    ]
    known = {line["name"] for line in _lines(chosen.state / _SCORES)}
    longest = 0.0
    for piece in todo:
        if piece.name in known:
            continue
        known.add(piece.name)
        if time.monotonic() - started + longest > chosen.minutes * 60:
            print(f"{_now(started)} no time left for {piece.name}", flush=True)
            break
        start = time.monotonic()
        if piece.name == _FINAL:
            piece = _with_best(piece, list(_lines(chosen.state / _SCORES)))
        _one(piece, (imagery, arrays, encoder), chosen, started)
        # But for compiling, which is once for each network.
        longest = min(60, max(longest, time.monotonic() - start))


def _with_best(final: Piece, lines: list[dict[str, Any]]) -> Piece:
    """The settings that did best on the val side, for as many steps as the last training has."""
    there = [line for line in lines if line["name"].startswith("ablation/")]
    best = max(there, key=lambda line: summary(np.sum(list(line["matrices"].values()), axis=0)))
    training = Training(**best["training"])
    print(f"final: as {best['name']}", flush=True)
    return replace(final, training=replace(training, steps=final.training.steps), keep=True)


def _one(
    piece: Piece,
    inputs: tuple[Imagery, Any, dict[str, np.ndarray]],
    chosen: argparse.Namespace,
    started: float,
) -> None:
    from bench.accuracy import train_jax

    imagery, arrays, encoder = inputs
    training = piece.training
    if piece.train == "patches":
        arrays, held = _without_patches(imagery, arrays)
        samples: Sequence[int] = range(len(imagery.names))
    else:
        held, samples = None, _samples(imagery, piece.train)
    start = time.monotonic()
    made = train_jax.train(training, arrays, samples, encoder)
    trained = time.monotonic() - start
    scored = range(len(imagery.names)) if held is not None else _samples(imagery, piece.score)
    matrices: dict[str, Any] = {}
    sure: dict[str, Any] = {}
    inner: dict[str, Any] = {}
    kept = {}
    for index in scored:
        truth = imagery.truth(index) if held is None else held[index]
        name = imagery.names[index]
        probability = train_jax.predict(made, training.network, imagery.image(index))
        labels = probability.argmax(-1).astype(np.uint8)
        matrices[name] = confusion(truth, labels).tolist()
        sure[name] = confusion(truth, labels, probability.max(-1) >= SURE).tolist()
        inner[name] = confusion(truth, labels, away_from_borders(truth)).tolist()
        kept[name] = labels
    file = chosen.state / (piece.name.replace("/", "_").replace(" ", "-") + ".npz")
    if piece.keep:
        np.savez_compressed(file, **kept)
    if piece.name.startswith("final"):
        weights = {v.path: np.asarray(v.value) for v in made.model.variables if v.ndim}
        paths = sorted(weights)
        for half in (0, 1):  # no file that comes back may be larger than 16 MiB
            part = {path: weights[path] for path in paths[half::2]}
            np.savez(chosen.state / f"final_weights_{half}.npz", **part)
    line = piece.as_json() | {"seconds": trained, "matrices": matrices}
    line |= {"sure": sure, "inner": inner}
    with (chosen.state / _SCORES).open("a") as log:
        log.write(json.dumps(line) + "\n")
    miou, accuracy = summary(np.sum(list(matrices.values()), axis=0))
    print(
        f"{_now(started)} {piece.name}: mean IoU {miou:.3f}, accuracy {accuracy:.3f}, "
        f"{trained:.1f} s, in all {time.monotonic() - start:.1f} s",
        flush=True,
    )


def confusion(truth: np.ndarray, labels: np.ndarray, where: np.ndarray | None = None) -> np.ndarray:
    """(5, 5) int64: rows the truth, columns what was said; void is left out.

    Args:
        truth: (H, W) uint8, 255 = void.
        labels: (H, W) uint8.
        where: (H, W) bool, the pixels that count; by default all.
    """
    seen = truth != VOID
    if where is not None:
        seen = seen & where
    code = truth[seen].astype(np.int64) * 5 + labels[seen]
    return np.bincount(code, minlength=25).reshape(5, 5)


def away_from_borders(truth: np.ndarray) -> np.ndarray:
    """(H, W) bool: the pixels with no other class within two pixels."""
    kernel = np.ones((5, 5), np.uint8)
    return cv2.dilate(truth, kernel) == cv2.erode(truth, kernel)


def _samples(imagery: Imagery, which: str) -> list[int]:
    """Indices of the samples that a piece trains on, or is scored on."""

    def part(index: int) -> int:
        return int(imagery.names[index].rsplit("_", 1)[1])

    def belongs(index: int) -> bool:
        tile = imagery.tile(index)
        held = {"val": VAL[tile - 1], "test": TEST[tile - 1]}
        if which in held:
            return part(index) == held[which]
        if which == "card":
            return part(index) not in held.values()
        kind, _, tiles = which.partition(" ")
        return (str(tile) in tiles.split(",")) != (kind == "but")

    return [index for index in range(len(imagery.names)) if belongs(index)]


def _without_patches(imagery: Imagery, arrays: Any) -> tuple[Any, list[np.ndarray]]:
    """The labels without a random fifth of all patches, and those patches' labels, by image.

    What many notebooks do: patches of one image on both sides.
    """
    from jax import numpy as jnp

    rng = np.random.default_rng(0)
    train, held = imagery.labels.copy(), []
    for index in range(len(imagery.names)):
        truth = imagery.truth(index)
        grid = rng.random((truth.shape[0] // _PATCH + 1, truth.shape[1] // _PATCH + 1)) < 0.2
        out = np.kron(grid, np.ones((_PATCH, _PATCH), bool))[: truth.shape[0], : truth.shape[1]]
        start = imagery.offsets[index]
        train[start : start + truth.size][out.ravel()] = VOID
        held.append(np.where(out, truth, VOID))
    return dict(arrays, labels=jnp.asarray(train)), held


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    if file.is_file():
        for line in file.read_text().splitlines():
            yield json.loads(line)


def _now(started: float) -> str:
    return f"[{time.monotonic() - started:6.1f} s]"


if __name__ == "__main__":
    main()
