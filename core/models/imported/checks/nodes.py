"""How layers are wired: calls of layers in a configuration, of every version, written anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.models.imported.checks.plain_values import is_plain_value, unwrapped
from core.models.imported.checks.refusal import refused

__all__ = ["Call", "Reference", "calls_of", "references", "written_call", "written_reference"]

Reference = tuple[str, int, int]
"""A tensor: the layer that puts it out, which of its calls, and which of their outputs."""

# Arguments of a call that change nothing where they have one of these values.
_IDLE: dict[str, tuple[Any, ...]] = {
    "training": (None, False),
    "mask": (None,),
    "attention_mask": (None,),
    "return_attention_scores": (False, None),
    "use_causal_mask": (False, None),
    "name": (None,),
}
_RANDOM = ("Dropout", "SpatialDropout2D", "AlphaDropout", "GaussianDropout", "GaussianNoise")
_DEPTH = 4


class Call:
    """One call of a layer.

    Attributes:
        arguments: by position: references, plain values, and lists of them.
        named: arguments by name.
        stays_random: whether dropout was made to stay on at prediction, which it does not here.
    """

    def __init__(self, arguments: list[Any], named: dict[str, Any]) -> None:
        self.arguments, self.named = arguments, named
        self.stays_random = False


def references(value: Any) -> Iterator[Reference]:
    """All tensors in an argument."""
    if isinstance(value, tuple):
        yield value  # lists are lists here: a tuple is a reference
    elif isinstance(value, list):
        for each in value:
            yield from references(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from references(each)


def calls_of(entry: Mapping[str, Any], kind: str, name: str) -> tuple[list[Call], bool]:
    """The calls of a layer, and whether they are written as Keras before 3 does.

    Raises:
        ModelError: they make no sense, or hold what is no tensor and no plain value.
    """
    nodes = entry.get("inbound_nodes")
    if not isinstance(nodes, list):
        raise refused(name, "is not wired to any other")
    calls = [_modern(node, name) if isinstance(node, dict) else _old(node, name) for node in nodes]
    for call in calls:
        call.named = {k: v for k, v in call.named.items() if v not in _IDLE.get(k, ())}
        if call.named.get("training") is True:
            if kind not in _RANDOM:
                raise refused(name, "is called as in a training, also when it predicts")
            del call.named["training"]
            call.stays_random = True
        if not any(references([call.arguments, call.named])):
            raise refused(name, "has no input")
    return calls, any(isinstance(node, list) for node in nodes)


def _old(node: Any, name: str) -> Call:
    if isinstance(node, list) and node and isinstance(node[0], str):
        node = [node]
    if not isinstance(node, list) or not node:
        raise refused(name, "has an input that cannot be read")
    tensors: list[Any] = []
    named: dict[str, Any] = {}
    for each in node:
        if not isinstance(each, list) or len(each) not in (3, 4):
            raise refused(name, "has an input that cannot be read")
        tensors.append(_reference(each[:3], name))
        extra = each[3] if len(each) == 4 else {}
        if not isinstance(extra, dict):
            raise refused(name, "has an input that cannot be read")
        named |= {key: _argument(value, name) for key, value in extra.items()}
    return Call(tensors if len(tensors) == 1 else [tensors], named)


def _modern(node: dict[str, Any], name: str) -> Call:
    arguments, named = unwrapped(node.get("args", [])), node.get("kwargs", {})
    if not isinstance(arguments, list) or not isinstance(named, dict):
        raise refused(name, "has an input that cannot be read")
    return Call(
        [_argument(each, name) for each in arguments],
        {key: _argument(value, name) for key, value in named.items()},
    )


def _argument(value: Any, name: str, depth: int = _DEPTH) -> Any:
    value = unwrapped(value)
    if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
        config = value.get("config")
        history = config.get("keras_history") if isinstance(config, dict) else None
        return _reference(history, name)
    if isinstance(value, list) and depth:
        return [_argument(each, name, depth - 1) for each in value]
    if isinstance(value, list | dict) or not is_plain_value(value):
        raise refused(name, "is called with what is no tensor and no plain value")
    return value


def _reference(value: Any, name: str) -> Reference:
    match value:
        case [str(layer), int(call), int(output)] if 0 <= call < 10_000 and 0 <= output < 10_000:
            return (layer.replace("/", "_"), call, output)
    raise refused(name, "has an input that cannot be read")


def written_reference(reference: Reference) -> dict[str, Any]:
    """A tensor as Keras 3 writes it; its shape comes out when the network is built."""
    config = {"shape": [], "dtype": "float32", "keras_history": list(reference)}
    return {"class_name": "__keras_tensor__", "config": config}


def written_call(call: Call) -> dict[str, Any]:
    """A call as Keras 3 writes it."""
    return {
        "args": [_written(each) for each in call.arguments],
        "kwargs": {key: _written(value) for key, value in call.named.items()},
    }


def _written(value: Any) -> Any:
    if isinstance(value, tuple):
        return written_reference(value)
    return [_written(each) for each in value] if isinstance(value, list) else value
