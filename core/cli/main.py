"""The command line: ``python -m core COMMAND``.

stdout carries the answer alone, stderr progress and the one line of an error. Exit codes: 0, 1 for
what a user can cause, 2 for wrong usage, 130 after Ctrl+C. Every command is a module beside this
one: its arguments, and what it does with them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from core.cli import (
    activations,
    architectures,
    audit,
    demo,
    evaluate,
    import_model,
    lists,
    predict,
    spacenet_score,
    train,
)
from core.errors import DSIError

__all__ = ["main", "parser"]

INTERRUPTED = 130  # 128 and the number of SIGINT, as shells have it
_SHOWN = 100  # characters of a name

_COMMANDS = (
    ("demo", "write a generated dataset", demo.add_arguments, demo.run),
    ("audit", "inspect a dataset and list its problems", audit.add_arguments, audit.run),
    ("train", "train a model", train.add_arguments, train.run),
    ("evaluate", "score a model on whole images", evaluate.add_arguments, evaluate.run),
    ("predict", "map images of any size", predict.add_arguments, predict.run),
    (
        "activations",
        "write feature maps of a model's layers",
        activations.add_arguments,
        activations.run,
    ),
    (
        "spacenet-score",
        "score proposals of buildings as the SpaceNet challenges do",
        spacenet_score.add_arguments,
        spacenet_score.run,
    ),
    (
        "import-model",
        "take a Keras model or weights trained elsewhere",
        import_model.add_arguments,
        import_model.run,
    ),
    (
        "architectures",
        "list the networks that can be trained",
        architectures.add_arguments,
        architectures.run,
    ),
    (
        "datasets",
        "list the datasets of the workspace and the server's folders",
        lists.add_arguments,
        lists.run_datasets,
    ),
    ("models", "list the models that can be used", lists.add_arguments, lists.run_models),
    ("runs", "list the trainings", lists.add_arguments, lists.run_runs),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: words after ``python -m core``; by default those of this process.

    Returns:
        The exit code, 0, 1 or 130; wrong usage raises SystemExit with 2.
    """
    options = parser().parse_args(arguments)
    try:
        options.run_command(options)
        sys.stdout.flush()
    except DSIError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    except OSError as error:
        # What no reader has words for, as a name that is longer than names can be.
        name = str(error.filename or "")
        place = f", {name[:_SHOWN]}{'…' if len(name) > _SHOWN else ''}" if name else ""
        what = str(error.strerror or error).lower()
        print(f"error: {what}{place}, check its name and the right to it", file=sys.stderr)
        return 1
    except MemoryError:
        print("error: there is not enough memory, try a smaller image or size", file=sys.stderr)
        return 1
    except KeyboardInterrupt as interruption:
        kept = str(interruption) or "files that were begun are not kept"
        print(f"error: interrupted, {kept}", file=sys.stderr)
        return INTERRUPTED
    return 0


def parser() -> argparse.ArgumentParser:
    """The argument parser of every command."""
    top = argparse.ArgumentParser(
        prog="python -m core", description="Semantic segmentation of satellite imagery."
    )
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, description, add_arguments, run in _COMMANDS:
        command = commands.add_parser(name, help=description, description=description)
        add_arguments(command)
        command.set_defaults(run_command=run)
    return top
