"""Map an image of any size: print the share of each class and write the map in class colours.

python examples/predict.py photo.png --model dubai-unet --out map.png
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a clone need not be installed

from core import VOID, DSIError, Predictor, find_model, load_model, png_bytes, read_raster
from core.provenance import check_free, marked_png


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("image", type=Path, help="PNG, JPEG, TIFF or GeoTIFF")
    parser.add_argument("--model", default="dubai-unet", help="a name or a folder")
    parser.add_argument("--out", type=Path, required=True, metavar="PNG")
    parser.add_argument("--tta", action="store_true", help="average over flips and quarter turns")
    options = parser.parse_args(arguments)

    # An earlier map is replaced, nothing else.
    check_free([options.out], [options.image], remedy="choose another --out")
    raster = read_raster(options.image)
    model, card = load_model(find_model(options.model).folder)
    predictor = Predictor.of_card(model, card, tta=options.tta)
    labels = predictor.predict(raster.pixels, raster.valid)  # (H, W) uint8, 255 = no data

    labelled = max(1, int((labels != VOID).sum()))
    for index, name in enumerate(card.classes.names):
        print(f"{name:<20} {np.count_nonzero(labels == index) / labelled:6.1%}")
    options.out.write_bytes(marked_png(png_bytes(card.classes.colorize(labels))))
    print(options.out)


if __name__ == "__main__":
    try:
        main()
    except DSIError as error:
        sys.exit(f"error: {error}")
