"""How far a prediction in tiles differs from one pass over the whole image, on real pictures.

    python -m bench.seams [--model NAME] [--overlap F]… [--every N] [--tile PX] [IMAGE…]

For each overlap: the share of the labels inside that differ from one pass, over all images and in
the worst; the greatest difference of a probability; and the pixels of all tiles over those of the
images. Inside is 64 pixels from the edge: at the edge itself one pass mirrors more of the image
than a tile does. By default every sixth image of ../shared/data/dubai.

One pass needs memory for the whole image, about 4 GiB for the largest.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np

from core.imagery.raster import read_raster
from core.imagery.tiles import reflected
from core.inference.predictor import Predictor
from core.models.store import find_model, load_model

_DUBAI = Path(__file__).parents[2] / "shared" / "data" / "dubai"
_INSIDE = 64  # pixels from the edge
_MIRRORED = 160  # pixels beyond the edge that one pass sees


class Seams(NamedTuple):
    """Differences in one image: labels that differ, labels, greatest difference, tiles' pixels."""

    different: int
    labels: int
    probability: float
    computed: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", nargs="*", type=Path, metavar="IMAGE")
    parser.add_argument("--model", default="dubai-unet")
    parser.add_argument("--overlap", type=float, action="append", metavar="F")
    parser.add_argument("--tile", type=int, default=768, metavar="PX")
    parser.add_argument("--every", type=int, default=6, metavar="N", help="of the default images")
    args = parser.parse_args()
    images = args.images or sorted(_DUBAI.glob("*/images/*.jpg"))[:: args.every]
    network, card = load_model(find_model(args.model).folder)
    whole = Predictor.of_card(network, card)
    overlaps = args.overlap or [0.125, 0.25, 0.5]
    tiled = {f: Predictor.of_card(network, card, tile=args.tile, overlap=f) for f in overlaps}
    seams: dict[float, list[Seams]] = {overlap: [] for overlap in overlaps}
    pixels = 0
    for image in images:
        picture = read_raster(image).pixels
        pixels += picture.shape[0] * picture.shape[1]
        once = one_pass(whole, picture)
        for overlap, predictor in tiled.items():
            seams[overlap].append(compare(predictor, picture, once))
    print(f"{args.model}, {len(images)} images, {pixels:,} pixels, tiles of {args.tile}")
    print("overlap  labels  worst image  probability  computed")
    for overlap, rows in seams.items():
        share = sum(s.different for s in rows) / sum(s.labels for s in rows)
        worst = max(s.different / s.labels for s in rows)
        computed = sum(s.computed for s in rows) / pixels
        probability = max(s.probability for s in rows)
        print(f"{overlap:7}  {share:.4%}  {worst:.4%}  {probability:.3f}  {computed:.2f}")


def one_pass(predictor: Predictor, pixels: np.ndarray) -> np.ndarray:
    """Probabilities (H, W, K) of the mirrored-out image in one call."""
    sides, axes = pixels.shape[:2], []
    for side in sides:
        span = -(-(side + 2 * _MIRRORED) // predictor._multiple) * predictor._multiple
        axes.append(reflected(-_MIRRORED, span, side))
    scores = predictor._call(predictor.input.prepare(pixels, None, np.ix_(*axes))[None])[0]
    return scores[_MIRRORED : _MIRRORED + sides[0], _MIRRORED : _MIRRORED + sides[1]]


def compare(predictor: Predictor, pixels: np.ndarray, once: np.ndarray) -> Seams:
    """What tiles make of an image beside one pass over it."""
    tiled = predictor.probabilities(pixels)
    down, across = predictor.tiles(*pixels.shape[:2])
    inside = tuple(slice(_INSIDE, side - _INSIDE) for side in pixels.shape[:2])
    different = (tiled.argmax(-1) != once.argmax(-1))[inside]
    return Seams(
        int(different.sum()),
        different.size,
        float(np.abs(tiled - once)[inside].max()),
        len(down.starts) * down.size * len(across.starts) * across.size,
    )


if __name__ == "__main__":
    main()
