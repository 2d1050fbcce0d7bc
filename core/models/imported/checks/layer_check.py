"""One layer of a network's configuration, checked as data and written anew with Keras' own names.

Of what a file says only names in the table and plain values are kept. Initialisers, regularisers
and constraints matter to a training alone, and are left out; so are types of numbers, as a network
from elsewhere computes in 32 bits.
"""

from __future__ import annotations

from typing import Any

from core.errors import ModelError
from core.models.imported.checks.layer_table import (
    ACTIVATION_LAYERS,
    ACTIVATIONS,
    ALIASES,
    LAYERS,
    OPERATIONS,
    ROOTS,
    TRAINING_ONLY,
)
from core.models.imported.checks.plain_values import is_plain_value, unwrapped
from core.models.imported.checks.refusal import refused

__all__ = ["check_layer", "class_of", "is_operation", "layer_name"]

_NAME = 200  # signs of a layer's name
_HARMLESS = ("_initializer", "_regularizer", "_constraint")
_RENAMED = {"alpha": "negative_slope"}
# Settings that some versions write for layers that do not have them, with the only value allowed.
_ONLY = {"groups": 1, "rms_scaling": False, "mask_zero": False, "pad_to_aspect_ratio": False}
# Settings whose None of older files stands for what is their default today.
_OWN_DEFAULT = ("axis", "data_format", "negative_slope")
_CODE = {
    "Lambda": "is a Lambda, which holds code, and code of others is not run",
    "SlicingOpLambda": "takes a part of a tensor by TensorFlow's own code",
    "TFSMLayer": "is a TFSMLayer, which loads a TensorFlow graph from another file",
    "TorchModuleWrapper": "is a TorchModuleWrapper, which holds a pickle",
}


def layer_name(entry: Any) -> str:
    """The name of a layer's entry, as Keras 3 takes it: without ``/``.

    Raises:
        ModelError: it has none, or none that can be shown.
    """
    entry = entry if isinstance(entry, dict) else {}
    config = entry.get("config") if isinstance(entry.get("config"), dict) else {}
    name = entry.get("name") or config.get("name")
    if not isinstance(name, str) or not 0 < len(name) <= _NAME or not name.isprintable():
        raise ModelError(
            f"the network has a layer without a name that can be read ({str(name)[:60]!r})",
            remedy="save the model again with model.save of Keras",
        )
    return name.replace("/", "_")


def class_of(entry: dict[str, Any]) -> str:
    """The class of an entry, after a look at where the file says that it comes from.

    Raises:
        ModelError: it is not one of Keras' own, by its module or the name it is registered under.
    """
    kind, module = entry.get("class_name"), entry.get("module")
    registered = entry.get("registered_name")
    if not isinstance(kind, str):
        raise refused(layer_name(entry), "has no class")
    if kind in _CODE:
        raise refused(layer_name(entry), _CODE[kind])
    own = module is None or (isinstance(module, str) and module.partition(".")[0] in ROOTS)
    # Keras registers its own by their names; what is registered anew has a package in front.
    if not own or registered not in (None, "", kind, f"Keras>{kind}"):
        origin = module if not own else registered
        raise refused(
            layer_name(entry),
            f"is of the class {kind[:80]} of {str(origin)[:80]}, which is not one of Keras' own",
        )
    return ALIASES.get(kind, kind)


def is_operation(entry: dict[str, Any]) -> bool:
    """Whether an entry is a function of ``keras.ops``: by its module, or what layers have.

    HDF5 files of Keras 3 leave modules out, and Keras itself cannot read functions back from them.
    """
    module, config, nodes = (entry.get(key) for key in ("module", "config", "inbound_nodes"))
    if isinstance(module, str):
        return ".ops." in f"{module}."
    modern = isinstance(nodes, list) and bool(nodes) and isinstance(nodes[0], dict)
    return modern and isinstance(config, dict) and not {"trainable", "dtype"} & set(config)


def check_layer(entry: dict[str, Any], *, legacy: bool) -> dict[str, Any]:
    """The layer written anew, with nothing in it but what the table lists.

    Args:
        entry: as in the file.
        legacy: whether a Keras before 3 wrote it, some of whose functions compute otherwise.

    Raises:
        ModelError: its class or a setting is not in the table.
    """
    kind, name = class_of(entry), layer_name(entry)
    config = entry.get("config")
    if not isinstance(config, dict):
        raise refused(name, "has no settings")
    if is_operation(entry):
        return _operation(kind, name, config)
    if kind == "InputLayer":
        return _input(name, config)
    if kind not in LAYERS:
        raise refused(
            name, f"is of the class {kind[:80]}, which is not one of those that are built here"
        )
    return {
        "module": "keras.layers",
        "class_name": kind,
        "config": {"name": name, **_settings(kind, name, config, legacy)},
        "registered_name": None,
        "name": name,
    }


def _settings(kind: str, name: str, config: dict[str, Any], legacy: bool) -> dict[str, Any]:
    allowed, kept = LAYERS[kind], {}
    for setting, raw in config.items():
        key = setting if setting in allowed else _RENAMED.get(setting, setting)
        if key == "name" or key in TRAINING_ONLY or key.endswith(_HARMLESS):
            continue
        if key == "activation" and key in allowed:
            kept[key] = _activation(raw, name, legacy)
        elif key in allowed:
            value = _plain(key, unwrapped(raw), name)
            if value is not None or key not in _OWN_DEFAULT:
                kept[key] = value
        elif raw is not None and (key not in _ONLY or raw != _ONLY[key]):
            raise refused(name, f"has a setting {str(key)[:60]!r} that {kind} of Keras 3 has not")
    if isinstance(config.get("trainable"), bool):
        kept["trainable"] = config["trainable"]  # the order of weights in older files goes by it
    return kept


def _plain(key: str, value: Any, name: str) -> Any:
    if not is_plain_value(value):
        raise refused(name, f"has a setting {key!r} that is no plain value")
    if key == "data_format" and value == "channels_first":
        raise refused(
            name,
            "takes channels first, which only a GPU computes",
            "save the network with data_format='channels_last'",
        )
    return value[0] if key == "axis" and isinstance(value, list) and len(value) == 1 else value


def _activation(value: Any, name: str, legacy: bool) -> Any:
    if isinstance(value, dict):
        kind, inner = value.get("class_name"), value.get("config")
        if kind == "function" and isinstance(inner, str):
            # Written as a built-in function, or by the module and name that it is registered under.
            module, registered = value.get("module"), value.get("registered_name")
            origin: dict[str, Any] = {"name": name, "class_name": inner}
            origin["module"] = None if module == "builtins" else module
            origin["registered_name"] = None if registered == "function" else registered
            class_of(origin)
            value = inner
        elif isinstance(kind, str) and kind in ACTIVATION_LAYERS:
            return check_layer({"name": f"{name}_{kind}"} | value, legacy=legacy)
    value = "linear" if value is None else value
    if not isinstance(value, str) or value not in ACTIVATIONS:
        shown = value.get("class_name") if isinstance(value, dict) else value
        raise refused(name, f"has the activation {str(shown)[:60]!r}, which is not Keras' own")
    if legacy and value == "hard_sigmoid":
        raise refused(name, "has a hard_sigmoid, which Keras 3 computes in another way than 2 did")
    return value


def _operation(kind: str, name: str, config: dict[str, Any]) -> dict[str, Any]:
    if kind not in OPERATIONS:
        raise refused(name, f"is the function {kind[:80]}, which is not one of those built here")
    module, allowed = OPERATIONS[kind]
    kept = {}
    for key, raw in config.items():
        value = unwrapped(raw)
        if key in allowed and is_plain_value(value):
            kept[key] = value
        elif key not in ("name", "dtype") and value is not None:
            raise refused(name, f"has a setting {str(key)[:60]!r} that is not built here")
    return {
        "module": module,
        "class_name": kind,
        "config": {"name": name, **kept},
        "registered_name": kind,
        "name": name,
    }


def _input(name: str, config: dict[str, Any]) -> dict[str, Any]:
    shape = unwrapped(config.get("batch_shape") or config.get("batch_input_shape"))
    if not isinstance(shape, list) and config.get("shape") is not None:
        shape = [None, *unwrapped(config["shape"])]
    sides = isinstance(shape, list) and all(
        side is None or (isinstance(side, int) and 0 < side <= 2**16) for side in shape
    )
    if not sides:
        raise refused(name, f"has no input shape that can be read ({str(shape)[:60]})")
    return {
        "module": "keras.layers",
        "class_name": "InputLayer",
        # Any number of images at once, whatever the training's batch was.
        "config": {"name": name, "batch_shape": [None, *shape[1:]], "dtype": "float32"},
        "registered_name": None,
        "name": name,
    }
