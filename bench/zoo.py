"""Make the table of the networks of segmentation-models, `core/models/zoo.json`.

    python -m bench.zoo [--only NAME]… [--rows]

Every decoder is built with every encoder the package lists; what goes through the tests' tester
(`tests/model_tester.py`) gets a row with its cost, found by walking its graph. What fails is
reported and left out. The tests take half an hour on two cores.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import tempfile
import time
from pathlib import Path
from typing import Any

from core.device import tensorflow
from core.models.architectures.zoo import build_zoo, known_backbones
from core.models.architectures.zoo_spec import DECODERS, ZooDecoder, ZooSpec
from core.models.cost.measured import MeasuredCost, measure_cost, receptive_field
from core.models.zoo_table import SIDE, ZOO_FILE, read_table
from tests.model_tester import check_model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", metavar="NAME", help="an encoder; repeatable")
    parser.add_argument("--rows", action="store_true", help="make the rows, and test nothing")
    options = parser.parse_args()
    tensorflow()
    import keras

    for check in (False,) if options.rows else (False, True):
        # First all rows, which are made soon; then the tests, which take long.
        for backbone in options.only or known_backbones():
            for architecture in DECODERS:
                began = time.perf_counter()
                step = _check if check else _make_row
                result = step(architecture, backbone)
                seconds = time.perf_counter() - began
                print(f"{architecture} {backbone}: {result}, {seconds:.0f} s", flush=True)
                keras.backend.clear_session()
                gc.collect()


def _make_row(architecture: ZooDecoder, backbone: str) -> str:
    table = read_table()
    rows = table.setdefault(architecture, {})
    rows.pop(backbone, None)
    try:
        rows[backbone] = _row(architecture, backbone)
    except ValueError as error:
        return f"left out: {str(error).splitlines()[0][:100]}"
    finally:
        _write(table)
    return f"{rows[backbone]['parameters'][0]:,} parameters"


def _check(architecture: ZooDecoder, backbone: str) -> str:
    if backbone not in read_table()[architecture]:
        return "left out"
    try:
        with tempfile.TemporaryDirectory() as folder:
            check_model(_spec(architecture, backbone, SIDE, 4, 3), Path(folder))
    except (ValueError, AssertionError) as error:
        table = read_table()
        del table[architecture][backbone]
        _write(table)
        return f"left out: {str(error).splitlines()[0][:100]}"
    return "passed"


def _spec(architecture: ZooDecoder, backbone: str, size: int, bands: int, classes: int) -> ZooSpec:
    # Not validated: the table that it is looked up in is made here.
    return ZooSpec.model_construct(
        architecture=architecture,
        backbone=backbone,
        bands=bands,
        classes=classes,
        size=size if DECODERS[architecture].fixed_size else 0,
    )


def _row(architecture: ZooDecoder, backbone: str) -> dict[str, Any]:
    model = build_zoo(_spec(architecture, backbone, SIDE, 3, 1))
    one = measure_cost(model, SIDE)
    if model.input_shape[1] is None:
        large = measure_cost(model, 2 * SIDE)
    else:
        large = measure_cost(build_zoo(_spec(architecture, backbone, 2 * SIDE, 3, 1)), 2 * SIDE)
    band, class_ = _per_band(model), _per_class(model)

    def areal(name: str) -> list[int]:
        area, rest = divmod(getattr(large, name) - getattr(one, name), 3)
        if rest:
            raise ValueError(f"{name} do not grow with the area")
        per_band, per_class = getattr(band, name), getattr(class_, name)
        return [area - 3 * per_band - per_class, per_band, per_class, getattr(one, name) - area]

    parameters = [one.parameters - 3 * band.parameters - class_.parameters]
    return {
        "parameters": [*parameters, band.parameters, class_.parameters],
        "macs": areal("macs"),
        "activations": areal("activations"),
        "receptive_field": receptive_field(model),
    }


def _per_band(model: Any) -> MeasuredCost:
    """What each of the three bands of the image costs: all up to the first convolution."""
    import keras

    parameters = activations = 0
    for layer in model.layers[1:]:
        if isinstance(layer, keras.layers.Conv2D):
            weights = math.prod(layer.kernel.shape) // 3
            side = -(-SIDE // layer.strides[0])
            return MeasuredCost(parameters + weights, weights * side**2, activations)
        parameters += layer.count_params() // 3
        if not isinstance(layer, keras.layers.ZeroPadding2D):
            activations += SIDE**2
    raise ValueError("expected a convolution")


def _per_class(model: Any) -> MeasuredCost:
    """What the one class costs: the layer ``logits``, and PSPNet's enlargement after it."""
    logits = model.get_layer("logits")
    weights = math.prod(logits.kernel.shape)
    stride = 8 if model.layers[-1] is not logits else 1
    side = SIDE // stride
    activations = side**2 + (SIDE**2 if stride > 1 else 0)
    return MeasuredCost(weights + 1, weights * side**2, activations)


def _write(table: dict[str, dict[str, Any]]) -> None:
    lines = []
    order = known_backbones()
    for architecture, rows in table.items():
        rows = dict(sorted(rows.items(), key=lambda row: order.index(row[0])))
        inner = ",\n".join(f'    "{name}": {json.dumps(row)}' for name, row in rows.items())
        lines.append(f'  "{architecture}": {{\n{inner}\n  }}')
    ZOO_FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    read_table.cache_clear()


if __name__ == "__main__":
    main()
