"""``python -m core activations``: write feature maps of a model's layers."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from core.cli.terminal import bar

__all__ = ["add_arguments", "run"]


def add_arguments(parser: ArgumentParser) -> None:
    """The arguments of `activations`."""
    parser.add_argument("image", metavar="IMAGE", type=Path)
    parser.add_argument("--model", required=True, metavar="MODEL")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR")
    parser.add_argument("--layer", action="append", metavar="NAME", dest="layers")


def run(options: Namespace) -> None:
    """Write the feature maps and print the files."""
    from core.explain.activation_files import write_activations

    with bar("feature maps", "layer") as progress:
        paths = write_activations(
            options.image, options.model, options.out, options.layers, progress
        )
    print(*paths, sep="\n")
