"""A network's whole configuration, checked as data before Keras sees it, and written anew.

What comes out is Keras 3's own form with nothing in it but the layers of the table
(`core.models.imported.checks.layer_table`), plain values and the wiring. No other word of the file
reaches Keras: no module, no registered name, no function. That leaves nothing to what files have
been made to run code by: modules and classes of their own (CVE-2024-3660, CVE-2025-1550), functions
of Keras that fetch or write files (CVE-2025-8747), Lambda layers in files to which safe mode does
not apply (CVE-2025-9905), or settings that switch it off (CVE-2025-9906).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.errors import ModelError
from core.models.imported.checks.layer_check import check_layer, class_of, is_operation, layer_name
from core.models.imported.checks.legacy_functions import translated
from core.models.imported.checks.nodes import (
    Call,
    Reference,
    calls_of,
    references,
    written_call,
)
from core.models.imported.checks.plain_values import unwrapped
from core.models.imported.checks.refusal import refused
from core.untrusted.text_file import parse_json

__all__ = ["MAX_TEXT", "CheckedNetwork", "check_network", "of_any_size"]

MAX_TEXT = 32 * 1024**2
"""Bytes of the longest configuration that is read; that of an EfficientNet B7 has 1 MB."""

_LAYERS = 5_000
_DEPTH = 6  # of networks within networks
_GRAPHS = ("Functional", "Model")
_MODULES = {"Functional": "keras.src.models.functional", "Sequential": "keras"}
_SAVE_AGAIN = "save the model again with model.save of Keras, and give the whole file"
# Behind these the values of a map are still those of the activation before.
_PASSING = {
    *("Cropping2D", "Dropout", "Identity", "Resizing", "SpatialDropout2D", "UpSampling2D"),
}
_SCALERS = {"Rescaling", "Normalization", "TrueDivide", "Divide"}


@dataclass(frozen=True)
class CheckedNetwork:
    """What a configuration says, once it was checked.

    Attributes:
        text: the configuration anew, as JSON that Keras 3 reads.
        shape: of the input, without the axis of images: height, width (None where free), bands.
        ending: activation that the output comes out of, such as ``softmax``; ``linear`` for none.
        scales: whether the network brings values into their range itself, right after its input.
        notes: what is otherwise than in the file, in sentences.
    """

    text: str
    shape: tuple[int | None, ...]
    ending: str
    scales: bool
    notes: tuple[str, ...] = ()


def check_network(text: str, version: str = "") -> CheckedNetwork:
    """Read the configuration of a model.

    Args:
        text: JSON as `.keras` files hold in ``config.json`` and `.h5` files in ``model_config``.
        version: of Keras that wrote it, as in the file; empty where unknown.

    Raises:
        ModelError: it is none, a layer or its class is refused, or it is not one image in and one
            map out.
    """
    if len(text) > MAX_TEXT:
        raise ModelError("the network's description is too long", remedy="give a smaller network")
    try:
        root = parse_json(text)
    except ValueError as error:
        raise ModelError(
            "the network's description is no JSON", remedy="copy or download the file again"
        ) from error
    if not isinstance(root, dict) or not isinstance(root.get("config"), dict | list):
        raise ModelError("the file does not describe a network", remedy=_SAVE_AGAIN)
    checker = _Checker(version.startswith(("0.", "1.", "2.")))
    try:
        network = checker.model(root, "the model", 0)
    except RecursionError as error:
        raise ModelError(
            "the network's description is nested too deep", remedy=_SAVE_AGAIN
        ) from error
    shape = checker.input_shape(network)
    checker.check_outputs(network)
    notes = []
    if checker.random:
        notes.append("Dropout that stays on at prediction is off here: a map is repeatable.")
    return CheckedNetwork(
        json.dumps(network, indent=1),
        shape,
        _ending(network),
        _scales(network),
        tuple(notes),
    )


def of_any_size(network: CheckedNetwork) -> CheckedNetwork:
    """The same network with height and width of its input left open.

    Whether it can be built so only building it tells: a layer whose weights are as many as the
    pixels cannot.

    Args:
        network: of an input that is not square, such as 256 × 512.
    """
    root = json.loads(network.text)
    fixed = list(network.shape[:2])

    def free(layers: list[dict[str, Any]]) -> None:
        for layer in layers:
            config = layer["config"]
            if layer["class_name"] == "InputLayer" and config["batch_shape"][1:3] == fixed:
                config["batch_shape"] = [None, None, None, *config["batch_shape"][3:]]
            free(config.get("layers", []))

    free(root["config"]["layers"])
    size = " × ".join("any" if side is None else str(side) for side in fixed)
    note = f"Its input of {size} px was left open: it is used in square tiles."
    return replace(
        network,
        text=json.dumps(root, indent=1),
        shape=(None, None, *network.shape[2:]),
        notes=(*network.notes, note),
    )


class _Checker:
    """Counts layers over all networks within one another.

    Attributes:
        random: whether dropout was made to stay on.
    """

    def __init__(self, legacy: bool) -> None:
        self.legacy, self.random, self._count = legacy, False, 0

    def model(self, entry: dict[str, Any], name: str, depth: int) -> dict[str, Any]:
        kind = class_of({"name": name} | entry)
        config = entry.get("config")
        if kind == "Sequential" and isinstance(config, dict | list):
            return self._sequential(config, name, depth)
        if kind in _GRAPHS and isinstance(config, dict) and "layers" in config:
            return self._functional(config, name, depth)
        raise ModelError(
            f"the model is of the class {str(kind)[:80]}, whose layers are wired by code of its "
            "own, which is not in the file",
            remedy="build it with keras.Model(inputs, outputs) and save it again, or give its "
            "weights alone for a network of ours (--like MODEL)",
        )

    def _layers(self, value: Any, depth: int) -> list[dict[str, Any]]:
        self._count += len(value) if isinstance(value, list) else 0
        if self._count > _LAYERS or depth > _DEPTH:
            raise ModelError(
                f"the network has more than {_LAYERS:,} layers, or networks within one another "
                f"more than {_DEPTH} deep",
                remedy="give a smaller network",
            )
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise ModelError("the network's list of layers cannot be read", remedy=_SAVE_AGAIN)
        names = [layer_name(each) for each in value]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise refused(twice, "is there twice")
        return value

    def _layer(self, entry: dict[str, Any], depth: int) -> dict[str, Any]:
        if entry.get("class_name") in ("Sequential", *_GRAPHS):
            return self.model(entry, layer_name(entry), depth + 1)
        return check_layer(entry, legacy=self.legacy)

    def _sequential(self, config: Any, name: str, depth: int) -> dict[str, Any]:
        config = {"layers": config} if isinstance(config, list) else config
        entries = self._layers(config.get("layers"), depth)
        layers = [self._layer(entry, depth) for entry in entries]
        if layers and layers[0]["class_name"] != "InputLayer":
            first = entries[0].get("config")
            first = first if isinstance(first, dict) else {}
            shape = first.get("batch_input_shape") or first.get("batch_shape")
            shape = shape or config.get("build_input_shape")
            if shape is not None:
                source = {"name": f"{name}_input", "config": {"batch_shape": shape}}
                source["class_name"] = "InputLayer"
                layers.insert(0, check_layer(source, legacy=self.legacy))
        own = str(config.get("name") or name).replace("/", "_")
        return _model("Sequential", own, {"layers": layers}, config)

    def _functional(self, config: dict[str, Any], name: str, depth: int) -> dict[str, Any]:
        listed = self._layers(config.get("layers"), depth)
        entries = [translated(entry, layer_name(entry)) for entry in listed]
        layers = {layer_name(entry): self._layer(entry, depth) for entry in entries}
        calls: dict[str, list[Call]] = {}
        old = False
        for entry in entries:
            own = layer_name(entry)
            calls[own], is_old = (
                ([], False)
                if layers[own]["class_name"] == "InputLayer"
                else calls_of(entry, layers[own]["class_name"], own)
            )
            old |= is_old
        self.random |= any(call.stays_random for each in calls.values() for call in each)
        ends = {key: _ends(config.get(key), name) for key in ("input_layers", "output_layers")}
        shifts = _shifts(calls, ends["output_layers"], layers, old)
        for own, layer in layers.items():
            for call in calls[own]:
                call.arguments = _moved(call.arguments, shifts, layers, calls, own)
                call.named = _moved(call.named, shifts, layers, calls, own)
            layer["inbound_nodes"] = [written_call(call) for call in calls[own]]
        outputs = []
        for end, number, output in ends["output_layers"]:
            nested = end in layers and layers[end]["class_name"] == "Functional"
            # Keras 3 counts the call of a network within by one more, where it is an output.
            shift = 0 if old or not nested else 1
            moved = _moved((end, number - shift, output), shifts, layers, calls, name)
            outputs.append((moved[0], moved[1] + 1, moved[2]) if nested else moved)
        inputs = [_moved(each, {}, layers, calls, name) for each in ends["input_layers"]]
        content = {
            "layers": list(layers.values()),
            "input_layers": _triples(inputs),
            "output_layers": _triples(outputs),
        }
        own = str(config.get("name") or name).replace("/", "_")
        return _model("Functional", own, content, config)

    def input_shape(self, network: dict[str, Any]) -> tuple[int | None, ...]:
        """The shape of the one image that the network takes."""
        config = network["config"]
        if network["class_name"] == "Sequential":
            layer: dict[str, Any] = config["layers"][0] if config["layers"] else {"class_name": ""}
            if layer["class_name"] in ("Functional", "Sequential"):
                return self.input_shape(layer)
        else:
            inputs = config["input_layers"]
            if not isinstance(inputs[0], str):
                raise ModelError(
                    f"the network takes {len(inputs)} inputs, and one image is what it is given",
                    remedy="save a model of one input",
                )
            layer = next(each for each in config["layers"] if each["name"] == inputs[0])
        if layer["class_name"] != "InputLayer":
            raise ModelError(
                "the file does not say the shape of the network's input",
                remedy="build the model with keras.Input((None, None, BANDS)) and save it again",
            )
        shape = tuple(layer["config"]["batch_shape"][1:])
        if len(shape) != 3 or shape[-1] is None:
            shown = " × ".join("?" if side is None else str(side) for side in shape)
            raise ModelError(
                f"the network takes an input of {shown or 'no axes'}, and an image has height, "
                "width and bands",
                remedy="give a network for segmentation, with an input of (height, width, bands)",
            )
        return shape

    def check_outputs(self, network: dict[str, Any]) -> None:
        """See that there is one output, also of a network that stands for the whole."""
        outputs = network["config"].get("output_layers", [""])
        if not isinstance(outputs[0], str):
            named = ", ".join(each[0] for each in outputs[:4])
            raise ModelError(
                f"the network has {len(outputs)} outputs ({named}), and one map is wanted",
                remedy="save a model of the output that is the map: "
                f"keras.Model(model.input, model.get_layer({outputs[0][0]!r}).output)",
            )


def _model(kind: str, name: str, content: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    trainable = config.get("trainable")
    flag = {"trainable": trainable} if isinstance(trainable, bool) else {}
    return {
        "module": _MODULES[kind],
        "class_name": kind,
        "config": {"name": name, **flag, **content},
        "registered_name": None,
        "name": name,
    }


def _ends(value: Any, name: str) -> list[Reference]:
    """Inputs or outputs of a network: one tensor, a list of them, or a table of them."""
    value = unwrapped(value)
    if isinstance(value, dict):
        value = list(value.values())
    match value:
        case [str(layer), int(call), int(output)]:
            return [(layer.replace("/", "_"), call, output)]
        case [*several] if several:
            return [end for each in several for end in _ends(each, name)]
    raise refused(name, "has inputs or outputs that cannot be read")


def _triples(ends: list[Reference]) -> list[Any]:
    return list(ends[0]) if len(ends) == 1 else [list(end) for end in ends]


def _shifts(
    calls: Mapping[str, list[Call]],
    outputs: list[Reference],
    layers: Mapping[str, dict[str, Any]],
    old: bool,
) -> dict[str, int]:
    """By how much the calls of each layer are counted too high.

    Keras before 3 counts calls of a network within from 1, or even higher where it was used in
    another network before: what is not there cannot be meant.
    """
    most: dict[str, int] = {}
    used = [r for each in calls.values() for c in each for r in references([c.arguments, c.named])]
    for layer, call, _ in [*used, *(outputs if old else [])]:
        most[layer] = max(most.get(layer, 0), call)
    return {
        layer: max(0, highest + 1 - max(1, len(calls[layer])))
        for layer, highest in most.items()
        if layer in layers
    }


def _moved(
    value: Any,
    shifts: Mapping[str, int],
    layers: Mapping[str, Any],
    calls: Mapping[str, list[Call]],
    name: str,
) -> Any:
    """An argument with its calls counted from 0, after a look whether all are there."""
    if isinstance(value, list):
        return [_moved(each, shifts, layers, calls, name) for each in value]
    if isinstance(value, dict):
        return {key: _moved(each, shifts, layers, calls, name) for key, each in value.items()}
    if not isinstance(value, tuple):
        return value
    layer, call, output = value
    call -= shifts.get(layer, 0)
    if layer not in layers or not 0 <= call < max(1, len(calls[layer])):
        raise refused(name, f"takes the output of {str(layer)[:60]!r}, which is not there")
    return (layer, call, output)


def _last(network: dict[str, Any]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    layers = {each["name"]: each for each in network["config"]["layers"]}
    if network["class_name"] == "Sequential":
        return network["config"]["layers"][-1], layers
    return layers[network["config"]["output_layers"][0]], layers


def _ending(network: dict[str, Any]) -> str:
    layer, layers = _last(network)
    order = list(layers.values())
    for _ in order:  # no longer than there are layers, whatever a file wires to itself
        kind, config = layer["class_name"], layer["config"]
        if kind in ("Functional", "Sequential"):
            outputs = config.get("output_layers", [""])
            return _ending(layer) if isinstance(outputs[0], str) else "linear"
        if kind in ("Softmax", "Sigmoid"):
            return kind.lower()
        if isinstance(config.get("activation"), str):
            return str(config["activation"])
        if kind not in _PASSING:
            return "linear"
        if network["class_name"] == "Sequential":
            at = order.index(layer)
            if at == 0:
                return "linear"
            layer = order[at - 1]
        else:
            layer = layers[next(_inputs(layer))]
    return "linear"


def _inputs(layer: dict[str, Any]) -> Any:
    """Names of the layers whose output a layer takes."""
    stack: list[Any] = [layer.get("inbound_nodes", [])]
    while stack:
        value = stack.pop()
        if isinstance(value, list):
            stack += reversed(value)
        elif isinstance(value, dict):
            if value.get("class_name") == "__keras_tensor__":
                yield value["config"]["keras_history"][0]
            else:
                stack += reversed(list(value.values()))


def _scales(network: dict[str, Any]) -> bool:
    layers = network["config"]["layers"]
    if network["class_name"] == "Sequential":
        return len(layers) > 1 and layers[1]["class_name"] in _SCALERS
    source = network["config"]["input_layers"][0]
    after = [
        each
        for each in layers
        if is_operation(each) or each["class_name"] in (*_SCALERS, "Sequential", "Functional")
        if source in _inputs(each)
    ]
    for each in after:
        if each["class_name"] in ("Sequential", "Functional"):
            one = each["class_name"] == "Sequential" or isinstance(
                each["config"]["input_layers"][0], str
            )
            if one and _scales(each):
                return True
        elif each["class_name"] in _SCALERS:
            return True
    return False
