"""What is over the limits of complexity and arguments today, file by file: tests/budget.json.

    python -m tests.budget           write it anew; refused where a rule's total would rise
    python -m tests.budget --check   say what differs from it

The limits themselves stand in pyproject.toml.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

__all__ = ["Budget", "differences", "measure", "read_budget"]

REPOSITORY = Path(__file__).resolve().parent.parent
FILE = Path(__file__).with_name("budget.json")
RULES = {
    "C901": "functions with too many paths",
    "PLR0912": "functions with too many branches",
    "PLR0913": "functions with too many arguments",
    "PLR0915": "functions with too many statements",
}

Budget = dict[str, dict[str, int]]
"""Functions over the limit, by rule and file."""


def measure() -> Budget:
    """What ruff finds now, whatever `noqa` comments say."""
    command = [sys.executable, "-m", "ruff", "check", "--exit-zero", "--ignore-noqa"]
    command += ["--select", ",".join(RULES), "--output-format", "json", "."]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    counts: dict[str, Counter[str]] = {rule: Counter() for rule in RULES}
    for violation in json.loads(done.stdout):
        path = Path(violation["filename"]).relative_to(REPOSITORY).as_posix()
        counts[violation["code"]][path] += 1
    return {rule: dict(sorted(files.items())) for rule, files in counts.items()}


def read_budget() -> Budget:
    """What tests/budget.json allows."""
    budget: Budget = json.loads(FILE.read_text())
    return budget


def differences(allowed: Budget, measured: Budget) -> list[str]:
    """One sentence for each file and rule whose count is not what the budget says."""
    sentences = []
    for rule, what in RULES.items():
        for path in sorted({*allowed[rule], *measured[rule]}):
            before, now = allowed[rule].get(path, 0), measured[rule].get(path, 0)
            if now > before:
                remedy = "divide them, or bundle what belongs together"
                sentences.append(f"{path} has {now} {what} ({rule}), {before} allowed: {remedy}")
            elif now < before:
                remedy = "run `python -m tests.budget` to lower the budget"
                sentences.append(f"{path} has {now} {what} ({rule}), {before} allowed: {remedy}")
    return sentences


def main(arguments: list[str]) -> int:
    measured, allowed = measure(), read_budget()
    if "--check" in arguments:
        print(*differences(allowed, measured), sep="\n")
        return bool(differences(allowed, measured))
    for rule in RULES:
        before, now = sum(allowed[rule].values()), sum(measured[rule].values())
        if now > before:
            print(*differences(allowed, measured), sep="\n", file=sys.stderr)
            print(f"error: {rule} would rise from {before} to {now}", file=sys.stderr)
            return 1
    FILE.write_text(json.dumps(measured, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
