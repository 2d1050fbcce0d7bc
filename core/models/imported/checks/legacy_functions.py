"""Arithmetic that Keras 2 wrote as calls of TensorFlow's functions, as Keras 3 has it.

A network that computes ``x / 127.5 - 1`` between its layers is saved by Keras 2 with entries of the
class ``TFOpLambda``, each with the name of a function and its arguments. No function is looked up
by that name: those of the table are written anew as functions of ``keras.ops``, with arguments that
are tensors and plain values, and all others are refused.
"""

from __future__ import annotations

from typing import Any

from core.models.imported.checks.nodes import written_reference
from core.models.imported.checks.plain_values import is_plain_value, unwrapped
from core.models.imported.checks.refusal import refused

__all__ = ["translated"]

_CONSTANT = "_CONSTANT_VALUE"  # what stands for the layer of a first argument that is no tensor
_IDENTITY = "Identity"

# Name in the file; class of Keras; names of the arguments after the first, which are tensors or
# numbers; and names of settings, with the setting's name in Keras.
_FUNCTIONS: dict[str, tuple[str, tuple[str, ...], dict[str, str]]] = {
    "__operators__.add": ("Add", ("y",), {}),
    "cast": (_IDENTITY, (), {"dtype": ""}),
    "concat": ("Concatenate", (), {"axis": "axis"}),
    "convert_to_tensor": (_IDENTITY, (), {"dtype": ""}),
    "identity": (_IDENTITY, (), {}),
    "math.add": ("Add", ("y",), {}),
    "math.divide": ("TrueDivide", ("y",), {}),
    "math.exp": ("Exp", (), {}),
    "math.maximum": ("Maximum", ("y",), {}),
    "math.minimum": ("Minimum", ("y",), {}),
    "math.multiply": ("Multiply", ("y",), {}),
    "math.negative": ("Negative", (), {}),
    "math.sigmoid": ("Sigmoid", (), {}),
    "math.square": ("Square", (), {}),
    "math.subtract": ("Subtract", ("y",), {}),
    "math.tanh": ("Tanh", (), {}),
    "math.truediv": ("TrueDivide", ("y",), {}),
    "nn.bias_add": ("Add", ("bias",), {}),
    "nn.relu": ("Relu", (), {}),
    "nn.relu6": ("Relu6", (), {}),
    "nn.sigmoid": ("Sigmoid", (), {}),
    "nn.softmax": ("Softmax", (), {"axis": "axis"}),
    "nn.tanh": ("Tanh", (), {}),
}
_DEFAULTS = {"Softmax": {"axis": -1}, "Concatenate": {}}
_WHOLE = "keras.src.ops.numpy"  # any module of operations: the table has the right one
_REALS = {"float16", "bfloat16", "float32", "float64", None}


def translated(entry: dict[str, Any], name: str) -> dict[str, Any]:
    """An entry of a network as it is, or a function of Keras in the place of one of TensorFlow.

    Args:
        entry: as in the file.
        name: of the layer.

    Raises:
        ModelError: it is another function, or is called with other arguments.
    """
    if entry.get("class_name") != "TFOpLambda":
        return entry
    config = entry.get("config")
    function = config.get("function") if isinstance(config, dict) else None
    if not isinstance(function, str) or function not in _FUNCTIONS:
        raise refused(
            name,
            f"is the TensorFlow function {str(function)[:60]}, no layer of Keras, and not one of "
            "the arithmetic that is built here",
        )
    kind, operands, settings = _FUNCTIONS[function]
    nodes = entry.get("inbound_nodes")
    calls = [_call(node, operands, name) for node in nodes] if isinstance(nodes, list) else []
    if not calls:
        raise refused(name, "is not wired to any other")
    if any(_is_numbers(each) for arguments, _ in calls for each in arguments):
        return _rescaling(kind, calls, name)
    kept = [_settings(named, settings, kind, name) for _, named in calls]
    if any(each != kept[0] for each in kept):
        raise refused(name, "is called with settings that differ")
    return {
        "class_name": kind,
        "module": "keras.layers" if kind == _IDENTITY else _WHOLE,
        "config": {"name": name, **kept[0]},
        "name": name,
        "inbound_nodes": [{"args": arguments, "kwargs": {}} for arguments, _ in calls],
    }


def _is_numbers(value: Any) -> bool:
    """Whether an argument is a list of numbers, one a channel; tensors are lists of others."""
    return isinstance(value, list) and not any(isinstance(each, dict) for each in value)


def _rescaling(
    kind: str, calls: list[tuple[list[Any], dict[str, Any]]], name: str
) -> dict[str, Any]:
    """Arithmetic with a number a channel, which functions of Keras do not take from a file."""
    (first, second), named = calls[0]
    tensor, numbers = (first, second) if _is_numbers(second) else (second, first)
    turned = tensor is second
    zero, one = [0.0] * len(numbers), [1.0] * len(numbers)
    scales = {
        ("Add", False): (one, numbers),
        ("Add", True): (one, numbers),
        ("Multiply", False): (numbers, zero),
        ("Multiply", True): (numbers, zero),
        ("Subtract", False): (one, [-number for number in numbers]),
        ("Subtract", True): ([-1.0] * len(numbers), numbers),
    }
    if 0 not in numbers:
        scales["TrueDivide", False] = ([1 / number for number in numbers], zero)
    if len(calls) > 1 or (kind, turned) not in scales or _is_numbers(tensor):
        raise refused(name, "is called with numbers a channel in a way that is not built here")
    _settings(named, {}, kind, name)
    scale, offset = scales[kind, turned]
    return {
        "class_name": "Rescaling",
        "module": "keras.layers",
        "config": {"name": name, "scale": scale, "offset": offset},
        "name": name,
        "inbound_nodes": [{"args": [tensor], "kwargs": {}}],
    }


def _call(node: Any, operands: tuple[str, ...], name: str) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a call by position, written as Keras 3 does, and the others by name."""
    if isinstance(node, list) and node and isinstance(node[0], str):
        first, named = _first(node, name)
    elif isinstance(node, list) and node and all(isinstance(each, list) for each in node):
        each_first = [_first(each, name) for each in node]
        # Keras writes one tensor as a list of one, where the layer does not keep the structure.
        first = [value for value, _ in each_first] if len(node) > 1 else each_first[0][0]
        named = {key: value for _, more in each_first for key, value in more.items()}
    else:
        raise refused(name, "has an input that cannot be read")
    missing = [operand for operand in operands if operand not in named]
    if missing:
        raise refused(name, f"has no argument {missing[0]!r}")
    return [first, *(_operand(named.pop(operand), name) for operand in operands)], named


def _first(node: Any, name: str) -> tuple[Any, dict[str, Any]]:
    match node:
        case [str(source), _, value] if source == _CONSTANT:
            return _number(value, name), {}
        case [str(source), _, value, dict(named)] if source == _CONSTANT:
            return _number(value, name), dict(named)
        case [str(), int(), int()]:
            return _operand(node, name), {}
        case [str(), int(), int(), dict(named)]:
            return _operand(node[:3], name), dict(named)
    raise refused(name, "has an input that cannot be read")


def _operand(value: Any, name: str) -> Any:
    match value:
        case [str(layer), int(call), int(output)]:
            return written_reference((layer.replace("/", "_"), call, output))
    return _number(value, name)


def _number(value: Any, name: str) -> Any:
    value = unwrapped(value)
    numbers = value if isinstance(value, list) else [value]
    if not numbers or not all(
        isinstance(number, int | float) and not isinstance(number, bool) and is_plain_value(number)
        for number in numbers
    ):
        raise refused(name, "is called with what is no tensor, no number and no list of numbers")
    return value


def _settings(
    named: dict[str, Any], settings: dict[str, str], kind: str, name: str
) -> dict[str, Any]:
    kept: dict[str, Any] = dict(_DEFAULTS.get(kind, {}))
    for key, raw in named.items():
        value = unwrapped(raw)
        if key == "name" or value is None:
            continue
        if key == "dtype" and key in settings and value in _REALS:
            continue  # all is computed in 32 bits
        if key not in settings or not settings[key] or not is_plain_value(value):
            raise refused(name, f"has a setting {key[:60]!r} that is not built here")
        kept[settings[key]] = value
    return kept
