"""The error that says which layer of a file is not built, and why."""

from __future__ import annotations

from core.errors import ModelError

__all__ = ["WEIGHTS_INSTEAD", "refused"]

WEIGHTS_INSTEAD = (
    "rebuild the network with Keras' own layers and save it again, or give its weights alone for "
    "a network of ours (--like MODEL or --set model.architecture=NAME)"
)
_SHOWN = 80


def refused(name: object, why: str, remedy: str = WEIGHTS_INSTEAD) -> ModelError:
    """What is wrong with a layer.

    Args:
        name: as the file has it.
        why: goes on after the name, such as "is a Lambda layer".
        remedy: what to do.
    """
    shown = "".join(c if c.isprintable() else "?" for c in str(name)[:_SHOWN])
    return ModelError(f"the layer {shown!r} {why}", remedy=remedy)
