"""``python -m core audit``: inspect a dataset and list its problems."""

from __future__ import annotations

import shutil
import sys
from argparse import ArgumentParser, Namespace

from core.cli.terminal import bar, print_json, table
from core.formats import count, counted, percent

__all__ = ["add_arguments", "run"]


def add_arguments(parser: ArgumentParser) -> None:
    """The arguments of `audit`."""
    parser.add_argument("dataset", metavar="DATASET")
    parser.add_argument(
        "--product",
        default="",
        metavar="NAME",
        help="of a dataset with several kinds of images, such as PS-RGB; by default the first",
    )
    parser.add_argument("--json", action="store_true")


def run(options: Namespace) -> None:
    """Audit the dataset and print the pixels per class and the problems."""
    from core.datasets.audit.audit import audit
    from core.datasets.audit.report import format_problems
    from core.datasets.catalogue import find_dataset

    dataset = find_dataset(options.dataset, options.product)
    with bar("auditing", "sample") as progress:
        result = audit(dataset, progress=progress)
    report = result.to_json()
    if options.json:
        for note in result.notes:
            print(f"note: {note}", file=sys.stderr)
        print_json(report)
        return
    total = sum(report["pixels_per_class"].values())
    print(f"{report['layout']} layout, {report['samples']} samples in {report['scenes']} scenes")
    for note in result.notes:
        print(f"note: {note}")
    rows = [
        (name, count(pixels), percent(pixels / total if total else None))
        for name, pixels in report["pixels_per_class"].items()
    ]
    table([*rows, ("void", count(report["void_pixels"]), "")], ("class", "pixels", "share"))
    print(f"\n{counted(len(result.problems), 'problem')}")
    if result.problems:
        print("\n" + format_problems(result.problems, shutil.get_terminal_size((100, 24)).columns))
