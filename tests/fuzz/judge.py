"""Whether what a command did with a broken file may be so."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.fuzz.process import MEMORY, Answer
from tests.fuzz.seeds import SIDE

__all__ = ["Snapshot", "failures", "snapshot"]

Snapshot = dict[str, str]
"""Digest of every file below a folder, by path."""

_VOID = 255
_LONGEST = 2000  # signs of an error's line
# By how much decoders of JPEG may differ, in the mean of a band: they smooth colours differently,
# which broken tables of the file make much of.
_JPEG = 16.0
_UNCOUNTED = ("unreadable", "size-mismatch")
# Files that stay by design: they are held by `flock`, and a removed one would be two locks.
_LOCKS = (".lock",)
_AUTOGRAPH = ("temp/__autograph_generated_file", "temp/__pycache__/__autograph_generated_file")


def snapshot(folder: Path) -> Snapshot:
    """What lies in a folder now."""
    return {
        path.relative_to(folder).as_posix(): hashlib.blake2b(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def failures(words: Sequence[object], answer: Answer, folder: Path, before: Snapshot) -> list[str]:
    """Everything that is wrong with an answer; empty where it is as it should be.

    Args:
        words: of the command.
        answer: what it did.
        folder: the case's, with `before` in it; the command's output is ``out``, its workspace
            ``workspace`` and its temporary folder ``temp``.
        before: what lay in the folder before.
    """
    if answer.ended:
        return [f"ended for {answer.ended} after {answer.seconds:.0f} s"]
    wrong = []
    if answer.traceback or "Traceback" in answer.stderr + answer.stdout:
        last = (answer.traceback or answer.stderr).strip().splitlines()[-1]
        wrong.append(f"traceback: {last}")
    elif answer.code == 1:
        wrong += _refusal(answer)
    elif answer.code == 0:
        wrong += _answer(words, answer, folder)
    else:
        wrong.append(f"exit code {answer.code}")
    if answer.peak > MEMORY:
        wrong.append(f"{answer.peak / 2**30:.1f} GiB of memory")
    return wrong + _leftovers(answer, folder, before)


def _refusal(answer: Answer) -> list[str]:
    lines = [line for line in answer.stderr.splitlines() if line.startswith("error: ")]
    wrong = [] if len(lines) == 1 else [f"{len(lines)} lines say error"]
    return wrong + [f"a line of {len(line)} signs" for line in lines if len(line) > _LONGEST]


def _leftovers(answer: Answer, folder: Path, before: Snapshot) -> list[str]:
    after = snapshot(folder)
    wrong = [f"changed {name}" for name in before if after.get(name) != before[name]]
    for name in after.keys() - before.keys():
        if name.startswith(_AUTOGRAPH):
            continue
        where, parts = name.partition("/")[0], Path(name).parts
        hidden = any(part.startswith(".") for part in parts) and not name.endswith(_LOCKS)
        if where not in ("out", "workspace") or hidden or (where == "out" and answer.code):
            wrong.append(f"left {name}")
    return wrong


def _answer(words: Sequence[object], answer: Answer, folder: Path) -> list[str]:
    if words[0] == "@read":
        return _values(answer.value)
    if "--json" in words:
        return _report(answer.stdout)
    if words[0] == "predict":
        return _prediction(folder / "out")
    return []


def _values(value: dict[str, Any]) -> list[str]:
    ours, theirs = value["ours"], value["theirs"]
    if theirs is None or (ours["digest"] == theirs["digest"] and ours["shape"] == theirs["shape"]):
        return []
    if ours["shape"] != theirs["shape"]:
        return [f"read as {ours['shape']}, by another library as {theirs['shape']}"]
    apart = max(abs(a - b) for a, b in zip(ours["means"], theirs["means"], strict=True))
    if theirs["lossy"] and apart <= _JPEG:
        return []
    return [f"values differ by {apart:g} from another library's"]


def _report(text: str) -> list[str]:
    """One document of JSON, every number in it finite, no count negative."""

    def refuse(constant: str) -> float:
        raise ValueError(f"{constant} in JSON")

    try:
        report = json.loads(text, parse_constant=refuse)
    except ValueError as error:
        return [f"no JSON: {error}"]
    if isinstance(report, dict) and "pixels_per_class" in report:
        return _counts(report)
    return []


def _counts(report: dict[str, Any]) -> list[str]:
    """Whole images are counted, and those that are not are named with the reason.

    A sample's mask has its image's size, which is `SIDE` unless its header was broken.
    """
    counts = [report["void_pixels"], *report["pixels_per_class"].values()]
    if any(not isinstance(n, int) or n < 0 for n in counts):
        return [f"counts {counts}"]
    left_out = {row["sample"] for row in report["problems"] if row["kind"] in _UNCOUNTED}
    whole = (report["samples"] - len(left_out)) * SIDE**2
    total = sum(counts)
    if total != whole and not any(row["kind"] == "missing-mask" for row in report["problems"]):
        return [f"{total} pixels counted, {whole} in the samples that could be read"]
    return []


def _prediction(out: Path) -> list[str]:
    wrong = []
    for path in out.glob("*_labels.png"):
        labels = np.asarray(Image.open(path))
        stem = path.name.removesuffix("_labels.png")
        report = json.loads((out / f"{stem}.json").read_bytes())
        classes = report["classes"]
        named = sum(row["pixels"] for row in classes.values())
        shares = [row["share"] for row in classes.values() if row["share"] is not None]
        if labels.ndim != 2 or np.any((labels >= len(classes)) & (labels != _VOID)):
            wrong.append(f"labels {labels.shape} with values {np.unique(labels)[-5:]}")
        elif named != np.count_nonzero(labels != _VOID):
            wrong.append(f"{named} pixels reported, {np.count_nonzero(labels != _VOID)} in the map")
        if named and not math.isclose(sum(shares), 1, abs_tol=1e-3):
            wrong.append(f"shares add up to {sum(shares)}")
    return wrong or ([] if any(out.glob("*_labels.png")) else ["nothing written, and exit 0"])
