"""``python -m core spacenet-score``: proposals of buildings against the truth."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from core.cli.argument_types import iou_threshold, not_negative
from core.cli.terminal import note, print_json, table
from core.formats import counted, score

__all__ = ["add_arguments", "run"]


def add_arguments(parser: ArgumentParser) -> None:
    """The arguments of `spacenet-score`."""
    parser.add_argument("--proposals", required=True, type=Path, metavar="CSV")
    parser.add_argument("--truth", required=True, type=Path, metavar="CSV")
    parser.add_argument(
        "--min-iou",
        type=iou_threshold,
        default=0.5,
        metavar="IOU",
        help="a proposal hits above this",
    )
    parser.add_argument(
        "--min-area",
        type=not_negative,
        default=80.0,
        metavar="PIXELS",
        help="smaller buildings and proposals do not count",
    )
    parser.add_argument("--json", action="store_true")


def run(options: Namespace) -> None:
    """Score the proposals."""
    from core.evaluation.spacenet.polygons import read_buildings
    from core.evaluation.spacenet.score import spacenet_score

    truth, proposals = read_buildings(options.truth), read_buildings(options.proposals)
    for name, read in (("truth", truth), ("proposals", proposals)):
        if read.repaired:
            outlines = counted(read.repaired, "outline")
            note(f"note: {outlines} of the {name} crossed themselves and were repaired")
    total, per_image = spacenet_score(
        truth.by_image, proposals.by_image, min_iou=options.min_iou, min_area=options.min_area
    )
    unlisted = [image for image in proposals.by_image if image not in truth.by_image]
    if unlisted:
        note(
            f"warning: {counted(len(unlisted), 'image')} of the proposals not in the truth, as "
            f"{unlisted[0]}: all proposals there are false alarms"
        )
    if options.json:
        images = {image: matches.summary() for image, matches in per_image.items()}
        print_json(total.summary() | {"per_image": images})
        return
    print(f"{counted(len(per_image), 'image')}, F1 {score(total.f1)}\n")
    rows = [
        ("precision", score(total.precision)),
        ("recall", score(total.recall)),
        ("true positives", total.hits),
        ("false positives", total.false_alarms),
        ("false negatives", total.misses),
    ]
    table(rows, ("", "all images"))
