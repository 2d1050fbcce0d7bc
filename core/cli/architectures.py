"""``python -m core architectures``: list the networks that can be trained, and what each costs."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from core.cli.argument_types import positive_integer
from core.cli.terminal import print_json, table
from core.errors import ConfigError
from core.formats import count

__all__ = ["add_arguments", "run"]


def add_arguments(parser: ArgumentParser) -> None:
    """The arguments of `architectures`."""
    parser.add_argument(
        "--bands", type=positive_integer, default=3, metavar="N", help="of the images; 3"
    )
    parser.add_argument(
        "--classes", type=positive_integer, default=5, metavar="K", help="of the masks; 5"
    )
    parser.add_argument("--json", action="store_true")


def run(options: Namespace) -> None:
    """Print the networks for that many bands and classes.

    Raises:
        ConfigError: no network takes that many bands or classes.
    """
    from core.models.catalogue import list_architectures

    if options.bands > 1024 or options.classes > 254:
        raise ConfigError(
            f"there is no network for {options.bands} bands and {options.classes} classes",
            remedy="ask for at most 1024 bands and 254 classes",
        )
    rows: list[dict[str, Any]] = [
        {
            "name": network.name,
            "architecture": network.spec.architecture,
            "backbone": getattr(network.spec, "backbone", None),
            "parameters": network.cost.parameters,
            "size": network.size,
            "macs": network.cost.macs,
            "receptive_field": network.cost.receptive_field,
        }
        for network in list_architectures(options.bands, options.classes)
    ]
    if options.json:
        print_json({"architectures": rows})
        return
    table(
        [
            (
                row["name"],
                count(row["parameters"]),
                f"{row['macs'] / 1e9:.2f} G at {row['size']}²",
                "whole image" if row["receptive_field"] is None else f"{row['receptive_field']} px",
            )
            for row in rows
        ],
        ("name", "parameters", "multiply-adds", "receptive field"),
    )
