"""How quick the data side is, as ratios of two times taken in one run.

    python -m bench.data [audit] [feed] [listing] [--dataset DIR]

- audit: auditing a dataset, over merely decoding all of its files with as many threads.
- feed: crops a second that the training feed delivers alone, over what a training step of a U-Net
  of 4.4 million parameters takes; and the memory of the process before and after many batches.
- listing: the seconds in which a generated tree of SpaceNet 6 with tiny tiles is listed.

Ratios are steady from machine to machine; the seconds beside them are this machine's. Leave it
alone while it runs. Needs Linux for the memory.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

from core.datasets.audit.audit import audit
from core.datasets.batches.feed import training_feed
from core.datasets.batches.fit_normalisation import fit_normalisation
from core.datasets.batches.labelled_image import (
    LabelledImage,
    class_counts,
    load_samples,
    without_gaps,
)
from core.datasets.catalogue import open_dataset
from core.datasets.dataset import Dataset
from core.datasets.recipes.augmentation_presets import PRESETS
from core.datasets.recipes.recipe import Augmentation, Patch, Recipe
from core.datasets.recipes.splits import split_samples
from core.device import describe, resolve_precision, tensorflow
from core.imagery.raster import read_raster

_DUBAI = Path(__file__).parents[2] / "shared" / "data" / "dubai"
_EVERYTHING = PRESETS["aerial photograph"].model_copy(update={"elastic": 0.5})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", help="audit, feed, listing; all by default")
    parser.add_argument("--dataset", type=Path, default=_DUBAI, help="a folder; Dubai by default")
    parser.add_argument("--repeat", type=int, default=3, help="the least of so many times counts")
    parser.add_argument("--crops", type=int, nargs="+", default=[256, 384], help="sides in pixels")
    parser.add_argument("--batch", type=int, default=8, help="batch size in crops")
    parser.add_argument("--batches", type=int, default=20, help="that a time is taken of")
    parser.add_argument("--long", type=int, default=300, help="batches between two looks at memory")
    parser.add_argument("--tiles", type=int, default=3400, help="of the generated tree")
    args = parser.parse_args()
    known: dict[str, Callable[[argparse.Namespace], Iterator[tuple[str, ...]]]] = {
        "audit": _audit,
        "feed": _feed,
        "listing": _listing,
    }
    parts = args.parts or list(known)
    if strange := [part for part in parts if part not in known]:
        parser.error(f"unknown: {strange[0]}; choose from {', '.join(known)}")
    print(describe())
    row = "{:<58} {:>10} {:>10} {:>8} {:>8}".format
    print(row("what", "this", "that", "ratio", "wanted"))
    for part in parts:
        for line in known[part](args):
            print(row(*line), flush=True)


def _audit(args: argparse.Namespace) -> Iterator[tuple[str, ...]]:
    dataset = open_dataset(args.dataset)
    threads = min(4, max(2, os.cpu_count() or 2))  # as `audit` has it
    decoding = auditing = float("inf")
    # In turns, so that a machine that slows down slows both.
    for _ in range(args.repeat):
        decoding = min(decoding, _seconds(lambda: _decode(dataset, threads)))
        auditing = min(auditing, _seconds(lambda: audit(dataset)))
    what = f"audit of {len(dataset.samples)} samples over decoding, {threads} threads"
    ratio = f"{auditing / decoding:.2f}"
    yield what, f"{auditing:.2f} s", f"{decoding:.2f} s", ratio, "<= 2.5"


def _decode(dataset: Dataset, threads: int) -> None:
    files = [f for sample in dataset.samples for f in (sample.image, sample.mask) if f is not None]
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(lambda path: read_raster(path).pixels.shape, files):
            pass


def _feed(args: argparse.Namespace) -> Iterator[tuple[str, ...]]:
    dataset = open_dataset(args.dataset)
    split = split_samples(dataset.samples, Recipe().split)
    images = load_samples(dataset, [dataset.sample(sample) for sample in split.train])
    plain = Augmentation(zoom=(0.6, 1.5))
    more = _EVERYTHING.model_copy(update={"copy_paste": 0.5, "label_deformation": 3})
    kinds = {
        "flips, turns, zoom": plain,
        "with all of a photograph's": _EVERYTHING,
        "copy-paste and deformed labels too": more,
    }
    counts = class_counts(images, len(dataset.classes))
    for size in args.crops:
        trained = _training(images, size, counts, args)
        for name, augmentation in kinds.items():
            recipe = Recipe(patch=Patch(size=size), augmentation=augmentation)
            fed, memory = _fed(images, recipe, args)
            what = f"feed over training, {args.batch} of {size} px, {name}"
            yield what, f"{fed:.1f}/s", f"{trained:.1f}/s", f"{fed / trained:.2f}", ">= 1.5"
            yield (
                f"  memory in MiB after and before {args.long} batches",
                f"{memory[1]:,.0f}",
                f"{memory[0]:,.0f}",
                f"{memory[1] / memory[0]:.2f}",
                "about 1",
            )


def _fed(
    images: list[LabelledImage], recipe: Recipe, args: argparse.Namespace
) -> tuple[float, tuple[float, float]]:
    """Crops a second, and the memory in MiB before and after many batches."""
    normalisation = fit_normalisation(recipe, images)
    filled = without_gaps(images, normalisation)
    stream = iter(training_feed(filled, recipe, normalisation, args.batch, 0))
    _take(stream, 5)  # the graph is traced and its buffers are full
    times = [_seconds(lambda: _take(stream, args.batches)) for _ in range(args.repeat)]
    before = _resident()
    _take(stream, args.long)
    return args.batch * args.batches / min(times), (before, _resident())


def _training(
    images: list[LabelledImage], size: int, counts: Any, args: argparse.Namespace
) -> float:
    """Crops a second of a training step alone, on a batch that is there already."""
    tf = tensorflow()
    import keras

    from core.models.architectures.unet import UNetSpec
    from core.models.network import build_model
    from core.training.config import TrainConfig
    from core.training.step.losses import SegmentationLoss, class_weights

    keras.config.set_dtype_policy(resolve_precision("auto"))
    config = TrainConfig()
    bands = images[0].pixels.shape[-1]
    model = build_model(UNetSpec(bands=bands, classes=len(counts), width=24, depth=4))
    loss = SegmentationLoss(config.loss, class_weights(counts, config.loss.balance))
    model.compile(keras.optimizers.AdamW(1e-4), loss)
    recipe = Recipe(patch=Patch(size=size))
    normalisation = fit_normalisation(recipe, images)
    feed = training_feed(without_gaps(images, normalisation), recipe, normalisation, args.batch, 0)
    batch = next(iter(feed))
    same = tf.data.Dataset.from_tensors(batch).repeat()

    def steps(count: int) -> None:
        model.fit(same, steps_per_epoch=count, verbose=0, shuffle=False)

    steps(2)
    times = [_seconds(lambda: steps(args.batches)) for _ in range(args.repeat)]
    return args.batch * args.batches / min(times)


def _listing(args: argparse.Namespace) -> Iterator[tuple[str, ...]]:
    from tests.spacenet_tree import write_tree

    with tempfile.TemporaryDirectory() as folder:
        root = write_tree(Path(folder) / "set", tiles=args.tiles)
        names = _seconds(lambda: [path.stat() for path in root.rglob("*") if path.is_file()])
        times = [_seconds(lambda: open_dataset(root)) for _ in range(args.repeat)]
        tiles = len(open_dataset(root).samples)
    # The first is what a person waits for.
    what = f"listing {tiles:,} tiles of SpaceNet 6 over looking at its files"
    yield what, f"{times[0]:.2f} s", f"{names:.2f} s", f"{times[0] / names:.1f}", "< 3 s"


def _take(stream: Iterator[Any], count: int) -> None:
    for _ in islice(stream, count):
        pass


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _resident() -> float:
    """Memory of this process in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2


if __name__ == "__main__":
    main()
