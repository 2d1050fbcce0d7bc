"""A web server for files of weights, and such files, for tests."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np


@contextmanager
def served(file: Path, *, ranges: bool = True, cut: int = 0) -> Iterator[tuple[str, list[Any]]]:
    """The address of a file, and the list of what is asked for: first and last byte, or None.

    Args:
        file: whatever is asked for, it is given.
        ranges: whether parts are given.
        cut: bytes at the end that never arrive.
    """
    asked: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            size = file.stat().st_size
            match = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
            asked.append((int(match[1]), int(match[2])) if match else None)
            first, last = (int(match[1]), int(match[2])) if match and ranges else (0, size - 1)
            length = max(0, min(last, size - 1) - first + 1)
            self.send_response(206 if match and ranges else 200)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            with file.open("rb") as source:
                source.seek(first)
                with suppress(ConnectionError):  # the other side had enough
                    self.wfile.write(source.read(max(0, min(length, size - cut - first))))

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/{file.name}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def vgg11_tensors(seed: int = 0) -> dict[str, np.ndarray]:
    """VGG11's convolutions as torchvision names them, with random numbers of a sensible size."""
    rng = np.random.default_rng(seed)
    tensors, before = {}, 3
    filters = (64, 128, 256, 256, 512, 512, 512, 512)
    for place, after in zip((0, 3, 6, 8, 11, 13, 16, 18), filters, strict=True):
        kernel = rng.normal(0, np.sqrt(2 / (9 * before)), (after, before, 3, 3))
        tensors[f"features.{place}.weight"] = kernel.astype(np.float32)
        tensors[f"features.{place}.bias"] = rng.normal(0, 0.1, after).astype(np.float32)
        before = after
    return tensors


def write_safetensors(path: Path, tensors: Mapping[str, np.ndarray], rest: int = 0) -> None:
    """A safetensors file as torch's users write it: by name, with metadata, the rest a hole.

    Written here from the format's description, not by the code that is tested.

    Args:
        rest: bytes of another tensor at the end.
    """
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    at = 0
    for name in sorted(tensors):
        size = tensors[name].nbytes
        shape = list(tensors[name].shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + size]}
        at += size
    header["pre_logits.fc1.weight"] = {
        "dtype": "F32",
        "shape": [rest // 4],
        "data_offsets": [at, at + rest],
    }
    text = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name in sorted(tensors):
            file.write(tensors[name].tobytes())
        file.truncate(file.tell() + rest)


def write_keras2(path: Path, model: Any, offset: int = 0) -> None:
    """A model's weights as Keras 2's `save_weights` wrote them to ``.h5``.

    Args:
        model: whose layers are written in their order.
        offset: added to the numbers of names that Keras made up.
    """
    import h5py
    import keras

    with h5py.File(path, "w") as file:
        file.attrs["backend"] = b"tensorflow"
        file.attrs["keras_version"] = b"2.2.4"
        names = []
        for layer in model.layers:
            plain = keras.src.utils.naming.to_snake_case(type(layer).__name__)
            match = re.fullmatch(rf"{plain}(?:_(\d+))?", layer.name)
            name = f"{plain}_{int(match[1] or 0) + offset}" if match else layer.name
            names.append(name.encode())
            group = file.create_group(name)
            weights = [f"{name}/{weight.name}:0".encode() for weight in layer.weights]
            group.attrs["weight_names"] = weights
            for key, value in zip(weights, layer.get_weights(), strict=True):
                group.create_dataset(key.decode(), data=value)
        _in_pieces(file.attrs, "layer_names", names)


def _in_pieces(attributes: Any, key: str, names: list[bytes], most: int = 200) -> None:
    # Keras 2 does so beyond 64 kB, which the larger encoders reach.
    if len(names) <= most:
        attributes[key] = names
        return
    for number, start in enumerate(range(0, len(names), most)):
        attributes[f"{key}{number}"] = names[start : start + most]
