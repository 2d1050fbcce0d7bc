"""How quick predictions of scenes are, and how much memory they take, as ratios taken in one run.

    python -m bench.predict [PART]… [--model NAME] [--size PX] [--repeat N]

- pipeline: reading a GeoTIFF, predicting it with a quarter of overlap, blending and writing all
  usual files, against the bare forward pass over the same tiles, and a loop of `model.predict` over
  them; in turns, and the medians of the ratios count: of the seconds, and of those of the
  processors, which other work on the machine does not change.
- loops: the usual loop of notebooks, `model.predict` of one tile of 256, 512 or 1,024 pixels after
  the other, with the same share of overlap, against the predictor at the tiles that it chooses;
  both per pixel of the image, in turns, and neither reads or writes.
- memory: peak of the whole process for a scene of 16,384² pixels against one of 4,096².
- sparse: peak and time of a scene of 100,000² pixels that holds a few blocks, likewise.

Ratios are steady from machine to machine; seconds and bytes beside them are this machine's. The
pictures are parts of ../shared/data/dubai where that is there, else noise. Needs Linux for memory.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import cv2
import numpy as np
import rasterio
from affine import Affine
from rasterio.windows import Window

from core.device import describe
from core.imagery.raster import read_raster
from core.imagery.scene.scene import open_scene
from core.inference.blocks import Blending
from core.inference.outputs.file import Handling, NamedModel
from core.inference.outputs.kinds import Wanted
from core.inference.predictor import Predictor
from core.inference.scene.predict import predict_image
from core.inference.scene.scene_image import SceneImage
from core.models.store import find_model, load_model

_DUBAI = Path(__file__).parents[2] / "shared" / "data" / "dubai"
_OVERLAP = 0.25
_BLOCK = 512
_SPARSE = 100_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", help="pipeline, loops, memory, sparse; all by default")
    parser.add_argument("--model", default="dubai-unet", help="of the pipeline")
    parser.add_argument("--memory-model", default="demo-unet", help="of the other parts")
    parser.add_argument("--size", type=int, default=2816, help="side of the pipeline's scene")
    parser.add_argument("--repeat", type=int, default=3, help="medians of so many ratios count")
    parser.add_argument(
        "--tiles", type=int, nargs="+", default=[256, 512, 1024], help="of the loops"
    )
    parser.add_argument("--sides", type=int, nargs=2, default=[4096, 16384], metavar="PX")
    parser.add_argument("--folder", type=Path, help="for scenes and results; a temporary one")
    args = parser.parse_args()
    known: dict[str, Callable[[argparse.Namespace, Path], Iterator[tuple[str, ...]]]] = {
        "pipeline": _pipeline,
        "loops": _loops,
        "memory": _memory,
        "sparse": _sparse,
    }
    parts = args.parts or list(known)
    if strange := [part for part in parts if part not in known]:
        parser.error(f"unknown: {strange[0]}; choose from {', '.join(known)}")
    print(describe())
    row = "{:<58} {:>11} {:>11} {:>8} {:>8}".format
    print(row("what", "this", "that", "ratio", "wanted"))
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        for part in parts:
            for line in known[part](args, Path(folder)):
                print(row(*line), flush=True)


def _pipeline(args: argparse.Namespace, folder: Path) -> Iterator[tuple[str, ...]]:
    network, card = load_model(find_model(args.model).folder)
    predictor = Predictor.of_card(network, card, overlap=_OVERLAP, large_pixels=0)
    image = write_scene(folder / "scene.tif", args.size)
    model = NamedModel(predictor, card.classes, args.model)
    tiles = _tiles(predictor, image)
    predictor.softmax(tiles[0][None])  # the graph is traced

    def whole() -> None:
        predict_image(image, model, folder / "out", Wanted(), Handling())

    def forward() -> None:
        for tile in tiles:
            predictor.softmax(tile[None])

    def loop() -> None:
        for tile in tiles:
            network.predict(tile[None], verbose=0)

    network.predict(tiles[0][None], verbose=0)
    rows: list[list[tuple[float, float]]] = []
    # In turns, so that a machine that slows down slows all.
    for _ in range(args.repeat):
        rows.append([_seconds(work) for work in (forward, whole, loop, whole, forward)])
    yield f"{args.model}, {args.size}², {len(tiles)} tiles of {predictor.large_tile} px", *[""] * 4
    both = np.moveaxis(np.array(rows), 2, 0)
    for kind, times in zip(("seconds", "processors"), both, strict=True):
        before, first, looping, second, after = times.T
        piped, bare = (first + second) / 2, (before + after) / 2
        for what, other, wanted in (
            ("forward pass over whole", bare, ">= 0.90"),
            ("model.predict over whole", looping, ">= 1.70"),
        ):
            seconds = [f"{median(part.tolist()):.1f} s" for part in (other, piped)]
            yield f"  {kind}: {what}", *seconds, f"{median((other / piped).tolist()):.2f}", wanted


def _loops(args: argparse.Namespace, folder: Path) -> Iterator[tuple[str, ...]]:
    pixels = read_raster(write_scene(folder / "loops.tif", args.size)).pixels
    for side in args.tiles:
        # A network anew: Keras' own function fails at a second size, where it enlarges linearly.
        network, card = load_model(find_model(args.model).folder)
        predictor = Predictor.of_card(network, card, overlap=_OVERLAP)
        step = int(side * (1 - _OVERLAP))
        starts = [*range(0, max(1, args.size - side), step), args.size - side]
        prepared = predictor.input.prepare(pixels)

        def loop(side: int = side, starts: list[int] = starts) -> None:
            for row in starts:
                for column in starts:
                    tile = prepared[None, row : row + side, column : column + side]  # noqa: B023
                    network.predict(tile, verbose=0).argmax(axis=-1)  # noqa: B023

        def ours() -> None:
            predictor.predict(pixels)  # noqa: B023

        network.predict(prepared[None, :side, :side], verbose=0)
        ours()
        rows = [[_seconds(work) for work in (loop, ours)] for _ in range(args.repeat)]
        yield (
            f"{args.model}, {args.size}², loop of {len(starts) ** 2} tiles of {side} px",
            *[""] * 4,
        )
        both = np.moveaxis(np.array(rows), 2, 0)
        for kind, times in zip(("seconds", "processors"), both, strict=True):
            looping, predicted = times.T
            seconds = [f"{median(part.tolist()):.1f} s" for part in (looping, predicted)]
            ratio = f"{median((looping / predicted).tolist()):.2f}"
            yield f"  {kind}: loop over predictor", *seconds, ratio, ">= 1.70"


def _tiles(predictor: Predictor, image: Path) -> list[np.ndarray]:
    """The network's input of all tiles of a scene."""
    with open_scene(image) as scene:
        tiles: Blending = predictor.blending(SceneImage(scene, predictor.input))
        return [
            tile.pixels
            for _, batch in tiles.tile_batches(1)
            for tile in batch
            if tile.pixels is not None
        ]


def _memory(args: argparse.Namespace, folder: Path) -> Iterator[tuple[str, ...]]:
    small, large = (
        _peak(args, write_scene(folder / f"{side}.tif", side), folder) for side in args.sides
    )
    what = f"{args.memory_model}, peak memory of {args.sides[1]:,}² and {args.sides[0]:,}²"
    yield what, *(f"{peak:,.0f} MiB" for peak in (large, small)), f"{large / small:.2f}", "<= 1.10"


def _sparse(args: argparse.Namespace, folder: Path) -> Iterator[tuple[str, ...]]:
    scene = folder / "sparse.tif"
    last = (_SPARSE - _BLOCK) // _BLOCK * _BLOCK
    middle = _SPARSE // 2 // _BLOCK * _BLOCK
    write_scene(scene, _SPARSE, [(0, 0), (middle, middle + 10 * _BLOCK), (last, last)])
    small = _peak(args, write_scene(folder / "small.tif", args.sides[0]), folder)
    start = time.perf_counter()
    peak = _peak(args, scene, folder)
    seconds = time.perf_counter() - start
    what = (
        f"{args.memory_model}, peak of sparse {_SPARSE:,}² ({seconds:.0f} s) and {args.sides[0]:,}²"
    )
    yield what, f"{peak:,.0f} MiB", f"{small:,.0f} MiB", f"{peak / small:.2f}", "<= 1.10"


def _peak(args: argparse.Namespace, image: Path, folder: Path) -> float:
    """Peak memory in MiB of a process that predicts an image on the command line."""
    command = [sys.executable, "-m", "core", "predict", str(image), "--model", args.memory_model]
    command += ["--overlap", str(_OVERLAP), "--out", str(folder / image.stem), "--overwrite"]
    pid = os.posix_spawn(
        sys.executable,
        command,
        os.environ,
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} ended with {status}")
    return usage.ru_maxrss / 1024


def write_scene(path: Path, side: int, places: list[tuple[int, int]] | None = None) -> Path:
    """A tiled GeoTIFF of 8-bit RGB, written block by block.

    Args:
        path: to write to.
        side: height and width in pixels.
        places: rows and columns of the only blocks that it is to hold; by default it holds all.
    """
    pictures = [read_raster(file).pixels for file in sorted(_DUBAI.glob("*/images/*.jpg"))[:6]]
    generator = np.random.default_rng(0)
    if not pictures:
        coarse = generator.integers(0, 256, (64, 64, 3), np.uint8)
        pictures = [cv2.resize(coarse, (1024, 1024), interpolation=cv2.INTER_CUBIC)]
    if places is None:
        starts = range(0, side, _BLOCK)
        places = [(row, column) for row in starts for column in starts]
    with rasterio.open(
        path, "w", driver="GTiff", width=side, height=side, count=3, dtype="uint8", tiled=True,
        blockxsize=_BLOCK, blockysize=_BLOCK, compress="deflate", zlevel=1, sparse_ok=True,
        bigtiff="IF_SAFER", crs="EPSG:32640", transform=Affine(0.3, 0, 3e5, 0, -0.3, 2.8e6),
    ) as file:  # fmt: skip
        for number, (row, column) in enumerate(places):
            picture = pictures[number % len(pictures)]
            height, width = min(_BLOCK, side - row), min(_BLOCK, side - column)
            top = int(generator.integers(0, picture.shape[0] - _BLOCK))
            left = int(generator.integers(0, picture.shape[1] - _BLOCK))
            part = picture[top : top + height, left : left + width]
            file.write(np.moveaxis(part, -1, 0), window=Window(column, row, width, height))
    return path


def _seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Time that passes, and that of the processors for all threads of this process."""
    start, busy = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - busy


if __name__ == "__main__":
    main()
