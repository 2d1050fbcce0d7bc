"""``python -m core demo``: write a generated dataset."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from core.cli.argument_types import positive_integer, seed
from core.cli.terminal import bar
from core.datasets.known_layouts import demo_writers

__all__ = ["add_arguments", "run"]


def add_arguments(parser: ArgumentParser) -> None:
    """The arguments of `demo`."""
    parser.add_argument("dir", metavar="DIR", type=Path)
    parser.add_argument("--layout", choices=list(demo_writers()), default="dubai")
    parser.add_argument(
        "--scenes",
        type=positive_integer,
        default=4,
        metavar="N",
        help="mosaics of 4 parts each, or places seen by 3 passes each",
    )
    parser.add_argument(
        "--size",
        type=positive_integer,
        metavar="PX",
        help="side of a part, by default 512, or of a tile, by default 900",
    )
    parser.add_argument("--seed", type=seed, default=0, metavar="S")


def run(options: Namespace) -> None:
    """Write the dataset and print its folder."""
    write = demo_writers()[options.layout]
    # Without it, each layout has its own.
    size = {} if options.size is None else {"size": options.size}
    with bar("writing scenes", "tile") as progress:
        folder = write(
            options.dir, scenes=options.scenes, seed=options.seed, progress=progress, **size
        )
    print(folder)
