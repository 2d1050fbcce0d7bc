"""Feature maps as files: a sheet of pictures and the values of each layer, and a summary."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from core.datasets.image_file import read_image_file
from core.errors import ModelError
from core.explain.activations import (
    ChannelStatistics,
    FeatureMaps,
    channel_statistics,
    feature_maps,
)
from core.explain.heat import sheet, to_heat
from core.explain.layers import last_activations, layer_output, list_layers
from core.models.model_input import ModelInput
from core.models.store import find_model, load_model
from core.paths import writable_folder, write_bytes, write_json
from core.provenance import check_free, marked_json, marked_png, marked_zip

__all__ = ["write_activations"]

_SHEET_CHANNELS = 64
_FLOAT16_MAX = float(np.finfo(np.float16).max)


def write_activations(
    image: Path,
    model: str,
    out: Path,
    layers: Sequence[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Write the feature maps of some layers, one layer at a time.

    For every layer ``STEM_LAYER.png``, a sheet of its strongest channels (64 at most), each scaled
    by itself, and ``STEM_LAYER.npz`` with `maps` (h, w, C) float16 and `stride`; and
    ``STEM_activations.json`` with every layer's shape, its channels from the strongest on, and
    the part of the image that was used.

    Args:
        image: path of a PNG, JPEG or TIFF.
        model: name of a model, or a folder with a card.
        out: folder to write to, created where it is missing.
        layers: layer names; by default the last activation of every level of the network.
        progress: called with the number of layers done and of all layers.

    Returns:
        Paths of the files, the JSON last.

    Raises:
        ImageError, ModelError: the image or the model cannot be read, they do not fit each other,
            or there is no such layer.
        WorkspaceError: `out` cannot be written, or has files that this program did not write.
    """
    network, card = load_model(find_model(model).folder)
    model_input = ModelInput.of_card(card)
    raster = read_image_file(image, model_input.file_band_count).raster
    names = list(
        dict.fromkeys(layers or [layer.name for layer in last_activations(list_layers(network))])
    )
    if not names:
        raise ModelError(
            "the model has no activation layers", where=model, remedy="name layers with --layer"
        )
    for name in names:
        layer_output(network, name)  # a wrong name is reported before any work is done
    model_input.check(raster.pixels, str(image))
    stems = _file_stems(names)
    summary = out / f"{image.stem}_activations.json"
    pairs = {
        name: (out / f"{image.stem}_{stem}.png", out / f"{image.stem}_{stem}.npz")
        for name, stem in stems.items()
    }
    outputs = [path for pair in pairs.values() for path in pair]
    check_free([*outputs, summary], [image], remedy="choose another --out")
    writable_folder(out)
    paths: list[Path] = []
    reports: list[dict[str, Any]] = []
    for done, name in enumerate(names):
        if progress:
            progress(done, len(names))
        features = feature_maps(network, card, raster, name)
        statistics = channel_statistics(features.maps)
        picture, values = pairs[name]
        write_bytes(picture, _sheet(features, statistics))
        _write_npz(values, features)
        paths += [picture, values]
        files = {"files": [picture.name, values.name]}
        reports.append(_report(features, statistics) | files)
    if progress:
        progress(len(names), len(names))
    report = {
        "image": image.name,
        "model": card.name,
        "sha256": card.sha256,
        "part": features.note,
        "window": vars(features.window),
        "layers": reports,
    }
    write_json(summary, marked_json(report))
    return [*paths, summary]


def _file_stems(names: Sequence[str]) -> dict[str, str]:
    """A file name for each layer; ``a/b`` and ``a_b`` get two."""
    stems: dict[str, str] = {}
    for name in names:
        plain = re.sub(r"[^A-Za-z0-9._-]", "_", name)
        stem, number = plain, 1
        while stem.lower() in {other.lower() for other in stems.values()}:
            number += 1
            stem = f"{plain}-{number}"
        stems[name] = stem
    return stems


def _sheet(features: FeatureMaps, statistics: ChannelStatistics) -> bytes:
    channels = statistics.order[:_SHEET_CHANNELS]
    page = sheet([to_heat(features.maps[..., channel]) for channel in channels], channels)
    _, data = cv2.imencode(".png", page[..., ::-1])
    return marked_png(data.tobytes())


def _write_npz(path: Path, features: FeatureMaps) -> None:
    half = np.clip(features.maps, -_FLOAT16_MAX, _FLOAT16_MAX).astype(np.float16)
    buffer = BytesIO()
    np.savez_compressed(buffer, maps=half, stride=features.stride)
    write_bytes(path, marked_zip(buffer.getvalue()))


def _report(features: FeatureMaps, statistics: ChannelStatistics) -> dict[str, Any]:
    return {
        "layer": features.layer,
        "shape": list(features.maps.shape),
        "stride": list(features.stride),
        "channels": [
            {
                "channel": channel,
                "std": float(statistics.std[channel]),
                "mean": float(statistics.mean[channel]),
                "min": float(statistics.low[channel]),
                "max": float(statistics.high[channel]),
            }
            for channel in statistics.order
        ],
    }
