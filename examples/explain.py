"""Look into a network: its layers, and the channels that an image makes differ most.

python examples/explain.py photo.png --model dubai-unet --out maps
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a clone need not be installed

from core import (
    DSIError,
    channel_statistics,
    feature_maps,
    find_model,
    last_activations,
    list_layers,
    load_model,
    read_raster,
    write_activations,
)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("image", type=Path, help="PNG, JPEG, TIFF or GeoTIFF")
    parser.add_argument("--model", default="dubai-unet", help="a name or a folder")
    parser.add_argument("--layer", action="append", help="by default the last of every level")
    parser.add_argument("--out", type=Path, metavar="DIR", help="also write the maps as pictures")
    options = parser.parse_args(arguments)

    raster = read_raster(options.image)
    model, card = load_model(find_model(options.model).folder)
    layers = options.layer or [layer.name for layer in last_activations(list_layers(model))]
    for layer in layers:
        maps = feature_maps(model, card, raster, layer)
        height, width, channels = maps.maps.shape
        strongest = ", ".join(str(channel) for channel in channel_statistics(maps.maps).order[:5])
        print(f"{layer}: {channels} maps of {width} × {height}, strongest {strongest}")
    if options.out:
        for file in write_activations(options.image, options.model, options.out, layers):
            print(file)


if __name__ == "__main__":
    try:
        main()
    except DSIError as error:
        sys.exit(f"error: {error}")
