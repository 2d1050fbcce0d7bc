"""``python -m core predict``: map images of any size."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from core.cli.argument_types import overlap
from core.cli.terminal import bar
from core.errors import ConfigError

__all__ = ["add_arguments", "run"]


def add_arguments(parser: ArgumentParser) -> None:
    """The arguments of `predict`."""
    parser.add_argument("images", metavar="IMAGE", nargs="+", type=Path)
    parser.add_argument("--model", required=True, metavar="MODEL")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR")
    parser.add_argument("--overlap", type=overlap, default=0.25, metavar="F", help="0 to 0.75")
    parser.add_argument("--tta", action="store_true", help="average over flips and quarter turns")
    parser.add_argument("--polygons", action="store_true", help="also write GeoJSON")
    parser.add_argument(
        "--probabilities", action="store_true", help="also write class probabilities"
    )


def run(options: Namespace) -> None:
    """Predict the images one after another and print the files of each.

    Raises:
        ConfigError: two images would write the same files.
    """
    from core.imagery.raster import read_header
    from core.inference.outputs import predict_file
    from core.inference.predictor import Predictor
    from core.models.store import find_model, load_model

    ref = find_model(options.model)
    stems = [image.stem for image in options.images]
    duplicate = next((stem for stem in stems if stems.count(stem) > 1), None)
    if duplicate is not None:
        raise ConfigError(
            f"two images are called {duplicate!r}, their results would overwrite each other",
            remedy="predict them into different folders",
        )
    for image in options.images:
        read_header(image)
    model, card = load_model(ref.folder)
    predictor = Predictor.of_card(model, card, overlap=options.overlap, tta=options.tta)
    for image in options.images:
        with bar(image.name, "tile") as progress:
            paths = predict_file(
                image,
                predictor,
                card.classes,
                ref.name,
                options.out,
                with_polygons=options.polygons,
                with_probabilities=options.probabilities,
                progress=progress,
            )
        print(*paths, sep="\n")
