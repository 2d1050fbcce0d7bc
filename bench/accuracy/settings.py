"""What a training of the table is told, and which trainings there are."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

__all__ = ["TEST", "VAL", "Piece", "Training", "pieces"]

Network = Literal["unet", "vgg11", "lite0"]

# The split of dubai-unet's card, drawn with seed 0 before its first training: a part of each tile.
VAL = (3, 7, 4, 6, 3, 5, 2, 6)
TEST = (5, 3, 3, 5, 2, 8, 1, 8)


@dataclass(frozen=True)
class Training:
    """One training.

    Attributes:
        network: family: dubai-unet's U-Net, U-Net-VGG11 or U-Net-Lite0.
        imagenet: whether the encoder begins with ImageNet's weights.
        steps, batch, crop: number of steps, size of a batch, and pixels along a crop's side.
        rate: learning rate at its peak (AdamW, cosine, a twentieth of warm-up).
        encoder_rate: the same of an encoder with ImageNet's weights, as a multiple of it.
        dice: weight of the Dice loss beside cross-entropy.
        smoothing: label smoothing.
        ema: momentum of the average of the weights, 0 for none.
        zoom: crops are of 1 / zoom to zoom times their size on the ground.
        rotation: largest turn besides quarter turns, in degrees.
        colour: strength of the changes of colour.
        paste: share of the crops that receive components of rare classes of another crop.
        bend: largest shift of the label alone, in pixels.
        seed: of first weights and crops.
    """

    network: Network = "lite0"
    imagenet: bool = True
    steps: int = 1000
    batch: int = 16
    crop: int = 256
    rate: float = 1.5e-3
    encoder_rate: float = 0.2
    dice: float = 0.5
    smoothing: float = 0.0
    ema: float = 0.0
    zoom: float = 1.0
    rotation: float = 0.0
    colour: float = 1.0
    paste: float = 0.0
    bend: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class Piece:
    """A training and what it is scored on.

    Attributes:
        name: name in the state, such as ``ablation/lite0-imagenet/0``.
        training: its settings.
        train: which samples train: ``card``; ``but N`` (all tiles but one); ``tiles A,B``;
            ``patches`` (a random fifth of all patches of 256 pixels is held out).
        score: which samples are scored: ``val``, ``test``, ``tile N``, ``tiles A,B`` or
            ``patches``.
        keep: whether weights, labels and probabilities are kept.
    """

    name: str
    training: Training
    train: str = "card"
    score: str = "val"
    keep: bool = False

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


_UNET = Training("unet", imagenet=False, encoder_rate=1.0)
_IMAGENET = Training()
_ADDITIONS: dict[str, dict[str, float]] = {
    "label smoothing 5 %": {"smoothing": 0.05},
    "average of the weights": {"ema": 0.995},
    "crops of 0.6 to 1.6 times": {"zoom": 1.6},
    "free rotation": {"rotation": 45.0},
    "copy-paste": {"paste": 0.5},
    "bent labels": {"bend": 4.0},
}
_TOGETHER = replace(_IMAGENET, **{k: v for each in _ADDITIONS.values() for k, v in each.items()})  # type: ignore[arg-type]


def pieces(steps: int) -> list[Piece]:
    """All trainings of the table, of so many steps each, the most telling first."""
    best = replace(_TOGETHER, steps=steps)
    unet, imagenet = replace(_UNET, steps=steps), replace(_IMAGENET, steps=steps)
    made = [
        Piece("ablation/U-Net/0", unet),
        Piece("ablation/U-Net-Lite0 random/0", replace(imagenet, imagenet=False, encoder_rate=1.0)),
        Piece("ablation/U-Net-Lite0 ImageNet/0", imagenet),
        Piece("ablation/all together/0", replace(_TOGETHER, steps=steps)),
    ]
    made += [
        Piece(f"ablation/+ {name}/0", replace(imagenet, **change))  # type: ignore[arg-type]
        for name, change in _ADDITIONS.items()
    ]
    for seed in (1, 2):
        made.append(Piece(f"ablation/U-Net-Lite0 ImageNet/{seed}", replace(imagenet, seed=seed)))
        together = replace(_TOGETHER, steps=steps, seed=seed)
        made.append(Piece(f"ablation/all together/{seed}", together))
    for tile in range(1, 9):
        for name, training in (("U-Net", unet), ("best", best)):
            kept = name == "best"
            where = {"train": f"but {tile}", "score": f"tile {tile}"}
            made.append(Piece(f"left out/{name}/{tile}", training, **where, keep=kept))  # type: ignore[arg-type]
    made.append(Piece("patches/best/0", best, "patches", "patches"))
    for number, tiles in enumerate(("1,4,7", "2,5,8", "3,6")):
        others = ",".join(str(t) for t in range(1, 9) if str(t) not in tiles)
        made.append(
            Piece(f"folds/best/{number}", best, f"tiles {tiles}", f"tiles {others}", keep=True)
        )
    made.append(
        Piece(
            "ablation/U-Net-VGG11 random/0",
            Training("vgg11", imagenet=False, encoder_rate=1.0, rate=3e-4, steps=steps),
        )
    )
    return made
