"""The one place TensorFlow is imported, and what it will compute on."""

from __future__ import annotations

import gc
import importlib
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

__all__ = [
    "Precision",
    "available_memory",
    "describe",
    "has_gpu",
    "memory_in_use",
    "resolve_precision",
    "tensorflow",
]

Precision = Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"]

_import_lock = threading.Lock()
_CHATTER = re.compile(
    rb"[IWE]\d{4} \d\d:\d\d|WARNING: All log messages before absl|To enable the foll"
)


def tensorflow() -> Any:
    """Import TensorFlow on first use, with Keras 3 on it and GPU memory growing on demand.

    Two sessions of the dashboard may ask at once; a lock keeps them from seeing a half-imported
    module.
    """
    with _import_lock:
        first = "tensorflow" not in sys.modules
        # Read by TensorFlow, Keras and segmentation-models while they are imported.
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        os.environ.setdefault("KERAS_BACKEND", "tensorflow")
        os.environ.setdefault("SM_FRAMEWORK", "tf.keras")
        if not first:
            return importlib.import_module("tensorflow")
        with _without_native_chatter(), _alone():
            tf = importlib.import_module("tensorflow")
            # Tiles of every size are traced once: its warning about that helps nobody.
            tf.get_logger().setLevel("ERROR")
            for gpu in tf.config.list_physical_devices("GPU"):
                # Otherwise one process takes all memory and a second one (a training) gets none.
                tf.config.experimental.set_memory_growth(gpu, True)
        # Some 300,000 objects that stay for good: Streamlit looks through all there are at the end
        # of every run of a page, which took most of its time.
        gc.freeze()
        return tf


class _Absent:
    """A finder by which modules are not installed, for the thread that made it."""

    def __init__(self, *names: str):
        self._names = names
        self._thread = threading.get_ident()

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name in self._names and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(f"{name} is not wanted here", name=name)


@contextmanager
def _alone() -> Iterator[None]:
    """Import TensorFlow without what it does not need: that is a third of its time.

    Keras and TensorFlow import these where they are installed: scikit-learn for wrappers of models,
    pandas and SciPy to take their tables for arrays, none of which is used here. And the garbage
    collector would look through hundreds of thousands of new objects that all stay.
    """
    absent = _Absent("sklearn", "pandas", "scipy")
    sys.meta_path.insert(0, absent)
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        sys.meta_path.remove(absent)
        if collects:
            gc.enable()


@contextmanager
def _without_native_chatter() -> Iterator[None]:
    """Hold back what TensorFlow's C++ side says on stderr while it starts.

    Half a dozen lines about oneDNN and a missing CUDA, before any log level is heeded; on the
    command line they would bury the one line that says what is wrong. All else is passed on.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(saved, 2)
            os.close(saved)
            held.seek(0)
            for line in held:
                if not _CHATTER.match(line):
                    with suppress(OSError):  # nobody reads stderr any more
                        os.write(2, line)


def has_gpu() -> bool:
    """Whether an NVIDIA GPU is visible, told from the driver's files, without TensorFlow."""
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return False
    return any(Path("/proc/driver/nvidia/gpus").glob("*"))


@lru_cache(maxsize=1)
def _cpu() -> tuple[str, frozenset[str]]:
    name, flags = "CPU", frozenset[str]()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                name = value.strip()
            elif key.strip() == "flags":
                flags = frozenset(value.split())
                break
    return name, flags


def resolve_precision(precision: Precision) -> str:
    """The Keras dtype policy for training on this machine.

    ``auto`` takes mixed_bfloat16 where the hardware multiplies bfloat16 (AVX512-BF16, AMX, or a
    GPU of compute capability 8 and up), mixed_float16 on older GPUs with tensor cores (7 and up),
    float32 otherwise: emulated bfloat16 is slower than float32.
    """
    if precision != "auto":
        return precision
    gpus = tensorflow().config.list_physical_devices("GPU")
    if gpus:
        details = tensorflow().config.experimental.get_device_details(gpus[0])
        major = details.get("compute_capability", (0, 0))[0]
        return "mixed_bfloat16" if major >= 8 else "mixed_float16" if major >= 7 else "float32"
    _, flags = _cpu()
    return "mixed_bfloat16" if flags & {"avx512_bf16", "amx_bf16"} else "float32"


def describe() -> str:
    """What this machine computes on, in a few words, without TensorFlow."""
    name, _ = _cpu()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if has_gpu():
        return f"NVIDIA GPU, {name}, {cores} cores"
    return f"no GPU found: {name}, {cores} cores"


def available_memory() -> int | None:
    """Bytes of main memory that a new process may take; None where there is no /proc to ask.

    What the kernel calls available, or what a container's limit (cgroup v2, else v1) leaves, if
    that is less. What the container holds as a cache of files can be had back, and is not counted.
    """
    meminfo = Path("/proc/meminfo")
    if not meminfo.is_file():
        return None
    lines = (line.split() for line in meminfo.read_text().splitlines())
    sizes = {parts[0].rstrip(":"): int(parts[1]) * 1024 for parts in lines if len(parts) > 1}
    free = sizes.get("MemAvailable")
    if free is None:
        return None
    for limit, used, cached in (
        ("memory.max", "memory.current", "inactive_file"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "total_inactive_file"),
    ):
        most, now = Path("/sys/fs/cgroup", limit), Path("/sys/fs/cgroup", used)
        if not most.is_file() or not now.is_file():
            continue
        if (text := most.read_text().strip()) != "max":
            held = int(now.read_text()) - _cached(now.with_name("memory.stat"), cached)
            free = min(free, max(0, int(text) - held))
        break
    return free


def _cached(statistics: Path, key: str) -> int:
    if not statistics.is_file():
        return 0
    lines = (line.split() for line in statistics.read_text().splitlines())
    return next((int(parts[1]) for parts in lines if parts[0] == key), 0)


def memory_in_use() -> dict[str, Any]:
    """What this process holds: ``{"memory": bytes, "gpu_memory": {device: bytes}}``.

    The main memory is left out where there is no /proc to ask, and the GPU's where there is none.
    """
    memory: dict[str, Any] = {}
    pages = Path("/proc/self/statm")
    if pages.is_file():
        memory["memory"] = int(pages.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    tf = tensorflow()
    if gpus := tf.config.list_logical_devices("GPU"):
        names = [gpu.name.removeprefix("/device:") for gpu in gpus]
        ask = tf.config.experimental.get_memory_info
        memory["gpu_memory"] = {name: int(ask(name)["current"]) for name in names}
    return memory
