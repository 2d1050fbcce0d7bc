"""``python -m core predict``: map images of any size."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from core.cli.argument_types import add_averaging, bands, not_negative, overlap, pixels_off
from core.cli.terminal import bar, note
from core.errors import ConfigError, DSIError, ImageError
from core.formats import percent
from core.imagery.tiles import OVERLAP

if TYPE_CHECKING:
    from core.imagery.header import Header
    from core.inference.likeness import Difference
    from core.inference.outputs.kinds import Wanted
    from core.inference.predictor import Predictor
    from core.inference.small_regions import SmallRegions

__all__ = ["add_arguments", "run"]


def add_arguments(parser: ArgumentParser) -> None:
    """The arguments of `predict`."""
    parser.add_argument("images", metavar="IMAGE", nargs="+", type=Path)
    parser.add_argument("--model", required=True, metavar="MODEL")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR")
    parser.add_argument("--overlap", type=overlap, default=OVERLAP, metavar="F", help="0 to 0.75")
    add_averaging(parser)
    parser.add_argument(
        "--bands",
        type=bands,
        default=(),
        metavar="B,B…",
        help="bands of the images, counted from 0, that stand for the model's, in its order",
    )
    parser.add_argument("--polygons", action="store_true", help="also write GeoJSON")
    parser.add_argument(
        "--geopackage", action="store_true", help="also write polygons as a GeoPackage"
    )
    parser.add_argument(
        "--min-area",
        type=not_negative,
        default=0.0,
        metavar="A",
        help="leave out polygons below this area: m², or pixels without a place on Earth",
    )
    simplify = parser.add_mutually_exclusive_group()
    simplify.add_argument(
        "--simplify",
        type=pixels_off,
        default=0.0,
        metavar="P",
        help="give polygons fewer corners: about this many pixels off the edges, at most 20",
    )
    simplify.add_argument(
        "--simplify-metres",
        type=not_negative,
        default=0.0,
        metavar="M",
        help="the same on the ground, for images with a place on Earth",
    )
    parser.add_argument(
        "--probabilities", action="store_true", help="also write class probabilities"
    )
    parser.add_argument(
        "--confidence", action="store_true", help="also write the likeliest class's probability"
    )
    parser.add_argument(
        "--zip", action="store_true", help="also put all files of all images into DIR/results.zip"
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on with what was ended: images whose results are there are left out, large ones "
        "go on within",
    )
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="replace files in DIR that this program did not write, too",
    )


def run(options: Namespace) -> None:
    """Predict the images one after another and print the files of each.

    One of several that cannot be mapped is named and does not end the others.

    Raises:
        ConfigError: two images would write the same files.
        WorkspaceError: a result would replace what this program did not write.
        ImageError: the only image cannot be mapped, or some of several.
    """
    from core.models.store import find_model

    ref = find_model(options.model)
    stems = [image.stem for image in options.images]
    duplicate = next((stem for stem in stems if stems.count(stem) > 1), None)
    if duplicate is not None:
        raise ConfigError(
            f"two images are called {duplicate!r}, their results would overwrite each other",
            remedy="predict them into different folders",
        )
    batch = _Batch(options.images)
    headers = batch.read_headers()
    _check_outputs(options, headers)
    if headers:
        _predict(options, ref.name, ref.folder, headers, batch)
    batch.report()


class _Batch:
    """Counts what is mapped of several images, and names what is not."""

    def __init__(self, images: Sequence[Path]) -> None:
        self.images = images
        self.mapped = 0

    def fail(self, error: DSIError) -> None:
        """Say why an image is not mapped; where it is the only one, that ends the command."""
        if len(self.images) == 1:
            raise error
        note(f"error: {error}")

    def read_headers(self) -> dict[Path, Header]:
        """Headers of the images that can be opened."""
        from core.imagery.header import read_header

        headers = {}
        for image in self.images:
            try:
                headers[image] = read_header(image)
            except ImageError as error:
                self.fail(error)
        return headers

    def report(self) -> None:
        """Raise unless all images are mapped."""
        missing = len(self.images) - self.mapped
        if missing:
            raise ImageError(f"{missing} of {len(self.images)} not mapped")


def _warn(image: Path, difference: Difference) -> None:
    note(f"warning: {image}: {difference}")


def _left_out(image: Path, regions: SmallRegions) -> None:
    note(f"note: {image}: {regions}")


def _check_outputs(options: Namespace, headers: dict[Path, Header]) -> None:
    """Before anything is mapped: nobody else's file is in the way of a result."""
    from core.inference.outputs.kinds import paths_by_kind
    from core.inference.outputs.pack import ZIP_NAME
    from core.provenance import check_free

    wanted = _wanted(options)
    outputs: list[Path] = []
    for image, header in headers.items():
        located = header.georeference is not None
        outputs += paths_by_kind(image, options.out, wanted, located=located).values()
    if options.zip:
        outputs.append(options.out / ZIP_NAME)
    check_free(outputs, options.images, overwrite=options.overwrite)


def _wanted(options: Namespace) -> Wanted:
    from core.imagery.output.outlines import OutlineSettings
    from core.inference.outputs.kinds import Wanted

    return Wanted(
        options.polygons,
        options.probabilities,
        options.confidence,
        options.geopackage,
        OutlineSettings(options.min_area, options.simplify, options.simplify_metres),
    )


def _for_image(
    predictor: Predictor, image: Path, header: Header, chosen: tuple[int, ...]
) -> Predictor:
    """The predictor of an image of whose bands some stand for the model's.

    Raises:
        ImageError: the image has no such bands, or they are too many or too few.
    """
    if not chosen:
        return predictor
    try:
        return predictor.for_bands(chosen, header.bands)
    except ConfigError as error:
        raise ImageError(error.what, where=str(image), remedy=error.remedy) from error


def _predict(
    options: Namespace, name: str, folder: Path, headers: dict[Path, Header], batch: _Batch
) -> None:
    from core.inference.outputs.file import Handling, NamedModel
    from core.inference.outputs.kinds import ENDINGS
    from core.inference.outputs.pack import ZIP_NAME, zip_results
    from core.inference.predictor import Predictor
    from core.inference.scene.predict import predict_image
    from core.inference.scene.state import share_done
    from core.leftovers import remove_unfinished
    from core.models.store import load_model

    remove_unfinished(options.out, (*ENDINGS, ZIP_NAME))
    model, card = load_model(folder)
    predictor = Predictor.of_card(
        model, card, overlap=options.overlap, tta=options.tta, scales=options.tta_scales
    )
    if not predictor.averaging.is_plain:
        note(f"note: {predictor.averaging.cost_text}")
    written: list[Path] = []
    for image in headers:
        try:
            with bar(image.name, "tile") as progress:
                handling = Handling(
                    options.overwrite,
                    options.resume,
                    progress,
                    partial(_warn, image),
                    partial(_left_out, image),
                    note,
                )
                own = _for_image(predictor, image, headers[image], options.bands)
                named = NamedModel(own, card.classes, name)
                paths = predict_image(image, named, options.out, _wanted(options), handling)
        except DSIError as error:
            batch.fail(error)
        except KeyboardInterrupt:
            if (share := share_done(options.out, image.stem)) is not None:
                kept = f"{percent(share, 0)} of {image.name} is kept: go on with --resume"
                raise KeyboardInterrupt(kept) from None
            raise
        except MemoryError:
            remedy = "cut it into smaller pieces first"
            where = str(image)
            batch.fail(ImageError("there is not enough memory", where=where, remedy=remedy))
        else:
            batch.mapped += 1
            written += paths
            print(*paths, sep="\n", flush=True)
    if options.zip and written:
        print(zip_results(written, options.out), flush=True)
