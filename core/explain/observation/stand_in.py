"""A model as keract sees one: its layers' names and outputs, and what TensorFlow 1 knew of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.explain.observation.observed_model import Node, ObservedModel

if TYPE_CHECKING:
    from core.explain.observation.layer_calls import LayerCall

__all__ = ["StandInModel", "SubModel"]


class _Outputs(list[Node]):
    """Nodes of a layer with several outputs."""

    @property
    def name(self) -> str:
        return "_".join(node.name for node in self)


class _Layer:
    """A layer that is no model."""

    def __init__(self, name: str, nodes: list[Node]) -> None:
        self.name = name
        self.output = nodes[0] if len(nodes) == 1 else _Outputs(nodes)

    def __str__(self) -> str:
        # keract takes any layer for a placeholder whose text has "input" in it.
        return "layer"


class _InputLayer:
    """A placeholder, which keract skips."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return "input"


class _Within:
    """The layers within a layer, for keract's walk; it has no output and is no result."""

    def __init__(self, name: str, layers: list[Any]) -> None:
        self.name, self._layers = name, layers

    def __str__(self) -> str:
        return "within"


class SubModel:
    """A model within another."""

    def __init__(self, name: str, nodes: list[Node], layers: list[Any]) -> None:
        self.name = name
        result = _Layer(name, nodes)
        self.output = result.output
        # keract reads a model's output from the last in this list, and skips placeholders in it.
        last = _InputLayer(name)
        last.output = self.output  # type: ignore[attr-defined]
        self._layers = [*layers, last]

    def __str__(self) -> str:
        return "model"


class StandInModel:
    """The whole model, for ``keract.get_activations``."""

    def __init__(self, observed: ObservedModel) -> None:
        self._model = observed.model
        self.name = observed.model.name
        self.inputs = [Node(f"{name}:0") for name in observed.input_names()]
        placeholders = [_InputLayer(node.name.removesuffix(":0")) for node in self.inputs]
        self.layers: list[Any] = [*placeholders, *_layers(observed, [observed.call])]

    @property
    def _feed_inputs(self) -> list[Node]:
        return self.inputs

    @property
    def _is_compiled(self) -> bool:
        return bool(self._model.compiled) or getattr(self._model, "_is_compiled", False)

    def compile(self, **_: Any) -> None:
        """What keract does to a model that is not compiled.

        No pass for inference needs a loss, so the model only gets the mark by which keract, and
        what was written for it, knows a compiled one. Keras 3 does not read it.
        """
        self._model._is_compiled = True


def _layers(observed: ObservedModel, path: list[LayerCall]) -> list[Any]:
    """Stand-ins for what is directly within the last call of a path.

    Args:
        observed: model.
        path: calls, the model's own first.
    """
    import keras

    layers: list[Any] = []
    for call in observed.children(path[-1]):
        if isinstance(call.layer, keras.layers.InputLayer):
            continue
        inner = [*path, call]
        nodes, within = observed.nodes(inner[1:]), _layers(observed, inner)
        whole = "/".join(one.layer.name for one in inner[1:])
        if isinstance(call.layer, keras.Model):
            layers.append(SubModel(whole if len(inner) > 2 else call.layer.name, nodes, within))
            continue
        layers.append(_Layer(call.layer.name, nodes))
        if within:
            layers.append(_Within(whole, within))
    return layers
