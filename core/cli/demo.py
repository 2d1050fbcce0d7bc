"""``python -m core demo``: write a generated dataset."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from core.cli.argument_types import count, seed
from core.cli.terminal import bar

__all__ = ["add_arguments", "run"]


def add_arguments(parser: ArgumentParser) -> None:
    """The arguments of `demo`."""
    parser.add_argument("dir", metavar="DIR", type=Path)
    parser.add_argument("--layout", choices=["dubai", "spacenet6"], default="dubai")
    parser.add_argument(
        "--scenes",
        type=count,
        default=4,
        metavar="N",
        help="mosaics of 4 parts each, or places seen by 3 passes each",
    )
    parser.add_argument(
        "--size",
        type=count,
        metavar="PX",
        help="side of a part, by default 512, or of a tile, by default 900",
    )
    parser.add_argument("--seed", type=seed, default=0, metavar="S")


def run(options: Namespace) -> None:
    """Write the dataset and print its folder."""
    from core.datasets.synthetic.dubai import write_demo
    from core.datasets.synthetic.spacenet6 import write_spacenet6

    write = write_spacenet6 if options.layout == "spacenet6" else write_demo
    # Without it, each layout has its own.
    size = {} if options.size is None else {"size": options.size}
    with bar("writing scenes", "tile") as progress:
        folder = write(
            options.dir, scenes=options.scenes, seed=options.seed, progress=progress, **size
        )
    print(folder)
